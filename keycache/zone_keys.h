// What a worker knows of a zone's keys: the RRsets to publish, their signatures made ahead in the
// HSM, and the zone-signing key to sign everything else with.
//
// Immutable once built; shared between workers by shared_ptr, which also keeps the secret scalar's
// slot alive. Rule: `zsk` signs only when its public half is in `dnskey` (KeyCache checks it when
// it builds a snapshot). While a whole set of keys is replaced `other_zsk` signs beside it, and may
// do so before its public half is published and after: validators pass over a signature whose key
// they do not find (RFC 4035 section 5.3.1), and those that ask for one of every algorithm find it
// (RFC 4035 section 2.2, RFC 6781 section 4.1.4).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dns/rrset.h"
#include "signer/ecdsa.h"
#include "signer/validity.h"

namespace sealwire::keycache {

class SecretSlot;  // 32 octets of locked, undumped, unforked memory (keycache/secret_memory.h)

// An RRSIG over one of the apex key RRsets, made ahead of time.
struct PreparedSignature {
  dns::RRType covered = dns::RRType::kDNSKEY;
  std::uint32_t inception = 0;  // seconds since 1970
  std::uint32_t expiration = 0;
  std::vector<std::uint8_t> rdata;  // RRSIG RDATA, wire form
};

struct ZoneKeys {
  dns::Name apex;
  dns::RRset dnskey;                        // served as it is
  dns::RRset cds;                           // empty: none is published
  dns::RRset cdnskey;                       // empty: none is published
  std::vector<PreparedSignature> prepared;  // several windows per RRset; serve the one valid now
  signer::SigningKey zsk;
  std::shared_ptr<const SecretSlot> zsk_slot;  // where zsk.scalar points
  signer::SigningKey other_zsk{};              // its scalar is null: there is none
  std::shared_ptr<const SecretSlot> other_slot{};

  bool SignsTwice() const noexcept { return other_zsk.scalar != nullptr; }
};

inline std::uint16_t KeyTagOf(const PreparedSignature& signature) noexcept {
  return dns::Reader(signature.rdata, 16).U16();  // RFC 4034 section 3.1.6
}

// True for what is to be served of `covered` at `now`: of the signatures of each key the one that
// stays valid longest. While keys roll, a validator may know the DS of either.
inline bool IsToServe(const ZoneKeys& keys, const PreparedSignature& signature, dns::RRType covered,
                      std::uint32_t now) noexcept {
  const auto counts = [covered, now](const PreparedSignature& each) {
    return each.covered == covered && signer::IsValidAt({each.inception, each.expiration}, now);
  };
  if (!counts(signature)) return false;
  for (const PreparedSignature& other : keys.prepared) {
    if (&other == &signature || !counts(other) || KeyTagOf(other) != KeyTagOf(signature)) continue;
    // Serial arithmetic (RFC 4034 section 3.1.5); of two that end together, the first.
    const auto longer = static_cast<std::int32_t>(other.expiration - signature.expiration);
    if (longer > 0 || (longer == 0 && &other < &signature)) return false;
  }
  return true;
}

// The signature over `covered` to serve at `now`: of those valid the one that stays valid longest,
// or null when none is.
inline const PreparedSignature* FindPrepared(const ZoneKeys& keys, dns::RRType covered,
                                             std::uint32_t now) noexcept {
  const PreparedSignature* best = nullptr;
  for (const PreparedSignature& each : keys.prepared) {
    if (each.covered != covered) continue;
    if (!signer::IsValidAt({each.inception, each.expiration}, now)) continue;
    // Serial arithmetic (RFC 4034 section 3.1.5).
    if (best == nullptr || static_cast<std::int32_t>(each.expiration - best->expiration) > 0) {
      best = &each;
    }
  }
  return best;
}

}  // namespace sealwire::keycache
