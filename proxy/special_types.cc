// Questions that no single RRset answers: ANY (RFC 8482), and NSEC and RRSIG in a zone that is
// signed on the fly, where neither exists before it is asked for.
#include "proxy/resolution.h"
#include "signer/denial_types.h"

namespace sealwire::proxy {
namespace {

using dns::RRType;
using dns::Section;

// Length and RDATA: CPU "RFC8482", OS empty (RFC 8482 section 4.2).
constexpr std::array<std::uint8_t, 11> kHinfo = {0, 9, 7, 'R', 'F', 'C', '8', '4', '8', '2', 0};
constexpr std::uint32_t kHinfoTtl = 3600;

}  // namespace

bool Resolution::AsksForNsec(const Zone& zone) const noexcept {
  return zone.keys && zone.policy.denial != DenialMode::kNsec3 &&
         (query_.type == RRType::kNSEC || query_.type == RRType::kRRSIG);
}

// Names of a zone with NSEC3 have no NSEC, and RRSIG only over their own data.
bool Resolution::AsksForRrsig(const Zone& zone) const noexcept {
  return zone.keys && zone.policy.denial == DenialMode::kNsec3 && query_.type == RRType::kRRSIG;
}

// The bitmap of every name claims NSEC and RRSIG, so they must be there when asked for. For RRSIG
// one signature out of many may be given (RFC 8482 section 7): that of the NSEC always exists.
void Resolution::AnswerNsec(const DenyingZone& by, dns::NameView name,
                            const dns::TypeBitmap& types) noexcept {
  AnswerItem* item = denial_.Nsec(Section::kAnswer, by, name, types);
  if (item != nullptr) item->signature_only = query_.type == RRType::kRRSIG;
}

// A zone of ours at or below the wildcard makes that exist, without data: the name is synthesized
// of it and has none either (RFC 4592 section 4.2).
bool Resolution::HasWildcardOfZoneBelow(const Zone& zone,
                                        const MissingName& missing) const noexcept {
  static constexpr std::uint8_t kAsterisk[] = {'*'};
  if (zone.zones_below == 0) return false;
  const auto wildcard = dns::Name::Prepend(kAsterisk, missing.closest_encloser);
  return wildcard && (zones_.HasZoneBelow(*wildcard) || zones_.FindApex(*wildcard) != nullptr);
}

void Resolution::DenyName(const DenyingZone& by, const MissingName& missing) noexcept {
  // The source does not know the zones of ours below: the name exists for them (RFC 4592 section
  // 2.2.2).
  if (zones_.IsAboveApex(by.zone, missing.name) || HasWildcardOfZoneBelow(by.zone, missing)) {
    return DenyType(by, missing.name, signer::EmptyNonTerminalTypes());
  }
  const bool lies = by.zone.policy.denial == DenialMode::kCompact;
  if (!lies || !AsksForNsec(by.zone) || !query_.dnssec_ok()) {
    return denial_.NoSuchName(by, missing);
  }
  AnswerNsec(by, missing.name, signer::NonexistentTypes());
  answer_.nonexistent = true;
  if (query_.compact_ok()) answer_.rcode = dns::Rcode::kNXDomain;
}

void Resolution::DenyType(const DenyingZone& by, dns::NameView name,
                          const dns::TypeBitmap& types) noexcept {
  if (AsksForNsec(by.zone)) return AnswerNsec(by, name, types);
  denial_.NoSuchType(by, name, types);
}

void Resolution::AnswerHinfo(const Zone& zone, dns::NameView name) noexcept {
  answer_.Add(Section::kAnswer, {name, RRType::kHINFO, dns::RRClass::kIN, kHinfoTtl, 1, kHinfo},
              &zone);
}

}  // namespace sealwire::proxy
