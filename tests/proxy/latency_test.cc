#include "proxy/latency.h"

#include <gtest/gtest.h>

namespace sealwire::proxy {
namespace {

TEST(Latency, ADurationIsCountedBelowItsBound) {
  LatencyHistogram histogram;
  histogram.Add(0);
  histogram.Add(255);
  histogram.Add(256);
  histogram.Add(1'000'000, 64);
  histogram.Add(3'600'000'000'000);
  LatencyTotals totals;
  totals.Add(histogram);
  EXPECT_EQ(totals.buckets[0], 2u);
  EXPECT_EQ(totals.buckets[1], 1u);
  EXPECT_EQ(totals.buckets[12], 64u);  // 524 µs to 1.05 ms
  EXPECT_LT(LatencyBound(11), 1e-3);
  EXPECT_GT(LatencyBound(12), 1e-3);
  EXPECT_EQ(totals.buckets[kLatencyBuckets - 1], 1u);
  EXPECT_EQ(totals.count(), 68u);
}

}  // namespace
}  // namespace sealwire::proxy
