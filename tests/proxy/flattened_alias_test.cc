#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::Rcode;
using dns::RRType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kSoa[] = "cdn.example. 900 IN SOA ns.cdn.example. h.cdn.example. 1 2 3 4 60";

class FlattenedAlias : public PipelineFixture {
 protected:
  FlattenedAlias() {
    Serve(LocalZoneOf("shop.net.",
                      "$TTL 300\n@ IN SOA ns h 1 2 3 4 60\n@ IN NS ns\n@ IN MX 10 mail\n"
                      "@ 600 IN ALIAS edge.cdn.example.\nhere IN ALIAS target\n"
                      "target IN CNAME far\nfar 45 IN A 192.0.2.1\n"
                      "*.any IN ALIAS edge.cdn.example.\nout IN ALIAS www.elsewhere.org.\n"
                      "loop IN ALIAS pool\npool IN ALIAS loop\nvia IN CNAME here\n"
                      "void IN ALIAS nothing\n"));
    Serve(ForwardZoneOf("cdn.example."));
    Backend("edge.cdn.example.", RRType::kA,
            BackendSays()
                .Answer("edge.cdn.example. 30 IN A 198.51.100.1")
                .Answer("edge.cdn.example. 30 IN A 198.51.100.2"));
    Backend("edge.cdn.example.", RRType::kAAAA, BackendSays().Authority(kSoa));
  }
};

TEST_F(FlattenedAlias, TheApexHasTheAddressesOfItsTargetUnderItsOwnSignature) {
  const Reply reply = Get(Ask("shop.net.", RRType::kA).Dnssec());
  EXPECT_TRUE(reply.aa());
  EXPECT_THAT(reply.Answer(), ::testing::UnorderedElementsAre("shop.net. 30 IN A 198.51.100.1",
                                                              "shop.net. 30 IN A 198.51.100.2"));
  EXPECT_EQ(reply.Rrsigs(), 1u);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(FlattenedAlias, WhatTheTargetDoesNotHaveIsDeniedByTheOwnersZone) {
  const Reply reply = Get(Ask("shop.net.", RRType::kAAAA).Dnssec());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_THAT(reply.Answer(), IsEmpty());
  EXPECT_THAT(reply.Authority(),
              ElementsAre("shop.net. 60 IN SOA ns.shop.net. h.shop.net. 1 2 3 4 60",
                          "shop.net. 60 IN NSEC \\000.shop.net. A NS SOA MX RRSIG NSEC DNSKEY"));
  EXPECT_TRUE(Believed(reply));
}

TEST_F(FlattenedAlias, Rule1_OtherDenialsClaimBothAddressTypes) {
  const Reply reply = Get(Ask("shop.net.", RRType::kTXT).Dnssec());
  EXPECT_EQ(reply.Authority()[1],
            "shop.net. 60 IN NSEC \\000.shop.net. A NS SOA MX AAAA RRSIG NSEC DNSKEY");
  EXPECT_TRUE(Believed(reply));
}

TEST_F(FlattenedAlias, WithoutFlatteningItStandsForNothing) {
  auto zone = LocalZoneOf("plain.net.",
                          "$TTL 300\n@ IN SOA ns h 1 2 3 4 60\n@ IN NS ns\n@ IN ALIAS target\n"
                          "target IN A 192.0.2.7\n");
  zone->policy.flatten_alias = false;
  Serve(zone);
  const Reply reply = Get(Ask("plain.net.", RRType::kA).Dnssec());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_THAT(reply.Answer(), IsEmpty());
  EXPECT_TRUE(Believed(reply));
}

TEST_F(FlattenedAlias, ATargetThatDoesNotExistMakesNoNameVanish) {
  for (const bool dnssec : {true, false}) {
    Ask ask("void.shop.net.", RRType::kA);
    if (dnssec) ask.Dnssec();
    const Reply reply = Get(ask);
    EXPECT_EQ(reply.rcode(), 0);
    EXPECT_THAT(reply.Answer(), IsEmpty());
    EXPECT_TRUE(!dnssec || Believed(reply));
    EXPECT_THAT(reply.Authority(), SizeIs(dnssec ? 2 : 1));
  }
}

TEST_F(FlattenedAlias, AliasesOnTheWayAreFollowedAndNotShown) {
  const Reply reply = Get(Ask("here.shop.net.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("here.shop.net. 45 IN A 192.0.2.1"));
  EXPECT_TRUE(Believed(reply));
  const Reply via = Get(Ask("via.shop.net.", RRType::kA).Dnssec());
  EXPECT_THAT(via.Answer(), ElementsAre("via.shop.net. 300 IN CNAME here.shop.net.",
                                        "here.shop.net. 45 IN A 192.0.2.1"));
  EXPECT_TRUE(Believed(via));
}

TEST_F(FlattenedAlias, AWildcardMayBeFlattenedToo) {
  const Reply reply = Get(Ask("x.any.shop.net.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(2));
  EXPECT_EQ(reply.Answer()[0].substr(0, 19), "x.any.shop.net. 30 ");
  EXPECT_TRUE(Believed(reply));
}

TEST_F(FlattenedAlias, TargetsThatAreNotOursAndLoopsAreServfail) {
  for (const char* name : {"out.shop.net.", "loop.shop.net."}) {
    const Reply reply = Get(Ask(name, RRType::kA).Dnssec());
    EXPECT_EQ(reply.rcode(), 2) << name;
    EXPECT_EQ(reply.ExtendedError(), 21) << name;
  }
}

TEST_F(FlattenedAlias, TheRecordItselfIsNeverShown) {
  EXPECT_THAT(Get(Ask("shop.net.", RRType::kALIAS)).Answer(), IsEmpty());
  EXPECT_THAT(Get(Ask("here.shop.net.", RRType::kANY).Dnssec()).Answer(),
              ElementsAre("here.shop.net. 3600 IN HINFO \"RFC8482\" \"\""));
  EXPECT_THAT(Get(Ask("shop.net.", RRType::kMX).Dnssec()).Answer(), SizeIs(1));
}

}  // namespace
}  // namespace sealwire::proxy::testing
