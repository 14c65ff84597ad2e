// Answers of zones that stand behind backends, which know nothing of DNSSEC.
#include "proxy/backend_reply.h"
#include "proxy/resolution.h"
#include "proxy/synthesized_soa.h"

namespace sealwire::proxy {
namespace {

using dns::NameView;
using dns::RRType;
using dns::Section;

// A backend has no ANY, NSEC or RRSIG worth having: asked for addresses, it tells whether the name
// exists.
RRType TypeToAsk(RRType type) noexcept {
  switch (type) {
    case RRType::kANY:
    case RRType::kNSEC:
    case RRType::kRRSIG:
      return RRType::kA;
    default:
      return type;
  }
}

}  // namespace

// The types that may stand where the backend had none of those asked for.
dns::TypeBitmap Resolution::AskedTypesAt(const Zone& zone, const BackendReply& reply) noexcept {
  // NS without SOA would speak of a cut, and NSEC at a cut is no denial (RFC 6840 section 4.1).
  constexpr signer::ApexTypes kOfChild{.dnskey = false, .cds = true, .cdnskey = true};
  const signer::ApexTypes ours = ApexTypesOf(zone);
  const bool at_apex = zone.apex == reply.name;
  return signer::AskedTypes(query_.type, at_apex               ? &ours
                                         : reply.is_child_apex ? &kOfChild
                                                               : nullptr);
}

// A backend does not tell the closest encloser. Its parent is the safe one to claim: no other name
// than the one it denied is denied with it (docs/decisions/0101).
MissingName Resolution::Missing(const Zone& zone, NameView name) const noexcept {
  MissingName missing{name, name.Parent(), {}};
  if (zone.policy.denial != DenialMode::kNsec3) return missing;
  const signer::ApexTypes apex = ApexTypesOf(zone);
  missing.encloser_types =
      signer::EncloserTypes(zone.apex == missing.closest_encloser ? &apex : nullptr);
  return missing;
}

Resolution::Step Resolution::AskAnswer(const Zone& zone, NameView name) noexcept {
  const bool ds_of_zone = query_.type == RRType::kDS && zones_.IsApexBelow(zone, name);
  return Ask(zone, name, TypeToAsk(query_.type), ds_of_zone ? Asked::kDsOfZone : Asked::kAnswer);
}

DenyingZone Resolution::Denying(const Zone& zone, const BackendReply& reply) noexcept {
  return {zone, reply.soa ? *reply.soa : SynthesizedSoa(zone, arena_)};
}

Resolution::Step Resolution::TakeAnswer(const Zone& zone, const Pending& asked,
                                        const BackendReply& reply) noexcept {
  switch (reply.kind) {
    case BackendReply::Kind::kUnusable:
      return {Step::Kind::kFailed, {}};
    case BackendReply::Kind::kAnswer:
      // An address that was only asked for to see whether the name exists (TypeToAsk).
      if (AsksForRrsig(zone)) {
        AnswerItem* item = answer_.Add(Section::kAnswer, reply.rrset, &zone);
        if (item != nullptr) item->signature_only = true;
        return {};
      }
      if (query_.type == RRType::kNSEC || query_.type == RRType::kRRSIG) {
        return TakeNoSuchType(zone, reply);
      }
      // Whoever validates makes such a CNAME anew (RFC 6672 section 5.3.1).
      answer_.Add(Section::kAnswer, reply.rrset, reply.synthesized ? nullptr : &zone);
      return {};
    case BackendReply::Kind::kNameTooLong:
      answer_.rcode = kYXDomain;
      return {};
    case BackendReply::Kind::kAlias:
      return {Step::Kind::kAlias, reply.name};
    case BackendReply::Kind::kNoSuchName:
      DenyName(Denying(zone, reply), Missing(zone, reply.name));
      return {};
    case BackendReply::Kind::kNoSuchType:
      return TakeNoSuchType(zone, reply);
    case BackendReply::Kind::kReferral:
      return TakeReferral(zone, asked, reply);
  }
  return {Step::Kind::kFailed, {}};
}

Resolution::Step Resolution::TakeNoSuchType(const Zone& zone, const BackendReply& reply) noexcept {
  const DenyingZone by = Denying(zone, reply);
  const bool at_apex = zone.apex == reply.name;
  const dns::TypeBitmap types = AskedTypesAt(zone, reply);
  if (query_.type == RRType::kANY) {
    AnswerHinfo(zone, reply.name);
  } else if (query_.type == RRType::kSOA && at_apex) {
    // A zone has a SOA, be its backend ever so simple.
    answer_.Add(Section::kAnswer, by.soa, &zone);
  } else if (query_.type == RRType::kDS && !at_apex && query_.dnssec_ok() && zone.keys) {
    // Whether NS stands in the bitmap decides between an unsigned child and a broken one.
    denial_.AddSoa(by);
    return Ask(zone, reply.name, RRType::kNS, Asked::kCutAtName);
  } else {
    DenyType(by, reply.name, types);
  }
  return {};
}

Resolution::Step Resolution::TakeCutAtName(const Zone& zone, const Pending& asked,
                                           const BackendReply& reply) noexcept {
  const bool is_cut = reply.kind == BackendReply::Kind::kReferral && reply.name == asked.name;
  // TakeNoSuchType left the SOA as the last item.
  if (answer_.size() == 0) return {Step::Kind::kFailed, {}};
  const DenyingZone by{zone, answer_.items().back().rrset};
  if (is_cut) {
    denial_.NoDsAtCut(by, asked.name);
  } else if (zone.keys) {  // they may have gone since the question was asked
    denial_.ProveNoType(by, asked.name, signer::AskedTypes(RRType::kDS, nullptr));
  }
  return {};
}

// The backend denied the DS, and yet has an alias here. No NSEC could say both: the alias is the
// answer (RFC 1034 section 3.6.2), and the question goes on behind it.
Resolution::Step Resolution::TakeAliasAtName(std::size_t first_item) noexcept {
  answer_.DropAdditional();
  answer_.Erase(first_item - 1);  // the SOA of the denial
  NameView target;
  for (const AnswerItem& item : answer_.items()) {
    if (item.rrset.type != RRType::kCNAME) continue;
    const auto to = NameView::Parse(item.rrset.First());
    if (!to) return {Step::Kind::kFailed, {}};
    target = *to;
  }
  return {Step::Kind::kAlias, target};
}

// A zone of ours is a cut, though the backend may know nothing of it.
Resolution::Step Resolution::TakeDsOfZone(const Zone& zone, const Pending& asked,
                                          const BackendReply& reply) noexcept {
  if (reply.kind == BackendReply::Kind::kAnswer && reply.rrset.owner == asked.name) {
    answer_.Add(Section::kAnswer, reply.rrset, &zone);
  } else {
    denial_.NoDsAsked(Denying(zone, reply), asked.name);
  }
  return {};
}

Resolution::Step Resolution::TakeReferral(const Zone& zone, const Pending& asked,
                                          const BackendReply& reply) noexcept {
  if (query_.type == RRType::kDS && reply.name == asked.name) {
    // A backend that answers for the child's side: DS belongs to ours (RFC 4035 section 3.1.4.1).
    answer_.DropAdditional();
    denial_.NoDsAsked(Denying(zone, reply), reply.name);
    return {};
  }
  // AA speaks of the first name of the answer (RFC 1035 section 4.1.1).
  answer_.authoritative = answer_.HasAnswerSection();
  answer_.Add(Section::kAuthority, reply.rrset, nullptr);
  if (!query_.dnssec_ok() || !zone.keys) return {};
  return Ask(zone, reply.name, RRType::kDS, Asked::kDsOfCut);
}

Resolution::Step Resolution::TakeDsOfCut(const Zone& zone, const Pending& asked,
                                         const BackendReply& reply) noexcept {
  // Behind an alias lies the DS of another name, which says nothing of this cut.
  if (reply.kind == BackendReply::Kind::kAnswer && reply.rrset.owner == asked.name) {
    answer_.Add(Section::kAuthority, reply.rrset, &zone);
  } else {
    denial_.NoDsAtCut(Denying(zone, reply), asked.name);
  }
  return {};
}

}  // namespace sealwire::proxy
