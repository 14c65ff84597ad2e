#include "proxy/pipeline.h"

#include <algorithm>
#include <cstring>

#include "dns/edns_options.h"
#include "proxy/admission.h"
#include "proxy/answer.h"
#include "proxy/answer_cache.h"
#include "proxy/answer_encoder.h"
#include "proxy/asker_options.h"
#include "proxy/audience.h"
#include "proxy/cached_answers.h"
#include "proxy/counters.h"
#include "proxy/draft.h"
#include "proxy/kept_query.h"
#include "proxy/key_waiters.h"
#include "proxy/latency.h"
#include "proxy/name_hash.h"
#include "proxy/packet_tap.h"
#include "proxy/query.h"
#include "proxy/resolution.h"
#include "proxy/stale_replies.h"
#include "proxy/transfer_gate.h"
#include "proxy/waiting.h"
#include "signer/rrset_signer.h"
#include "signer/signature_memo.h"

namespace sealwire::proxy {

using Progress = Resolution::Progress;

namespace {

// The options that stand in every answer with an OPT record: where to report faults (RFC 9567).
std::vector<std::uint8_t> StandingOptions(const ServerIdentity& identity) {
  if (!identity.report_agent || identity.report_agent->view().IsRoot()) return {};
  std::vector<std::uint8_t> options(4 + identity.report_agent->size());
  dns::Writer writer(options);
  dns::WriteEdnsOption(writer, dns::EdnsOption::kReportChannel, identity.report_agent->wire());
  return options;
}

}  // namespace

class Pipeline::Impl {
 public:
  Impl(const PipelineOptions& options, signer::DigestSigner& signer, BackendAsker* asker,
       AnswerSink* sink)
      : max_udp_size_(std::max<std::uint16_t>(options.max_udp_size, kMinUdpSize)),
        identity_(options.identity),
        standing_options_(StandingOptions(identity_)),
        memo_(options.signature_memo_entries),
        rrset_signer_(signer, memo_),
        encoder_(rrset_signer_, max_udp_size_, standing_options_),
        asker_options_(options),
        limiter_(options.rate_limit, options.hash_seed),
        cached_(options.answer_cache_bytes, options.hash_seed, counters_),
        stale_(options.stale_replies_bytes, options.hash_seed),
        waiting_(options.max_waiting),
        for_keys_(options.key_calls, options.max_waiting_for_keys),
        audience_(options.audience_zones),
        tap_(options.tap, options.hash_seed),
        gate_(options.notices),
        asker_(asker),
        sink_(sink),
        late_out_(std::make_unique_for_overwrite<std::uint8_t[]>(kMaxMessage)) {}

  void UseZones(std::shared_ptr<const ZoneTable> zones) noexcept {
    zones_ = std::move(zones);
    cached_.UseZones(zones_.get());
    for_keys_.Resume([this](Ticket ticket) { TryAgain(ticket); });
  }
  void GiveUpOnKeys() noexcept {
    for_keys_.GiveUp(SteadyNanoseconds(), [this](Ticket ticket) { GiveUpOnKeysOf(ticket); });
  }
  void SetTime(std::uint64_t unix_ms) noexcept {
    now_ms_ = unix_ms;
    asker_options_.Refresh();
  }
  const PipelineCounters& counters() const noexcept { return counters_; }
  const AudienceBook& audience() const noexcept { return audience_; }
  PacketTap& tap() noexcept { return tap_; }

  Outcome Handle(dns::Bytes wire, const Asker& from, dns::MutableBytes out) noexcept {
    Parsed parsed;
    Parse(wire, parsed);
    return HandleParsed(parsed, from, out);
  }

  void Handle(std::span<Arrival> batch) noexcept {
    for (; batch.size() > kStaged; batch = batch.subspan(kStaged)) Handle(batch.first(kStaged));
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Parse(batch[i].query, staged_[i]);
      if (staged_[i].error == QueryError::kNone)
        cached_.cache().PrefetchBucket(staged_[i].key.hash);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (staged_[i].error == QueryError::kNone) cached_.cache().PrefetchEntry(staged_[i].key.hash);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      batch[i].outcome = HandleParsed(staged_[i], batch[i].from, batch[i].out);
    }
  }

  bool Defer(dns::Bytes wire, const Asker& from, const ReplyRoute& route) noexcept {
    Query query;
    if (!zones_ || asker_ == nullptr || sink_ == nullptr ||
        Admit(query, query.Parse(wire)).kind != Admission::Kind::kAdmitted) {
      return false;
    }
    WaitingTable::Entry* entry = waiting_.Open();
    if (entry == nullptr) {
      counters_.Add(Count::kDeferralsRefused);
      return false;
    }
    entry->asker = from;
    entry->route = route;
    entry->since_ns = SteadyNanoseconds();
    entry->tapped = tapped_;
    entry->stale = false;
    entry->scope.reset();
    entry->query_size = KeepQuery(query, entry->text->query);
    counters_.waiting.Set(waiting_.size());
    query.Parse(dns::Bytes(entry->text->query).first(entry->query_size));

    Resolution resolution = NewResolution(query);
    const Progress progress = resolution.Start(NameHashes(query.name, zones_->hash_seed()));
    Proceed(*entry, query, resolution, progress);
    return true;
  }

  void OnBackendReply(Ticket ticket, dns::Bytes reply) noexcept {
    WaitingTable::Entry* entry = waiting_.Find(ticket);
    counters_.Add(entry != nullptr ? Count::kBackendReplies : Count::kBackendRepliesLate);
    if (entry == nullptr) return;
    Query query;
    query.Parse(dns::Bytes(entry->text->query).first(entry->query_size));
    Resolution resolution = NewResolution(query);
    const Zone* zone = AskedZone(*entry);
    const Progress progress = Resume(*entry, resolution, reply);
    if (progress == Progress::kFailed) {
      counters_.Add(Count::kBackendFailures);
      if (ProceedStale(*entry, query, zone)) return;
    } else if (zone != nullptr && zone->forward) {
      TakeReply(*entry, query, *zone, reply);
    }
    Proceed(*entry, query, resolution, progress);
  }

  void OnBackendFailure(Ticket ticket) noexcept {
    WaitingTable::Entry* entry = waiting_.Find(ticket);
    if (entry == nullptr) return;
    counters_.Add(Count::kBackendFailures);
    Query query;
    query.Parse(dns::Bytes(entry->text->query).first(entry->query_size));
    OnUnreachable(*entry, query, AskedZone(*entry));
  }

 private:
  static constexpr std::uint16_t kMinUdpSize = 512;  // RFC 1035 section 4.2.1
  static constexpr std::size_t kMaxMessage = 65535;
  static constexpr std::size_t kLeastSigned = 300;  // for an answer before its TSIG record
  static constexpr std::size_t kStaged = 32;        // of a batch at a time: all of it stays near

  // A query as it was read, before anything is looked up for it.
  struct Parsed {
    dns::Bytes wire;
    Query query;
    QueryError error;
    AnswerCache::Key key;  // when there is no error
  };

  void Parse(dns::Bytes wire, Parsed& parsed) const noexcept {
    parsed.wire = wire;
    parsed.error = parsed.query.Parse(wire);
    if (parsed.error == QueryError::kNone) parsed.key = cached_.KeyFor(parsed.query);
  }

  Outcome HandleParsed(const Parsed& parsed, const Asker& from, dns::MutableBytes out) noexcept {
    tapped_ = tap_.Takes();
    if (!tapped_) return Timed(parsed, from, out);
    tap_.TakeQuery(Tapped(false, from, parsed.wire));
    const Outcome outcome = Timed(parsed, from, out);
    if (outcome.verdict == Verdict::kAnswer) {
      tap_.TakeResponse(Tapped(true, from, out.first(outcome.size)));
    }
    return outcome;
  }

  TappedPacket Tapped(bool is_response, const Asker& from, dns::Bytes message) const noexcept {
    return {is_response, from.transport == Transport::kTcp, from.client, now_ms_, message};
  }

  Outcome Timed(const Parsed& parsed, const Asker& from, dns::MutableBytes out) noexcept {
    if (++handled_ % kTimedOneIn != 0) return Handled(parsed, from, out);
    const std::uint64_t begin = SteadyNanoseconds();
    const Outcome outcome = Handled(parsed, from, out);
    if (outcome.verdict == Verdict::kAnswer) {
      Latency(from, way_).Add(SteadyNanoseconds() - begin, kTimedOneIn);
    }
    return outcome;
  }

  Outcome Handled(const Parsed& parsed, const Asker& from, dns::MutableBytes out) noexcept {
    counters_.Add(from.transport == Transport::kUdp ? Count::kQueriesUdp : Count::kQueriesTcp);
    const Outcome outcome = zones_ && TransferGate::Concerns(parsed.query, parsed.error)
                                ? Gated(parsed, from, out)
                                : Plain(parsed, from, out);
    counters_.Add(outcome.verdict == Verdict::kAnswer ? Count::kVerdictAnswer
                  : outcome.verdict == Verdict::kWait ? Count::kVerdictWait
                                                      : Count::kVerdictDrop);
    return outcome;
  }

  Resolution NewResolution(const Query& query) noexcept {
    answer_.Clear();
    arena_.Clear();
    return {*zones_, query, answer_, arena_, now_ms_};
  }

  dns::MutableBytes Limit(const Query& query, Transport transport,
                          dns::MutableBytes out) const noexcept {
    std::size_t limit = kMaxMessage;
    if (transport == Transport::kUdp) {
      limit =
          query.edns ? std::clamp(query.edns->udp_size, kMinUdpSize, max_udp_size_) : kMinUdpSize;
    }
    return out.first(std::min(out.size(), limit));
  }

  // NOTIFY, transfers, and queries that are signed with a shared secret.
  Outcome Gated(const Parsed& parsed, const Asker& from, dns::MutableBytes out) noexcept {
    const Query& query = parsed.query;
    signer::TsigExchange tsig;
    const std::uint64_t now = now_ms_ / 1000;
    const TransferGate::Passed passed = gate_.Pass(query, *zones_, from, now, tsig, out);
    switch (passed.kind) {
      case TransferGate::Kind::kPass:
        return Plain(parsed, from, out);
      case TransferGate::Kind::kAnswered:
        return {Verdict::kAnswer, passed.size};
      case TransferGate::Kind::kTruncate:
        return {Verdict::kAnswer,
                encoder_.EncodeTruncated(query, true, Limit(query, from.transport, out))};
      case TransferGate::Kind::kHandOver:
        return {Verdict::kHandOver, 0};
      case TransferGate::Kind::kDrop:
        return {};
      case TransferGate::Kind::kSigned:
        break;
    }
    const dns::MutableBytes limit = Limit(query, from.transport, out);
    if (limit.size() < tsig.reply_size() + kLeastSigned) return {};
    Outcome outcome = Plain(parsed, from, limit.first(limit.size() - tsig.reply_size()));
    // A backend's answer comes after the key has gone.
    if (outcome.verdict == Verdict::kWait) {
      outcome = Refuse(query, dns::Rcode::kRefused, true, std::nullopt,
                       limit.first(limit.size() - tsig.reply_size()));
    }
    if (outcome.verdict != Verdict::kAnswer) return outcome;
    const std::size_t size = tsig.Sign(limit, outcome.size, now);
    return size == 0 ? Outcome{} : Outcome{Verdict::kAnswer, static_cast<std::uint32_t>(size)};
  }

  Outcome Plain(const Parsed& parsed, const Asker& from, dns::MutableBytes out) noexcept {
    const Query& query = parsed.query;
    const Admission admission = Admit(query, parsed.error);
    if (admission.kind == Admission::Kind::kSilence) return {};
    out = Limit(query, from.transport, out);
    const Outcome outcome = Answered(parsed, from, admission, out);
    if (outcome.verdict != Verdict::kAnswer) return outcome;
    return Leave(query, from, outcome, out);
  }

  // Writes the answer into the part of `whole` that leaves room for the asker's own options.
  Outcome Answered(const Parsed& parsed, const Asker& from, const Admission& admission,
                   dns::MutableBytes whole) noexcept {
    const Query& query = parsed.query;
    const bool readable = ReadOptions(query, from);
    const dns::MutableBytes out = whole.first(whole.size() - asker_options_.size());
    if (admission.kind == Admission::Kind::kRefusal) {
      return Refuse(query, admission.rcode, admission.echo_question, admission.error, out);
    }
    if (!readable) return Refuse(query, dns::Rcode::kFormErr, true, std::nullopt, out);
    if (admission.kind == Admission::Kind::kChaos) return AnswerChaos(query, out);
    if (!zones_) return Refuse(query, dns::Rcode::kRefused, true, std::nullopt, out);
    if (query.dnssec_ok()) counters_.Add(Count::kQueriesDnssecOk);
    if (IsReport(query)) {
      counters_.Add(Count::kErrorReports);
      // RFC 9567 section 9: a report that anybody may have forged is to come again over TCP.
      if (from.transport == Transport::kUdp && asker_options_.cookie() != CookieStanding::kProven) {
        return Truncated(query, true, out);
      }
    }

    const AnswerCache::Key& key = parsed.key;
    if (AnswerCache::Entry* entry = cached_.Find(key, query, now_ms_)) {
      if (entry->knows_subnets) entry = ForNetwork(entry, parsed, from);
      if (entry != nullptr) {
        audience_.Count(entry->audience, query, from.client.address, zones_->hash_seed());
        return FromCache(*entry, query, whole.first(whole.size() - asker_options_.size()));
      }
    }
    Resolution resolution = NewResolution(query);
    const Progress progress = resolution.Start(NameHashes(query.name, zones_->hash_seed()));
    if (const Zone* zone = resolution.first_zone()) {
      audience_.Count(zone->audience, query, from.client.address, zones_->hash_seed());
    }
    switch (progress) {
      case Progress::kWait:
        return {Verdict::kWait, 0};
      case Progress::kNotOurs:
        return Refuse(query, dns::Rcode::kRefused, true, dns::ExtendedError::kNotAuthoritative,
                      out);
      case Progress::kFailed:
        return Fail(query, resolution, out);
      case Progress::kDone:
        break;
    }
    const EncodedAnswer encoded = Encode(query, out);
    if (encoded.kind != EncodedAnswer::Kind::kWritten) return Fail(query, resolution, out);
    Account(query, answer_.nonexistent, resolution.first_zone()->version());
    if (!encoded.left_out && !encoded.truncated) {
      cached_.Remember(key, out.first(encoded.size), answer_, resolution, encoded.is_signed,
                       encoder_.options_size(), now_ms_);
    }
    return {Verdict::kAnswer, encoded.size};
  }

  bool ReadOptions(const Query& query, const Asker& from) noexcept {
    const bool readable = asker_options_.Read(query, from, Seconds());
    if (asker_options_.cookie() == CookieStanding::kProven) counters_.Add(Count::kCookiesProven);
    if (asker_options_.cookie() == CookieStanding::kUnproven) {
      counters_.Add(Count::kCookiesUnproven);
    }
    return readable;
  }

  bool IsReport(const Query& query) const noexcept {
    return identity_.report_agent && query.type == dns::RRType::kTXT &&
           IsErrorReport(query.name, *identity_.report_agent);
  }

  // The answer for the asker's network, of which it is told if it said its own (RFC 7871 sections
  // 7.2.1 and 7.3.1). Null: none is kept.
  AnswerCache::Entry* ForNetwork(AnswerCache::Entry* entry, const Parsed& parsed,
                                 const Asker& from) noexcept {
    std::uint8_t bits = 0;
    if (entry->is_scopes) {
      const auto told = SubnetToTell(ClientAddress::kSubnet, parsed.query, from.client.address);
      entry = cached_.FindFor(*entry, parsed.key, parsed.query, *told, now_ms_, bits);
    }
    if (entry != nullptr) asker_options_.Read(parsed.query, from, Seconds(), bits);
    return entry;
  }

  Outcome FromCache(AnswerCache::Entry& entry, const Query& query, dns::MutableBytes out) noexcept {
    way_ = Way::kCached;
    Account(query, entry.nonexistent, entry.zone_version);
    Outcome outcome{Verdict::kAnswer, 0, true, 0};
    outcome.size = cached_.Copy(entry, query, now_ms_, out, outcome.sum);
    if (outcome.size == 0) return Truncated(query, cached_.IsAuthoritative(entry), out);
    options_before_ = entry.options_size;
    if (entry.is_signed) counters_.Add(Count::kAnswersSigned);
    if (entry.nonexistent) counters_.Add(Count::kAnswersNonexistent);
    counters_.Add(cached_.RcodeOf(entry));
    return outcome;
  }

  Outcome Truncated(const Query& query, bool authoritative, dns::MutableBytes out) noexcept {
    counters_.Add(Count::kAnswersTruncated);
    const std::uint32_t size = encoder_.EncodeTruncated(query, authoritative, out);
    options_before_ = encoder_.options_size();
    return {Verdict::kAnswer, size};
  }

  // RFC 4892: who we are, for those whom the configuration lets know.
  Outcome AnswerChaos(const Query& query, dns::MutableBytes out) noexcept {
    const std::string_view text = identity_.ChaosText(query.name, query.type);
    if (text.empty() || text.size() > 255) {
      return Refuse(query, dns::Rcode::kRefused, true, std::nullopt, out);
    }
    answer_.Clear();
    arena_.Clear();
    dns::Writer& writer = arena_.writer();
    writer.U16(static_cast<std::uint16_t>(text.size() + 1));
    writer.U8(static_cast<std::uint8_t>(text.size()));
    for (const char c : text) writer.U8(static_cast<std::uint8_t>(c));
    answer_.Add(dns::Section::kAnswer,
                {query.name, dns::RRType::kTXT, dns::RRClass::kCH, 0, 1, arena_.Since(0)}, nullptr);
    subject_ = {RateLimiter::Kind::kResponse, 0};
    return {Verdict::kAnswer, Encode(query, out).size};
  }

  // What rate limiting counts an answer as.
  void Account(const Query& query, bool nonexistent, std::uint64_t zone_version) noexcept {
    if (!limiter_.enabled()) return;
    if (nonexistent) {
      subject_ = {RateLimiter::Kind::kNxdomain, zone_version};
    } else {
      subject_ = {RateLimiter::Kind::kResponse,
                  FoldedProduct(query.name.Hash(zones_->hash_seed()),
                                ~static_cast<std::uint64_t>(query.type))};
    }
  }

  // The answer in `out` goes out: whole, cut short, or not at all.
  Outcome Leave(const Query& query, const Asker& from, Outcome answer,
                dns::MutableBytes out) noexcept {
    if (limiter_.enabled() && from.transport == Transport::kUdp &&
        asker_options_.cookie() != CookieStanding::kProven) {
      switch (limiter_.Debit(from.client.address, subject_.kind, subject_.what, Seconds())) {
        case RateLimiter::Verdict::kSend:
          break;
        case RateLimiter::Verdict::kDrop:
          counters_.Add(Count::kRateLimitDropped);
          if (limiter_.log_only()) break;
          return {};
        case RateLimiter::Verdict::kSlip:
          if (limiter_.log_only()) {
            counters_.Add(Count::kRateLimitDropped);
            break;
          }
          counters_.Add(Count::kRateLimitSlipped);
          answer = {Verdict::kAnswer, Slip(query, out)};
      }
    }
    if (asker_options_.size() == 0) return answer;
    return {Verdict::kAnswer, asker_options_.Append(out, answer.size, options_before_)};
  }

  // By BADCOOKIE whoever speaks of cookies gets one, and comes back with it (RFC 7873 section
  // 5.2.3); others come back over TCP.
  std::uint32_t Slip(const Query& query, dns::MutableBytes whole) noexcept {
    const dns::MutableBytes out = whole.first(whole.size() - asker_options_.size());
    if (asker_options_.cookie() == CookieStanding::kUnproven) {
      return Refuse(query, dns::Rcode::kBadCookie, true, std::nullopt, out).size;
    }
    const bool authoritative = (whole[2] & 0x04) != 0;
    return Truncated(query, authoritative, out).size;
  }

  EncodedAnswer Encode(const Query& query, dns::MutableBytes out) noexcept {
    const EncodedAnswer encoded = encoder_.Encode(query, answer_, now_ms_, out);
    if (encoded.kind == EncodedAnswer::Kind::kSigningFailed) {
      counters_.Add(Count::kSigningFailures);
    }
    if (encoded.kind == EncodedAnswer::Kind::kWritten) {
      way_ = encoded.is_signed ? Way::kSigned : Way::kUnsigned;
      if (encoded.is_signed) counters_.Add(Count::kAnswersSigned);
      if (encoded.truncated) counters_.Add(Count::kAnswersTruncated);
      if (answer_.nonexistent) counters_.Add(Count::kAnswersNonexistent);
      counters_.Add(answer_.rcode);
      options_before_ = encoder_.options_size();
    }
    return encoded;
  }

  Outcome Refuse(const Query& query, dns::Rcode rcode, bool echo_question,
                 std::optional<dns::ExtendedError> error, dns::MutableBytes out) noexcept {
    const std::uint32_t size = encoder_.EncodeRefusal(query, rcode, echo_question, error, out);
    if (size == 0) return {};
    way_ = rcode == dns::Rcode::kServFail ? Way::kFailed : Way::kRefused;
    counters_.Add(rcode);
    options_before_ = encoder_.options_size();
    subject_ = {RateLimiter::Kind::kError, 0};
    return {Verdict::kAnswer, size};
  }

  Outcome Fail(const Query& query, const Resolution& resolution, dns::MutableBytes out) noexcept {
    if (resolution.apex_signature_missing()) counters_.Add(Count::kApexSignatureMissing);
    return Refuse(
        query, dns::Rcode::kServFail, true,
        answer_.error.value_or(resolution.apex_signature_missing() ? dns::ExtendedError::kNotReady
                                                                   : dns::ExtendedError::kOther),
        out);
  }

  Progress Resume(const WaitingTable::Entry& entry, Resolution& resolution,
                  dns::Bytes reply) noexcept {
    const dns::Bytes draft = dns::Bytes(entry.text->draft).first(entry.draft_size);
    if (!UnpackDraft(draft, *zones_, answer_)) return Progress::kFailed;
    return resolution.Resume({nullptr, entry.name, entry.type, entry.asked, entry.hops}, reply);
  }

  const Zone* AskedZone(const WaitingTable::Entry& entry) const noexcept {
    return zones_->Find(entry.name,
                        entry.type == dns::RRType::kDS || entry.asked == Asked::kCutAtName);
  }

  // What the reply says beside the answer: for whom it is good, and that it may be wanted when the
  // backend is away.
  void TakeReply(WaitingTable::Entry& entry, const Query& query, const Zone& zone,
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
                    now_ms_);
  }

  void OnUnreachable(WaitingTable::Entry& entry, const Query& query, const Zone* asked) noexcept {
    if (ProceedStale(entry, query, asked)) return;
    DeliverFailure(entry, query, dns::ExtendedError::kNoReachableAuthority);
  }

  // Goes on with what the backend said when it could last be asked. False: nothing is known.
  bool ProceedStale(WaitingTable::Entry& entry, const Query& query, const Zone* asked) noexcept {
    if (asked == nullptr || !asked->forward || asked->policy.serve_stale == 0) return false;
    const ClientAddress how = asked->forward->client_address;
    const net::IpAddress& client = entry.asker.client.address;
    const auto told = SubnetToTell(how, query, client);
    const dns::Bytes reply = stale_.Find({asked->forward->id, asked->apex, entry.name, entry.type},
                                         StaleReplies::AudienceOf(how, told, client), now_ms_);
    if (reply.empty()) return false;
    if (told) {
      if (const auto bits = ScopeOf(reply, *told).bits) {
        entry.scope = std::max(*bits, entry.scope.value_or(0));
      }
    }
    Resolution resolution = NewResolution(query);
    const Progress progress = Resume(entry, resolution, reply);
    if (progress == Progress::kFailed) return false;
    entry.stale = true;
    Proceed(entry, query, resolution, progress);
    return true;
  }

  // RFC 8914 sections 4.4 and 4.20: the asker is told; RFC 8767 section 5: for a short time only.
  void MarkStale() noexcept {
    counters_.Add(Count::kAnswersStale);
    answer_.CapTtls(StaleReplies::kTtl);
    answer_.error =
        answer_.nonexistent ? dns::ExtendedError::kStaleNxdomain : dns::ExtendedError::kStaleAnswer;
    answer_.ReuseUntil(now_ms_);
  }

  // The zones changed: a query that waited for keys begins anew.
  void TryAgain(Ticket ticket) noexcept {
    WaitingTable::Entry* entry = waiting_.Find(ticket);
    if (entry == nullptr) return;
    entry->stale = false;
    entry->scope.reset();
    Query query;
    query.Parse(dns::Bytes(entry->text->query).first(entry->query_size));
    Resolution resolution = NewResolution(query);
    const Progress progress = resolution.Start(NameHashes(query.name, zones_->hash_seed()));
    Proceed(*entry, query, resolution, progress);
  }

  void GiveUpOnKeysOf(Ticket ticket) noexcept {
    WaitingTable::Entry* entry = waiting_.Find(ticket);
    if (entry == nullptr) return;
    Query query;
    query.Parse(dns::Bytes(entry->text->query).first(entry->query_size));
    counters_.Add(Count::kKeyWaitsFailed);
    DeliverFailure(*entry, query, dns::ExtendedError::kNotReady);
  }

  void AwaitKeys(WaitingTable::Entry& entry, const Query& query, const Zone& zone) noexcept {
    const Ticket ticket = waiting_.Issue(entry);
    if (for_keys_.Add(ticket, entry.since_ns, SteadyNanoseconds(), zone.key_call)) {
      return counters_.Add(Count::kKeyWaits);
    }
    counters_.Add(Count::kKeyWaitsFailed);
    DeliverFailure(entry, query, dns::ExtendedError::kNotReady);
  }

  // Asks once more, or lets the answer go. Nothing of this call's is touched after Ask(), which may
  // re-enter with the reply.
  void Proceed(WaitingTable::Entry& entry, const Query& query, const Resolution& resolution,
               Progress progress) noexcept {
    if (progress == Progress::kWait) {
      const Resolution::Pending& pending = resolution.pending();
      if (pending.asked == Asked::kKeys) return AwaitKeys(entry, query, *pending.zone);
      const auto packed = PackDraft(answer_, draft_);
      if (!packed) return DeliverFailure(entry, query, dns::ExtendedError::kOther);
      std::memcpy(entry.text->draft.data(), draft_.data(), *packed);
      entry.draft_size = static_cast<std::uint16_t>(*packed);
      entry.name = dns::Name(pending.name);
      entry.type = pending.type;
      entry.asked = pending.asked;
      entry.hops = pending.hops;
      const Ticket ticket = waiting_.Issue(entry);
      counters_.Add(Count::kBackendQuestions);
      const BackendQuestion question{
          entry.name, entry.type, entry.asker.client,
          SubnetToTell(pending.zone->forward->client_address, query, entry.asker.client.address)};
      const Zone* asked = pending.zone;
      if (asker_->Ask(*asked->forward, question, ticket)) return;
      return OnUnreachable(entry, query, asked);
    }
    const dns::MutableBytes out = LateRoom(query, entry.asker, entry.scope);
    if (progress == Progress::kDone) {
      if (entry.stale) MarkStale();
      const EncodedAnswer encoded = Encode(query, out);
      if (encoded.kind == EncodedAnswer::Kind::kWritten) {
        RememberLate(query, entry, resolution, encoded, out);
        return Deliver(entry, query, encoded.size);
      }
    }
    const Outcome failed =
        progress == Progress::kNotOurs
            ? Refuse(query, dns::Rcode::kRefused, true, dns::ExtendedError::kNotAuthoritative, out)
            : Fail(query, resolution, out);
    Deliver(entry, query, failed.size);
  }

  // Where the answer to a query that waited is written: room for its asker's options is kept.
  dns::MutableBytes LateRoom(const Query& query, const Asker& from,
                             std::optional<std::uint8_t> scope) noexcept {
    asker_options_.Read(query, from, Seconds(), scope);
    const dns::MutableBytes whole = Limit(query, from.transport, {late_out_.get(), kMaxMessage});
    return whole.first(whole.size() - asker_options_.size());
  }

  void RememberLate(const Query& query, const WaitingTable::Entry& entry,
                    const Resolution& resolution, const EncodedAnswer& encoded,
                    dns::Bytes out) noexcept {
    Account(query, answer_.nonexistent, resolution.first_zone()->version());
    if (encoded.truncated || encoded.left_out) return;
    AnswerScope scope;
    if (const Zone* zone = resolution.first_zone(); zone->forward) {
      scope.told = SubnetToTell(zone->forward->client_address, query, entry.asker.client.address);
      scope.bits = entry.scope;
    }
    cached_.Remember(cached_.KeyFor(query), out.first(encoded.size), answer_, resolution,
                     encoded.is_signed, encoder_.options_size(), now_ms_, scope);
  }

  void DeliverFailure(WaitingTable::Entry& entry, const Query& query,
                      dns::ExtendedError error) noexcept {
    const dns::MutableBytes out = LateRoom(query, entry.asker, std::nullopt);
    Deliver(entry, query, Refuse(query, dns::Rcode::kServFail, true, error, out).size);
  }

  void Deliver(WaitingTable::Entry& entry, const Query& query, std::uint32_t size) noexcept {
    if (size > 0) {
      const dns::MutableBytes out =
          Limit(query, entry.asker.transport, {late_out_.get(), kMaxMessage});
      size = Leave(query, entry.asker, {Verdict::kAnswer, size}, out).size;
    }
    const ReplyRoute route = entry.route;
    if (entry.tapped && size > 0) {
      tap_.TakeResponse(Tapped(true, entry.asker, {late_out_.get(), size}));
    }
    Latency(entry.asker, Way::kWaited).Add(SteadyNanoseconds() - entry.since_ns);
    waiting_.Close(entry);
    counters_.waiting.Set(waiting_.size());
    if (size > 0) sink_->Deliver(route, {late_out_.get(), size});
  }

  // What an answer is about, for rate limiting.
  struct Subject {
    RateLimiter::Kind kind = RateLimiter::Kind::kError;
    std::uint64_t what = 0;
  };
  std::uint32_t Seconds() const noexcept { return static_cast<std::uint32_t>(now_ms_ / 1000); }
  LatencyHistogram& Latency(const Asker& from, Way way) noexcept {
    return counters_
        .latency[static_cast<std::size_t>(from.transport)][static_cast<std::size_t>(way)];
  }

  PipelineCounters counters_;
  std::array<Parsed, kStaged> staged_;
  std::uint16_t max_udp_size_;
  ServerIdentity identity_;
  std::vector<std::uint8_t> standing_options_;
  signer::SignatureMemo memo_;
  signer::RRsetSigner rrset_signer_;
  AnswerEncoder encoder_;
  AskerOptions asker_options_;
  RateLimiter limiter_;
  std::size_t options_before_ = 0;  // octets of options in the message just written
  Subject subject_;                 // of the message just written
  CachedAnswers cached_;
  StaleReplies stale_;
  WaitingTable waiting_;
  KeyWaiters for_keys_;
  AudienceBook audience_;
  PacketTap tap_;
  TransferGate gate_;
  BackendAsker* asker_;
  AnswerSink* sink_;
  std::shared_ptr<const ZoneTable> zones_;
  std::uint64_t now_ms_ = 0;
  std::uint64_t handled_ = 0;
  bool tapped_ = false;      // the last query was sampled
  Way way_ = Way::kRefused;  // how the last answer came about
  Answer answer_;
  Arena arena_;
  std::array<std::uint8_t, WaitingTable::kMaxDraft> draft_;
  std::unique_ptr<std::uint8_t[]> late_out_;
};

Pipeline::Pipeline(const PipelineOptions& options, signer::DigestSigner& signer,
                   BackendAsker* asker, AnswerSink* sink)
    : impl_(std::make_unique<Impl>(options, signer, asker, sink)) {}
Pipeline::~Pipeline() = default;

void Pipeline::UseZones(std::shared_ptr<const ZoneTable> zones) noexcept {
  impl_->UseZones(std::move(zones));
}
void Pipeline::SetTime(std::uint64_t unix_ms) noexcept {
  impl_->SetTime(unix_ms);
}

Outcome Pipeline::Handle(dns::Bytes query, const Asker& from, dns::MutableBytes out) noexcept {
  return impl_->Handle(query, from, out);
}
void Pipeline::Handle(std::span<Arrival> batch) noexcept {
  impl_->Handle(batch);
}
void Pipeline::GiveUpOnKeys() noexcept {
  impl_->GiveUpOnKeys();
}
bool Pipeline::Defer(dns::Bytes query, const Asker& from, const ReplyRoute& route) noexcept {
  return impl_->Defer(query, from, route);
}
void Pipeline::OnBackendReply(Ticket ticket, dns::Bytes reply) noexcept {
  impl_->OnBackendReply(ticket, reply);
}
void Pipeline::OnBackendFailure(Ticket ticket) noexcept {
  impl_->OnBackendFailure(ticket);
}
const PipelineCounters& Pipeline::counters() const noexcept {
  return impl_->counters();
}
const AudienceBook& Pipeline::audience() const noexcept {
  return impl_->audience();
}
PacketTap& Pipeline::tap() noexcept {
  return impl_->tap();
}

}  // namespace sealwire::proxy
