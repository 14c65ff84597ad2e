// Answers of zones behind a backend that knows nothing of DNSSEC and may say anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::Rcode;
using dns::RRType;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kSoa[] = "cdn.example. 900 IN SOA ns.cdn.example. h.cdn.example. 1 2 3 4 60";
constexpr char kSoaSent[] = "cdn.example. 60 IN SOA ns.cdn.example. h.cdn.example. 1 2 3 4 60";

class ForwardAnswers : public PipelineFixture {
 protected:
  ForwardAnswers() { Serve(ForwardZoneOf("cdn.example.")); }
};

TEST_F(ForwardAnswers, WhatTheBackendSaysIsSigned) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays()
              .Answer("www.cdn.example. 30 IN A 192.0.2.1")
              .Answer("www.cdn.example. 30 IN A 192.0.2.2"));
  const Reply reply = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
  EXPECT_TRUE(reply.aa());
  EXPECT_THAT(reply.Answer(), UnorderedElementsAre("www.cdn.example. 30 IN A 192.0.2.1",
                                                   "www.cdn.example. 30 IN A 192.0.2.2"));
  EXPECT_EQ(reply.Rrsigs(), 1u);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(ForwardAnswers, EveryAnswerIsAskedForAnew) {
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3"}) {
    Backend("www.cdn.example.", RRType::kA,
            BackendSays().Answer(std::string("www.cdn.example. 30 IN A ") + address));
    EXPECT_THAT(Get(Ask("www.cdn.example.", RRType::kA).Dnssec()).Answer(),
                ElementsAre(std::string("www.cdn.example. 30 IN A ") + address));
  }
}

TEST_F(ForwardAnswers, NxdomainOfTheBackendIsProved) {
  Backend("no.cdn.example.", RRType::kA, BackendSays().Rcode(Rcode::kNXDomain).Authority(kSoa));
  const Reply reply = Get(Ask("no.cdn.example.", RRType::kA).Dnssec());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_THAT(reply.Authority(), Contains(kSoaSent));
  EXPECT_EQ(ProofIn(reply, "no.cdn.example.", RRType::kA), Proof::kNoSuchName);
  EXPECT_TRUE(Believed(reply));
  EXPECT_EQ(Get(Ask("no.cdn.example.", RRType::kA)).rcode(), 3);
}

TEST_F(ForwardAnswers, Rule1_NodataClaimsEveryTypeThatCouldBeThere) {
  Backend("www.cdn.example.", RRType::kAAAA, BackendSays().Authority(kSoa));
  const Reply reply = Get(Ask("www.cdn.example.", RRType::kAAAA).Dnssec());
  EXPECT_EQ(ProofIn(reply, "www.cdn.example.", RRType::kAAAA), Proof::kNoSuchType);
  for (const RRType type : {RRType::kA, RRType::kTXT, RRType::kMX, RRType::kHTTPS, RRType::kTLSA}) {
    EXPECT_EQ(ProofIn(reply, "www.cdn.example.", type), Proof::kNothing) << dns::ToText(type);
  }
  EXPECT_EQ(ProofIn(reply, "www.cdn.example.", RRType::kDS), Proof::kNoSuchType);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(ForwardAnswers, WithoutASoaOfTheBackendOneIsMade) {
  Backend("no.cdn.example.", RRType::kA, BackendSays().Rcode(Rcode::kNXDomain));
  Backend("cdn.example.", RRType::kSOA, BackendSays());
  const Reply reply = Get(Ask("no.cdn.example.", RRType::kA).Dnssec());
  const std::string soa =
      "cdn.example. 60 IN SOA cdn.example. nobody.invalid. 1 3600 600 604800 60";
  EXPECT_THAT(reply.Authority(), Contains(soa));
  EXPECT_TRUE(Believed(reply));
  EXPECT_THAT(Get(Ask("cdn.example.", RRType::kSOA).Dnssec()).Answer(), ElementsAre(soa));
}

TEST_F(ForwardAnswers, TheApexExistsWhateverTheBackendSays) {
  Backend("cdn.example.", RRType::kTXT, BackendSays().Rcode(Rcode::kNXDomain).Authority(kSoa));
  const Reply reply = Get(Ask("cdn.example.", RRType::kTXT).Dnssec());
  EXPECT_EQ(ProofIn(reply, "cdn.example.", RRType::kTXT), Proof::kNoSuchType);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(ForwardAnswers, OurKeysNeedNoBackend) {
  const Reply reply = Get(Ask("cdn.example.", RRType::kDNSKEY).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(2));
  EXPECT_TRUE(Believed(reply));
  EXPECT_THAT(backend_.asked, IsEmpty());
}

TEST_F(ForwardAnswers, Rule2_RecordsOfOtherZonesAreNotBelieved) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays()
              .Answer("www.cdn.example. 30 IN A 192.0.2.1")
              .Answer("www.victim.org. 30 IN A 192.0.2.66")
              .Authority("victim.org. 30 IN NS ns.attacker.org.")
              .Additional("ns.victim.org. 30 IN A 192.0.2.66"));
  const Reply reply = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("www.cdn.example. 30 IN A 192.0.2.1"));
  EXPECT_THAT(reply.Authority(), IsEmpty());
  EXPECT_THAT(reply.Additional(), IsEmpty());
}

TEST_F(ForwardAnswers, Rule2_DnssecRecordsOfTheBackendAreDropped) {
  Backend("cdn.example.", RRType::kNSEC3PARAM,
          BackendSays().Answer("cdn.example. 30 IN NSEC3PARAM 1 0 0 -").Authority(kSoa));
  const Reply reply = Get(Ask("cdn.example.", RRType::kNSEC3PARAM).Dnssec());
  EXPECT_THAT(reply.Answer(), IsEmpty());
  EXPECT_TRUE(Believed(reply));
}

TEST_F(ForwardAnswers, AnAliasOutOfOurZonesEndsTheAnswer) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays()
              .Answer("www.cdn.example. 30 IN CNAME www.victim.org.")
              .Answer("www.victim.org. 30 IN A 192.0.2.66"));
  const Reply reply = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("www.cdn.example. 30 IN CNAME www.victim.org."));
  EXPECT_TRUE(Believed(reply));
}

TEST_F(ForwardAnswers, AnAliasWithinTheReplyIsFollowedThere) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays()
              .Answer("www.cdn.example. 30 IN CNAME edge.cdn.example.")
              .Answer("edge.cdn.example. 20 IN A 192.0.2.9"));
  const Reply reply = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(2));
  EXPECT_EQ(reply.Rrsigs(), 2u);
  EXPECT_TRUE(Believed(reply));
  EXPECT_THAT(backend_.asked, ElementsAre("www.cdn.example. A"));
}

TEST_F(ForwardAnswers, AnAliasTheReplyLeavesOpenIsAskedFor) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays().Answer("www.cdn.example. 30 IN CNAME edge.cdn.example."));
  Backend("edge.cdn.example.", RRType::kA,
          BackendSays().Answer("edge.cdn.example. 20 IN A 192.0.2.9"));
  const Reply reply = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("www.cdn.example. 30 IN CNAME edge.cdn.example.",
                                          "edge.cdn.example. 20 IN A 192.0.2.9"));
  EXPECT_TRUE(Believed(reply));
  EXPECT_THAT(backend_.asked, ElementsAre("www.cdn.example. A", "edge.cdn.example. A"));
}

TEST_F(ForwardAnswers, AChainCrossesFromLocalToForwardAndBack) {
  Serve(LocalZoneOf("shop.net.",
                    "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n"
                    "www IN CNAME www.cdn.example.\nend IN A 192.0.2.77\n"));
  Backend("www.cdn.example.", RRType::kA,
          BackendSays().Answer("www.cdn.example. 30 IN CNAME end.shop.net."));
  const Reply reply = Get(Ask("www.shop.net.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("www.shop.net. 60 IN CNAME www.cdn.example.",
                                          "www.cdn.example. 30 IN CNAME end.shop.net.",
                                          "end.shop.net. 60 IN A 192.0.2.77"));
  EXPECT_EQ(reply.Rrsigs(), 3u);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(ForwardAnswers, LoopsThroughTheBackendEnd) {
  Backend("a.cdn.example.", RRType::kA,
          BackendSays().Answer("a.cdn.example. 30 IN CNAME b.cdn.example."));
  Backend("b.cdn.example.", RRType::kA,
          BackendSays().Answer("b.cdn.example. 30 IN CNAME a.cdn.example."));
  EXPECT_THAT(Get(Ask("a.cdn.example.", RRType::kA).Dnssec()).Answer(), SizeIs(2));
  for (int i = 0; i < 20; ++i) {
    const std::string from = "n" + std::to_string(i) + ".cdn.example.";
    Backend(
        from, RRType::kA,
        BackendSays().Answer(from + " 30 IN CNAME n" + std::to_string(i + 1) + ".cdn.example."));
  }
  backend_.asked.clear();
  const Reply reply = Get(Ask("n0.cdn.example.", RRType::kA), Transport::kTcp);
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_LE(backend_.asked.size(), 10u);
}

TEST_F(ForwardAnswers, Rfc2181Section52_TtlsOfAnRrsetBecomeTheLeast) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays()
              .Answer("www.cdn.example. 300 IN A 192.0.2.1")
              .Answer("www.cdn.example. 30 IN A 192.0.2.2")
              .Answer("www.cdn.example. 40 IN A 192.0.2.1")
              .Answer("www.cdn.example. 4000000 IN A 192.0.2.1"));
  const Reply reply = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), UnorderedElementsAre("www.cdn.example. 30 IN A 192.0.2.1",
                                                   "www.cdn.example. 30 IN A 192.0.2.2"));
  EXPECT_TRUE(Believed(reply));
  Backend("long.cdn.example.", RRType::kA,
          BackendSays().Answer("long.cdn.example. 4000000 IN A 192.0.2.1"));
  EXPECT_THAT(Get(Ask("long.cdn.example.", RRType::kA)).Answer(),
              ElementsAre("long.cdn.example. 86400 IN A 192.0.2.1"));
}

TEST_F(ForwardAnswers, ABackendsErrorIsServfailWithItsReason) {
  for (const Rcode rcode : {Rcode::kServFail, Rcode::kRefused, Rcode::kFormErr, Rcode::kNotImp}) {
    Backend("www.cdn.example.", RRType::kA, BackendSays().Rcode(rcode));
    const Reply reply = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
    EXPECT_EQ(reply.rcode(), 2);
    EXPECT_EQ(reply.ExtendedError(), 23);
  }
  const Reply silent = Get(Ask("silent.cdn.example.", RRType::kA).Edns());
  EXPECT_EQ(silent.rcode(), 2);
  EXPECT_EQ(silent.ExtendedError(), 22);
  backend_.up = false;
  EXPECT_EQ(Get(Ask("www.cdn.example.", RRType::kA).Edns()).ExtendedError(), 22);
  EXPECT_EQ(Counted(Count::kBackendFailures), 5u);
}

TEST_F(ForwardAnswers, TwoCnamesAtOneNameAreNotBelieved) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays()
              .Answer("www.cdn.example. 30 IN CNAME a.cdn.example.")
              .Answer("www.cdn.example. 30 IN CNAME b.cdn.example."));
  EXPECT_EQ(Get(Ask("www.cdn.example.", RRType::kA).Edns()).rcode(), 2);
}

TEST_F(ForwardAnswers, AReferralOfTheBackendIsProvedUnsigned) {
  const BackendSays referral = BackendSays()
                                   .NotAuthoritative()
                                   .Authority("sub.cdn.example. 60 IN NS ns.sub.cdn.example.")
                                   .Additional("ns.sub.cdn.example. 60 IN A 192.0.2.60");
  Backend("www.sub.cdn.example.", RRType::kA, referral);
  Backend("sub.cdn.example.", RRType::kDS, BackendSays().Authority(kSoa));
  Backend("sub.cdn.example.", RRType::kNS, referral);
  const Reply reply = Get(Ask("www.sub.cdn.example.", RRType::kA).Dnssec());
  EXPECT_FALSE(reply.aa());
  EXPECT_THAT(
      reply.Authority(),
      UnorderedElementsAre("sub.cdn.example. 60 IN NS ns.sub.cdn.example.",
                           "sub.cdn.example. 60 IN NSEC sub\\000.cdn.example. NS RRSIG NSEC"));
  EXPECT_THAT(reply.Additional(), ElementsAre("ns.sub.cdn.example. 60 IN A 192.0.2.60"));
  EXPECT_TRUE(Believed(reply));

  const Reply ds = Get(Ask("sub.cdn.example.", RRType::kDS).Dnssec());
  EXPECT_EQ(ProofIn(ds, "sub.cdn.example.", RRType::kDS), Proof::kUnsignedCut);
  EXPECT_TRUE(Believed(ds));
  EXPECT_THAT(Get(Ask("www.sub.cdn.example.", RRType::kA)).Authority(), SizeIs(1));
}

TEST_F(ForwardAnswers, AReferralIntoASignedChildHasTheDsThatTheBackendKnows) {
  const std::string ds =
      "sub.cdn.example. 60 IN DS 1 13 2 "
      "e2d3c916f6deeac73294e8268fb5885044a833fc5459588f4a9184cfc41a5766";
  Backend("www.sub.cdn.example.", RRType::kA,
          BackendSays().Authority("sub.cdn.example. 60 IN NS ns.outside.org."));
  Backend("sub.cdn.example.", RRType::kDS, BackendSays().Answer(ds));
  const Reply reply = Get(Ask("www.sub.cdn.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Authority(), Contains(ds));
  EXPECT_EQ(reply.Rrsigs(), 1u);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(ForwardAnswers, DsOfANameThatIsNoCutIsPlainNodata) {
  Backend("www.cdn.example.", RRType::kDS, BackendSays().Authority(kSoa));
  Backend("www.cdn.example.", RRType::kNS, BackendSays().Authority(kSoa));
  const Reply reply = Get(Ask("www.cdn.example.", RRType::kDS).Dnssec());
  EXPECT_EQ(ProofIn(reply, "www.cdn.example.", RRType::kDS), Proof::kNoSuchType);
  EXPECT_THAT(reply.Authority(), SizeIs(2));
  EXPECT_TRUE(Believed(reply));
}

// The child is a zone of ours too, behind the same backend: DS is still the parent's to deny.
TEST_F(ForwardAnswers, Rfc4035Section3_1_4_1_DsOfAChildServedHereIsDeniedByTheParent) {
  Serve(ForwardZoneOf("sub.cdn.example."), false);
  Backend("sub.cdn.example.", RRType::kDS, BackendSays().Authority(kSoa));
  Backend("sub.cdn.example.", RRType::kNS,
          BackendSays().Answer("sub.cdn.example. 60 IN NS ns.cdn.example."));
  const Reply reply = Get(Ask("sub.cdn.example.", RRType::kDS).Dnssec());
  EXPECT_THAT(reply.Authority(), Contains(kSoaSent));
  EXPECT_EQ(ProofIn(reply, "sub.cdn.example.", RRType::kDS), Proof::kUnsignedCut);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(ForwardAnswers, NsAtACutIsNeverSigned) {
  Backend("sub.cdn.example.", RRType::kNS,
          BackendSays().Answer("sub.cdn.example. 60 IN NS ns.outside.org."));
  Backend("sub.cdn.example.", RRType::kDS, BackendSays().Authority(kSoa));
  const Reply reply = Get(Ask("sub.cdn.example.", RRType::kNS).Dnssec());
  EXPECT_FALSE(reply.aa());
  EXPECT_THAT(reply.Answer(), IsEmpty());
  EXPECT_THAT(reply.Authority(), SizeIs(2));
  EXPECT_TRUE(Believed(reply));
}

TEST_F(ForwardAnswers, Rfc8482_AnyAsksForAddressesAndFallsBackToHinfo) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays().Answer("www.cdn.example. 30 IN A 192.0.2.1"));
  Backend("txt.cdn.example.", RRType::kA, BackendSays().Authority(kSoa));
  Backend("no.cdn.example.", RRType::kA, BackendSays().Rcode(Rcode::kNXDomain).Authority(kSoa));
  EXPECT_THAT(Get(Ask("www.cdn.example.", RRType::kANY).Dnssec()).Answer(),
              ElementsAre("www.cdn.example. 30 IN A 192.0.2.1"));
  const Reply hinfo = Get(Ask("txt.cdn.example.", RRType::kANY).Dnssec());
  EXPECT_THAT(hinfo.Answer(), ElementsAre("txt.cdn.example. 3600 IN HINFO \"RFC8482\" \"\""));
  EXPECT_TRUE(Believed(hinfo));
  EXPECT_EQ(
      ProofIn(Get(Ask("no.cdn.example.", RRType::kANY).Dnssec()), "no.cdn.example.", RRType::kANY),
      Proof::kNoSuchName);
}

TEST_F(ForwardAnswers, NsecIsThereForNamesThatExistAndThoseThatDoNot) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays().Answer("www.cdn.example. 30 IN A 192.0.2.1"));
  Backend("no.cdn.example.", RRType::kA, BackendSays().Rcode(Rcode::kNXDomain).Authority(kSoa));
  for (const char* name : {"www.cdn.example.", "no.cdn.example."}) {
    const Reply reply = Get(Ask(name, RRType::kNSEC).Dnssec());
    EXPECT_THAT(reply.Answer(), SizeIs(1));
    EXPECT_TRUE(Believed(reply));
  }
}

TEST_F(ForwardAnswers, AnUnsignedZoneIsPassedOnPlain) {
  Serve(ForwardZoneOf("plain.net."), false);
  Backend("www.plain.net.", RRType::kA, BackendSays().Answer("www.plain.net. 30 IN A 192.0.2.1"));
  Backend("no.plain.net.", RRType::kA, BackendSays().Rcode(Rcode::kNXDomain));
  EXPECT_EQ(Get(Ask("www.plain.net.", RRType::kA).Dnssec()).Rrsigs(), 0u);
  EXPECT_EQ(Get(Ask("no.plain.net.", RRType::kA).Dnssec()).rcode(), 3);
}

TEST_F(ForwardAnswers, OnlyTheReplyToTheQuestionAskedCounts) {
  const Packet query = Ask("www.cdn.example.", RRType::kA).Dnssec().Bytes();
  const Asker asker;
  const auto reply_with = [&](const Packet& reply) {
    EXPECT_TRUE(pipeline_.Defer(query, asker, ReplyRoute{{7}}));
    const ListeningBackend::Held held = backend_.held.front();
    backend_.held.pop_front();
    pipeline_.OnBackendReply(held.ticket, reply);
    return Reply(*delivered_);
  };
  const BackendSays says = BackendSays().Answer("www.cdn.example. 30 IN A 192.0.2.1");
  EXPECT_EQ(reply_with(says.To(N("www.cdn.example."), RRType::kA)).rcode(), 0);
  EXPECT_EQ(reply_with(says.To(N("WWW.cdn.example."), RRType::kA)).rcode(), 0);
  EXPECT_EQ(reply_with(says.To(N("other.cdn.example."), RRType::kA)).rcode(), 2);
  EXPECT_EQ(reply_with(says.To(N("www.cdn.example."), RRType::kAAAA)).rcode(), 2);
  EXPECT_EQ(reply_with({}).rcode(), 2);
  Packet not_a_response = says.To(N("www.cdn.example."), RRType::kA);
  not_a_response[2] = 0;
  EXPECT_EQ(reply_with(not_a_response).rcode(), 2);
}

TEST_F(ForwardAnswers, LateAndUnknownTicketsAreIgnored) {
  const Packet query = Ask("www.cdn.example.", RRType::kA).Bytes();
  ASSERT_TRUE(pipeline_.Defer(query, Asker(), ReplyRoute{{7}}));
  const ListeningBackend::Held held = backend_.held.front();
  pipeline_.OnBackendFailure(held.ticket);
  delivered_.reset();
  const Packet reply = BackendSays().To(N("www.cdn.example."), RRType::kA);
  pipeline_.OnBackendReply(held.ticket, reply);
  pipeline_.OnBackendReply(0xdeadbeef, reply);
  pipeline_.OnBackendFailure(held.ticket);
  EXPECT_FALSE(delivered_.has_value());
  EXPECT_EQ(Counted(Count::kBackendRepliesLate), 2u);
}

TEST_F(ForwardAnswers, NoMoreWaitThanThereIsRoomFor) {
  const Packet query = Ask("www.cdn.example.", RRType::kA).Bytes();
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(pipeline_.Defer(query, Asker(), ReplyRoute{{7}}));
  EXPECT_FALSE(pipeline_.Defer(query, Asker(), ReplyRoute{{7}}));
  EXPECT_EQ(Counted(Count::kDeferralsRefused), 1u);
  EXPECT_EQ(pipeline_.counters().waiting.value(), 64u);
  pipeline_.OnBackendFailure(backend_.held.front().ticket);
  EXPECT_TRUE(pipeline_.Defer(query, Asker(), ReplyRoute{{7}}));
}

TEST_F(ForwardAnswers, AZoneThatWentAwayWhileTheBackendThoughtIsServfail) {
  Serve(LocalZoneOf("shop.net.",
                    "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n"
                    "www IN CNAME www.cdn.example.\n"));
  const Packet query = Ask("www.shop.net.", RRType::kA).Dnssec().Bytes();
  ASSERT_TRUE(pipeline_.Defer(query, Asker(), ReplyRoute{{7}}));
  pipeline_.UseZones(std::make_shared<const ZoneTable>());
  pipeline_.OnBackendReply(backend_.held.front().ticket,
                           BackendSays()
                               .Answer("www.cdn.example. 30 IN A 192.0.2.1")
                               .To(N("www.cdn.example."), RRType::kA));
  EXPECT_EQ(Reply(*delivered_).rcode(), 2);
}

TEST_F(ForwardAnswers, AToggleWhileTheBackendThinksIsTakenAsItStandsInTheEnd) {
  auto zone = ForwardZoneOf("cdn.example.");
  Serve(LocalZoneOf("shop.net.",
                    "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n"
                    "www IN CNAME www.cdn.example.\n"));
  const Packet query = Ask("www.shop.net.", RRType::kA).Dnssec().Bytes();
  ASSERT_TRUE(pipeline_.Defer(query, Asker(), ReplyRoute{{7}}));
  Serve(zone);  // new keys
  pipeline_.OnBackendReply(backend_.held.front().ticket,
                           BackendSays()
                               .Answer("www.cdn.example. 30 IN A 192.0.2.1")
                               .To(N("www.cdn.example."), RRType::kA));
  const Reply reply(*delivered_);
  EXPECT_EQ(reply.Rrsigs(), 2u);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(ForwardAnswers, APolicyMayLetAnswersBeGivenAgainWithTheirTtlCountedDown) {
  auto zone = ForwardZoneOf("kept.net.");
  zone->policy.forward_cache_seconds = 10;
  Serve(zone);
  Backend("www.kept.net.", RRType::kA, BackendSays().Answer("www.kept.net. 30 IN A 192.0.2.1"));
  for (int i = 0; i < 3; ++i) Get(Ask("www.kept.net.", RRType::kA).Dnssec());
  EXPECT_THAT(backend_.asked, SizeIs(2));  // admitted on second sight
  MoveTo(kNow + 9);
  const Reply reply = Get(Ask("www.kept.net.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("www.kept.net. 21 IN A 192.0.2.1"));
  EXPECT_TRUE(Believed(reply));
  EXPECT_TRUE(reply.dnssec_ok());
  MoveTo(kNow + 10);
  Get(Ask("www.kept.net.", RRType::kA).Dnssec());
  EXPECT_THAT(backend_.asked, SizeIs(3));
}

}  // namespace
}  // namespace sealwire::proxy::testing
