#include "apps/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace sealwire::load {
namespace {

TEST(Histogram, EmptyIsAllZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.min(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.mean(), 0);
  EXPECT_EQ(histogram.Percentile(50), 0u);
}

TEST(Histogram, BucketsHoldTheirValuesWithoutGapOrOverlap) {
  std::uint64_t expected_lowest = 0;
  Histogram histogram;
  // Every edge once: a power of two, and each of its 64 steps.
  for (unsigned power = 0; power < Histogram::kMaxBits; ++power) {
    for (std::uint64_t step = 0; step < 64; ++step) {
      histogram.Record((std::uint64_t{1} << power) + (step << power) / 64);
    }
  }
  histogram.Record(0);
  histogram.ForEach([&](std::uint64_t lowest, std::uint64_t highest, std::uint64_t) {
    EXPECT_EQ(lowest, expected_lowest);
    EXPECT_GE(highest, lowest);
    EXPECT_LE(static_cast<double>(highest - lowest), static_cast<double>(lowest) / 64);
    expected_lowest = highest + 1;
  });
  EXPECT_EQ(expected_lowest, std::uint64_t{1} << Histogram::kMaxBits);
}

TEST(Histogram, PercentilesAreRightWithinASixtyFourth) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> latency(12, 1.5);
  std::vector<std::uint64_t> values(20000);
  Histogram histogram;
  for (auto& value : values) {
    value = static_cast<std::uint64_t>(latency(random));
    histogram.Record(value);
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank = std::max<std::size_t>(
        static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(values.size()))), 1);
    const std::uint64_t exact = values[rank - 1];
    EXPECT_GE(histogram.Percentile(percent), exact);
    EXPECT_LE(histogram.Percentile(percent), exact + exact / 64 + 1);
  }
  EXPECT_EQ(histogram.min(), values.front());
  EXPECT_EQ(histogram.max(), values.back());
}

TEST(Histogram, TooGreatValuesCountAsTheGreatest) {
  Histogram histogram;
  histogram.Record(~std::uint64_t{0});
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_EQ(histogram.max(), (std::uint64_t{1} << Histogram::kMaxBits) - 1);
}

TEST(Histogram, MergingIsRecordingBoth) {
  Histogram both;
  Histogram odd;
  Histogram even;
  for (std::uint64_t value = 1; value < 10000; ++value) {
    both.Record(value * value);
    (value % 2 == 0 ? even : odd).Record(value * value);
  }
  even.Merge(odd);
  EXPECT_EQ(even.count(), both.count());
  EXPECT_EQ(even.min(), both.min());
  EXPECT_EQ(even.max(), both.max());
  EXPECT_NEAR(even.mean(), both.mean(), 1e-6 * both.mean());
  for (double percent = 0; percent <= 100; percent += 7) {
    EXPECT_EQ(even.Percentile(percent), both.Percentile(percent));
  }
}

}  // namespace
}  // namespace sealwire::load
