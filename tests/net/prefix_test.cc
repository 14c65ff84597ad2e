#include "net/prefix.h"

#include <gtest/gtest.h>

namespace sealwire::net {
namespace {

IpAddress A(const char* text) {
  return IpAddress::FromText(text).value();
}
Prefix P(const char* text) {
  return Prefix::FromText(text).value();
}

TEST(Prefix, HoldsTheAddressesThatBeginLikeIt) {
  EXPECT_TRUE(P("192.0.2.0/24").Contains(A("192.0.2.255")));
  EXPECT_FALSE(P("192.0.2.0/24").Contains(A("192.0.3.0")));
  EXPECT_TRUE(P("10.128.0.0/9").Contains(A("10.255.1.1")));
  EXPECT_FALSE(P("10.128.0.0/9").Contains(A("10.127.255.255")));
  EXPECT_TRUE(P("2001:db8:0:80::/57").Contains(A("2001:db8:0:ff::1")));
  EXPECT_FALSE(P("2001:db8:0:80::/57").Contains(A("2001:db8:0:7f::1")));
  EXPECT_TRUE(P("0.0.0.0/0").Contains(A("203.0.113.9")));
  EXPECT_FALSE(P("0.0.0.0/0").Contains(A("::1")));
  EXPECT_TRUE(P("192.0.2.7").Contains(A("192.0.2.7")));
  EXPECT_FALSE(P("192.0.2.7").Contains(A("192.0.2.6")));
}

TEST(Prefix, IsWrittenAsItIsRead) {
  for (const char* text : {"192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "::1/128"}) {
    EXPECT_EQ(P(text).ToText(), text);
  }
}

TEST(Prefix, TextThatIsNoneIsRefused) {
  for (const char* text : {"192.0.2.0/33", "192.0.2.1/24", "::/129", "192.0.2.0/", "192.0.2.0/x",
                           "192.0.2.0/24x", "/8", "example/8"}) {
    EXPECT_FALSE(Prefix::FromText(text).ok()) << text;
  }
}

TEST(Prefix, LosesWhatLiesBehindItsLength) {
  EXPECT_EQ(Prefix(A("192.0.2.213"), 28).ToText(), "192.0.2.208/28");
  EXPECT_EQ(Prefix(A("192.0.2.213"), 200).ToText(), "192.0.2.213/32");
}

}  // namespace
}  // namespace sealwire::net
