#include "net/client_limits.h"

#include <gtest/gtest.h>

namespace sealwire::net {
namespace {

IpAddress A(const char* text) {
  return IpAddress::FromText(text).value();
}

TEST(ClientLimits, GrantsEachClientItsShare) {
  ClientLimits limits(2);
  EXPECT_TRUE(limits.Enter(A("192.0.2.1")));
  EXPECT_TRUE(limits.Enter(A("192.0.2.1")));
  EXPECT_FALSE(limits.Enter(A("192.0.2.1")));
  EXPECT_TRUE(limits.Enter(A("192.0.2.2")));
  limits.Leave(A("192.0.2.1"));
  EXPECT_TRUE(limits.Enter(A("192.0.2.1")));
}

TEST(ClientLimits, AnIpv6NetworkIsOneClient) {
  ClientLimits limits(1);
  EXPECT_TRUE(limits.Enter(A("2001:db8:0:1::1")));
  EXPECT_FALSE(limits.Enter(A("2001:db8:0:1:ffff::2")));
  EXPECT_TRUE(limits.Enter(A("2001:db8:0:2::1")));
}

TEST(ClientLimits, TheFamiliesDoNotMeet) {
  ClientLimits limits(1);
  EXPECT_TRUE(limits.Enter(A("0.0.0.1")));
  EXPECT_TRUE(limits.Enter(A("::1")));
  EXPECT_TRUE(limits.Enter(A("0:0:0:1::")));
  EXPECT_FALSE(limits.Enter(A("0.0.0.1")));
}

TEST(ClientLimits, LeavingWithoutHavingEnteredChangesNothing) {
  ClientLimits limits(1);
  limits.Leave(A("192.0.2.1"));
  EXPECT_TRUE(limits.Enter(A("192.0.2.1")));
  EXPECT_FALSE(limits.Enter(A("192.0.2.1")));
}

}  // namespace
}  // namespace sealwire::net
