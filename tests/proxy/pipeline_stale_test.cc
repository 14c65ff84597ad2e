// RFC 8767: what is said while no backend can be asked.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Stale : public PipelineFixture {
 protected:
  Stale() {
    auto zone = ForwardZoneOf("cdn.example.");
    zone->policy.serve_stale = 86400;
    Serve(zone);
    Backend("www.cdn.example.", RRType::kA,
            BackendSays().Answer("www.cdn.example. 3600 IN A 192.0.2.1"));
    Backend(
        "nope.cdn.example.", RRType::kA,
        BackendSays()
            .Rcode(dns::Rcode::kNXDomain)
            .Authority("cdn.example. 3600 IN SOA ns.cdn.example. h.cdn.example. 1 2 3 9000 60"));
    Backend("alias.cdn.example.", RRType::kA,
            BackendSays().Answer("alias.cdn.example. 60 IN CNAME www.cdn.example."));
  }
  // The backends know each name well, and then go.
  void Away(const Ask& ask) {
    for (int i = 0; i < 3; ++i) ASSERT_EQ(Get(ask).ExtendedError(), -1);
    backend_.up = false;
  }
  static Ask Www() { return Ask("www.cdn.example.", RRType::kA).Dnssec(); }
};

TEST_F(Stale, Rfc8767Section4_TheLastAnswerIsGivenSignedAnewWithAShortTtl) {
  Away(Www());
  MoveTo(kNow + 80000);
  const Reply reply = Get(Www());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_EQ(reply.ExtendedError(), 3);
  EXPECT_THAT(reply.Answer(), ElementsAre("www.cdn.example. 30 IN A 192.0.2.1"));
  EXPECT_TRUE(Believed(reply));
  EXPECT_EQ(Counted(Count::kAnswersStale), 1u);
}

TEST_F(Stale, Rfc8914Section420_AStaleDenialSaysSo) {
  const Ask ask = Ask("nope.cdn.example.", RRType::kA).Dnssec();
  Away(ask);
  const Reply reply = Get(ask);
  EXPECT_EQ(reply.ExtendedError(), 19);
  EXPECT_TRUE(Believed(reply));
  EXPECT_EQ(Get(Ask("nope.cdn.example.", RRType::kA).Edns()).rcode(), 3);
}

TEST_F(Stale, AliasesAreFollowedThroughWhatIsKnown) {
  const Ask ask = Ask("alias.cdn.example.", RRType::kA).Dnssec();
  Away(ask);
  const Reply reply = Get(ask);
  EXPECT_EQ(reply.ExtendedError(), 3);
  EXPECT_THAT(reply.Answer(), ElementsAre("alias.cdn.example. 30 IN CNAME www.cdn.example.",
                                          "www.cdn.example. 30 IN A 192.0.2.1"));
  EXPECT_TRUE(Believed(reply));
}

TEST_F(Stale, WhatNobodyKnowsIsServerFailureWithTheReason) {
  Away(Www());
  const Reply reply = Get(Ask("other.cdn.example.", RRType::kA).Dnssec());
  EXPECT_EQ(reply.rcode(), 2);
  EXPECT_EQ(reply.ExtendedError(), 22);
  EXPECT_THAT(reply.Answer(), IsEmpty());
}

TEST_F(Stale, OneAnswerIsEnoughToBeGivenAgain) {
  Get(Www());
  backend_.up = false;
  EXPECT_EQ(Get(Www()).ExtendedError(), 3);
}

TEST_F(Stale, WhatWasSeenToExistIsNotDenied) {
  const Ask ask = Ask("nope.cdn.example.", RRType::kA).Dnssec();
  for (int i = 0; i < 3; ++i) Get(ask);
  Backend("nope.cdn.example.", RRType::kA,
          BackendSays().Answer("nope.cdn.example. 60 IN A 192.0.2.5"));
  Get(ask);  // within the time for which what is kept is not looked at again
  backend_.up = false;
  const Reply reply = Get(ask);
  EXPECT_EQ(reply.ExtendedError(), 3);
  EXPECT_THAT(reply.Answer(), ElementsAre("nope.cdn.example. 30 IN A 192.0.2.5"));
}

TEST_F(Stale, ADenialOfOneTypeSaysNothingOfAnother) {
  Away(Ask("nope.cdn.example.", RRType::kA).Dnssec());
  EXPECT_EQ(Get(Ask("nope.cdn.example.", RRType::kTXT).Dnssec()).rcode(), 2);
}

TEST_F(Stale, Rfc1035Section3313_TheExpiryThatADenialShowedBoundsEveryAnswer) {
  for (int i = 0; i < 2; ++i) Get(Ask("nope.cdn.example.", RRType::kA).Dnssec());
  Away(Www());
  MoveTo(kNow + 8999);
  EXPECT_EQ(Get(Www()).ExtendedError(), 3);
  MoveTo(kNow + 9000);
  EXPECT_EQ(Get(Www()).rcode(), 2);
}

TEST_F(Stale, Rfc7871Section731_WhatWasSaidToOneNetworkIsSaidToNoOther) {
  const auto net = [](const char* text) {
    return ClientSubnet{net::IpAddress::FromText(text).value(), 24};
  };
  Backend(
      "www.cdn.example.", RRType::kA,
      BackendSays().Answer("www.cdn.example. 3600 IN A 192.0.2.1").Scope(net("198.51.100.0"), 24));
  client_.address = net::IpAddress::FromText("198.51.100.7").value();
  Get(Www());
  backend_.up = false;
  EXPECT_EQ(Get(Www()).ExtendedError(), 3);
  client_.address = net::IpAddress::FromText("203.0.113.7").value();
  EXPECT_EQ(Get(Www()).rcode(), 2);
}

TEST_F(Stale, WhatIsTooOldIsNotGiven) {
  Away(Www());
  MoveTo(kNow + 86401);
  EXPECT_EQ(Get(Www()).rcode(), 2);
}

TEST_F(Stale, ABackendThatAnswersServerFailureIsAwayToo) {
  for (int i = 0; i < 3; ++i) Get(Www());
  Backend("www.cdn.example.", RRType::kA, BackendSays().Rcode(dns::Rcode::kServFail));
  const Reply reply = Get(Www());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_EQ(reply.ExtendedError(), 3);
}

TEST_F(Stale, WhoComesBackIsBelievedAtOnce) {
  Away(Www());
  EXPECT_EQ(Get(Www()).ExtendedError(), 3);
  backend_.up = true;
  Backend("www.cdn.example.", RRType::kA,
          BackendSays().Answer("www.cdn.example. 3600 IN A 192.0.2.9"));
  const Reply reply = Get(Www());
  EXPECT_EQ(reply.ExtendedError(), -1);
  EXPECT_THAT(reply.Answer(), ElementsAre("www.cdn.example. 3600 IN A 192.0.2.9"));
}

TEST_F(Stale, AZoneWithoutThePolicyGetsNone) {
  Serve(ForwardZoneOf("cdn.example."));
  for (int i = 0; i < 3; ++i) Get(Www());
  backend_.up = false;
  EXPECT_EQ(Get(Www()).rcode(), 2);
}

}  // namespace
}  // namespace sealwire::proxy::testing
