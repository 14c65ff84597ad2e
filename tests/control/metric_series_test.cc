#include "control/metric_series.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace sealwire::control {
namespace {

class Series : public testing::Test {
 protected:
  std::int64_t now_ = 1000;
  proxy::PipelineTotals totals_;
  MetricSeries series_{{[this] { return totals_; }, [] { return proxy::LatencyTotals(); },
                        [] { return std::uint64_t{0}; }, [] { return std::size_t{7}; },
                        [this] { return now_; }}};
};

TEST_F(Series, CountsBecomeRates) {
  totals_.counts[static_cast<std::size_t>(proxy::Count::kQueriesUdp)] = 500;
  totals_.rcodes[3] = 50;
  totals_.rcodes[1] = 5;
  now_ += 5;
  series_.Sample();
  const auto json = series_.After(0);
  EXPECT_EQ(json["at"], nlohmann::json::array({1005}));
  EXPECT_EQ(json["series"]["queries_udp"][0], 100.0);
  EXPECT_EQ(json["series"]["rcode_nxdomain"][0], 10.0);
  EXPECT_EQ(json["series"]["rcode_other"][0], 1.0);
  EXPECT_EQ(json["series"]["ready_pairs"][0], 7.0);
  EXPECT_TRUE(json["series"]["latency_p50"][0].is_null());
}

TEST_F(Series, KeepsAnHourAndGivesWhatIsNew) {
  for (std::size_t i = 0; i < MetricSeries::kSamples + 10; ++i) {
    now_ += 5;
    series_.Sample();
  }
  EXPECT_EQ(series_.After(0)["at"].size(), MetricSeries::kSamples);
  EXPECT_EQ(series_.After(now_ - 10)["at"].size(), 2u);
}

TEST_F(Series, AClockSetBackMakesNoSample) {
  now_ -= 100;
  series_.Sample();
  EXPECT_TRUE(series_.After(0)["at"].empty());
}

TEST(Quantile, LiesInTheBucketThatHoldsIt) {
  proxy::LatencyTotals before, after;
  after.buckets[3] = 99;  // 1.0 to 2.0 µs
  after.buckets[20] = 1;
  EXPECT_NEAR(QuantileBetween(before, after, 0.5), 1.5e-6, 0.2e-6);
  EXPECT_GT(QuantileBetween(before, after, 0.999), 0.1);
  EXPECT_TRUE(std::isnan(QuantileBetween(after, after, 0.5)));
}

}  // namespace
}  // namespace sealwire::control
