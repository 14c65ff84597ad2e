// Answers of zones held whole, in the order of RFC 1034 section 4.3.2.
//
// What a wildcard stands for is answered as if it stood there by itself: it is signed under the
// name asked for, and no proof is needed that no closer name exists (RFC 9824 section 3.3).
#include "proxy/local_zone.h"
#include "proxy/resolution.h"

namespace sealwire::proxy {
namespace {

using dns::NameView;
using dns::RRsetView;
using dns::RRType;
using dns::Section;
using Match = LocalZone::Match;
using Node = LocalZone::Node;

// More than fit in any datagram, so that beyond it UDP is truncated anyway.
constexpr int kMaxServersWithGlue = 100;

// What stands in the zone, but is not served as it stands: ALIAS, and in a signed zone the keys at
// the apex, which are ours to publish (proxy/apex_keys.cc).
bool IsHidden(const Zone& zone, const Node& node, RRType type) noexcept {
  const bool is_key = type == RRType::kDNSKEY || type == RRType::kCDS || type == RRType::kCDNSKEY;
  return type == RRType::kALIAS || (is_key && zone.keys && node.IsApex());
}

// The end of `name` that is the name of `ancestor`: it compresses against the question whatever
// letter case the asker chose.
NameView SpelledAs(NameView name, NameView ancestor) noexcept {
  return NameView::FromChecked(name.wire().last(ancestor.size()));
}

}  // namespace

DenyingZone Resolution::Denying(const Zone& zone, NameView name) const noexcept {
  RRsetView soa = zone.local->soa();
  soa.owner = SpelledAs(name, soa.owner);
  return {zone, soa};
}

dns::TypeBitmap Resolution::TypesAt(const Zone& zone, const Node& node) const noexcept {
  const signer::ApexTypes apex = ApexTypesOf(zone);
  dns::TypeBitmap types = signer::HeldTypes(node.types(), node.IsApex() ? &apex : nullptr);
  if (!node.Has(RRType::kALIAS)) return types;
  // What an ALIAS may stand for. Without flattening it is nothing; the bitmap goes on claiming the
  // addresses, so that whoever kept it finds them once flattening is on again.
  types.Remove(RRType::kALIAS);
  types.Add(RRType::kA);
  types.Add(RRType::kAAAA);
  return types;
}

void Resolution::DenyTypeAtNode(const Zone& zone, const Node& node, NameView name) noexcept {
  dns::TypeBitmap types = TypesAt(zone, node);
  if (AsksForAddress()) types.Remove(query_.type);  // which an ALIAS was found not to lead to
  DenyType(Denying(zone, name), name, types);
}

MissingName Resolution::Missing(const Zone& zone, NameView name,
                                const Node& encloser) const noexcept {
  MissingName missing{name, SpelledAs(name, encloser.owner()), {}};
  // A zone of ours below may make longer names exist than the source has.
  for (int labels = name.LabelCount() - 1;
       zone.zones_below != 0 && labels > missing.closest_encloser.LabelCount(); --labels) {
    if (!zones_.HasZoneBelow(name.Suffix(labels))) continue;
    missing.closest_encloser = name.Suffix(labels);
    missing.encloser_types = signer::EmptyNonTerminalTypes();
    return missing;
  }
  if (zone.policy.denial == DenialMode::kNsec3) missing.encloser_types = TypesAt(zone, encloser);
  return missing;
}

Resolution::Step Resolution::AnswerLocally(const Zone& zone, NameView name) noexcept {
  if (zones_.IsApexBelow(zone, name)) return AnswerAtApexBelow(zone, name);
  const LocalZone::Found found = zone.local->Find(name);
  switch (found.match) {
    case Match::kNode:
    case Match::kWildcard:
      return AnswerAtNode(zone, *found.node, name);
    case Match::kEmptyNonTerminal:
      DenyType(Denying(zone, name), name, signer::EmptyNonTerminalTypes());
      return {};
    case Match::kDelegation:
      return AnswerAtCut(zone, *found.node, name);
    case Match::kDname:
      return AnswerBelowDname(zone, *found.node, name);
    case Match::kNone:
      DenyName(Denying(zone, name), Missing(zone, name, *found.closest_encloser));
      return {};
  }
  return {Step::Kind::kFailed, {}};
}

// DS at the apex of a zone of ours below, whether or not the source delegates there.
Resolution::Step Resolution::AnswerAtApexBelow(const Zone& zone, NameView name) noexcept {
  const LocalZone::Found found = zone.local->Find(name);
  // Below another cut the name is not this zone's.
  if (found.match == Match::kDelegation) return AnswerAtCut(zone, *found.node, name);
  auto ds = found.match == Match::kNode ? found.node->Find(RRType::kDS) : std::nullopt;
  if (ds) {
    ds->owner = name;
    answer_.Add(Section::kAnswer, *ds, &zone);
  } else {
    denial_.NoDsAsked(Denying(zone, name), name);
  }
  return {};
}

Resolution::Step Resolution::AnswerAtNode(const Zone& zone, const Node& node,
                                          NameView name) noexcept {
  if (query_.type == RRType::kANY) return AnswerAny(zone, node, name);
  if (AsksForRrsig(zone) && AnswerRrsig(zone, node, name)) return {};
  const auto rrset = IsHidden(zone, node, query_.type) ? std::nullopt : node.Find(query_.type);
  if (rrset) {
    RRsetView spelled = *rrset;
    spelled.owner = name;
    answer_.Add(Section::kAnswer, spelled, &zone);
    return {};
  }
  const auto cname = node.Find(RRType::kCNAME);
  if (cname && !AsksForNsec(zone)) return AddLocalAlias(zone, *cname, name);
  const bool flatten = zone.policy.flatten_alias && AsksForAddress();
  const auto alias = flatten ? node.Find(RRType::kALIAS) : std::nullopt;
  if (alias) return AddLocalAlias(zone, *alias, name);
  DenyTypeAtNode(zone, node, name);
  return {};
}

// RFC 8482 section 7: one signature of those there are.
bool Resolution::AnswerRrsig(const Zone& zone, const Node& node, NameView name) noexcept {
  for (std::size_t i = 0; i < node.rrset_count(); ++i) {
    RRsetView rrset = node.rrset(i);
    if (IsHidden(zone, node, rrset.type)) continue;
    rrset.owner = name;
    AnswerItem* item = answer_.Add(Section::kAnswer, rrset, &zone);
    if (item != nullptr) item->signature_only = true;
    return true;
  }
  return false;
}

// RFC 8482 section 4.1: one RRset of those there are.
Resolution::Step Resolution::AnswerAny(const Zone& zone, const Node& node, NameView name) noexcept {
  for (std::size_t i = 0; i < node.rrset_count(); ++i) {
    RRsetView rrset = node.rrset(i);
    if (IsHidden(zone, node, rrset.type)) continue;
    rrset.owner = name;
    answer_.Add(Section::kAnswer, rrset, &zone);
    return {};
  }
  if (node.IsEmptyNonTerminal()) {
    DenyTypeAtNode(zone, node, name);
  } else {
    AnswerHinfo(zone, name);
  }
  return {};
}

Resolution::Step Resolution::AddLocalAlias(const Zone& zone, const RRsetView& cname,
                                           NameView name) noexcept {
  RRsetView spelled = cname;
  spelled.owner = name;
  answer_.Add(Section::kAnswer, spelled, &zone);
  const auto target = NameView::Parse(cname.First());
  if (!target) return {Step::Kind::kFailed, {}};
  return {Step::Kind::kAlias, *target};
}

Resolution::Step Resolution::AnswerBelowDname(const Zone& zone, const Node& node,
                                              NameView name) noexcept {
  RRsetView dname = *node.Find(RRType::kDNAME);
  dname.owner = SpelledAs(name, node.owner());
  // One DNAME may make several aliases of a chain.
  if (!answer_.Has(RRType::kDNAME, dname.owner)) answer_.Add(Section::kAnswer, dname, &zone);
  const auto to = NameView::Parse(dname.First());
  if (!to) return {Step::Kind::kFailed, {}};
  const auto target = dns::Name::Substitute(name, dname.owner, *to);
  if (!target) {
    answer_.rcode = kYXDomain;
    return {};
  }
  // The CNAME that says the same to askers who know no DNAME, with its TTL (RFC 6672 section 3.1),
  // is not signed: whoever validates makes it anew of the DNAME (section 5.3.1).
  dns::Writer& writer = arena_.writer();
  const std::size_t from = writer.size();
  writer.U16(static_cast<std::uint16_t>(target->size()));
  const auto kept = arena_.Keep(*target);
  if (!kept) return {Step::Kind::kFailed, {}};
  answer_.Add(Section::kAnswer,
              {name, RRType::kCNAME, dns::RRClass::kIN, dname.ttl, 1, arena_.Since(from)}, nullptr);
  if (query_.type == RRType::kCNAME || query_.type == RRType::kANY) return {};
  return {Step::Kind::kAlias, *kept};
}

Resolution::Step Resolution::AnswerAtCut(const Zone& zone, const Node& cut,
                                         NameView name) noexcept {
  const NameView cut_name = SpelledAs(name, cut.owner());
  auto ds = cut.Find(RRType::kDS);
  if (ds) ds->owner = cut_name;
  // DS belongs to the parent's side of the cut (RFC 4035 section 3.1.4.1).
  if (query_.type == RRType::kDS && cut_name.size() == name.size()) {
    if (ds) {
      answer_.Add(Section::kAnswer, *ds, &zone);
    } else {
      denial_.NoDsAsked(Denying(zone, name), cut_name);
    }
    return {};
  }
  // AA speaks of the first name of the answer (RFC 1035 section 4.1.1).
  answer_.authoritative = answer_.HasAnswerSection();
  RRsetView ns = *cut.Find(RRType::kNS);
  ns.owner = cut_name;
  answer_.Add(Section::kAuthority, ns, nullptr);
  if (!ds) {
    denial_.NoDsAtCut(Denying(zone, name), cut_name);
  } else if (query_.dnssec_ok() && zone.keys) {
    answer_.Add(Section::kAuthority, *ds, &zone);
  }
  AddLocalGlue(*zone.local, ns, cut_name);
  return {};
}

// RFC 9471 section 3: without the addresses of in-domain servers a referral leads nowhere. They
// come first, and are left out only with TC; those of other servers in the zone follow as far as
// there is room.
void Resolution::AddLocalGlue(const LocalZone& zone, const RRsetView& ns, NameView cut) noexcept {
  int servers = 0;
  for (const bool in_domain : {true, false}) {
    ns.ForEach([&](dns::Bytes rdata) {
      const auto server = NameView::Parse(rdata);
      if (!server || server->IsSubdomainOf(cut) != in_domain) return;
      const bool of_zone = server->IsSubdomainOf(zone.apex().owner());
      const Node* node = of_zone ? zone.Exact(*server) : nullptr;
      if (node == nullptr || ++servers > kMaxServersWithGlue) return;
      for (const RRType type : {RRType::kA, RRType::kAAAA}) {
        const auto glue = node->Find(type);
        if (!glue) continue;
        AnswerItem* item = answer_.Add(Section::kAdditional, *glue, nullptr);
        if (item != nullptr) item->required = in_domain;
      }
    });
  }
}

}  // namespace sealwire::proxy
