#include "proxy/answering.h"

#include "dns/edns_options.h"
#include "proxy/name_hash.h"

namespace sealwire::proxy {

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

Answering::Answering(const PipelineOptions& options, signer::DigestSigner& signer)
    : max_udp_size_(std::max<std::uint16_t>(options.max_udp_size, kMinUdpSize)),
      identity_(options.identity),
      standing_options_(StandingOptions(identity_)),
      memo_(options.signature_memo_entries),
      rrset_signer_(signer, memo_),
      encoder_(rrset_signer_, max_udp_size_, standing_options_),
      asker_options_(options),
      limiter_(options.rate_limit, options.hash_seed),
      cached_(options.answer_cache_bytes, options.hash_seed, counters_),
      audience_(options.audience_zones),
      gate_(options.notices) {}

void Answering::UseZones(std::shared_ptr<const ZoneTable> zones) noexcept {
  zones_ = std::move(zones);
  cached_.UseZones(zones_.get());
}

void Answering::Parse(dns::Bytes wire, ParsedQuery& parsed) const noexcept {
  parsed.wire = wire;
  parsed.error = parsed.query.Parse(wire);
  if (parsed.error == QueryError::kNone) parsed.key = cached_.KeyFor(parsed.query);
}

Outcome Answering::Handle(const ParsedQuery& parsed, const Asker& from,
                          dns::MutableBytes out) noexcept {
  counters_.Add(from.transport == Transport::kUdp ? Count::kQueriesUdp : Count::kQueriesTcp);
  const Outcome outcome = zones_ && TransferGate::Concerns(parsed.query, parsed.error)
                              ? Gated(parsed, from, out)
                              : Plain(parsed, from, out);
  counters_.Add(outcome.verdict == Verdict::kAnswer ? Count::kVerdictAnswer
                : outcome.verdict == Verdict::kWait ? Count::kVerdictWait
                                                    : Count::kVerdictDrop);
  return outcome;
}

Resolution Answering::NewResolution(const Query& query) noexcept {
  answer_.Clear();
  arena_.Clear();
  return {*zones_, query, answer_, arena_, now_ms_};
}

dns::MutableBytes Answering::Limit(const Query& query, Transport transport,
                                   dns::MutableBytes out) const noexcept {
  std::size_t limit = kMaxMessage;
  if (transport == Transport::kUdp) {
    limit = query.edns ? std::clamp(query.edns->udp_size, kMinUdpSize, max_udp_size_) : kMinUdpSize;
  }
  return out.first(std::min(out.size(), limit));
}

// NOTIFY, transfers, and queries that are signed with a shared secret.
Outcome Answering::Gated(const ParsedQuery& parsed, const Asker& from,
                         dns::MutableBytes out) noexcept {
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

Outcome Answering::Plain(const ParsedQuery& parsed, const Asker& from,
                         dns::MutableBytes out) noexcept {
  const Query& query = parsed.query;
  const Admission admission = Admit(query, parsed.error);
  if (admission.kind == Admission::Kind::kSilence) return {};
  out = Limit(query, from.transport, out);
  const Outcome outcome = Answered(parsed, from, admission, out);
  if (outcome.verdict != Verdict::kAnswer) return outcome;
  return Leave(query, from, outcome, out);
}

// Writes the answer into the part of `whole` that leaves room for the asker's own options.
Outcome Answering::Answered(const ParsedQuery& parsed, const Asker& from,
                            const Admission& admission, dns::MutableBytes whole) noexcept {
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
  return Resolved(parsed, from, out);
}

Outcome Answering::Resolved(const ParsedQuery& parsed, const Asker& from,
                            dns::MutableBytes out) noexcept {
  using Progress = Resolution::Progress;
  const Query& query = parsed.query;
  Resolution resolution = NewResolution(query);
  const Progress progress = resolution.Start(NameHashes(query.name, zones_->hash_seed()));
  if (const Zone* zone = resolution.first_zone()) {
    audience_.Count(zone->audience, query, from.client.address, zones_->hash_seed());
  }
  switch (progress) {
    case Progress::kWait:
      return {Verdict::kWait, 0};
    case Progress::kNotOurs:
      return Refuse(query, dns::Rcode::kRefused, true, dns::ExtendedError::kNotAuthoritative, out);
    case Progress::kFailed:
      return Fail(query, resolution, out);
    case Progress::kDone:
      break;
  }
  const EncodedAnswer encoded = Encode(query, out);
  if (encoded.kind != EncodedAnswer::Kind::kWritten) return Fail(query, resolution, out);
  Account(query, answer_.nonexistent, resolution.first_zone()->version());
  if (!encoded.left_out && !encoded.truncated) {
    cached_.Remember(parsed.key, out.first(encoded.size), answer_, resolution, encoded.is_signed,
                     encoder_.options_size(), now_ms_);
  }
  return {Verdict::kAnswer, encoded.size};
}

bool Answering::ReadOptions(const Query& query, const Asker& from) noexcept {
  const bool readable = asker_options_.Read(query, from, Seconds());
  if (asker_options_.cookie() == CookieStanding::kProven) counters_.Add(Count::kCookiesProven);
  if (asker_options_.cookie() == CookieStanding::kUnproven) {
    counters_.Add(Count::kCookiesUnproven);
  }
  return readable;
}

bool Answering::IsReport(const Query& query) const noexcept {
  return identity_.report_agent && query.type == dns::RRType::kTXT &&
         IsErrorReport(query.name, *identity_.report_agent);
}

// The answer for the asker's network, of which it is told if it said its own (RFC 7871 sections
// 7.2.1 and 7.3.1). Null: none is kept.
AnswerCache::Entry* Answering::ForNetwork(AnswerCache::Entry* entry, const ParsedQuery& parsed,
                                          const Asker& from) noexcept {
  std::uint8_t bits = 0;
  if (entry->is_scopes) {
    const auto told = SubnetToTell(ClientAddress::kSubnet, parsed.query, from.client.address);
    entry = cached_.FindFor(*entry, parsed.key, parsed.query, *told, now_ms_, bits);
  }
  if (entry != nullptr) asker_options_.Read(parsed.query, from, Seconds(), bits);
  return entry;
}

Outcome Answering::FromCache(AnswerCache::Entry& entry, const Query& query,
                             dns::MutableBytes out) noexcept {
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

Outcome Answering::Truncated(const Query& query, bool authoritative,
                             dns::MutableBytes out) noexcept {
  counters_.Add(Count::kAnswersTruncated);
  const std::uint32_t size = encoder_.EncodeTruncated(query, authoritative, out);
  options_before_ = encoder_.options_size();
  return {Verdict::kAnswer, size};
}

// RFC 4892: who we are, for those whom the configuration lets know.
Outcome Answering::AnswerChaos(const Query& query, dns::MutableBytes out) noexcept {
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

void Answering::Account(const Query& query, bool nonexistent, std::uint64_t zone_version) noexcept {
  if (!limiter_.enabled()) return;
  if (nonexistent) {
    subject_ = {RateLimiter::Kind::kNxdomain, zone_version};
  } else {
    subject_ = {RateLimiter::Kind::kResponse,
                FoldedProduct(query.name.Hash(zones_->hash_seed()),
                              ~static_cast<std::uint64_t>(query.type))};
  }
}

Outcome Answering::Leave(const Query& query, const Asker& from, Outcome answer,
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
std::uint32_t Answering::Slip(const Query& query, dns::MutableBytes whole) noexcept {
  const dns::MutableBytes out = whole.first(whole.size() - asker_options_.size());
  if (asker_options_.cookie() == CookieStanding::kUnproven) {
    return Refuse(query, dns::Rcode::kBadCookie, true, std::nullopt, out).size;
  }
  const bool authoritative = (whole[2] & 0x04) != 0;
  return Truncated(query, authoritative, out).size;
}

EncodedAnswer Answering::Encode(const Query& query, dns::MutableBytes out) noexcept {
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

Outcome Answering::Refuse(const Query& query, dns::Rcode rcode, bool echo_question,
                          std::optional<dns::ExtendedError> error, dns::MutableBytes out) noexcept {
  const std::uint32_t size = encoder_.EncodeRefusal(query, rcode, echo_question, error, out);
  if (size == 0) return {};
  way_ = rcode == dns::Rcode::kServFail ? Way::kFailed : Way::kRefused;
  counters_.Add(rcode);
  options_before_ = encoder_.options_size();
  subject_ = {RateLimiter::Kind::kError, 0};
  return {Verdict::kAnswer, size};
}

Outcome Answering::Fail(const Query& query, const Resolution& resolution,
                        dns::MutableBytes out) noexcept {
  if (resolution.apex_signature_missing()) counters_.Add(Count::kApexSignatureMissing);
  return Refuse(
      query, dns::Rcode::kServFail, true,
      answer_.error.value_or(resolution.apex_signature_missing() ? dns::ExtendedError::kNotReady
                                                                 : dns::ExtendedError::kOther),
      out);
}

dns::MutableBytes Answering::LimitBeforeOptions(const Query& query, const Asker& from,
                                                std::optional<std::uint8_t> scope,
                                                dns::MutableBytes out) noexcept {
  asker_options_.Read(query, from, Seconds(), scope);
  const dns::MutableBytes whole = Limit(query, from.transport, out);
  return whole.first(whole.size() - asker_options_.size());
}

void Answering::Remember(const Query& query, const Resolution& resolution,
                         const EncodedAnswer& encoded, dns::Bytes message,
                         const AnswerScope& scope) noexcept {
  if (encoded.truncated || encoded.left_out) return;
  cached_.Remember(cached_.KeyFor(query), message, answer_, resolution, encoded.is_signed,
                   encoder_.options_size(), now_ms_, scope);
}

}  // namespace sealwire::proxy
