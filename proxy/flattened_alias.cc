// ALIAS: addresses of another name under this one, where a CNAME may not stand (at the apex above
// all).
//
// While the target is resolved, the ALIAS record stands in the answer like an alias, and so it
// survives a wait for a backend; in the end it and all behind it give way to one RRset of the
// owner's, signed by the owner's zone, or to a denial. Only targets in zones of ours are followed:
// what others say is not ours to sign.
#include <algorithm>

#include "proxy/resolution.h"

namespace sealwire::proxy {

using dns::RRsetView;
using dns::RRType;
using dns::Section;

bool Resolution::AsksForAddress() const noexcept {
  return query_.type == RRType::kA || query_.type == RRType::kAAAA;
}

Resolution::Progress Resolution::Flatten() noexcept {
  const auto items = answer_.items();
  const auto first = std::find_if(items.begin(), items.end(), [](const AnswerItem& item) {
    return item.rrset.type == RRType::kALIAS;
  });
  if (first == items.end()) return Progress::kDone;
  const auto denied = std::any_of(first, items.end(), [](const AnswerItem& item) {
    return item.section == Section::kAuthority && item.rrset.type == RRType::kSOA;
  });
  std::optional<RRsetView> found;
  std::uint32_t ttl = UINT32_MAX;
  for (auto item = first; item != items.end(); ++item) {
    if (item->section != Section::kAnswer) continue;
    ttl = std::min(ttl, item->ttl);
    if (item->rrset.type == query_.type) found = item->rrset;
  }
  const dns::NameView owner = first->rrset.owner;
  const Zone* zone = zones_.Find(owner);
  answer_.Truncate(static_cast<std::size_t>(first - items.begin()));
  answer_.rcode = dns::Rcode::kNoError;
  answer_.nonexistent = false;
  answer_.authoritative = true;

  if (found && zone != nullptr) {
    found->owner = owner;
    found->ttl = ttl;
    answer_.Add(Section::kAnswer, *found, zone);
    return answer_.failed() ? Progress::kFailed : Progress::kDone;
  }
  const LocalZone::Node* node =
      zone != nullptr && zone->local ? zone->local->Find(owner).node : nullptr;
  if (!denied || node == nullptr) {
    // The target lies outside our zones, or behind a zone cut.
    answer_.error = dns::ExtendedError::kNotSupported;
    return Progress::kFailed;
  }
  // The owner exists, whether or not its target does.
  DenyTypeAtNode(*zone, *node, owner);
  return answer_.failed() ? Progress::kFailed : Progress::kDone;
}

}  // namespace sealwire::proxy
