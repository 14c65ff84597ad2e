// All that is stored of a zone's keys: where each key is, what is published, and the signatures
// over the key RRsets, made ahead. It holds no secret in the clear: a sealed key opens only with
// the HSM.
//
// The control plane stores Encode()'s octets; nothing else need be kept. Records of versions 1 and
// 2 are read and written back as version 3. Threading: value.
// Errors: Decode() refuses octets that are cut short, altered (SHA-256 at the end) or of an unknown
// version, and records that contradict themselves (a key tag that is not the key's, or is there
// twice).
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

inline constexpr std::uint32_t kKeyTtl = 3600;  // seconds; of DNSKEY, CDS and CDNSKEY by default
inline constexpr std::size_t kMaxKeysPerZone = 16;
inline constexpr std::size_t kMaxForeignKeys = 8;

// Where the private half is.
enum class KeyHome : std::uint8_t { kHsm = 0, kSealed = 1 };

struct KeyRecord {
  Role role = Role::kZsk;
  KeyHome home = KeyHome::kSealed;
  std::uint8_t algorithm = signer::kAlgorithmP256;
  signer::PublicOctets public_key{};
  std::uint16_t key_tag = 0;
  std::uint32_t created = 0;  // seconds since 1970
  bool published = true;      // stands in the DNSKEY RRset
  // Makes signatures. Implies published, but for keys that kWholeSet or kDoubleDs exchanges.
  bool signing = true;
  bool wants_ds = true;             // of a KSK: the parent is asked to have its DS
  bool signs_data = false;          // of a KSK: it is the ZSK as well (RFC 6781 section 4.1.3)
  std::uint8_t set = 0;             // of keys that came together and go together (kWholeSet)
  std::uint32_t served_since = 0;   // every worker serves the DNSKEY RRset with it; 0: not yet seen
  std::uint32_t signing_since = 0;  // seconds since 1970; 0: never signed
  KeyId hsm_id{};                   // when home is kHsm
  SealedKey sealed;                 // when home is kSealed

  DnskeyRdata Dnskey() const noexcept { return MakeDnskey(role, public_key, algorithm); }
  bool IsZsk() const noexcept { return role == Role::kZsk || signs_data; }
};

// What the zone tells its parent.
enum class CdsPublication : std::uint8_t {
  kNone = 0,
  kPublish = 1,  // CDS and CDNSKEY of every KSK that wants a DS (RFC 7344)
  kDelete = 2,   // "remove the DS" (RFC 8078 section 4)
};

enum class RollMethod : std::uint8_t {
  kPrePublish = 1,  // of a ZSK (RFC 6781 section 4.1.1.1, RFC 7583 section 3.2.1)
  kDoubleKsk = 2,   // of a KSK: both keys, then the DS (RFC 6781 section 4.1.2, RFC 7583 3.3.1)
  kDoubleDs = 3,    // of a KSK: both DS, then the key (RFC 7583 section 3.3.2)
  kWholeSet = 4,    // of all keys, to others of any algorithm (RFC 6781 sections 4.1.3 and 4.1.4)
};

enum class RollCause : std::uint8_t { kAsked = 1, kScheduled = 2, kEmergency = 3 };

// How far a rollover has come: what was done last.
enum class RollStep : std::uint8_t {
  kIntroduced = 1,  // the new key is published beside the old one
  kSubmitted = 2,   // the parent is asked for the new DS
  kSwitched = 3,    // the new key signs instead of the old one
  kReplaced = 4,    // kDoubleDs: the parent is asked to drop the old DS
  kWithdrawn = 5,   // the key that goes is published no more
  // Of kWholeSet, which begins with the first, and has the second before kWithdrawn.
  kPresigned = 6,    // the new keys sign beside the old ones, and are not published yet
  kUnpublished = 7,  // the keys that go are published no more, and still sign
};

struct Rollover {
  RollMethod method = RollMethod::kPrePublish;
  RollCause cause = RollCause::kAsked;
  RollStep step = RollStep::kIntroduced;
  std::uint16_t old_tag = 0;  // of kWholeSet: the KSK of each set
  std::uint16_t new_tag = 0;
  bool cancelled = false;       // it is the new key that goes
  std::uint32_t started = 0;    // seconds since 1970, as all times here
  std::uint32_t step_at = 0;    // when `step` was stored
  std::uint32_t served_at = 0;  // when every worker was first seen to answer so; 0: not yet
  std::uint32_t parent_at = 0;  // when the parent was first seen as `step` needs it; 0: not yet

  Role role() const noexcept { return method == RollMethod::kPrePublish ? Role::kZsk : Role::kKsk; }
  friend bool operator==(const Rollover&, const Rollover&) = default;
};

// The SEP flag is set (RFC 4034 section 2.1.1).
inline bool IsSecureEntryPoint(const DnskeyRdata& key) noexcept {
  return (key[1] & 1) != 0;
}

struct ZoneKeyRecord {
  dns::Name apex;  // lower case
  std::vector<KeyRecord> keys;
  CdsPublication cds = CdsPublication::kNone;
  std::vector<PreparedSignature> prepared;

  std::uint32_t key_ttl = kKeyTtl;     // seconds; of DNSKEY, CDS and CDNSKEY
  std::uint32_t zone_ttl = 3 * 86400;  // seconds for which signatures by the ZSK may be cached
  // The longest TTL in force before, until every worker is seen to serve the one above; 0: none.
  std::uint32_t older_key_ttl = 0;
  std::uint32_t older_zone_ttl = 0;
  // What was served with it may be cached until then; 0: nothing was.
  std::uint32_t older_keys_until = 0;
  std::uint32_t older_data_until = 0;
  std::vector<Rollover> rollovers;  // at most one of each role, or one of all keys
  // Keys of another provider that signs the same zone (RFC 8901 section 3.2): in the DNSKEY RRset,
  // and with the SEP flag in CDS and CDNSKEY too.
  std::vector<DnskeyRdata> foreign;

  // The first key that is published and signs, or null. A key may have both roles.
  const KeyRecord* SigningKeyOf(Role role) const noexcept;
  // The rollover of all keys, if there is one.
  const Rollover* WholeSetRollover() const noexcept;
  KeyRecord* Find(std::uint16_t key_tag) noexcept;
  const KeyRecord* Find(std::uint16_t key_tag) const noexcept;
  Rollover* RolloverOf(Role role) noexcept;
  const Rollover* RolloverOf(Role role) const noexcept;
  // Of our keys, published or not, and of the foreign ones.
  bool HasTag(std::uint16_t key_tag) const noexcept;

  dns::RRset DnskeyRRset() const;
  dns::RRset CdsRRset() const;      // empty when none is published
  dns::RRset CdnskeyRRset() const;  // empty when none is published
  // For the parent: one per KSK that wants a DS.
  std::vector<DsRecord> DsRecords() const;

  std::vector<std::uint8_t> Encode() const;
  static Result<ZoneKeyRecord> Decode(dns::Bytes octets);
};

}  // namespace sealwire::keycache
