// What can be answered at once: by a kept answer, by a zone held whole, by a refusal.
//
// The part of the pipeline between a query as it was read and the octets that leave: admission,
// cached answer, resolution, encoding, what is remembered, rate limits and the asker's options.
// Answers that had to wait (proxy/late_answers.h) go through the same steps one by one.
// Threading: one worker. Ownership: the signer is borrowed; spans for the length of a call. Errors:
// verdicts; nothing throws, nothing allocates per packet.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dns/bytes.h"
#include "proxy/admission.h"
#include "proxy/answer.h"
#include "proxy/answer_cache.h"
#include "proxy/answer_encoder.h"
#include "proxy/asker_options.h"
#include "proxy/audience.h"
#include "proxy/cached_answers.h"
#include "proxy/counters.h"
#include "proxy/latency.h"
#include "proxy/packet_tap.h"
#include "proxy/pipeline.h"
#include "proxy/query.h"
#include "proxy/rate_limiter.h"
#include "proxy/resolution.h"
#include "proxy/transfer_gate.h"
#include "signer/rrset_signer.h"
#include "signer/signature_memo.h"

namespace sealwire::proxy {

// A query as it was read, before anything is looked up for it.
struct ParsedQuery {
  dns::Bytes wire;
  Query query;
  QueryError error;
  AnswerCache::Key key;  // when there is no error
};

class Answering {
 public:
  static constexpr std::size_t kMaxMessage = 65535;

  Answering(const PipelineOptions& options, signer::DigestSigner& signer);

  void UseZones(std::shared_ptr<const ZoneTable> zones) noexcept;
  void SetTime(std::uint64_t unix_ms) noexcept {
    now_ms_ = unix_ms;
    asker_options_.Refresh();
  }
  const ZoneTable* zones() const noexcept { return zones_.get(); }
  std::uint64_t now_ms() const noexcept { return now_ms_; }

  void Parse(dns::Bytes wire, ParsedQuery& parsed) const noexcept;
  // In two rounds over queries that came together: brings near what Handle() will read.
  void PrefetchBucket(const ParsedQuery& parsed) const noexcept {
    if (parsed.error == QueryError::kNone) cached_.cache().PrefetchBucket(parsed.key.hash);
  }
  void PrefetchEntry(const ParsedQuery& parsed) const noexcept {
    if (parsed.error == QueryError::kNone) cached_.cache().PrefetchEntry(parsed.key.hash);
  }

  Outcome Handle(const ParsedQuery& parsed, const Asker& from, dns::MutableBytes out) noexcept;
  Way way() const noexcept { return way_; }  // how the last answer came about

  // The steps, for an answer that waited. What is being answered: one at a time.
  Answer& answer() noexcept { return answer_; }
  Resolution NewResolution(const Query& query) noexcept;
  // The part of `out` that the asker's transport and OPT record allow.
  dns::MutableBytes Limit(const Query& query, Transport transport,
                          dns::MutableBytes out) const noexcept;
  // The same without what the asker's own options will take.
  dns::MutableBytes LimitBeforeOptions(const Query& query, const Asker& from,
                                       std::optional<std::uint8_t> scope,
                                       dns::MutableBytes out) noexcept;
  EncodedAnswer Encode(const Query& query, dns::MutableBytes out) noexcept;
  void Remember(const Query& query, const Resolution& resolution, const EncodedAnswer& encoded,
                dns::Bytes message, const AnswerScope& scope) noexcept;
  // What rate limiting counts an answer as.
  void Account(const Query& query, bool nonexistent, std::uint64_t zone_version) noexcept;
  Outcome Refuse(const Query& query, dns::Rcode rcode, bool echo_question,
                 std::optional<dns::ExtendedError> error, dns::MutableBytes out) noexcept;
  Outcome Fail(const Query& query, const Resolution& resolution, dns::MutableBytes out) noexcept;
  // The answer in `out` goes out: whole, cut short, or not at all.
  Outcome Leave(const Query& query, const Asker& from, Outcome answer,
                dns::MutableBytes out) noexcept;

  // A packet as a sample of it is logged.
  TappedPacket Tapped(bool is_response, const Asker& from, dns::Bytes message) const noexcept {
    return {is_response, from.transport == Transport::kTcp, from.client, now_ms_, message};
  }
  PipelineCounters& counters() noexcept { return counters_; }
  LatencyHistogram& Latency(const Asker& from, Way way) noexcept {
    return counters_
        .latency[static_cast<std::size_t>(from.transport)][static_cast<std::size_t>(way)];
  }
  const AudienceBook& audience() const noexcept { return audience_; }

 private:
  static constexpr std::uint16_t kMinUdpSize = 512;  // RFC 1035 section 4.2.1
  static constexpr std::size_t kLeastSigned = 300;   // for an answer before its TSIG record

  Outcome Gated(const ParsedQuery& parsed, const Asker& from, dns::MutableBytes out) noexcept;
  Outcome Plain(const ParsedQuery& parsed, const Asker& from, dns::MutableBytes out) noexcept;
  Outcome Answered(const ParsedQuery& parsed, const Asker& from, const Admission& admission,
                   dns::MutableBytes whole) noexcept;
  Outcome Resolved(const ParsedQuery& parsed, const Asker& from, dns::MutableBytes out) noexcept;
  bool ReadOptions(const Query& query, const Asker& from) noexcept;
  bool IsReport(const Query& query) const noexcept;
  AnswerCache::Entry* ForNetwork(AnswerCache::Entry* entry, const ParsedQuery& parsed,
                                 const Asker& from) noexcept;
  Outcome FromCache(AnswerCache::Entry& entry, const Query& query, dns::MutableBytes out) noexcept;
  Outcome Truncated(const Query& query, bool authoritative, dns::MutableBytes out) noexcept;
  Outcome AnswerChaos(const Query& query, dns::MutableBytes out) noexcept;
  std::uint32_t Slip(const Query& query, dns::MutableBytes whole) noexcept;
  std::uint32_t Seconds() const noexcept { return static_cast<std::uint32_t>(now_ms_ / 1000); }

  // What an answer is about, for rate limiting.
  struct Subject {
    RateLimiter::Kind kind = RateLimiter::Kind::kError;
    std::uint64_t what = 0;
  };

  PipelineCounters counters_;
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
  AudienceBook audience_;
  TransferGate gate_;
  std::shared_ptr<const ZoneTable> zones_;
  std::uint64_t now_ms_ = 0;
  Way way_ = Way::kRefused;
  Answer answer_;
  Arena arena_;
};

}  // namespace sealwire::proxy
