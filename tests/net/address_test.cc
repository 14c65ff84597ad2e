#include "net/address.h"

#include <gtest/gtest.h>

namespace sealwire::net {
namespace {

std::string RoundTrip(std::string_view text) {
  auto endpoint = Endpoint::FromText(text);
  return endpoint.ok() ? endpoint->ToText() : "error: " + endpoint.error();
}

TEST(IpAddress, DefaultIsTheIpv4Wildcard) {
  EXPECT_FALSE(IpAddress().IsV6());
  EXPECT_EQ(IpAddress().ToText(), "0.0.0.0");
  EXPECT_EQ(IpAddress::FromText("0.0.0.0").value(), IpAddress());
}

TEST(IpAddress, TextGivesTheSameValueAsOctets) {
  EXPECT_EQ(IpAddress::FromText("192.0.2.1").value(), IpAddress::V4({192, 0, 2, 1}));
  EXPECT_EQ(IpAddress::FromText("2001:db8::1").value(),
            IpAddress::V6({0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
}

TEST(IpAddress, AWildcardOfEachFamilyIsAnotherAddress) {
  EXPECT_NE(IpAddress::FromText("::").value(), IpAddress());
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "192.0.2", "192.0.2.256", "192.0.2.1 ", "::g", "example.com",
                           "fe80::1%eth0", "01.2.3.4.5", "1:2:3:4:5:6:7:8:9"}) {
    EXPECT_FALSE(IpAddress::FromText(text).ok()) << text;
  }
  EXPECT_FALSE(IpAddress::FromText(std::string_view("1.2.3.4\0x", 9)).ok());
  EXPECT_FALSE(IpAddress::FromText(std::string(1000, '1')).ok());
}

TEST(Endpoint, TextRoundTrips) {
  EXPECT_EQ(RoundTrip("192.0.2.1:5300"), "192.0.2.1:5300");
  EXPECT_EQ(RoundTrip("[2001:db8::1]:853"), "[2001:db8::1]:853");
}

TEST(Endpoint, TakesTheDefaultPortWhenNoneIsGiven) {
  EXPECT_EQ(RoundTrip("192.0.2.1"), "192.0.2.1:53");
  EXPECT_EQ(RoundTrip("[2001:db8::1]"), "[2001:db8::1]:53");
  EXPECT_EQ(RoundTrip("2001:db8::1"), "[2001:db8::1]:53");
  EXPECT_EQ(Endpoint::FromText("::1", 9153)->port, 9153);
}

TEST(Endpoint, RefusesPortsOutsideTheirRange) {
  for (const char* text : {"192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:53x",
                           "192.0.2.1:-1", "192.0.2.1:+1", "[::1]:", "[::1]:99999999999999"}) {
    EXPECT_FALSE(Endpoint::FromText(text).ok()) << text;
  }
}

TEST(Endpoint, RefusesMisplacedBrackets) {
  for (const char* text : {"[::1", "[::1]53", "[192.0.2.1]:53", "::1]:53", "[]", ""}) {
    EXPECT_FALSE(Endpoint::FromText(text).ok()) << text;
  }
}

TEST(Endpoint, AnErrorNamesTheTextAndTheRemedy) {
  const auto endpoint = Endpoint::FromText("ns1.example.com:53");
  ASSERT_FALSE(endpoint.ok());
  EXPECT_NE(endpoint.error().find("ns1.example.com:53"), std::string::npos);
  EXPECT_NE(endpoint.error().find("ADDRESS:PORT"), std::string::npos);
}

}  // namespace
}  // namespace sealwire::net
