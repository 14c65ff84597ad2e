// The HSM as the daemon sees it: requests with deadlines to `sealwire-hsm`, a process of its own in
// which the PKCS#11 module may hang or crash without touching a query.
//
// A supervisor thread starts that process, pings it, kills it when it hangs and starts it again
// with back-off. Every request may be repeated without harm (a key is made under an id the caller
// chose), so a call that lost its process is tried once more while its deadline lasts. A wrong PIN
// is tried once: then nothing is sent to the token until the PIN file changes, for a token locks
// itself. Every signature is verified with the public key before it is returned.
//
// There may be several tokens, of one module or many: a pool. A call goes to the first that is up
// and has the key; one that fails or hangs is passed over. New keys are made in the first that is
// up, and lie in it alone unless the tokens copy themselves; so tokens of a pool are best kept as
// copies.
//
// Threading: any thread may call; calls are served one at a time by each token and block up to its
// `call_deadline`.
// Never call from a thread that answers queries. Ownership: the destructor ends the process.
// Errors: a sentence that says whether the HSM is away or what it refused; status() for metrics.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/result.h"
#include "keycache/hsm_key.h"
#include "keycache/secret_memory.h"

namespace sealwire::keycache {

struct HsmOptions {
  std::string module;       // path of the PKCS#11 library
  std::string token;        // the token's label
  std::string pin_file;     // holds the user PIN, read by the HSM process; others must not read it
  std::string helper_path;  // the program `sealwire-hsm`; empty: beside the running program
  std::chrono::milliseconds start_deadline{10000};
  std::chrono::milliseconds call_deadline{3000};  // for one attempt and for the whole call
  std::chrono::milliseconds ping_interval{5000};
  std::chrono::milliseconds backoff_min{200};
  std::chrono::milliseconds backoff_max{30000};
};

enum class HsmState : std::uint8_t {
  kStarting,
  kUp,
  kAway,      // crashed, hung, or its token is gone; it is started again after a pause
  kWrongPin,  // waits for the PIN file to change
};
std::string_view ToText(HsmState state) noexcept;

struct HsmStatus {
  std::string token;  // its label
  HsmState state = HsmState::kStarting;
  int pid = 0;                         // 0: no process
  std::uint64_t starts = 0;            // processes started, the first included
  std::uint64_t calls = 0;             // calls answered, pings included
  std::uint64_t failures = 0;          // calls that gave an error
  std::uint64_t wrong_signatures = 0;  // that did not verify: none of them was used
  std::uint64_t last_us = 0;           // duration of the last call answered
  std::uint64_t max_us = 0;
  std::uint64_t total_us = 0;      // of all calls answered
  std::string last_error;          // empty: none yet
  std::int64_t last_error_at = 0;  // seconds since 1970
  std::int64_t up_since = 0;       // seconds since 1970; 0 while not up
};

class HsmSupervisor;

class HsmClient {
 public:
  // Checks that program, module and PIN file are there and starts the supervisor; does not wait for
  // the token.
  static Result<std::unique_ptr<HsmClient>> Start(std::vector<HsmOptions> tokens);
  static Result<std::unique_ptr<HsmClient>> Start(HsmOptions options);
  ~HsmClient();
  HsmClient(const HsmClient&) = delete;
  HsmClient& operator=(const HsmClient&) = delete;

  // True when the HSM was up within `patience`; false at once for a wrong PIN.
  bool WaitUntilUp(std::chrono::milliseconds patience);
  // Of the first token that is up; of the first when none is.
  HsmStatus status() const;
  // Of each token, in the order given.
  std::vector<HsmStatus> tokens() const;

  // Makes an EC P-256 pair with this label under a new random id.
  Result<HsmKey> MakeKey(std::string_view label, KeyUse use);
  // The key with this id, or nothing when the token has none.
  Result<std::optional<HsmKey>> FindKey(const KeyId& id);
  // Of the keys with this label and use the one with the lowest id, or nothing when no token that
  // can be asked has one.
  Result<std::optional<HsmKey>> FindKeyByLabel(std::string_view label, KeyUse use);
  // ECDSA over a SHA-256 digest; verified with key.public_key.
  Result<signer::Signature> Sign(const HsmKey& key, const signer::Digest& digest);
  // ECDH: the x coordinate of (private half of `id`) · `peer`, written into `secret`.
  Status Derive(const KeyId& id, const signer::PublicKey& peer, SecretBytes secret);
  // Destroys both halves in every token; a key that is not there is done already.
  Status DestroyKey(const KeyId& id);

 private:
  using Members = std::vector<std::unique_ptr<HsmSupervisor>>;

  explicit HsmClient(Members members);
  // Those that are up, then the others, each in the order given.
  std::vector<HsmSupervisor*> InOrder() const;

  Members members_;
};

}  // namespace sealwire::keycache
