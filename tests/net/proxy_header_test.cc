#include "net/proxy_header.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sealwire::net {
namespace {

using Parse = ProxyHeaderParse;
using Octets = std::vector<std::uint8_t>;

Endpoint E(const char* text) {
  return Endpoint::FromText(text).value();
}

const Octets kSignature = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

Octets Header(std::uint8_t command, std::uint8_t family, const Octets& rest) {
  Octets out = kSignature;
  out.push_back(command);
  out.push_back(family);
  out.push_back(static_cast<std::uint8_t>(rest.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(rest.size()));
  out.insert(out.end(), rest.begin(), rest.end());
  return out;
}

const Octets kV4 = {192, 0, 2, 1, 198, 51, 100, 53, 0x80, 0x01, 0, 53};

TEST(ProxyHeader, Section22_AnIpv4ClientOverUdp) {
  ProxyHeader header;
  Octets data = Header(0x21, 0x12, kV4);
  data.push_back('q');
  ASSERT_EQ(ParseProxyHeader(data, header), Parse::kWhole);
  EXPECT_FALSE(header.local);
  EXPECT_EQ(header.source.ToText(), "192.0.2.1:32769");
  EXPECT_EQ(header.size, 28u);
}

TEST(ProxyHeader, Section22_FieldsBehindTheAddressesAreSkipped) {
  Octets rest = kV4;
  rest.insert(rest.end(), 100, 0xee);
  ProxyHeader header;
  EXPECT_EQ(ParseProxyHeader(Header(0x21, 0x11, rest), header), Parse::kWhole);
  EXPECT_EQ(header.size, 128u);
  rest.resize(1025);
  EXPECT_EQ(ParseProxyHeader(Header(0x21, 0x11, rest), header), Parse::kBad);
}

TEST(ProxyHeader, Section22_LocalAndUnknownFamiliesNameNoClient) {
  ProxyHeader header;
  EXPECT_EQ(ParseProxyHeader(Header(0x20, 0x00, {}), header), Parse::kWhole);
  EXPECT_TRUE(header.local);
  EXPECT_EQ(ParseProxyHeader(Header(0x21, 0x31, Octets(216)), header), Parse::kWhole);
  EXPECT_TRUE(header.local);
}

TEST(ProxyHeader, WhatIsNoneIsBadAndABeginningWantsMore) {
  const Octets whole = Header(0x21, 0x12, kV4);
  ProxyHeader header;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(ParseProxyHeader(dns::Bytes(whole).first(size), header), Parse::kMore) << size;
  }
  EXPECT_EQ(ParseProxyHeader(Header(0x11, 0x12, kV4), header), Parse::kBad);         // version 1
  EXPECT_EQ(ParseProxyHeader(Header(0x22, 0x12, kV4), header), Parse::kBad);         // no command
  EXPECT_EQ(ParseProxyHeader(Header(0x21, 0x12, Octets(11)), header), Parse::kBad);  // too short
  EXPECT_EQ(ParseProxyHeader(Header(0x21, 0x22, Octets(35)), header), Parse::kBad);
  Octets other = whole;
  other[4] = 1;
  EXPECT_EQ(ParseProxyHeader(dns::Bytes(other).first(5), header), Parse::kBad);
}

TEST(ProxyHeader, IsReadAsItWasWritten) {
  struct Case {
    const char* source;
    const char* destination;
    std::size_t size;
  };
  for (const Case& c : {Case{"192.0.2.1:4053", "198.51.100.1:53", 28},
                        Case{"[2001:db8::1]:4053", "[2001:db8::53]:53", 52},
                        Case{"192.0.2.1:4053", "[2001:db8::53]:53", 52},
                        Case{"[2001:db8::1]:4053", "198.51.100.1:53", 52}}) {
    std::array<std::uint8_t, ProxyHeader::kMaxWritten> out;
    const std::size_t size =
        WriteProxyHeader(E(c.source), E(c.destination), ProxiedTransport::kDatagram, out);
    EXPECT_EQ(size, c.size);
    ProxyHeader header;
    ASSERT_EQ(ParseProxyHeader(dns::Bytes(out).first(size), header), Parse::kWhole);
    EXPECT_EQ(header.source.ToText(), c.source);
  }
}

}  // namespace
}  // namespace sealwire::net
