#include "keycache/pkcs11_session.h"

#include <dlfcn.h>
#include <libp11.h>
#include <openssl/err.h>

#include <string_view>

namespace sealwire::keycache {
namespace {

// The PKCS#11 return value behind libp11's last failure.
CK_RV LastReturnValue() noexcept {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  return error == 0 ? CKR_GENERAL_ERROR : static_cast<CK_RV>(ERR_GET_REASON(error));
}

bool IsPinFault(CK_RV value) noexcept {
  return value == CKR_PIN_INCORRECT || value == CKR_PIN_INVALID || value == CKR_PIN_LEN_RANGE ||
         value == CKR_PIN_LOCKED || value == CKR_PIN_EXPIRED;
}

}  // namespace

struct Pkcs11Session::Libp11 {
  PKCS11_CTX* context = nullptr;
  PKCS11_SLOT* slots = nullptr;
  unsigned int slot_count = 0;
  PKCS11_SLOT* slot = nullptr;  // of our token
  bool loaded = false;

  ~Libp11() {
    if (slots != nullptr) PKCS11_release_all_slots(context, slots, slot_count);
    if (loaded) PKCS11_CTX_unload(context);
    if (context != nullptr) PKCS11_CTX_free(context);
  }
};

Result<std::unique_ptr<Pkcs11Session>> Pkcs11Session::Open(const std::string& module,
                                                           const std::string& token,
                                                           const std::string& pin,
                                                           bool& wrong_pin) {
  wrong_pin = false;
  std::unique_ptr<Pkcs11Session> opened(new Pkcs11Session);
  if (Status done = opened->Load(module); !done) return Error{done.error()};
  if (Status done = opened->FindToken(token); !done) return Error{done.error()};
  if (Status done = opened->Login(pin, wrong_pin); !done) return Error{done.error()};
  if (Status done = opened->OpenRawSession(); !done) return Error{done.error()};
  return opened;
}

Pkcs11Session::~Pkcs11Session() {
  if (session_ != CK_INVALID_HANDLE) api_->C_CloseSession(session_);
  libp11_.reset();
  if (library_ != nullptr) dlclose(library_);
}

Status Pkcs11Session::Load(const std::string& module) {
  libp11_ = std::make_unique<Libp11>();
  libp11_->context = PKCS11_CTX_new();
  if (libp11_->context == nullptr) return Error{"libp11 gives no context"};
  if (PKCS11_CTX_load(libp11_->context, module.c_str()) != 0) {
    return Error{"cannot load the PKCS#11 module " + module + " (" + ToText(LastReturnValue()) +
                 ")"};
  }
  libp11_->loaded = true;

  // The same library once more, for what libp11 does not offer; it is initialized already.
  library_ = dlopen(module.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) return Error{"cannot load the PKCS#11 module " + module};
  const auto get_list =
      reinterpret_cast<CK_C_GetFunctionList>(dlsym(library_, "C_GetFunctionList"));
  if (get_list == nullptr || get_list(&api_) != CKR_OK || api_ == nullptr) {
    return Error{module + " is no PKCS#11 module"};
  }
  return Status::Ok();
}

Status Pkcs11Session::FindToken(const std::string& token) {
  Libp11& p11 = *libp11_;
  if (PKCS11_enumerate_slots(p11.context, &p11.slots, &p11.slot_count) != 0) {
    return Error{"cannot list the slots of the PKCS#11 module (" + ToText(LastReturnValue()) + ")"};
  }
  for (unsigned int i = 0; i < p11.slot_count; ++i) {
    PKCS11_SLOT* slot = p11.slots + i;
    if (slot->token == nullptr || slot->token->label == nullptr || token != slot->token->label)
      continue;
    if (p11.slot != nullptr) return Error{"two tokens have the label \"" + token + "\""};
    p11.slot = slot;
  }
  if (p11.slot == nullptr) return Error{"there is no token with the label \"" + token + "\""};
  slot_id_ = PKCS11_get_slotid_from_slot(p11.slot);
  return Status::Ok();
}

Status Pkcs11Session::Login(const std::string& pin, bool& wrong_pin) {
  Libp11& p11 = *libp11_;
  const PKCS11_TOKEN& token = *p11.slot->token;
  if (token.userPinLocked != 0 || token.userPinFinalTry != 0) {
    wrong_pin = true;
    return Error{
        token.userPinLocked != 0
            ? "the token's user PIN is locked"
            : "the token has one try of the PIN left: log in by hand before it is used here"};
  }
  if (PKCS11_open_session(p11.slot, 1) != 0) {
    return Error{"cannot open a session (" + ToText(LastReturnValue()) + ")"};
  }
  ERR_clear_error();
  if (PKCS11_login(p11.slot, 0, pin.c_str()) != 0) {
    const CK_RV value = LastReturnValue();
    wrong_pin = IsPinFault(value);
    return Error{"cannot log in to the token (" + ToText(value) + ")"};
  }
  return Status::Ok();
}

Status Pkcs11Session::OpenRawSession() {
  // A login holds for all sessions of the process (PKCS #11 v2.40 section 2.6.4 of the usage
  // guide).
  const CK_RV value = api_->C_OpenSession(slot_id_, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr,
                                          nullptr, &session_);
  if (value != CKR_OK) return Pkcs11Error("C_OpenSession", value);
  return Status::Ok();
}

}  // namespace sealwire::keycache
