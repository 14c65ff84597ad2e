// What one run of the load harness found: the form in which it is kept in a file, shown and
// compared.
//
// Threading: values. Errors: Result when a file is not such a summary.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/load/generator.h"
#include "dns/result.h"

namespace sealwire::load {

struct Summary {
  std::string target;
  std::string questions;  // what was asked, in words
  std::string loop;       // "closed, 200 under way" or "open, 50000/s"
  double seconds = 0;
  std::uint64_t sent = 0, answered = 0, lost = 0, unsent = 0;
  std::uint64_t unsendable = 0, unexpected = 0, refused = 0, truncated = 0;
  double answers_per_second = 0;
  double reply_octets = 0;              // mean
  std::optional<double> server_cpu_us;  // per answer, when the server's process was watched
  std::map<std::string, std::uint64_t> rcodes;
  std::vector<std::uint64_t> per_second;  // answers
  // Latency, microseconds.
  double min_us = 0, mean_us = 0, max_us = 0;
  double p50_us = 0, p90_us = 0, p99_us = 0, p999_us = 0;
  struct Step {
    double up_to_us;
    std::uint64_t count;
  };
  std::vector<Step> latency;  // ascending, empty steps left out
};

Summary Summarize(const LoadPlan& plan, const std::string& questions, const LoadCounts& counts);

std::string ToJson(const Summary& summary);
Result<Summary> ParseSummary(std::string_view json);

}  // namespace sealwire::load
