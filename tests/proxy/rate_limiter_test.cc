#include "proxy/rate_limiter.h"

#include <gtest/gtest.h>

namespace sealwire::proxy {
namespace {

using Kind = RateLimiter::Kind;
using Verdict = RateLimiter::Verdict;

net::IpAddress A(const std::string& text) {
  return net::IpAddress::FromText(text).value();
}

RateLimitOptions FivePerSecond() {
  RateLimitOptions options;
  options.responses_per_second = 5;
  options.nxdomains_per_second = 3;
  options.errors_per_second = 2;
  options.window = 10;
  options.slip = 2;
  options.table_size = 1024;
  return options;
}

struct Tally {
  int sent = 0;
  int slipped = 0;
  int dropped = 0;
};

class RateLimiterTest : public ::testing::Test {
 protected:
  Tally Send(int count, const std::string& client, Kind kind, std::uint64_t what,
             std::uint32_t now) {
    Tally tally;
    for (int i = 0; i < count; ++i) {
      switch (limiter.Debit(A(client), kind, what, now)) {
        case Verdict::kSend:
          ++tally.sent;
          break;
        case Verdict::kSlip:
          ++tally.slipped;
          break;
        case Verdict::kDrop:
          ++tally.dropped;
      }
    }
    return tally;
  }
  RateLimiter limiter{FivePerSecond(), 7};
};

TEST_F(RateLimiterTest, ASecondsWorthIsSentAndHalfOfTheRestSlips) {
  const Tally tally = Send(25, "192.0.2.1", Kind::kResponse, 1, 100);
  EXPECT_EQ(tally.sent, 5);
  EXPECT_EQ(tally.slipped, 10);
  EXPECT_EQ(tally.dropped, 10);
}

TEST_F(RateLimiterTest, CreditComesBackEachSecond) {
  Send(5, "192.0.2.1", Kind::kResponse, 1, 100);
  for (std::uint32_t second = 101; second < 130; ++second) {
    EXPECT_EQ(Send(5, "192.0.2.1", Kind::kResponse, 1, second).sent, 5) << second;
  }
  EXPECT_EQ(Send(20, "192.0.2.1", Kind::kResponse, 1, 131).sent, 5);  // unused credit does not heap
}

TEST_F(RateLimiterTest, DebtKeepsALoudClientOutUntilItIsQuiet) {
  Send(1000, "192.0.2.1", Kind::kResponse, 1, 100);  // down to the limit: ten seconds' worth
  EXPECT_EQ(Send(1, "192.0.2.1", Kind::kResponse, 1, 109).sent, 0);
  EXPECT_EQ(Send(1, "192.0.2.1", Kind::kResponse, 1, 111).sent, 1);
  Send(1000, "192.0.2.1", Kind::kResponse, 1, 200);
  EXPECT_EQ(Send(9, "192.0.2.1", Kind::kResponse, 1, 211).sent, 5);  // a window of quiet: forgotten
}

TEST_F(RateLimiterTest, KindsNamesAndNetworksHaveAccountsOfTheirOwn) {
  Send(50, "192.0.2.1", Kind::kResponse, 1, 100);
  EXPECT_EQ(Send(9, "192.0.2.254", Kind::kResponse, 1, 100).sent, 0);  // the same /24
  EXPECT_EQ(Send(9, "192.0.3.1", Kind::kResponse, 1, 100).sent, 5);
  EXPECT_EQ(Send(9, "192.0.2.1", Kind::kResponse, 2, 100).sent, 5);
  EXPECT_EQ(Send(9, "192.0.2.1", Kind::kNxdomain, 1, 100).sent, 3);
  EXPECT_EQ(Send(9, "192.0.2.1", Kind::kError, 1, 100).sent, 2);
  EXPECT_EQ(Send(9, "192.0.2.1", Kind::kError, 99, 100).sent, 0);  // whatever it is about
  Send(50, "2001:db8:0:1::1", Kind::kResponse, 1, 100);
  EXPECT_EQ(Send(9, "2001:db8:0:ff::9", Kind::kResponse, 1, 100).sent, 0);  // the same /56
  EXPECT_EQ(Send(9, "2001:db8:0:100::9", Kind::kResponse, 1, 100).sent, 5);
}

TEST_F(RateLimiterTest, TheExemptAreNeverLimited) {
  RateLimitOptions options = FivePerSecond();
  options.exempt = {net::Prefix::FromText("192.0.2.0/25").value()};
  limiter = RateLimiter(options, 7);
  EXPECT_EQ(Send(100, "192.0.2.1", Kind::kResponse, 1, 100).sent, 100);
  EXPECT_EQ(Send(100, "192.0.2.200", Kind::kResponse, 1, 100).sent, 5);
}

TEST_F(RateLimiterTest, SlipOneSendsAllCutShortAndSlipZeroNone) {
  RateLimitOptions options = FivePerSecond();
  options.slip = 1;
  limiter = RateLimiter(options, 7);
  EXPECT_EQ(Send(25, "192.0.2.1", Kind::kResponse, 1, 100).slipped, 20);
  options.slip = 0;
  limiter = RateLimiter(options, 7);
  EXPECT_EQ(Send(25, "192.0.2.1", Kind::kResponse, 1, 100).dropped, 20);
}

TEST_F(RateLimiterTest, AllPerSecondBoundsNamesThatNeverRepeat) {
  RateLimitOptions options = FivePerSecond();
  options.all_per_second = 20;
  limiter = RateLimiter(options, 7);
  int sent = 0;
  for (std::uint64_t name = 1; name <= 100; ++name) {
    sent += Send(1, "192.0.2.1", Kind::kResponse, name * 0x9e3779b97f4a7c15u, 100).sent;
  }
  EXPECT_EQ(sent, 20);
}

TEST_F(RateLimiterTest, AFloodOfNetworksLosesAccountsAndNothingElse) {
  int limited = 0;
  for (int i = 0; i < 100000; ++i) {
    const std::string client = std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." +
                               std::to_string(i & 255) + ".1";
    limited +=
        Send(1, client, Kind::kResponse, 1, 100 + static_cast<std::uint32_t>(i) / 1000).sent == 0;
  }
  EXPECT_LT(limited, 100);  // hashes that meet by chance
  EXPECT_EQ(Send(25, "192.0.2.1", Kind::kResponse, 1, 500).sent, 5);
}

TEST_F(RateLimiterTest, WithoutARateItIsOff) {
  EXPECT_FALSE(RateLimiter(RateLimitOptions(), 7).enabled());
  EXPECT_TRUE(limiter.enabled());
}

}  // namespace
}  // namespace sealwire::proxy
