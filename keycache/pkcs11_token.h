// A token behind a PKCS#11 module, inside the HSM process. For sources of this folder only.
//
// libp11 loads the module, finds the token, opens the session and logs in; raw PKCS#11 does what
// libp11 0.4 cannot: make EC keys, find one object by id instead of listing all, ECDH. There is one
// per process, opened once, with one kind of session (read-write) from the beginning: libp11 breaks
// otherwise. Threading: one thread. Ownership: the destructor logs out and unloads.
// Errors: an Error means that the module failed and that this token is of no use any more; that a
// key is not there is no error. Standard: PKCS #11 v2.40, sections 2.3.1 to 2.3.12 of the
// mechanisms.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dns/result.h"
#include "keycache/hsm_key.h"
#include "keycache/pkcs11_session.h"
#include "keycache/pkcs11_types.h"
#include "keycache/secret_memory.h"

namespace sealwire::keycache {

class Pkcs11Token {
 public:
  // On an error `wrong_pin` tells whether the PIN was refused: do not try it again.
  static Result<std::unique_ptr<Pkcs11Token>> Open(const std::string& module,
                                                   const std::string& token, const std::string& pin,
                                                   bool& wrong_pin);
  Pkcs11Token(const Pkcs11Token&) = delete;
  Pkcs11Token& operator=(const Pkcs11Token&) = delete;

  // The token is present and the session logged in.
  Status Ping();
  // Makes a key, or gives the one that already has this id and use.
  Result<HsmKey> MakeKey(const KeyId& id, std::string_view label, KeyUse use);
  Result<std::optional<HsmKey>> FindKey(const KeyId& id);
  // Every P-256 pair with an id of 16 octets, by id.
  Result<std::vector<ListedKey>> List();
  Result<std::optional<HsmKey>> FindKeyByLabel(std::string_view label, KeyUse use);
  // Nothing when there is no such key, or it is not for this use.
  Result<std::optional<signer::Signature>> Sign(const KeyId& id, const signer::Digest& digest);
  // False when there is no such key, or it is not for this use.
  Result<bool> Derive(const KeyId& id, const signer::PublicKey& peer, SecretBytes secret);
  Status Destroy(const KeyId& id);

 private:
  struct KeyIdHash {
    std::size_t operator()(const KeyId& id) const noexcept {
      return static_cast<std::size_t>(dns::Reader(id).U32());  // the id is random
    }
  };

  explicit Pkcs11Token(std::unique_ptr<Pkcs11Session> opened);
  Result<std::vector<CK_OBJECT_HANDLE>> Find(std::span<CK_ATTRIBUTE> pattern);
  // CK_INVALID_HANDLE when there is none.
  Result<CK_OBJECT_HANDLE> FindPrivate(const KeyId& id, KeyUse use);
  Status Generate(const KeyId& id, std::string_view label, KeyUse use);
  Status CheckGuarded(CK_OBJECT_HANDLE key);
  // Nothing when the pair is none of ours: another curve, or an id of another length.
  Result<std::optional<ListedKey>> Describe(CK_OBJECT_HANDLE private_half);

  std::unique_ptr<Pkcs11Session> pkcs11_;
  CK_FUNCTION_LIST& api_;
  CK_SESSION_HANDLE session_;
  // A look-up costs the module a walk over all objects; a handle stays good for the session.
  std::unordered_map<KeyId, CK_OBJECT_HANDLE, KeyIdHash> handles_[2];  // by KeyUse
};

}  // namespace sealwire::keycache
