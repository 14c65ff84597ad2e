// Denial by NSEC3 records (RFC 5155), each made for one question: one that matches the closest
// encloser, and two that cover one hash each (RFC 7129 appendix B).
#include "proxy/denial.h"
#include "signer/nsec3.h"

namespace sealwire::proxy {
namespace {

using dns::RRType;
using dns::Section;

constexpr std::uint8_t kAsterisk[] = {'*'};

}  // namespace

void Denial::CoverByNsec3(const DenyingZone& by, const MissingName& missing) noexcept {
  answer_.rcode = dns::Rcode::kNXDomain;
  MatchNsec3(by, missing.closest_encloser, missing.encloser_types);
  CoverNsec3(by, missing.next_closer());
  const auto wildcard = dns::Name::Prepend(kAsterisk, missing.closest_encloser);
  if (wildcard && !(*wildcard == missing.next_closer())) CoverNsec3(by, *wildcard);
}

void Denial::MatchNsec3(const DenyingZone& by, dns::NameView name,
                        const dns::TypeBitmap& types) noexcept {
  const signer::Nsec3Hash hash = signer::HashOwner(name);
  const auto owner = signer::HashedOwner(hash, by.zone.apex);
  const auto kept = owner ? arena_.Keep(*owner) : std::nullopt;
  if (!kept) return answer_.Fail();
  dns::TypeBitmap held = signer::Nsec3Types(types);
  // RRSIG is claimed where anything is signed; asked for itself it was not found.
  if (query_.type == RRType::kRRSIG) held.Remove(RRType::kRRSIG);
  const std::size_t from = arena_.writer().size();
  arena_.writer().U16(0);
  signer::WriteNsec3(signer::StepBehind(hash), held, arena_.writer());
  AddRecord(Section::kAuthority, by, *kept, RRType::kNSEC3, from);
}

void Denial::CoverNsec3(const DenyingZone& by, dns::NameView name) noexcept {
  const signer::Nsec3Hash hash = signer::HashOwner(name);
  const auto owner = signer::HashedOwner(signer::StepBefore(hash), by.zone.apex);
  const auto kept = owner ? arena_.Keep(*owner) : std::nullopt;
  if (!kept) return answer_.Fail();
  const std::size_t from = arena_.writer().size();
  arena_.writer().U16(0);
  signer::WriteNsec3(signer::StepBehind(hash), dns::TypeBitmap(), arena_.writer());
  AddRecord(Section::kAuthority, by, *kept, RRType::kNSEC3, from);
}

}  // namespace sealwire::proxy
