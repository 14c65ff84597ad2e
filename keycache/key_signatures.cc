#include "keycache/key_signatures.h"

#include <algorithm>
#include <memory>
#include <span>

#include "keycache/key_cache.h"
#include "signer/algorithm.h"
#include "signer/rrsig.h"

namespace sealwire::keycache {
namespace {

// Sixteen keys with their owner name of 255 octets each fit.
constexpr std::size_t kMaxSignedData = 16384;

bool IsLater(std::uint32_t a, std::uint32_t b) noexcept {
  return static_cast<std::int32_t>(a - b) > 0;
}

// What an RRSIG with these fields signs (RFC 4034 section 3.1.8.1); empty when it is too much.
std::vector<std::uint8_t> SignedData(const signer::RrsigFields& fields, const dns::RRset& rrset) {
  const auto scratch = std::make_unique_for_overwrite<dns::CanonicalScratch>();
  std::vector<std::uint8_t> data(kMaxSignedData);
  data.resize(signer::WriteSignedData(fields, rrset.view(), *scratch, data));
  return data;
}

Result<PreparedSignature> SignOne(const ZoneKeyRecord& record, const KeyRecord& key,
                                  const dns::RRset& rrset, const signer::Validity& validity,
                                  const KeySigner& sign) {
  const auto fields =
      signer::FieldsFor(rrset.view(), record.apex, validity, key.key_tag, key.algorithm);
  const auto signed_data = SignedData(fields, rrset);
  if (signed_data.empty()) {
    return Error{"the " + dns::ToText(rrset.type()) + " RRset is too large to sign"};
  }
  auto signature = sign(key, signed_data);
  if (!signature) return Error{signature.error()};

  std::array<std::uint8_t, signer::kMaxRrsigSize> rdata;
  dns::Writer out(rdata);
  signer::WriteRrsigPrefix(fields, out);
  out.Run(*signature);
  const dns::Bytes written = out.written();
  return PreparedSignature{
      rrset.type(), validity.inception, validity.expiration, {written.begin(), written.end()}};
}

}  // namespace

std::vector<dns::RRset> KeyRRsets(const ZoneKeyRecord& record) {
  std::vector<dns::RRset> sets{record.DnskeyRRset(), record.CdsRRset(), record.CdnskeyRRset()};
  std::erase_if(sets, [](const dns::RRset& set) { return set.empty(); });
  return sets;
}

Result<std::vector<PreparedSignature>> PrepareSignatures(const ZoneKeyRecord& record,
                                                         std::uint32_t now, const KeySigner& sign) {
  std::vector<PreparedSignature> prepared;
  for (const dns::RRset& rrset : KeyRRsets(record)) {
    for (const KeyRecord& key : record.keys) {
      if (!SignsAhead(key, rrset.type())) continue;
      for (std::uint32_t window = 0; window < kWindowCount; ++window) {
        const std::uint32_t begin = now + window * kWindowStep;
        auto made =
            SignOne(record, key, rrset, {begin - kInceptionSkew, begin + kWindowLength}, sign);
        if (!made) return Error{made.error()};
        prepared.push_back(std::move(made).value());
      }
    }
  }
  if (prepared.empty()) return Error{"the zone has no KSK that signs"};
  return prepared;
}

bool Covers(const ZoneKeyRecord& record, const dns::RRset& rrset,
            const PreparedSignature& signature) {
  const std::uint16_t key_tag = KeyTagOf(signature);
  const KeyRecord* key = record.Find(key_tag);
  if (signature.covered != rrset.type() || key == nullptr || !SignsAhead(*key, rrset.type())) {
    return false;
  }
  const std::size_t signature_size = signer::SignatureSize(key->algorithm);
  if (signature.rdata.size() < signer::kRrsigFixedSize + signature_size) return false;
  const auto fields =
      signer::FieldsFor(rrset.view(), record.apex, {signature.inception, signature.expiration},
                        key_tag, key->algorithm);
  // The RDATA must be what we would write today, up to the signature.
  std::array<std::uint8_t, signer::kMaxRrsigSize> prefix;
  dns::Writer out(prefix);
  signer::WriteRrsigPrefix(fields, out);
  const dns::Bytes rdata = signature.rdata;
  if (!dns::Equal(out.written(), rdata.first(rdata.size() - signature_size))) return false;
  const auto signed_data = SignedData(fields, rrset);
  return !signed_data.empty() &&
         signer::VerifyMessage(key->algorithm, key->public_key, signed_data,
                               signer::SignatureOctets(rdata.last(signature_size)));
}

const PreparedSignature* FindPreparedBy(const ZoneKeyRecord& record, std::uint16_t key_tag,
                                        dns::RRType covered, std::uint32_t now) noexcept {
  const PreparedSignature* best = nullptr;
  for (const PreparedSignature& each : record.prepared) {
    if (each.covered != covered || KeyTagOf(each) != key_tag) continue;
    if (!signer::IsValidAt({each.inception, each.expiration}, now)) continue;
    if (best == nullptr || IsLater(each.expiration, best->expiration)) best = &each;
  }
  return best;
}

std::uint32_t PreparedUntil(const ZoneKeyRecord& record) noexcept {
  dns::RRType published[] = {dns::RRType::kDNSKEY, dns::RRType::kCDS, dns::RRType::kCDNSKEY};
  const std::size_t count = record.cds == CdsPublication::kNone ? 1 : std::size(published);
  std::uint32_t until = 0;
  for (dns::RRType type : std::span(published).first(count)) {
    std::uint32_t last = 0;
    for (const PreparedSignature& each : record.prepared) {
      if (each.covered == type && (last == 0 || IsLater(each.expiration, last)))
        last = each.expiration;
    }
    if (last == 0) return 0;
    if (until == 0 || IsLater(until, last)) until = last;
  }
  return until;
}

bool RefreshDue(const ZoneKeyRecord& record, std::uint32_t now) noexcept {
  const std::uint32_t until = PreparedUntil(record);
  if (until == 0) return true;
  // A clock that was set back would find all inceptions ahead of it.
  const bool any_valid = std::any_of(
      record.prepared.begin(), record.prepared.end(), [now](const PreparedSignature& each) {
        return signer::IsValidAt({each.inception, each.expiration}, now);
      });
  if (!any_valid) return true;
  return IsLater(now, RefreshAt(record));
}

std::uint32_t RefreshAt(const ZoneKeyRecord& record) noexcept {
  const std::uint32_t until = PreparedUntil(record);
  if (until == 0) return 0;
  const auto spread = static_cast<std::uint32_t>(record.apex.view().Hash(0) % kRefreshSpread);
  return until - kPreparedTime / 2 - spread;
}

}  // namespace sealwire::keycache
