#include "apps/load/summary.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "dns/rr_type.h"

namespace sealwire::load {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

double Microseconds(std::uint64_t nanoseconds) {
  return static_cast<double>(nanoseconds) / 1000;
}

Summary FromJson(const json& j) {
  Summary s;
  s.target = j.at("target");
  s.questions = j.at("questions");
  s.loop = j.at("loop");
  s.seconds = j.at("seconds");
  s.sent = j.at("sent");
  s.answered = j.at("answered");
  s.lost = j.at("lost");
  s.unsent = j.at("unsent");
  s.unsendable = j.at("unsendable");
  s.unexpected = j.at("unexpected");
  s.refused = j.at("refused");
  s.truncated = j.at("truncated");
  s.answers_per_second = j.at("answers_per_second");
  s.reply_octets = j.at("reply_octets");
  if (j.contains("server_cpu_us")) s.server_cpu_us = j.at("server_cpu_us").get<double>();
  s.rcodes = j.at("rcodes").get<std::map<std::string, std::uint64_t>>();
  s.per_second = j.at("per_second").get<std::vector<std::uint64_t>>();
  const json& us = j.at("latency_us");
  s.min_us = us.at("min");
  s.mean_us = us.at("mean");
  s.p50_us = us.at("p50");
  s.p90_us = us.at("p90");
  s.p99_us = us.at("p99");
  s.p999_us = us.at("p99.9");
  s.max_us = us.at("max");
  for (const json& step : us.at("steps")) s.latency.push_back({step.at(0), step.at(1)});
  return s;
}

}  // namespace

Summary Summarize(const LoadPlan& plan, const std::string& questions, const LoadCounts& counts) {
  Summary s;
  s.target = plan.target.ToText();
  s.questions = questions;
  s.loop = plan.rate > 0 ? fmt::format("open, {:.0f}/s", plan.rate)
                         : fmt::format("closed, {} under way", plan.outstanding);
  s.seconds = counts.seconds;
  s.sent = counts.sent;
  s.answered = counts.answered;
  s.lost = counts.lost;
  s.unsent = counts.unsent;
  s.unsendable = counts.unsendable;
  s.unexpected = counts.unexpected;
  s.refused = counts.refused;
  s.truncated = counts.truncated;
  s.answers_per_second =
      counts.seconds > 0 ? static_cast<double>(counts.answered) / counts.seconds : 0;
  if (counts.answered > 0) {
    s.reply_octets =
        static_cast<double>(counts.reply_octets) / static_cast<double>(counts.answered);
  }
  for (const auto& [rcode, count] : counts.rcodes) s.rcodes[dns::ToText(dns::Rcode{rcode})] = count;
  s.per_second = counts.per_second;
  const Histogram& latency = counts.latency;
  s.min_us = Microseconds(latency.min());
  s.mean_us = latency.mean() / 1000;
  s.p50_us = Microseconds(latency.Percentile(50));
  s.p90_us = Microseconds(latency.Percentile(90));
  s.p99_us = Microseconds(latency.Percentile(99));
  s.p999_us = Microseconds(latency.Percentile(99.9));
  s.max_us = Microseconds(latency.max());
  latency.ForEach([&](std::uint64_t, std::uint64_t highest, std::uint64_t count) {
    s.latency.push_back({Microseconds(highest), count});
  });
  return s;
}

std::string ToJson(const Summary& s) {
  json steps = json::array();
  for (const auto& step : s.latency) steps.push_back({step.up_to_us, step.count});
  json j = {
      {"sealload", kFormat},
      {"target", s.target},
      {"questions", s.questions},
      {"loop", s.loop},
      {"seconds", s.seconds},
      {"sent", s.sent},
      {"answered", s.answered},
      {"lost", s.lost},
      {"unsent", s.unsent},
      {"unsendable", s.unsendable},
      {"unexpected", s.unexpected},
      {"refused", s.refused},
      {"truncated", s.truncated},
      {"answers_per_second", s.answers_per_second},
      {"reply_octets", s.reply_octets},
      {"rcodes", s.rcodes},
      {"per_second", s.per_second},
      {"latency_us",
       {{"min", s.min_us},
        {"mean", s.mean_us},
        {"p50", s.p50_us},
        {"p90", s.p90_us},
        {"p99", s.p99_us},
        {"p99.9", s.p999_us},
        {"max", s.max_us},
        {"steps", steps}}},
  };
  if (s.server_cpu_us) j["server_cpu_us"] = *s.server_cpu_us;
  return j.dump(1) + "\n";
}

Result<Summary> ParseSummary(std::string_view text) {
  try {
    const json j = json::parse(text);
    if (!j.is_object() || !j.contains("sealload")) return Error{"is not a run of sealload"};
    if (j.at("sealload") != kFormat) return Error{"was written by another version of sealload"};
    return FromJson(j);
  } catch (const json::exception& e) {
    return Error{fmt::format("is not a run of sealload: {}", e.what())};
  }
}

}  // namespace sealwire::load
