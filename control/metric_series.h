// The last hour of this node in a few numbers, for charts: one sample every five seconds, kept in
// memory. Who wants more than an hour has Prometheus.
//
// Threading: the control thread. Errors: none.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "proxy/counters.h"

namespace sealwire::control {

// What a sample is made of: counts since the start, and figures of the moment.
struct SeriesSources {
  std::function<proxy::PipelineTotals()> totals;  // of all workers, by whichever path
  std::function<proxy::LatencyTotals()> backend_latency;
  std::function<std::uint64_t()> signatures;
  std::function<std::size_t()> ready_pairs;
  std::function<std::int64_t()> now;  // seconds since 1970
};

class MetricSeries {
 public:
  static constexpr int kIntervalSeconds = 5;
  static constexpr std::size_t kSamples = 720;

  explicit MetricSeries(SeriesSources sources);

  // Every kIntervalSeconds: takes a sample.
  void Sample();
  // {"interval":5,"at":[…],"series":{"queries":[per second…],…}}: the samples later than `since`
  // (seconds since 1970). Rates are per second; what had nothing to measure is null.
  nlohmann::json After(std::int64_t since) const;

 private:
  struct Row {
    std::int64_t at;
    std::vector<double> values;  // in the order of kNames; NaN: nothing to measure
  };

  SeriesSources sources_;
  std::deque<Row> rows_;
  std::int64_t last_at_;
  proxy::PipelineTotals last_totals_;
  proxy::LatencyTotals last_backend_;
  std::uint64_t last_signatures_ = 0;
};

// The duration below which a `share` of what happened between two totals lies, in seconds, as far
// as octaves tell; NaN: nothing happened.
double QuantileBetween(const proxy::LatencyTotals& before, const proxy::LatencyTotals& after,
                       double share) noexcept;

}  // namespace sealwire::control
