// All that is stored of a zone's keys: where each key is, what is published, and the signatures
// over the key RRsets, made ahead. It holds no secret in the clear: a sealed key opens only with
// the HSM.
//
// The control plane stores Encode()'s octets; nothing else need be kept. Threading: value.
// Errors: Decode() refuses octets that are cut short, altered (SHA-256 at the end) or of an unknown
// version, and records that contradict themselves (a key tag that is not the key's).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dns/name.h"
#include "dns/result.h"
#include "dns/rrset.h"
#include "keycache/dnskey.h"
#include "keycache/hsm_key.h"
#include "keycache/sealed_key.h"
#include "keycache/zone_keys.h"

namespace sealwire::keycache {

inline constexpr std::uint32_t kKeyTtl = 3600;  // seconds; of DNSKEY, CDS and CDNSKEY
inline constexpr std::size_t kMaxKeysPerZone = 16;

// Where the private half is.
enum class KeyHome : std::uint8_t { kHsm = 0, kSealed = 1 };

struct KeyRecord {
  Role role = Role::kZsk;
  KeyHome home = KeyHome::kSealed;
  signer::PublicKey public_key{};
  std::uint16_t key_tag = 0;
  std::uint32_t created = 0;  // seconds since 1970
  bool published = true;      // stands in the DNSKEY RRset
  bool signing = true;        // makes signatures; implies published
  KeyId hsm_id{};             // when home is kHsm
  SealedKey sealed;           // when home is kSealed

  DnskeyRdata Dnskey() const noexcept { return MakeDnskey(role, public_key); }
};

// What the zone tells its parent.
enum class CdsPublication : std::uint8_t {
  kNone = 0,
  kPublish = 1,  // CDS and CDNSKEY of every signing KSK (RFC 7344)
  kDelete = 2,   // "remove the DS" (RFC 8078 section 4)
};

struct ZoneKeyRecord {
  dns::Name apex;  // lower case
  std::vector<KeyRecord> keys;
  CdsPublication cds = CdsPublication::kNone;
  std::vector<PreparedSignature> prepared;

  const KeyRecord* SigningKeyOf(Role role) const noexcept;  // the first signing key, or null
  bool HasTag(std::uint16_t key_tag) const noexcept;

  dns::RRset DnskeyRRset() const;
  dns::RRset CdsRRset() const;      // empty when none is published
  dns::RRset CdnskeyRRset() const;  // empty when none is published
  // For the parent: one per signing KSK.
  std::vector<DsRecord> DsRecords() const;

  std::vector<std::uint8_t> Encode() const;
  static Result<ZoneKeyRecord> Decode(dns::Bytes octets);
};

}  // namespace sealwire::keycache
