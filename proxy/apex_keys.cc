// What we publish at the apex of a signed zone, whatever the zone's source has there: the key
// RRsets, signed ahead of time by the key-signing key (RFC 4035 section 2.2, RFC 7344 section 4.1),
// and NSEC3PARAM (RFC 5155 section 4).
#include "proxy/resolution.h"
#include "signer/nsec3.h"

namespace sealwire::proxy {
namespace {

const dns::RRset* KeySetOf(const keycache::ZoneKeys& keys, dns::RRType type) noexcept {
  switch (type) {
    case dns::RRType::kDNSKEY:
      return &keys.dnskey;
    case dns::RRType::kCDS:
      return &keys.cds;
    case dns::RRType::kCDNSKEY:
      return &keys.cdnskey;
    default:
      return nullptr;
  }
}

// Until another signature made ahead may be the better one.
constexpr std::uint64_t kReuseMs = 60'000;

// With its length before it, as RRsets are held. Only secondaries ask for it: TTL 0.
constexpr auto kNsec3Param = [] {
  std::array<std::uint8_t, 2 + signer::kNsec3Param.size()> run{0, signer::kNsec3Param.size()};
  std::copy(signer::kNsec3Param.begin(), signer::kNsec3Param.end(), run.begin() + 2);
  return run;
}();

}  // namespace

bool Resolution::AnswerApexKeys(const Zone& zone, dns::NameView name) noexcept {
  if (!zone.keys) return false;
  if (query_.type == dns::RRType::kNSEC3PARAM && zone.policy.denial == DenialMode::kNsec3 &&
      zone.apex == name) {
    answer_.Add(dns::Section::kAnswer,
                {name, dns::RRType::kNSEC3PARAM, dns::RRClass::kIN, 0, 1, kNsec3Param}, &zone);
    return true;
  }
  const dns::RRset* set = KeySetOf(*zone.keys, query_.type);
  if (set == nullptr || set->empty() || !(zone.apex == name)) return false;

  dns::RRsetView rrset = set->view();
  rrset.owner = name;
  AnswerItem* item = answer_.Add(dns::Section::kAnswer, rrset, &zone);
  if (item == nullptr || !query_.dnssec_ok()) return true;
  const auto now = static_cast<std::uint32_t>(now_ms_ / 1000);
  bool first = true;
  for (const keycache::PreparedSignature& signature : zone.keys->prepared) {
    if (!keycache::IsToServe(*zone.keys, signature, query_.type, now)) continue;
    if (!first) item = answer_.Add(dns::Section::kAnswer, rrset, &zone);
    if (item == nullptr) return true;
    item->made_ahead = signature.rdata;
    item->signature_only = !first;
    first = false;
    answer_.ReuseUntil(
        std::min<std::uint64_t>(now_ms_ + kReuseMs, std::uint64_t{signature.expiration} * 1000));
  }
  apex_signature_missing_ |= first;
  return true;
}

}  // namespace sealwire::proxy
