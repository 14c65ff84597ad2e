#include "proxy/resolution.h"

#include "proxy/backend_reply.h"

namespace sealwire::proxy {

using dns::NameView;
using dns::RRType;

namespace {

// A backend that is told each client's whole address may have an answer for each.
std::uint32_t ReuseSeconds(const Zone& zone) noexcept {
  if (zone.forward && zone.forward->client_address == ClientAddress::kProxy) return 0;
  return zone.policy.forward_cache_seconds;
}

}  // namespace

Resolution::Progress Resolution::Start(const NameHashes& name) noexcept {
  first_zone_ = zones_.Find(name, ParentSide());
  if (first_zone_ == nullptr) return Progress::kNotOurs;
  return Follow(first_zone_, query_.name);
}

Resolution::Progress Resolution::Follow(const Zone* zone, NameView name) noexcept {
  while (zone != nullptr) {
    if (!zone->local && !zone->forward) {
      answer_.error = zone->unavailable;
      return Progress::kFailed;
    }
    if (LacksKeys(*zone)) return AwaitKeys(*zone);
    if (AnswerApexKeys(*zone, name)) {
      return answer_.failed() || apex_signature_missing_ ? Progress::kFailed : Progress::kDone;
    }
    const Step step = zone->local ? AnswerLocally(*zone, name) : AskAnswer(*zone, name);
    if (step.kind != Step::Kind::kAlias) return Settle(*zone, step);
    name = step.target;
    const Zone* next = FollowAlias(name);
    many_zones_ |= next != zone;
    zone = next;
  }
  return answer_.failed() ? Progress::kFailed : Flatten();
}

// Who does not ask for signatures gets the same answer from a signed zone as from an unsigned one,
// but for what DNSSEC itself adds to it.
bool Resolution::LacksKeys(const Zone& zone) const noexcept {
  if (zone.key_wait == KeyWait::kNone) return false;
  switch (query_.type) {
    case RRType::kDNSKEY:
    case RRType::kCDS:
    case RRType::kCDNSKEY:
    case RRType::kNSEC:
    case RRType::kNSEC3PARAM:
    case RRType::kRRSIG:
    case RRType::kANY:
      return true;
    default:
      return query_.dnssec_ok();
  }
}

Resolution::Progress Resolution::AwaitKeys(const Zone& zone) noexcept {
  if (zone.key_wait == KeyWait::kLong) {
    answer_.error = dns::ExtendedError::kNotReady;
    return Progress::kFailed;
  }
  pending_ = {&zone, {}, query_.type, Asked::kKeys, hops_};
  return Progress::kWait;
}

Resolution::Progress Resolution::Settle(const Zone& zone, Step step) noexcept {
  if (answer_.failed()) return Progress::kFailed;
  switch (step.kind) {
    case Step::Kind::kDone:
      return Flatten();
    case Step::Kind::kAsk:
      return Progress::kWait;
    case Step::Kind::kFailed:
      return Progress::kFailed;
    case Step::Kind::kAlias:
      break;
  }
  const Zone* next = FollowAlias(step.target);
  many_zones_ |= next != &zone;
  return Follow(next, step.target);
}

const Zone* Resolution::FollowAlias(NameView target) noexcept {
  const bool loop = answer_.Has(RRType::kCNAME, target) || answer_.Has(RRType::kALIAS, target);
  if (++hops_ > kMaxHops || loop) return nullptr;
  return zones_.Find(target, ParentSide());
}

Resolution::Step Resolution::Ask(const Zone& zone, NameView name, RRType type,
                                 Asked asked) noexcept {
  pending_ = {&zone, name, type, asked, hops_};
  return {Step::Kind::kAsk, {}};
}

Resolution::Progress Resolution::Resume(const Pending& asked, dns::Bytes reply) noexcept {
  hops_ = asked.hops;
  first_zone_ = zones_.Find(query_.name, ParentSide());
  if (first_zone_ == nullptr) return Progress::kFailed;
  // Whether a DS is missing for a cut is the parent's side to say, also where we serve the child
  // (RFC 4035 section 3.1.4.1).
  const bool parent_side = asked.type == RRType::kDS || asked.asked == Asked::kCutAtName;
  const Zone* zone = zones_.Find(asked.name, parent_side);
  if (zone == nullptr) return Progress::kFailed;
  if (LacksKeys(*zone)) return AwaitKeys(*zone);  // they went while the backend was asked
  many_zones_ = zone != first_zone_;
  asked_backend_ = true;
  // Behind an alias more than one backend's word may be at stake: it is asked for each time.
  reuse_seconds_ = hops_ == 0 ? ReuseSeconds(*zone) : 0;
  if (!zone->forward) {
    // The zone came to be held whole in the meantime: it can answer better than its backend did.
    const bool alone = asked.asked == Asked::kAnswer || asked.asked == Asked::kDsOfZone;
    return alone ? Follow(zone, asked.name) : Progress::kFailed;
  }

  const std::size_t before = answer_.size();
  const BackendReply read =
      ReadBackendReply(reply, {*zone, zones_, asked.name, asked.type}, answer_, arena_);
  if (read.kind == BackendReply::Kind::kUnusable) {
    answer_.error = dns::ExtendedError::kNetworkError;
    return Progress::kFailed;
  }
  switch (asked.asked) {
    case Asked::kKeys:
      break;
    case Asked::kAnswer:
      return Settle(*zone, TakeAnswer(*zone, asked, read));
    case Asked::kDsOfZone:
      if (read.kind == BackendReply::Kind::kReferral && !(read.name == asked.name)) {
        return Settle(*zone, TakeReferral(*zone, asked, read));
      }
      answer_.Truncate(before);  // whatever else stands there, for us it is a cut
      return Settle(*zone, TakeDsOfZone(*zone, asked, read));
    case Asked::kCutAtName:
      if (answer_.Has(RRType::kCNAME, asked.name)) return Settle(*zone, TakeAliasAtName(before));
      answer_.Truncate(before);  // aliases and glue belong to no answer
      return Settle(*zone, TakeCutAtName(*zone, asked, read));
    case Asked::kDsOfCut:
      answer_.Truncate(before);
      return Settle(*zone, TakeDsOfCut(*zone, asked, read));
  }
  return Progress::kFailed;
}

}  // namespace sealwire::proxy
