#include "proxy/late_answers.h"

#include <algorithm>
#include <cstring>

#include "proxy/draft.h"
#include "proxy/kept_query.h"
#include "proxy/name_hash.h"

namespace sealwire::proxy {

LateAnswers::LateAnswers(const PipelineOptions& options, Answering& steps, PacketTap& tap,
                         BackendAsker* asker, AnswerSink* sink)
    : steps_(steps),
      tap_(tap),
      asker_(asker),
      sink_(sink),
      stale_(options.stale_replies_bytes, options.hash_seed),
      waiting_(options.max_waiting),
      for_keys_(options.key_calls, options.max_waiting_for_keys),
      out_(std::make_unique_for_overwrite<std::uint8_t[]>(Answering::kMaxMessage)) {}

bool LateAnswers::Defer(dns::Bytes wire, const Asker& from, const ReplyRoute& route,
                        bool tapped) noexcept {
  Query query;
  if (steps_.zones() == nullptr || asker_ == nullptr || sink_ == nullptr ||
      Admit(query, query.Parse(wire)).kind != Admission::Kind::kAdmitted) {
    return false;
  }
  WaitingTable::Entry* entry = waiting_.Open();
  if (entry == nullptr) {
    steps_.counters().Add(Count::kDeferralsRefused);
    return false;
  }
  entry->asker = from;
  entry->route = route;
  entry->since_ns = SteadyNanoseconds();
  entry->tapped = tapped;
  entry->stale = false;
  entry->scope.reset();
  entry->query_size = KeepQuery(query, entry->text->query);
  steps_.counters().waiting.Set(waiting_.size());
  query.Parse(dns::Bytes(entry->text->query).first(entry->query_size));

  Begin(*entry, query);
  return true;
}

void LateAnswers::OnBackendReply(Ticket ticket, dns::Bytes reply) noexcept {
  WaitingTable::Entry* entry = waiting_.Find(ticket);
  steps_.counters().Add(entry != nullptr ? Count::kBackendReplies : Count::kBackendRepliesLate);
  if (entry == nullptr) return;
  Query query;
  query.Parse(dns::Bytes(entry->text->query).first(entry->query_size));
  Resolution resolution = steps_.NewResolution(query);
  const Zone* zone = AskedZone(*entry);
  const Progress progress = Resume(*entry, resolution, reply);
  if (progress == Progress::kFailed) {
    steps_.counters().Add(Count::kBackendFailures);
    if (ProceedStale(*entry, query, zone)) return;
  } else if (zone != nullptr && zone->forward) {
    TakeReply(*entry, query, *zone, reply);
  }
  Proceed(*entry, query, resolution, progress);
}

void LateAnswers::OnBackendFailure(Ticket ticket) noexcept {
  WaitingTable::Entry* entry = waiting_.Find(ticket);
  if (entry == nullptr) return;
  steps_.counters().Add(Count::kBackendFailures);
  Query query;
  query.Parse(dns::Bytes(entry->text->query).first(entry->query_size));
  OnUnreachable(*entry, query, AskedZone(*entry));
}

Resolution::Progress LateAnswers::Resume(const WaitingTable::Entry& entry, Resolution& resolution,
                                         dns::Bytes reply) noexcept {
  const dns::Bytes draft = dns::Bytes(entry.text->draft).first(entry.draft_size);
  if (!UnpackDraft(draft, *steps_.zones(), steps_.answer())) return Progress::kFailed;
  return resolution.Resume({nullptr, entry.name, entry.type, entry.asked, entry.hops}, reply);
}

const Zone* LateAnswers::AskedZone(const WaitingTable::Entry& entry) const noexcept {
  return steps_.zones()->Find(entry.name,
                              entry.type == dns::RRType::kDS || entry.asked == Asked::kCutAtName);
}

// What the reply says beside the answer: for whom it is good, and that it may be wanted when the
// backend is away.
void LateAnswers::TakeReply(WaitingTable::Entry& entry, const Query& query, const Zone& zone,
                            dns::Bytes reply) noexcept {
  const net::IpAddress& client = entry.asker.client.address;
  const auto told = SubnetToTell(zone.forward->client_address, query, client);
  std::optional<std::uint8_t> bits;
  if (told) bits = ScopeOf(reply, *told).bits;
  // RFC 7871 section 7.2.1: an answer of several parts is good for the smallest of their
  // networks.
  if (bits) entry.scope = std::max(*bits, entry.scope.value_or(0));
  if (zone.policy.serve_stale == 0) return;
  const auto audience = StaleReplies::AudienceOf(zone.forward->client_address, told, client);
  const bool alone = bits.value_or(0) != 0 || (told && told->prefix == 0);
  stale_.Remember({zone.forward->id, zone.apex, entry.name, entry.type},
                  alone ? audience.own : audience.shared, reply, zone.policy.serve_stale,
                  steps_.now_ms());
}

void LateAnswers::OnUnreachable(WaitingTable::Entry& entry, const Query& query,
                                const Zone* asked) noexcept {
  if (ProceedStale(entry, query, asked)) return;
  DeliverFailure(entry, query, dns::ExtendedError::kNoReachableAuthority);
}

// Goes on with what the backend said when it could last be asked. False: nothing is known.
bool LateAnswers::ProceedStale(WaitingTable::Entry& entry, const Query& query,
                               const Zone* asked) noexcept {
  if (asked == nullptr || !asked->forward || asked->policy.serve_stale == 0) return false;
  const ClientAddress how = asked->forward->client_address;
  const net::IpAddress& client = entry.asker.client.address;
  const auto told = SubnetToTell(how, query, client);
  const dns::Bytes reply =
      stale_.Find({asked->forward->id, asked->apex, entry.name, entry.type},
                  StaleReplies::AudienceOf(how, told, client), steps_.now_ms());
  if (reply.empty()) return false;
  if (told) {
    if (const auto bits = ScopeOf(reply, *told).bits) {
      entry.scope = std::max(*bits, entry.scope.value_or(0));
    }
  }
  Resolution resolution = steps_.NewResolution(query);
  const Progress progress = Resume(entry, resolution, reply);
  if (progress == Progress::kFailed) return false;
  entry.stale = true;
  Proceed(entry, query, resolution, progress);
  return true;
}

// RFC 8914 sections 4.4 and 4.20: the asker is told; RFC 8767 section 5: for a short time only.
void LateAnswers::MarkStale() noexcept {
  steps_.counters().Add(Count::kAnswersStale);
  Answer& answer = steps_.answer();
  answer.CapTtls(StaleReplies::kTtl);
  answer.error =
      answer.nonexistent ? dns::ExtendedError::kStaleNxdomain : dns::ExtendedError::kStaleAnswer;
  answer.ReuseUntil(steps_.now_ms());
}

void LateAnswers::Begin(WaitingTable::Entry& entry, const Query& query) noexcept {
  Resolution resolution = steps_.NewResolution(query);
  const Progress progress = resolution.Start(NameHashes(query.name, steps_.zones()->hash_seed()));
  Proceed(entry, query, resolution, progress);
}

void LateAnswers::TryAgain() noexcept {
  for_keys_.Resume([this](Ticket ticket) { TryAgain(ticket); });
}

void LateAnswers::GiveUpOnKeys() noexcept {
  for_keys_.GiveUp(SteadyNanoseconds(), [this](Ticket ticket) { GiveUpOnKeysOf(ticket); });
}

void LateAnswers::TryAgain(Ticket ticket) noexcept {
  WaitingTable::Entry* entry = waiting_.Find(ticket);
  if (entry == nullptr) return;
  entry->stale = false;
  entry->scope.reset();
  Query query;
  query.Parse(dns::Bytes(entry->text->query).first(entry->query_size));
  Begin(*entry, query);
}

void LateAnswers::GiveUpOnKeysOf(Ticket ticket) noexcept {
  WaitingTable::Entry* entry = waiting_.Find(ticket);
  if (entry == nullptr) return;
  Query query;
  query.Parse(dns::Bytes(entry->text->query).first(entry->query_size));
  steps_.counters().Add(Count::kKeyWaitsFailed);
  DeliverFailure(*entry, query, dns::ExtendedError::kNotReady);
}

void LateAnswers::AwaitKeys(WaitingTable::Entry& entry, const Query& query,
                            const Zone& zone) noexcept {
  const Ticket ticket = waiting_.Issue(entry);
  if (for_keys_.Add(ticket, entry.since_ns, SteadyNanoseconds(), zone.key_call)) {
    return steps_.counters().Add(Count::kKeyWaits);
  }
  steps_.counters().Add(Count::kKeyWaitsFailed);
  DeliverFailure(entry, query, dns::ExtendedError::kNotReady);
}

// Asks once more. Nothing of this call's is touched after Ask(), which may re-enter with the reply.
void LateAnswers::AskMore(WaitingTable::Entry& entry, const Query& query,
                          const Resolution::Pending& pending) noexcept {
  if (pending.asked == Asked::kKeys) return AwaitKeys(entry, query, *pending.zone);
  const auto packed = PackDraft(steps_.answer(), draft_);
  if (!packed) return DeliverFailure(entry, query, dns::ExtendedError::kOther);
  std::memcpy(entry.text->draft.data(), draft_.data(), *packed);
  entry.draft_size = static_cast<std::uint16_t>(*packed);
  entry.name = dns::Name(pending.name);
  entry.type = pending.type;
  entry.asked = pending.asked;
  entry.hops = pending.hops;
  const Ticket ticket = waiting_.Issue(entry);
  steps_.counters().Add(Count::kBackendQuestions);
  const BackendQuestion question{
      entry.name, entry.type, entry.asker.client,
      SubnetToTell(pending.zone->forward->client_address, query, entry.asker.client.address)};
  const Zone* asked = pending.zone;
  if (asker_->Ask(*asked->forward, question, ticket)) return;
  OnUnreachable(entry, query, asked);
}

void LateAnswers::Proceed(WaitingTable::Entry& entry, const Query& query,
                          const Resolution& resolution, Progress progress) noexcept {
  if (progress == Progress::kWait) return AskMore(entry, query, resolution.pending());
  const dns::MutableBytes out = steps_.LimitBeforeOptions(query, entry.asker, entry.scope, Room());
  if (progress == Progress::kDone) {
    if (entry.stale) MarkStale();
    const EncodedAnswer encoded = steps_.Encode(query, out);
    if (encoded.kind == EncodedAnswer::Kind::kWritten) {
      Remember(query, entry, resolution, encoded, out.first(encoded.size));
      return Deliver(entry, query, encoded.size);
    }
  }
  const Outcome failed = progress == Progress::kNotOurs
                             ? steps_.Refuse(query, dns::Rcode::kRefused, true,
                                             dns::ExtendedError::kNotAuthoritative, out)
                             : steps_.Fail(query, resolution, out);
  Deliver(entry, query, failed.size);
}

void LateAnswers::Remember(const Query& query, const WaitingTable::Entry& entry,
                           const Resolution& resolution, const EncodedAnswer& encoded,
                           dns::Bytes message) noexcept {
  steps_.Account(query, steps_.answer().nonexistent, resolution.first_zone()->version());
  AnswerScope scope;
  if (const Zone* zone = resolution.first_zone(); zone->forward) {
    scope.told = SubnetToTell(zone->forward->client_address, query, entry.asker.client.address);
    scope.bits = entry.scope;
  }
  steps_.Remember(query, resolution, encoded, message, scope);
}

void LateAnswers::DeliverFailure(WaitingTable::Entry& entry, const Query& query,
                                 dns::ExtendedError error) noexcept {
  const dns::MutableBytes out = steps_.LimitBeforeOptions(query, entry.asker, std::nullopt, Room());
  Deliver(entry, query, steps_.Refuse(query, dns::Rcode::kServFail, true, error, out).size);
}

void LateAnswers::Deliver(WaitingTable::Entry& entry, const Query& query,
                          std::uint32_t size) noexcept {
  if (size > 0) {
    const dns::MutableBytes out = steps_.Limit(query, entry.asker.transport, Room());
    size = steps_.Leave(query, entry.asker, {Verdict::kAnswer, size}, out).size;
  }
  const ReplyRoute route = entry.route;
  if (entry.tapped && size > 0) {
    tap_.TakeResponse(steps_.Tapped(true, entry.asker, {out_.get(), size}));
  }
  steps_.Latency(entry.asker, Way::kWaited).Add(SteadyNanoseconds() - entry.since_ns);
  waiting_.Close(entry);
  steps_.counters().waiting.Set(waiting_.size());
  if (size > 0) sink_->Deliver(route, {out_.get(), size});
}

}  // namespace sealwire::proxy
