#include "keycache/hsm_ceremony.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

#include "keycache/ecdh.h"
#include "keycache/pin_file.h"
#include "keycache/pkcs11_token.h"
#include "signer/openssl_signer.h"

namespace sealwire::keycache {
namespace {

constexpr std::string_view kRehearsalLabel = "sealwire rehearsal";

template <std::size_t kSize>
bool Randomize(std::array<std::uint8_t, kSize>& octets) noexcept {
  return RAND_bytes(octets.data(), static_cast<int>(octets.size())) == 1;
}

// Runs the steps of a rehearsal until one fails, and says how each went.
class Rehearsal {
 public:
  template <class Step>
  bool Do(const char* what, Step&& step) {
    if (!steps_.empty() && !steps_.back().ok) return false;
    const auto began = std::chrono::steady_clock::now();
    const Status done = step();
    const auto took = std::chrono::steady_clock::now() - began;
    steps_.push_back({what, done.ok(), done.ok() ? "" : done.error(),
                      static_cast<std::uint64_t>(
                          std::chrono::duration_cast<std::chrono::microseconds>(took).count())});
    return done.ok();
  }
  std::vector<CeremonyStep> Take() { return std::move(steps_); }

 private:
  std::vector<CeremonyStep> steps_;
};

}  // namespace

Result<std::unique_ptr<HsmCeremony>> HsmCeremony::Open(const TokenAddress& address) {
  auto pin = ReadPinFile(address.pin_file);
  if (!pin) return Error{pin.error()};
  bool wrong_pin = false;
  auto token = Pkcs11Token::Open(address.module, address.token, *pin, wrong_pin);
  explicit_bzero(pin->data(), pin->size());
  if (!token) {
    return Error{token.error() +
                 (wrong_pin ? "; it was tried once: a token locks itself after a few" : "")};
  }
  return std::unique_ptr<HsmCeremony>(new HsmCeremony(std::move(token).value()));
}

HsmCeremony::HsmCeremony(std::unique_ptr<Pkcs11Token> token) : token_(std::move(token)) {}
HsmCeremony::~HsmCeremony() = default;

Result<std::vector<ListedKey>> HsmCeremony::List() {
  return token_->List();
}

Status HsmCeremony::Prove(const ListedKey& key) {
  return key.use == KeyUse::kSign ? ProveSigning(key.key) : ProveDerivation(key.key);
}

Status HsmCeremony::ProveSigning(const HsmKey& key) {
  signer::Digest digest;
  if (!Randomize(digest)) return Error{"no random octets"};
  auto signature = token_->Sign(key.id, digest);
  if (!signature) return Error{signature.error()};
  if (!signature->has_value()) return Error{"the token has no private half that may sign"};
  if (!signer::Verify(key.public_key, digest, **signature)) {
    return Error{"its signature does not verify with the public half"};
  }
  return Status::Ok();
}

Status HsmCeremony::ProveDerivation(const HsmKey& key) {
  signer::PublicKey ephemeral;
  std::array<std::uint8_t, kSecretSize> here{}, there{};
  Status done = MakeEphemeral(key.public_key, ephemeral, here);
  if (done.ok()) {
    auto derived = token_->Derive(key.id, ephemeral, there);
    if (!derived) {
      done = Error{derived.error()};
    } else if (!*derived) {
      done = Error{"the token has no private half that may derive"};
    } else if (here != there) {
      done = Error{"it derives another secret than its public half says"};
    }
  }
  explicit_bzero(here.data(), here.size());
  explicit_bzero(there.data(), there.size());
  return done;
}

std::vector<CeremonyStep> HsmCeremony::Rehearse() {
  Rehearsal rehearsal;
  HsmKey made[2];
  constexpr KeyUse kUses[] = {KeyUse::kSign, KeyUse::kDerive};
  constexpr const char* kMaking[] = {"make a signing key that cannot leave the token",
                                     "make a wrapping key that cannot leave the token"};
  constexpr const char* kUsing[] = {"sign, and verify outside (ECDSA P-256)",
                                    "derive, and compare outside (ECDH P-256)"};
  KeyId ids[2] = {};
  for (int i = 0; i < 2; ++i) {
    rehearsal.Do(kMaking[i], [&]() -> Status {
      if (!Randomize(ids[i])) return Error{"no random octets"};
      auto key = token_->MakeKey(ids[i], kRehearsalLabel, kUses[i]);
      if (!key) return Error{key.error()};
      made[i] = *key;
      return Status::Ok();
    });
    rehearsal.Do(kUsing[i], [&] {
      return Prove({made[i], kUses[i], std::string(kRehearsalLabel)});
    });
  }
  rehearsal.Do("find a key by its id", [&]() -> Status {
    auto found = token_->FindKey(ids[0]);
    if (!found) return Error{found.error()};
    if (*found != std::optional(made[0])) return Error{"the token shows another key, or none"};
    return Status::Ok();
  });
  std::vector<CeremonyStep> steps = rehearsal.Take();
  // Whatever failed: nothing of the rehearsal stays in the token.
  Rehearsal cleaning;
  cleaning.Do("destroy both keys", [&]() -> Status {
    for (const KeyId& id : ids) {
      if (Status done = token_->Destroy(id); !done) return done;
    }
    return Status::Ok();
  });
  for (CeremonyStep& step : cleaning.Take()) steps.push_back(std::move(step));
  return steps;
}

}  // namespace sealwire::keycache
