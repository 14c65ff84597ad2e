// EDNS Client Subnet through the proxy (RFC 7871): what the asker says is passed on, what it did
// not say is not answered, and an answer is shared by the network it is for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/edns_option.h"
#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;

constexpr std::uint16_t kSubnet = 8;

ClientSubnet Net(const std::string& address, std::uint8_t prefix) {
  return {net::IpAddress::FromText(address).value(), prefix};
}

std::string Data(const std::string& address, std::uint8_t prefix, std::uint8_t scope = 0) {
  std::array<std::uint8_t, ClientSubnet::kMaxOption> octets;
  dns::Writer writer(octets);
  WriteClientSubnet(Net(address, prefix), scope, writer);
  return {octets.begin() + 4, octets.begin() + static_cast<std::ptrdiff_t>(writer.size())};
}

class Subnets : public PipelineFixture {
 protected:
  Subnets() {
    auto zone = ForwardZoneOf("cdn.example.");
    zone->policy.forward_cache_seconds = 60;
    Serve(zone);
    client_.address = net::IpAddress::FromText("192.0.2.77").value();
    Says("198.51.100.0", 24, 20);
  }
  void Says(const std::string& address, std::uint8_t prefix, std::uint8_t scope) {
    Backend("www.cdn.example.", RRType::kA,
            BackendSays()
                .Answer("www.cdn.example. 300 IN A 192.0.2.1")
                .Scope(Net(address, prefix), scope));
  }
  static Ask Www() { return Ask("www.cdn.example.", RRType::kA).Dnssec(); }
  static Ask From(const std::string& address, std::uint8_t prefix) {
    return Www().Option(kSubnet, Data(address, prefix));
  }
  bool Asked(const Ask& ask) {
    const std::size_t before = backend_.asked.size();
    last_ = Get(ask);
    return backend_.asked.size() > before;
  }
  Reply last_;
};

TEST_F(Subnets, Rfc7871Section721_TheAskersSubnetIsPassedOnAndTheScopeComesBack) {
  const Reply reply = Get(From("198.51.100.0", 24));
  EXPECT_EQ(backend_.subnet, Net("198.51.100.0", 24));
  EXPECT_EQ(OptionOf(reply, kSubnet), Data("198.51.100.0", 24, 20));
  EXPECT_TRUE(Believed(reply));
}

TEST_F(Subnets, Rfc7871Section6_WhoSaysNothingIsToldNothing) {
  Says("192.0.2.0", 24, 0);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(OptionOf(Get(Www()), kSubnet), std::nullopt);
  EXPECT_EQ(Counted(Count::kCacheHits), 2u);
}

TEST_F(Subnets, ABackendThatKnowsNoSubnetsHasNoneRepeated) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays().Answer("www.cdn.example. 300 IN A 192.0.2.1"));
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(OptionOf(Get(From("198.51.100.0", 24)), kSubnet), std::nullopt);
}

TEST_F(Subnets, Rfc7871Section6_MalformedSubnetsAreAFormatError) {
  for (const std::string& data :
       {std::string("\0\1", 2), std::string("\0\1\x18\0\xc6\x33", 6),
        std::string("\0\1\x18\0\xc6\x33\x64\0", 8), std::string("\0\1\x17\0\xc6\x33\x65", 7),
        std::string("\0\1\x21\0\xc6\x33\x64\1\1", 9), std::string("\0\1\x18\x18\xc6\x33\x64", 7)}) {
    EXPECT_EQ(Get(Www().Option(kSubnet, data)).rcode(), 1);
  }
  EXPECT_EQ(Get(Www().Option(kSubnet, std::string("\0\x63\0\0", 4))).rcode(), 0);  // no such family
}

TEST_F(Subnets, Rfc7871Section731_AnAnswerIsSharedByTheNetworksInItsScope) {
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Asked(From("198.51.100.0", 24)));
  EXPECT_FALSE(Asked(From("198.51.100.0", 24)));
  EXPECT_EQ(OptionOf(last_, kSubnet), Data("198.51.100.0", 24, 20));
  EXPECT_TRUE(Believed(last_));
  EXPECT_FALSE(Asked(From("198.51.111.0", 24)));  // in 198.51.96.0/20 too
  EXPECT_EQ(OptionOf(last_, kSubnet), Data("198.51.111.0", 24, 20));
  EXPECT_TRUE(Asked(From("198.51.112.0", 24)));
  client_.address = net::IpAddress::FromText("198.51.97.1").value();
  EXPECT_FALSE(Asked(Www()));  // is in it, and says nothing
  EXPECT_EQ(OptionOf(last_, kSubnet), std::nullopt);
}

TEST_F(Subnets, Rfc7871Section731_EachNetworkHasItsOwnAnswer) {
  const std::vector<std::string> networks = {"198.51.100.0", "198.51.101.0", "203.0.113.0"};
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const std::string address = "192.0.2." + std::to_string(i + 1);
    Backend("www.cdn.example.", RRType::kA,
            BackendSays()
                .Answer("www.cdn.example. 300 IN A " + address)
                .Scope(Net(networks[i], 24), 24));
    for (int times = 0; times < 3; ++times) Get(From(networks[i], 24));
  }
  for (std::size_t i = 0; i < networks.size(); ++i) {
    EXPECT_FALSE(Asked(From(networks[i], 24)));
    EXPECT_THAT(last_.Answer(), ::testing::ElementsAre("www.cdn.example. 300 IN A 192.0.2." +
                                                       std::to_string(i + 1)));
  }
  EXPECT_TRUE(Asked(From("198.51.102.0", 24)));
}

TEST_F(Subnets, Rfc7871Section731_TheSmallestNetworkAroundTheClientCounts) {
  Says("198.51.100.0", 24, 24);
  for (int times = 0; times < 3; ++times) Get(From("198.51.100.0", 24));
  // An answer for 198.51.0.0/16 lies around it.
  Backend("www.cdn.example.", RRType::kA,
          BackendSays()
              .Answer("www.cdn.example. 300 IN A 192.0.2.16")
              .Scope(Net("198.51.7.0", 24), 16));
  for (int times = 0; times < 3; ++times) Get(From("198.51.7.0", 24));
  EXPECT_FALSE(Asked(From("198.51.100.0", 24)));
  EXPECT_THAT(last_.Answer(), ::testing::ElementsAre("www.cdn.example. 300 IN A 192.0.2.1"));
  EXPECT_FALSE(Asked(From("198.51.99.0", 24)));
  EXPECT_THAT(last_.Answer(), ::testing::ElementsAre("www.cdn.example. 300 IN A 192.0.2.16"));
}

TEST_F(Subnets, Rfc7871Section731_AScopeLongerThanWhatWasToldIsForThatNetworkAlone) {
  Says("198.51.100.0", 24, 28);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Asked(From("198.51.100.0", 24)));
  EXPECT_FALSE(Asked(From("198.51.100.0", 24)));
  // Of networks that were told shorter than we ever tell none is kept.
  Says("198.51.0.0", 16, 20);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(Asked(From("198.51.0.0", 16)));
}

TEST_F(Subnets, Rfc7871Section731_WhoTellsLessThanTheScopeIsNotInIt) {
  for (int i = 0; i < 3; ++i) Get(From("198.51.100.0", 24));
  EXPECT_TRUE(Asked(From("198.51.0.0", 16)));
}

TEST_F(Subnets, Rfc7871Section731_Ipv6NetworksAreKeptApart) {
  Says("2001:db8:1:200::", 56, 56);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Asked(From("2001:db8:1:200::", 56)));
  EXPECT_FALSE(Asked(From("2001:db8:1:200::", 56)));
  EXPECT_TRUE(Asked(From("2001:db8:1:300::", 56)));
}

TEST_F(Subnets, Rfc7871Section111_MoreThanTheMostIsNotPassedOn) {
  EXPECT_TRUE(Asked(From("198.51.100.77", 32)));
  EXPECT_EQ(backend_.subnet, Net("198.51.100.0", 24));
  EXPECT_EQ(OptionOf(last_, kSubnet), Data("198.51.100.77", 32, 20));
  EXPECT_TRUE(Asked(From("2001:db8:1:2ff::1", 128)));
  EXPECT_EQ(backend_.subnet, Net("2001:db8:1:200::", 56));
}

TEST_F(Subnets, AZoneWhoseBackendsAreToldNothingTellsNothing) {
  auto zone = ForwardZoneOf("cdn.example.");
  auto forward = std::make_shared<ForwardSet>(*zone->forward);
  forward->client_address = ClientAddress::kNone;
  zone->forward = forward;
  Serve(zone);
  EXPECT_TRUE(Asked(From("198.51.100.0", 24)));
  EXPECT_EQ(backend_.subnet, std::nullopt);
  EXPECT_EQ(OptionOf(last_, kSubnet), std::nullopt);
}

TEST_F(Subnets, Rfc7871Section731_ScopeZeroIsForEverybody) {
  Says("198.51.100.0", 24, 0);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Asked(From("198.51.100.0", 24)));
  EXPECT_FALSE(Asked(From("203.0.113.0", 24)));
  EXPECT_EQ(OptionOf(last_, kSubnet), Data("203.0.113.0", 24, 0));
}

TEST_F(Subnets, Rfc7871Section712_WhoOptsOutIsAskedForWithoutANetworkAndSharesNothing) {
  Says("0.0.0.0", 0, 0);
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(Asked(From("0.0.0.0", 0)));
    EXPECT_EQ(backend_.subnet, Net("0.0.0.0", 0));
    EXPECT_EQ(OptionOf(last_, kSubnet), Data("0.0.0.0", 0, 0));
  }
}

TEST_F(Subnets, Rfc7871Section712_AnUnknownFamilyIsAWishToBeLeftOut) {
  EXPECT_TRUE(Asked(Www().Option(kSubnet, std::string("\0\0\0\0", 4))));
  EXPECT_EQ(backend_.subnet, Net("0.0.0.0", 0));
}

TEST_F(Subnets, Rfc7871Section712_TheWishOutlivesALongQuery) {
  EXPECT_TRUE(Asked(From("0.0.0.0", 0).Option(12, std::string(600, '\0'))));
  EXPECT_EQ(backend_.subnet, Net("0.0.0.0", 0));
  // Also of a family that nobody knows, with as much as it likes to say.
  EXPECT_TRUE(Asked(Www().Option(kSubnet, std::string("\0\x63", 2) + std::string(600, '\1'))));
  EXPECT_EQ(backend_.subnet, Net("0.0.0.0", 0));
}

}  // namespace
}  // namespace sealwire::proxy::testing
