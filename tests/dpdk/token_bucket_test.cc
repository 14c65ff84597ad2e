#include "dpdk/token_bucket.h"

#include <gtest/gtest.h>

namespace sealwire::dpdk {
namespace {

int TakeAll(TokenBucket& bucket) {
  int taken = 0;
  while (bucket.Take()) ++taken;
  return taken;
}

TEST(TokenBucket, GivesItsRateAndNoMoreThanABurst) {
  TokenBucket bucket(2000);
  bucket.SetTime(1'000'000);
  EXPECT_EQ(TakeAll(bucket), 200);
  int taken = 0;
  for (int ms = 1; ms <= 1000; ++ms) {
    bucket.SetTime(static_cast<std::uint64_t>(1'000'000 + ms));
    taken += TakeAll(bucket);
  }
  EXPECT_EQ(taken, 2000);
  bucket.SetTime(9'000'000);
  EXPECT_EQ(TakeAll(bucket), 200);
}

TEST(TokenBucket, SlowRatesAddUp) {
  TokenBucket bucket(3);
  bucket.SetTime(1000);
  TakeAll(bucket);
  int taken = 0;
  for (std::uint64_t ms = 1001; ms <= 3000; ++ms) {
    bucket.SetTime(ms);
    taken += TakeAll(bucket);
  }
  EXPECT_EQ(taken, 6);
}

TEST(TokenBucket, AClockThatStepsBackGivesNothing) {
  TokenBucket bucket(1000);
  bucket.SetTime(5000);
  TakeAll(bucket);
  bucket.SetTime(4000);
  EXPECT_FALSE(bucket.Take());
}

}  // namespace
}  // namespace sealwire::dpdk
