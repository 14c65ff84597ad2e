#include "keycache/token_setup.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "keycache/pkcs11_types.h"

namespace sealwire::keycache {
namespace {

// A module loaded and initialized for the length of the set-up.
class LoadedModule {
 public:
  ~LoadedModule() {
    if (api_ != nullptr) api_->C_Finalize(nullptr);
    if (library_ != nullptr) dlclose(library_);
  }
  Status Load(const std::string& path) {
    library_ = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library_ == nullptr) return Error{"cannot load the PKCS#11 module " + path};
    const auto get_list =
        reinterpret_cast<CK_C_GetFunctionList>(dlsym(library_, "C_GetFunctionList"));
    CK_FUNCTION_LIST* api = nullptr;
    if (get_list == nullptr || get_list(&api) != CKR_OK || api == nullptr) {
      return Error{path + " is no PKCS#11 module"};
    }
    if (CK_RV value = api->C_Initialize(nullptr); value != CKR_OK) {
      return Pkcs11Error("C_Initialize", value);
    }
    api_ = api;
    return Status::Ok();
  }
  CK_FUNCTION_LIST& api() noexcept { return *api_; }

 private:
  void* library_ = nullptr;
  CK_FUNCTION_LIST* api_ = nullptr;
};

// PKCS#11 pads labels with blanks to 32 octets.
constexpr std::size_t kLabelSize = 32;
std::array<CK_UTF8CHAR, kLabelSize> Padded(const std::string& label) {
  std::array<CK_UTF8CHAR, kLabelSize> padded;
  padded.fill(' ');
  std::copy(label.begin(), label.end(), padded.begin());
  return padded;
}

CK_UTF8CHAR* Characters(const std::string& pin) {
  return reinterpret_cast<CK_UTF8CHAR*>(const_cast<char*>(pin.data()));
}

Result<CK_SLOT_ID> FreeSlot(CK_FUNCTION_LIST& api, const std::string& label) {
  CK_ULONG count = 0;
  if (CK_RV value = api.C_GetSlotList(CK_TRUE, nullptr, &count); value != CKR_OK) {
    return Pkcs11Error("C_GetSlotList", value);
  }
  std::vector<CK_SLOT_ID> slots(count);
  if (CK_RV value = api.C_GetSlotList(CK_TRUE, slots.data(), &count); value != CKR_OK) {
    return Pkcs11Error("C_GetSlotList", value);
  }
  slots.resize(count);
  std::optional<CK_SLOT_ID> free;
  const auto wanted = Padded(label);
  for (CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info{};
    if (api.C_GetTokenInfo(slot, &info) != CKR_OK) continue;
    const bool initialized = (info.flags & CKF_TOKEN_INITIALIZED) != 0;
    if (initialized && std::equal(wanted.begin(), wanted.end(), info.label)) {
      return Error{"there is a token with the label \"" + label +
                   "\" already: nothing was changed"};
    }
    if (!initialized && !free) free = slot;
  }
  if (!free) {
    return Error{
        "the module has no slot without an initialized token: make one with its maker's tools"};
  }
  return *free;
}

Result<CK_SLOT_ID> SlotOf(CK_FUNCTION_LIST& api, const std::string& label, CK_SLOT_ID was) {
  // SoftHSM gives an initialized token another slot: find it by its label.
  CK_ULONG count = 0;
  api.C_GetSlotList(CK_TRUE, nullptr, &count);
  std::vector<CK_SLOT_ID> slots(count);
  if (CK_RV value = api.C_GetSlotList(CK_TRUE, slots.data(), &count); value != CKR_OK) {
    return Pkcs11Error("C_GetSlotList", value);
  }
  slots.resize(count);
  const auto wanted = Padded(label);
  for (CK_SLOT_ID slot : slots) {
    CK_TOKEN_INFO info{};
    if (api.C_GetTokenInfo(slot, &info) == CKR_OK &&
        std::equal(wanted.begin(), wanted.end(), info.label)) {
      return slot;
    }
  }
  return was;
}

Status SetUserPin(CK_FUNCTION_LIST& api, CK_SLOT_ID slot, const std::string& so_pin,
                  const std::string& user_pin) {
  CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
  if (CK_RV value =
          api.C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &session);
      value != CKR_OK) {
    return Pkcs11Error("C_OpenSession", value);
  }
  CK_RV value = api.C_Login(session, CKU_SO, Characters(so_pin), so_pin.size());
  const char* step = "C_Login as security officer";
  if (value == CKR_OK) {
    step = "C_InitPIN";
    value = api.C_InitPIN(session, Characters(user_pin), user_pin.size());
    api.C_Logout(session);
  }
  api.C_CloseSession(session);
  if (value != CKR_OK) return Pkcs11Error(step, value);
  return Status::Ok();
}

}  // namespace

Status SetUpToken(const std::string& module, const std::string& label, const std::string& so_pin,
                  const std::string& user_pin) {
  if (label.empty() || label.size() > kLabelSize)
    return Error{"a token's label has 1 to 32 octets"};
  LoadedModule loaded;
  if (Status done = loaded.Load(module); !done) return done;
  CK_FUNCTION_LIST& api = loaded.api();
  auto free = FreeSlot(api, label);
  if (!free) return Error{free.error()};
  auto padded = Padded(label);
  if (CK_RV value = api.C_InitToken(*free, Characters(so_pin), so_pin.size(), padded.data());
      value != CKR_OK) {
    return Pkcs11Error("C_InitToken", value);
  }
  auto slot = SlotOf(api, label, *free);
  if (!slot) return Error{slot.error()};
  return SetUserPin(api, *slot, so_pin, user_pin);
}

}  // namespace sealwire::keycache
