// Opening a module and token with libp11: load, find the token by label, one read-write session,
// login.
//
// For sources of this folder only. Threading: one thread, one per process. Ownership: the
// destructor logs out and unloads. Errors: sentences; `wrong_pin` when a PIN must not be tried
// again.
#pragma once

#include <memory>
#include <string>

#include "dns/result.h"
#include "keycache/pkcs11_types.h"

namespace sealwire::keycache {

class Pkcs11Session {
 public:
  static Result<std::unique_ptr<Pkcs11Session>> Open(const std::string& module,
                                                     const std::string& token,
                                                     const std::string& pin, bool& wrong_pin);
  ~Pkcs11Session();
  Pkcs11Session(const Pkcs11Session&) = delete;
  Pkcs11Session& operator=(const Pkcs11Session&) = delete;

  CK_FUNCTION_LIST& api() noexcept { return *api_; }
  CK_SESSION_HANDLE session() const noexcept { return session_; }
  CK_SLOT_ID slot() const noexcept { return slot_id_; }

 private:
  Pkcs11Session() = default;
  Status Load(const std::string& module);
  Status FindToken(const std::string& token);
  Status Login(const std::string& pin, bool& wrong_pin);
  Status OpenRawSession();

  struct Libp11;  // its context and slots
  std::unique_ptr<Libp11> libp11_;
  void* library_ = nullptr;
  CK_FUNCTION_LIST* api_ = nullptr;
  CK_SLOT_ID slot_id_ = 0;
  CK_SESSION_HANDLE session_ = CK_INVALID_HANDLE;
};

}  // namespace sealwire::keycache
