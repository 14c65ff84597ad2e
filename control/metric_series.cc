#include "control/metric_series.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace sealwire::control {

using nlohmann::json;
using proxy::Count;

namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

constexpr std::array kNames = {
    "queries_udp",       "queries_tcp",      "queries_dnssec_ok",   "answers_signed",
    "signatures",        "ready_pairs",      "cache_hits",          "cache_misses",
    "backend_questions", "backend_failures", "queries_waiting",     "rcode_noerror",
    "rcode_nxdomain",    "rcode_servfail",   "rcode_refused",       "rcode_other",
    "latency_p50",       "latency_p99",      "backend_latency_p50", "backend_latency_p99"};

proxy::LatencyTotals AllLatency(const proxy::PipelineTotals& totals) {
  proxy::LatencyTotals all;
  for (const auto& path : totals.latency) {
    for (const proxy::LatencyTotals& way : path) all.Add(way);
  }
  return all;
}

std::uint64_t RcodeOf(const proxy::PipelineTotals& totals, dns::Rcode rcode) {
  return totals.rcodes[static_cast<std::size_t>(rcode)];
}

std::uint64_t OtherRcodes(const proxy::PipelineTotals& totals) {
  std::uint64_t others = 0;
  for (const std::uint64_t count : totals.rcodes) others += count;
  for (const dns::Rcode named :
       {dns::Rcode::kNoError, dns::Rcode::kNXDomain, dns::Rcode::kServFail, dns::Rcode::kRefused}) {
    others -= RcodeOf(totals, named);
  }
  return others;
}

}  // namespace

double QuantileBetween(const proxy::LatencyTotals& before, const proxy::LatencyTotals& after,
                       double share) noexcept {
  const std::uint64_t all = after.count() - before.count();
  if (all == 0) return kNothing;
  const double wanted = share * static_cast<double>(all);
  double below = 0;
  for (std::size_t i = 0; i + 1 < proxy::kLatencyBuckets; ++i) {
    const auto here = static_cast<double>(after.buckets[i] - before.buckets[i]);
    if (here > 0 && below + here >= wanted) {
      const double low = i == 0 ? 0 : proxy::LatencyBound(i - 1);
      return low + (proxy::LatencyBound(i) - low) * (wanted - below) / here;
    }
    below += here;
  }
  return proxy::LatencyBound(proxy::kLatencyBuckets - 2);
}

MetricSeries::MetricSeries(SeriesSources sources)
    : sources_(std::move(sources)), last_at_(sources_.now()) {}

void MetricSeries::Sample() {
  const std::int64_t now = sources_.now();
  if (now <= last_at_) return;  // the clock was set back: rates need time to pass
  const auto seconds = static_cast<double>(now - last_at_);
  const proxy::PipelineTotals totals = sources_.totals();
  const proxy::LatencyTotals backend = sources_.backend_latency();
  const std::uint64_t signatures = sources_.signatures();
  const auto rate = [&](std::uint64_t before, std::uint64_t after) {
    return std::round(static_cast<double>(after - before) / seconds * 100) / 100;
  };
  const auto counted = [&](Count count) { return rate(last_totals_[count], totals[count]); };
  const auto answered = [&](dns::Rcode rcode) {
    return rate(RcodeOf(last_totals_, rcode), RcodeOf(totals, rcode));
  };
  const proxy::LatencyTotals was = AllLatency(last_totals_);
  const proxy::LatencyTotals is = AllLatency(totals);
  rows_.push_back({now,
                   {counted(Count::kQueriesUdp),
                    counted(Count::kQueriesTcp),
                    counted(Count::kQueriesDnssecOk),
                    counted(Count::kAnswersSigned),
                    rate(last_signatures_, signatures),
                    static_cast<double>(sources_.ready_pairs()),
                    counted(Count::kCacheHits),
                    counted(Count::kCacheMisses),
                    counted(Count::kBackendQuestions),
                    counted(Count::kBackendFailures),
                    static_cast<double>(totals.waiting),
                    answered(dns::Rcode::kNoError),
                    answered(dns::Rcode::kNXDomain),
                    answered(dns::Rcode::kServFail),
                    answered(dns::Rcode::kRefused),
                    rate(OtherRcodes(last_totals_), OtherRcodes(totals)),
                    QuantileBetween(was, is, 0.5),
                    QuantileBetween(was, is, 0.99),
                    QuantileBetween(last_backend_, backend, 0.5),
                    QuantileBetween(last_backend_, backend, 0.99)}});
  if (rows_.size() > kSamples) rows_.pop_front();
  last_at_ = now;
  last_totals_ = totals;
  last_backend_ = backend;
  last_signatures_ = signatures;
}

json MetricSeries::After(std::int64_t since) const {
  json at = json::array();
  json series = json::object();
  for (const char* name : kNames) series[name] = json::array();
  for (const Row& row : rows_) {
    if (row.at <= since) continue;
    at.push_back(row.at);
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      series[kNames[i]].push_back(std::isnan(row.values[i]) ? json(nullptr) : json(row.values[i]));
    }
  }
  return {{"interval", kIntervalSeconds}, {"at", std::move(at)}, {"series", std::move(series)}};
}

}  // namespace sealwire::control
