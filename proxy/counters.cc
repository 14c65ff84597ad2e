#include "proxy/counters.h"

namespace sealwire::proxy {

std::string_view NameOf(Count count) noexcept {
  switch (count) {
    case Count::kQueriesUdp:
      return "queries_udp";
    case Count::kQueriesTcp:
      return "queries_tcp";
    case Count::kQueriesDnssecOk:
      return "queries_dnssec_ok";
    case Count::kVerdictAnswer:
      return "verdict_answer";
    case Count::kVerdictDrop:
      return "verdict_drop";
    case Count::kVerdictWait:
      return "verdict_wait";
    case Count::kAnswersSigned:
      return "answers_signed";
    case Count::kAnswersNonexistent:
      return "answers_nonexistent";
    case Count::kAnswersTruncated:
      return "answers_truncated";
    case Count::kCacheHits:
      return "cache_hits";
    case Count::kCacheMisses:
      return "cache_misses";
    case Count::kBackendQuestions:
      return "backend_questions";
    case Count::kBackendReplies:
      return "backend_replies";
    case Count::kBackendFailures:
      return "backend_failures";
    case Count::kBackendRepliesLate:
      return "backend_replies_late";
    case Count::kDeferralsRefused:
      return "deferrals_refused";
    case Count::kSigningFailures:
      return "signing_failures";
    case Count::kApexSignatureMissing:
      return "apex_signature_missing";
    case Count::kCookiesProven:
      return "cookies_proven";
    case Count::kCookiesUnproven:
      return "cookies_unproven";
    case Count::kRateLimitDropped:
      return "rate_limit_dropped";
    case Count::kRateLimitSlipped:
      return "rate_limit_slipped";
    case Count::kErrorReports:
      return "error_reports";
    case Count::kAnswersStale:
      return "answers_stale";
    case Count::kKeyWaits:
      return "key_waits";
    case Count::kKeyWaitsFailed:
      return "key_waits_failed";
    case Count::kCount:
      break;
  }
  return "";
}

void PipelineTotals::Add(const PipelineCounters& worker) noexcept {
  for (std::size_t i = 0; i < kCounts; ++i) {
    counts[i] += worker.counts[i].value();
  }
  for (std::size_t i = 0; i < kRcodes; ++i) {
    rcodes[i] += worker.rcodes[i].value();
  }
  waiting += worker.waiting.value();
  for (std::size_t transport = 0; transport < kTransports; ++transport) {
    for (std::size_t way = 0; way < kWays; ++way) {
      latency[transport][way].Add(worker.latency[transport][way]);
    }
  }
}

void PipelineTotals::Add(const PipelineTotals& others) noexcept {
  for (std::size_t i = 0; i < kCounts; ++i) counts[i] += others.counts[i];
  for (std::size_t i = 0; i < kRcodes; ++i) rcodes[i] += others.rcodes[i];
  waiting += others.waiting;
  for (std::size_t transport = 0; transport < kTransports; ++transport) {
    for (std::size_t way = 0; way < kWays; ++way) {
      latency[transport][way].Add(others.latency[transport][way]);
    }
  }
}

PipelineTotals Sum(std::span<const PipelineCounters* const> workers) noexcept {
  PipelineTotals totals;
  for (const PipelineCounters* worker : workers) totals.Add(*worker);
  return totals;
}

}  // namespace sealwire::proxy
