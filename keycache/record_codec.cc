// The stored form of a ZoneKeyRecord:
//
//     "SWR" | version 1 | apex | cds u8 | keys u8 | key… | signatures u16 | signature… | SHA-256 of
//     all before key        role u16 | home u8 | flags u8 | key tag u16 | created u32 | x | y | HSM
//     id 16, or sealed key 166 signature  covered u16 | inception u32 | expiration u32 | RDATA u16
//     length + octets
#include <algorithm>
#include <array>

#include "keycache/zone_key_record.h"
#include "signer/rrsig.h"
#include "signer/sha256.h"

namespace sealwire::keycache {
namespace {

constexpr std::array<std::uint8_t, 3> kMagic = {'S', 'W', 'R'};
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kPublished = 1;
constexpr std::uint8_t kSigning = 2;
constexpr std::size_t kFixedKeySize = 74;
constexpr std::size_t kFixedSignatureSize = 12;
constexpr std::size_t kMaxSignatures = 256;

void WriteKeyRecord(const KeyRecord& key, dns::Writer& out) {
  out.U16(static_cast<std::uint16_t>(key.role));
  out.U8(static_cast<std::uint8_t>(key.home));
  out.U8(
      static_cast<std::uint8_t>((key.published ? kPublished : 0) | (key.signing ? kSigning : 0)));
  out.U16(key.key_tag);
  out.U32(key.created);
  out.Run(key.public_key);
  if (key.home == KeyHome::kHsm) {
    out.Run(key.hsm_id);
  } else {
    out.Run(key.sealed.Encode());
  }
}

// Nothing when the key is cut short or contradicts itself.
std::optional<KeyRecord> ReadKeyRecord(dns::Reader& in) {
  KeyRecord key;
  const std::uint16_t role = in.U16();
  const std::uint8_t home = in.U8();
  const std::uint8_t flags = in.U8();
  key.key_tag = in.U16();
  key.created = in.U32();
  const dns::Bytes point = in.Run(key.public_key.size());
  std::copy(point.begin(), point.end(), key.public_key.begin());
  if (role != static_cast<std::uint16_t>(Role::kZsk) &&
      role != static_cast<std::uint16_t>(Role::kKsk)) {
    return std::nullopt;
  }
  key.role = static_cast<Role>(role);
  key.published = (flags & kPublished) != 0;
  key.signing = (flags & kSigning) != 0;
  if (flags > (kPublished | kSigning) || (key.signing && !key.published)) return std::nullopt;

  if (home == static_cast<std::uint8_t>(KeyHome::kHsm)) {
    key.home = KeyHome::kHsm;
    const dns::Bytes id = in.Run(key.hsm_id.size());
    std::copy(id.begin(), id.end(), key.hsm_id.begin());
  } else if (home == static_cast<std::uint8_t>(KeyHome::kSealed)) {
    key.home = KeyHome::kSealed;
    const auto sealed = SealedKey::Decode(in.Run(SealedKey::kEncodedSize));
    if (!sealed || sealed->role != key.role || sealed->key_tag != key.key_tag) return std::nullopt;
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

}  // namespace

std::vector<std::uint8_t> ZoneKeyRecord::Encode() const {
  std::size_t size = kMagic.size() + 1 + apex.size() + 2 + 2 + sizeof(signer::Digest);
  size += keys.size() * (kFixedKeySize + SealedKey::kEncodedSize);
  for (const auto& signature : prepared) size += kFixedSignatureSize + signature.rdata.size();

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
  if (octets[kMagic.size()] != kVersion) {
    return Error{"the record of a zone's keys has version " +
                 std::to_string(octets[kMagic.size()]) + ", which this program does not know"};
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
    const auto key = ReadKeyRecord(in);
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
  if (!in.ok() || in.remaining() != 0) return malformed;
  return record;
}

}  // namespace sealwire::keycache
