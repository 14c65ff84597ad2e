// The stored form of a ZoneKeyRecord:
//
//     "SWR" | version 3 | apex | cds u8 | keys u8 | key… | signatures u16 | signature… | life |
//     SHA-256 of all before
//
//     key        role u16 | home u8 | flags u8 | key tag u16 | created u32 | served since u32 |
//                signing since u32 | algorithm u8 | set u8 | public key, as long as the algorithm
//                has it | HSM id 16, or sealed key 166
//     signature  covered u16 | inception u32 | expiration u32 | RDATA u16 length + octets
//     life       key TTL u32 | zone TTL u32 | older key TTL u32 | older zone TTL u32 |
//                older keys until u32 | older data until u32 |
//                rollovers u8 | rollover… | foreign u8 | DNSKEY (u8 length + octets)…
//     rollover   method u8 | cause u8 | step u8 | cancelled u8 | old tag u16 | new tag u16 |
//                started u32 | step at u32 | served at u32 | parent at u32
//
// Version 2 has neither algorithm nor set of a key, nor the length of a foreign one: all are of
// algorithm 13. Version 1 has besides neither `life` nor the two times of a key, nor flag 4: there
// every signing KSK wants a DS, and whatever is published is served since it was made.
#include <algorithm>
#include <array>

#include "keycache/zone_key_record.h"
#include "signer/rrsig.h"
#include "signer/sha256.h"

namespace sealwire::keycache {
namespace {

constexpr std::array<std::uint8_t, 3> kMagic = {'S', 'W', 'R'};
constexpr std::uint8_t kVersion = 3;
constexpr std::uint8_t kVersionWithoutLife = 1;
constexpr std::uint8_t kPublished = 1;
constexpr std::uint8_t kSigning = 2;
constexpr std::uint8_t kWantsDs = 4;
constexpr std::uint8_t kSignsData = 8;
constexpr std::size_t kMaxKeySize = 20 + signer::kMaxPublicKeySize + SealedKey::kEncodedSize;
constexpr std::size_t kOldForeignSize = 68;
constexpr std::size_t kFixedLifeSize = 26;
constexpr std::size_t kRolloverSize = 24;
constexpr std::size_t kFixedSignatureSize = 12;
constexpr std::size_t kMaxSignatures = 256;

void WriteKeyRecord(const KeyRecord& key, dns::Writer& out) {
  out.U16(static_cast<std::uint16_t>(key.role));
  out.U8(static_cast<std::uint8_t>(key.home));
  out.U8(static_cast<std::uint8_t>((key.published ? kPublished : 0) | (key.signing ? kSigning : 0) |
                                   (key.wants_ds ? kWantsDs : 0) |
                                   (key.signs_data ? kSignsData : 0)));
  out.U16(key.key_tag);
  out.U32(key.created);
  out.U32(key.served_since);
  out.U32(key.signing_since);
  out.U8(key.algorithm);
  out.U8(key.set);
  out.Run(key.public_key);
  if (key.home == KeyHome::kHsm) {
    out.Run(key.hsm_id);
  } else {
    out.Run(key.sealed.Encode());
  }
}

// Nothing when the key is cut short or contradicts itself.
std::optional<KeyRecord> ReadKeyRecord(dns::Reader& in, std::uint8_t version) {
  KeyRecord key;
  const std::uint16_t role = in.U16();
  const std::uint8_t home = in.U8();
  const std::uint8_t flags = in.U8();
  key.key_tag = in.U16();
  key.created = in.U32();
  if (version != kVersionWithoutLife) {
    key.served_since = in.U32();
    key.signing_since = in.U32();
  }
  if (version == kVersion) {
    key.algorithm = in.U8();
    key.set = in.U8();
  }
  if (!signer::IsKnown(key.algorithm)) return std::nullopt;
  key.public_key = signer::PublicOctets(in.Run(signer::PublicKeySize(key.algorithm)));
  if (role != static_cast<std::uint16_t>(Role::kZsk) &&
      role != static_cast<std::uint16_t>(Role::kKsk)) {
    return std::nullopt;
  }
  key.role = static_cast<Role>(role);
  key.published = (flags & kPublished) != 0;
  key.signing = (flags & kSigning) != 0;
  key.wants_ds = (flags & kWantsDs) != 0;
  key.signs_data = (flags & kSignsData) != 0;
  if (version == kVersionWithoutLife) {
    if (flags > (kPublished | kSigning)) return std::nullopt;
    key.wants_ds = key.role == Role::kKsk && key.signing;
    key.signing_since = key.signing ? key.created : 0;
    key.served_since = key.published ? key.created : 0;
  }
  const int known = kPublished | kSigning | kWantsDs | (version == kVersion ? kSignsData : 0);
  if (flags > known || (key.signs_data && key.role != Role::kKsk)) return std::nullopt;

  if (home == static_cast<std::uint8_t>(KeyHome::kHsm)) {
    key.home = KeyHome::kHsm;
    const dns::Bytes id = in.Run(key.hsm_id.size());
    std::copy(id.begin(), id.end(), key.hsm_id.begin());
  } else if (home == static_cast<std::uint8_t>(KeyHome::kSealed)) {
    key.home = KeyHome::kSealed;
    const auto sealed = SealedKey::Decode(in.Run(SealedKey::kEncodedSize));
    if (!sealed || sealed->role != key.role || sealed->key_tag != key.key_tag ||
        sealed->algorithm != key.algorithm) {
      return std::nullopt;
    }
    key.sealed = *sealed;
  } else {
    return std::nullopt;
  }
  if (!in.ok() || signer::KeyTag(key.Dnskey()) != key.key_tag) return std::nullopt;
  return key;
}

std::optional<PreparedSignature> ReadSignature(dns::Reader& in) {
  PreparedSignature signature;
  signature.covered = static_cast<dns::RRType>(in.U16());
  signature.inception = in.U32();
  signature.expiration = in.U32();
  const dns::Bytes rdata = in.Run(in.U16());
  const bool covers_keys = signature.covered == dns::RRType::kDNSKEY ||
                           signature.covered == dns::RRType::kCDS ||
                           signature.covered == dns::RRType::kCDNSKEY;
  if (!in.ok() || !covers_keys || rdata.size() > signer::kMaxRrsigSize) return std::nullopt;

  // The RDATA says the same of its type and times.
  dns::Reader inside(rdata);
  const std::uint16_t covered = inside.U16();
  inside.Skip(6);
  const std::uint32_t expiration = inside.U32();
  const std::uint32_t inception = inside.U32();
  if (!inside.ok() || covered != static_cast<std::uint16_t>(signature.covered) ||
      expiration != signature.expiration || inception != signature.inception) {
    return std::nullopt;
  }
  signature.rdata.assign(rdata.begin(), rdata.end());
  return signature;
}

void WriteLife(const ZoneKeyRecord& record, dns::Writer& out) {
  out.U32(record.key_ttl);
  out.U32(record.zone_ttl);
  out.U32(record.older_key_ttl);
  out.U32(record.older_zone_ttl);
  out.U32(record.older_keys_until);
  out.U32(record.older_data_until);
  out.U8(static_cast<std::uint8_t>(record.rollovers.size()));
  for (const Rollover& roll : record.rollovers) {
    out.U8(static_cast<std::uint8_t>(roll.method));
    out.U8(static_cast<std::uint8_t>(roll.cause));
    out.U8(static_cast<std::uint8_t>(roll.step));
    out.U8(roll.cancelled ? 1 : 0);
    out.U16(roll.old_tag);
    out.U16(roll.new_tag);
    out.U32(roll.started);
    out.U32(roll.step_at);
    out.U32(roll.served_at);
    out.U32(roll.parent_at);
  }
  out.U8(static_cast<std::uint8_t>(record.foreign.size()));
  for (const DnskeyRdata& key : record.foreign) {
    out.U8(static_cast<std::uint8_t>(key.size()));
    out.Run(key);
  }
}

template <class Enum>
bool ReadEnum(dns::Reader& in, Enum first, Enum last, Enum& out) {
  const std::uint8_t value = in.U8();
  out = static_cast<Enum>(value);
  return value >= static_cast<std::uint8_t>(first) && value <= static_cast<std::uint8_t>(last);
}

// A rollover names keys of the record and is the only one of its role.
bool ReadRollover(dns::Reader& in, ZoneKeyRecord& record) {
  Rollover roll;
  if (!ReadEnum(in, RollMethod::kPrePublish, RollMethod::kWholeSet, roll.method) ||
      !ReadEnum(in, RollCause::kAsked, RollCause::kEmergency, roll.cause) ||
      !ReadEnum(in, RollStep::kIntroduced, RollStep::kUnpublished, roll.step)) {
    return false;
  }
  const std::uint8_t cancelled = in.U8();
  roll.cancelled = cancelled == 1;
  roll.old_tag = in.U16();
  roll.new_tag = in.U16();
  roll.started = in.U32();
  roll.step_at = in.U32();
  roll.served_at = in.U32();
  roll.parent_at = in.U32();
  const KeyRecord* from = record.Find(roll.old_tag);
  const KeyRecord* to = record.Find(roll.new_tag);
  if (!in.ok() || cancelled > 1 || record.RolloverOf(roll.role()) != nullptr || from == to ||
      from == nullptr || to == nullptr || from->role != roll.role() || to->role != roll.role()) {
    return false;
  }
  // All keys are replaced at once and alone.
  const bool whole_set = roll.method == RollMethod::kWholeSet;
  if ((whole_set && (!record.rollovers.empty() || from->set == to->set)) ||
      record.WholeSetRollover() != nullptr) {
    return false;
  }
  record.rollovers.push_back(roll);
  return true;
}

bool ReadForeign(dns::Reader& in, std::uint8_t version, ZoneKeyRecord& record) {
  const std::size_t size = version == kVersion ? in.U8() : kOldForeignSize;
  const DnskeyRdata key(in.Run(size));
  if (!in.ok() || key.size() < kDnskeyFixedSize || key.size() != size ||
      key.size() != kDnskeyFixedSize + signer::PublicKeySize(AlgorithmOf(key)) ||
      record.HasTag(signer::KeyTag(key))) {
    return false;
  }
  record.foreign.push_back(key);
  return true;
}

bool ReadLife(dns::Reader& in, std::uint8_t version, ZoneKeyRecord& record) {
  record.key_ttl = in.U32();
  record.zone_ttl = in.U32();
  record.older_key_ttl = in.U32();
  record.older_zone_ttl = in.U32();
  record.older_keys_until = in.U32();
  record.older_data_until = in.U32();
  const std::uint8_t rollovers = in.U8();
  for (int i = 0; i < rollovers; ++i) {
    if (!ReadRollover(in, record)) return false;
  }
  const std::uint8_t foreign = in.U8();
  if (!in.ok() || foreign > kMaxForeignKeys) return false;
  for (int i = 0; i < foreign; ++i) {
    if (!ReadForeign(in, version, record)) return false;
  }
  return in.ok();
}

// A key may sign though it is not published while it is exchanged together with the rest, or while
// it is its DS that goes first.
bool MaySignUnpublished(const ZoneKeyRecord& record, const KeyRecord& key) {
  const Rollover* roll = record.RolloverOf(Role::kKsk);
  if (roll == nullptr) return false;
  if (roll->method == RollMethod::kWholeSet) {
    return key.set == record.Find(roll->old_tag)->set || key.set == record.Find(roll->new_tag)->set;
  }
  return roll->method == RollMethod::kDoubleDs &&
         (key.key_tag == roll->old_tag || key.key_tag == roll->new_tag);
}

bool SignsWhatItMay(const ZoneKeyRecord& record) {
  return std::all_of(record.keys.begin(), record.keys.end(), [&](const KeyRecord& key) {
    return !key.signing || key.published || MaySignUnpublished(record, key);
  });
}

}  // namespace

std::vector<std::uint8_t> ZoneKeyRecord::Encode() const {
  std::size_t size = kMagic.size() + 1 + apex.size() + 2 + 2 + sizeof(signer::Digest);
  size += keys.size() * kMaxKeySize;
  for (const auto& signature : prepared) size += kFixedSignatureSize + signature.rdata.size();
  size += kFixedLifeSize + rollovers.size() * kRolloverSize + foreign.size() * sizeof(DnskeyRdata);

  std::vector<std::uint8_t> octets(size);
  dns::Writer out(octets);
  out.Run(kMagic);
  out.U8(kVersion);
  out.Run(apex.Lowered().wire());
  out.U8(static_cast<std::uint8_t>(cds));
  out.U8(static_cast<std::uint8_t>(keys.size()));
  for (const KeyRecord& key : keys) WriteKeyRecord(key, out);
  out.U16(static_cast<std::uint16_t>(prepared.size()));
  for (const PreparedSignature& signature : prepared) {
    out.U16(static_cast<std::uint16_t>(signature.covered));
    out.U32(signature.inception);
    out.U32(signature.expiration);
    out.U16(static_cast<std::uint16_t>(signature.rdata.size()));
    out.Run(signature.rdata);
  }
  WriteLife(*this, out);
  out.Run(signer::Sha256::Hash(out.written()));
  octets.resize(out.size());
  return octets;
}

Result<ZoneKeyRecord> ZoneKeyRecord::Decode(dns::Bytes octets) {
  constexpr std::size_t kSumSize = sizeof(signer::Digest);
  if (octets.size() < kMagic.size() + 1 + kSumSize ||
      !dns::Equal(octets.first(kMagic.size()), kMagic)) {
    return Error{"this is no record of a zone's keys"};
  }
  const std::uint8_t version = octets[kMagic.size()];
  if (version < kVersionWithoutLife || version > kVersion) {
    return Error{"the record of a zone's keys has version " + std::to_string(version) +
                 ", which this program does not know"};
  }
  const dns::Bytes body = octets.first(octets.size() - kSumSize);
  if (!dns::Equal(signer::Sha256::Hash(body), octets.last(kSumSize))) {
    return Error{"the record of a zone's keys was altered or cut short"};
  }

  const Error malformed{"the record of a zone's keys contradicts itself"};
  dns::Reader in(body, kMagic.size() + 1);
  ZoneKeyRecord record;
  const auto apex = dns::NameView::Parse(body.subspan(in.position()));
  if (!apex || !dns::NameView::IdenticalCase(*apex, dns::Name(*apex).Lowered())) return malformed;
  record.apex = *apex;
  in.Skip(apex->size());

  const std::uint8_t cds = in.U8();
  if (cds > static_cast<std::uint8_t>(CdsPublication::kDelete)) return malformed;
  record.cds = static_cast<CdsPublication>(cds);
  const std::uint8_t key_count = in.U8();
  if (key_count > kMaxKeysPerZone) return malformed;
  for (int i = 0; i < key_count; ++i) {
    const auto key = ReadKeyRecord(in, version);
    if (!key || record.HasTag(key->key_tag)) return malformed;
    record.keys.push_back(*key);
  }
  const std::uint16_t signature_count = in.U16();
  if (signature_count > kMaxSignatures) return malformed;
  for (int i = 0; i < signature_count; ++i) {
    auto signature = ReadSignature(in);
    if (!signature) return malformed;
    record.prepared.push_back(std::move(*signature));
  }
  if (version != kVersionWithoutLife && !ReadLife(in, version, record)) return malformed;
  if (!in.ok() || in.remaining() != 0 || !SignsWhatItMay(record)) return malformed;
  return record;
}

}  // namespace sealwire::keycache
