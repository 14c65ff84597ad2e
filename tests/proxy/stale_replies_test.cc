#include "proxy/stale_replies.h"

#include <gtest/gtest.h>

#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;

constexpr std::uint64_t kNow = 1'790'000'000'000;
constexpr std::uint32_t kDay = 86400;

class StaleRepliesTest : public ::testing::Test {
 protected:
  Packet A(const std::string& address) {
    return BackendSays().Answer("www.cdn.example. 60 IN A " + address).To(kName, RRType::kA);
  }
  void Say(const Packet& reply, std::uint64_t now = kNow, std::uint32_t age = kDay,
           std::uint64_t audience = 0) {
    replies.Remember(Asked(), audience, reply, age, now);
  }
  StaleReplies::Question Asked(std::uint64_t id = 1) const {
    return {id, kApex, kName, RRType::kA};
  }
  Packet Found(std::uint64_t now, std::uint64_t id = 1, StaleReplies::Audience audience = {}) {
    const dns::Bytes found = replies.Find(Asked(id), audience, now);
    return {found.begin(), found.end()};
  }
  Packet Nxdomain() const {
    return BackendSays()
        .Rcode(dns::Rcode::kNXDomain)
        .Authority("cdn.example. 60 IN SOA ns. h. 1 2 3 500 60")
        .To(kName, RRType::kA);
  }
  const dns::Name kName = N("www.cdn.example.");
  const dns::Name kApex = N("cdn.example.");
  StaleReplies replies{1 << 16, 5};
};

TEST_F(StaleRepliesTest, WhatWasSaidIsKept) {
  Say(A("192.0.2.1"));
  EXPECT_EQ(Found(kNow), A("192.0.2.1"));
  EXPECT_TRUE(Found(kNow, 2).empty());  // other backends never said so
  EXPECT_TRUE(replies.Find({1, kApex, kName, RRType::kAAAA}, {}, kNow).empty());
}

TEST_F(StaleRepliesTest, ADenialIsKeptOnSecondSight) {
  Say(Nxdomain());
  EXPECT_TRUE(Found(kNow).empty());
  Say(Nxdomain());
  EXPECT_EQ(Found(kNow), Nxdomain());
}

TEST_F(StaleRepliesTest, TheLatestCountsFromTimeToTime) {
  Say(A("192.0.2.1"));
  Say(A("192.0.2.2"), kNow + 9999);
  EXPECT_EQ(Found(kNow + 9999), A("192.0.2.1"));
  Say(A("192.0.2.3"), kNow + 10000);
  EXPECT_EQ(Found(kNow + 10000), A("192.0.2.3"));
}

TEST_F(StaleRepliesTest, AReplyOfAnotherKindCountsAtOnce) {
  Say(Nxdomain());
  Say(Nxdomain());
  Say(A("192.0.2.1"), kNow + 1);
  EXPECT_EQ(Found(kNow + 1), A("192.0.2.1"));
  Say(Nxdomain(), kNow + 2);
  EXPECT_EQ(Found(kNow + 2), Nxdomain());
}

TEST_F(StaleRepliesTest, NothingIsKeptLongerThanItMayBe) {
  Say(A("192.0.2.1"), kNow, 100);
  EXPECT_FALSE(Found(kNow + 99999).empty());
  EXPECT_TRUE(Found(kNow + 100000).empty());
}

TEST_F(StaleRepliesTest, Rfc1035Section3313_TheZonesExpiryBoundsAllOfIt) {
  Say(A("192.0.2.1"));
  const dns::Name other = N("nope.cdn.example.");
  replies.Remember({1, kApex, other, RRType::kA}, 0, Nxdomain(), kDay, kNow);
  EXPECT_FALSE(Found(kNow + 499999).empty());
  EXPECT_TRUE(Found(kNow + 500000).empty());
}

TEST_F(StaleRepliesTest, TheExpiryOfAnotherZoneBoundsNothing) {
  Say(A("192.0.2.1"));
  const dns::Name apex = N("example.");
  replies.Remember({1, apex, kName, RRType::kTXT}, 0, Nxdomain(), kDay, kNow);
  EXPECT_FALSE(Found(kNow + 500000).empty());
}

TEST_F(StaleRepliesTest, ANetworkHearsWhatWasSaidToItOrToEverybodyWhicheverIsYounger) {
  Say(A("192.0.2.1"), kNow, kDay, 7);
  EXPECT_TRUE(Found(kNow, 1, {8, 0}).empty());
  EXPECT_EQ(Found(kNow, 1, {7, 0}), A("192.0.2.1"));
  Say(A("192.0.2.2"), kNow + 5);
  EXPECT_EQ(Found(kNow + 5, 1, {7, 0}), A("192.0.2.2"));
  EXPECT_EQ(Found(kNow + 5, 1, {8, 0}), A("192.0.2.2"));
}

}  // namespace
}  // namespace sealwire::proxy::testing
