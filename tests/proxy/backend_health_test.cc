#include "proxy/backend_health.h"

#include <gtest/gtest.h>

namespace sealwire::proxy {
namespace {

constexpr std::uint64_t kMs = 1000;

TEST(BackendHealth, StaysUpThroughALostBurst) {
  const ForwardOptions options;
  BackendHealth health(options);
  for (int i = 0; i < 100; ++i) health.OnTimeout(1'000'000 + 10 * kMs);
  EXPECT_TRUE(health.up());
}

TEST(BackendHealth, GoesDownAfterFailuresInARowOverAWhile) {
  const ForwardOptions options;
  BackendHealth health(options);
  for (int i = 0; i < options.failures_to_down; ++i) {
    EXPECT_TRUE(health.up());
    health.OnTimeout(1'000'000 + static_cast<std::uint64_t>(i) * 200 * kMs);
  }
  EXPECT_FALSE(health.up());
}

TEST(BackendHealth, AnAnswerEndsTheRow) {
  const ForwardOptions options;
  BackendHealth health(options);
  for (int i = 0; i < 20; ++i) {
    const std::uint64_t now = 1'000'000 + static_cast<std::uint64_t>(i) * 400 * kMs;
    health.OnTimeout(now);
    health.OnTimeout(now);
    health.OnAnswer(5 * kMs);
  }
  EXPECT_TRUE(health.up());
}

TEST(BackendHealth, ARefusalNeedsNoWaiting) {
  const ForwardOptions options;
  BackendHealth health(options);
  for (int i = 0; i < options.failures_to_down; ++i) health.OnRefused(1'000'000);
  EXPECT_FALSE(health.up());
}

TEST(BackendHealth, AnyAnswerBringsItUp) {
  const ForwardOptions options;
  BackendHealth health(options);
  for (int i = 0; i < options.failures_to_down; ++i) health.OnRefused(1'000'000);
  health.OnAlive();
  EXPECT_TRUE(health.up());
  health.OnRefused(2'000'000);
  EXPECT_TRUE(health.up());
}

TEST(BackendHealth, ProbesAreDueAtIntervalsThatDouble) {
  ForwardOptions options;
  options.first_probe = std::chrono::milliseconds(100);
  options.max_probe = std::chrono::milliseconds(300);
  BackendHealth health(options);
  EXPECT_FALSE(health.ProbeDue(~std::uint64_t{0}));
  for (int i = 0; i < options.failures_to_down; ++i) health.OnRefused(0);
  std::uint64_t now = 0;
  for (const std::uint64_t interval : {100, 100, 200, 300, 300}) {
    EXPECT_FALSE(health.ProbeDue(now + interval * kMs - 1)) << interval;
    now += interval * kMs;
    EXPECT_TRUE(health.ProbeDue(now)) << interval;
    health.ProbeSent(now);
  }
}

TEST(BackendHealth, Rfc6298Section2_TimeoutFollowsTheRoundTrip) {
  const ForwardOptions options;
  BackendHealth health(options);
  EXPECT_EQ(health.TimeoutUs(0), 400 * kMs);
  health.OnAnswer(100 * kMs);
  EXPECT_EQ(health.round_trip_us(), 100 * kMs);
  EXPECT_EQ(health.TimeoutUs(0), 300 * kMs);  // R + 4 * R/2
  for (int i = 0; i < 100; ++i) health.OnAnswer(100 * kMs);
  EXPECT_LT(health.TimeoutUs(0), 110 * kMs);
  EXPECT_GE(health.TimeoutUs(0), 100 * kMs);
}

TEST(BackendHealth, TimeoutsHaveBoundsAndDouble) {
  const ForwardOptions options;
  BackendHealth health(options);
  for (int i = 0; i < 100; ++i) health.OnAnswer(50);
  EXPECT_EQ(health.TimeoutUs(0), 50 * kMs);
  EXPECT_EQ(health.TimeoutUs(1), 100 * kMs);
  EXPECT_EQ(health.TimeoutUs(100), 1000 * kMs);
}

}  // namespace
}  // namespace sealwire::proxy
