// What a pipeline counts, and how the counts of all workers are added up.
//
// Threading: written by one worker alone; read by any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "dns/rr_type.h"
#include "proxy/counter.h"
#include "proxy/latency.h"

namespace sealwire::proxy {

enum class Count : std::uint8_t {
  kQueriesUdp,
  kQueriesTcp,
  kQueriesDnssecOk,
  kVerdictAnswer,
  kVerdictDrop,
  kVerdictWait,
  kAnswersSigned,       // an RRSIG was in it
  kAnswersNonexistent,  // the name does not exist, whatever the RCODE says
  kAnswersTruncated,
  kCacheHits,
  kCacheMisses,
  kBackendQuestions,
  kBackendReplies,
  kBackendFailures,       // none came, or none that could be believed
  kBackendRepliesLate,    // for a ticket that is no longer known
  kDeferralsRefused,      // too many wait, or no backend could be asked
  kSigningFailures,       // answered SERVFAIL
  kApexSignatureMissing,  // no signature made ahead for DNSKEY, CDS or CDNSKEY is valid now
  kCookiesProven,         // queries with a server cookie of ours
  kCookiesUnproven,   // queries with a client cookie only, or a server cookie that does not hold
  kRateLimitDropped,  // answers not sent (or, log_only, that would not have been)
  kRateLimitSlipped,  // answers sent with TC or BADCOOKIE in their place
  kErrorReports,      // RFC 9567
  kAnswersStale,      // made of what a backend said before it went away
  kKeyWaits,          // queries that waited for keys of their zone to be opened
  kKeyWaitsFailed,    // … in vain, or could not wait: answered SERVFAIL
  kCount,
};
inline constexpr std::size_t kCounts = static_cast<std::size_t>(Count::kCount);
inline constexpr std::size_t kTransports = 2;  // in the order of proxy::Transport
inline constexpr std::size_t kRcodes = 24;     // RCODEs above 23 are counted as 23

// snake_case, as in a metric's name.
std::string_view NameOf(Count count) noexcept;

struct alignas(64) PipelineCounters {
  std::array<Counter, kCounts> counts;
  std::array<Counter, kRcodes> rcodes;  // of answers
  Counter waiting;                      // gauge
  std::array<std::array<LatencyHistogram, kWays>, kTransports> latency;

  void Add(Count count) noexcept { counts[static_cast<std::size_t>(count)].Add(); }
  void Add(dns::Rcode rcode) noexcept {
    const auto at = static_cast<std::size_t>(rcode);
    rcodes[at < kRcodes ? at : kRcodes - 1].Add();
  }
};

struct PipelineTotals {
  std::array<std::uint64_t, kCounts> counts{};
  std::array<std::uint64_t, kRcodes> rcodes{};
  std::uint64_t waiting = 0;
  std::array<std::array<LatencyTotals, kWays>, kTransports> latency;

  std::uint64_t operator[](Count count) const noexcept {
    return counts[static_cast<std::size_t>(count)];
  }
  void Add(const PipelineCounters& worker) noexcept;
  void Add(const PipelineTotals& others) noexcept;
};

PipelineTotals Sum(std::span<const PipelineCounters* const> workers) noexcept;

}  // namespace sealwire::proxy
