// Denial by NSEC records that cover the missing name and its wildcard (RFC 4470), each made for one
// question.
#include "proxy/denial.h"
#include "proxy/local_zone.h"
#include "signer/compact_nsec.h"
#include "signer/covering_nsec.h"

namespace sealwire::proxy {
namespace {

constexpr std::uint8_t kAsterisk[] = {'*'};

}  // namespace

bool Denial::CoverByNsec(const DenyingZone& by, const MissingName& missing) noexcept {
  const dns::NameView next_closer = missing.next_closer();
  const auto wildcard = dns::Name::Prepend(kAsterisk, missing.closest_encloser);
  const auto before_name = OwnerBefore(by.zone, next_closer);
  const auto before_wildcard = wildcard ? OwnerBefore(by.zone, *wildcard) : std::nullopt;
  if (!before_name || !before_wildcard) return false;

  answer_.rcode = dns::Rcode::kNXDomain;
  AddCover(by, *before_name, next_closer);
  if (!(*wildcard == next_closer)) AddCover(by, *before_wildcard, *wildcard);
  return true;
}

// The owner of an NSEC that covers `name`. It must not exist itself: its bitmap would deny its
// types, and the gap what is below it. Behind a backend nobody knows what exists: there only a
// label that ends in octet 255 will do, which no text has. One of 63 octets may have no room for
// it.
std::optional<dns::Name> Denial::OwnerBefore(const Zone& zone, dns::NameView name) const noexcept {
  auto owner = signer::NameBefore(name);
  if (!owner) return std::nullopt;
  const bool may_exist =
      zone.local ? zone.local->Exact(*owner) != nullptr : owner->view().FirstLabel().back() != 0xff;
  const bool exists =
      may_exist || zones_.IsApexBelow(zone, *owner) || zones_.IsAboveApex(zone, *owner);
  return exists ? std::nullopt : owner;
}

void Denial::AddCover(const DenyingZone& by, const dns::Name& owner,
                      dns::NameView covered) noexcept {
  const auto kept = arena_.Keep(owner);
  if (!kept) return answer_.Fail();
  Nsec(dns::Section::kAuthority, by, *kept, signer::NextNameAtCut(covered, by.zone.apex),
       signer::EmptyNonTerminalTypes());
}

}  // namespace sealwire::proxy
