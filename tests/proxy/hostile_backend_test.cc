// What a backend that is lame, confused or hostile can make us sign, and what it cannot.
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
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr char kSoa[] = "cdn.example. 900 IN SOA ns.cdn.example. h.cdn.example. 1 2 3 4 60";

class HostileBackend : public PipelineFixture {
 protected:
  HostileBackend() { Serve(ForwardZoneOf("cdn.example.")); }
};

// A server that does not have the zone refers upwards. Signed as NODATA, that would deny names that
// exist.
TEST_F(HostileBackend, Rfc2308Section22_AnUpwardReferralIsNoDenial) {
  for (const char* above : {".", "example."}) {
    Backend("www.cdn.example.", RRType::kA,
            BackendSays().NotAuthoritative().Authority(std::string(above) +
                                                       " 3600 IN NS a.servers.net."));
    const Reply reply = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
    EXPECT_EQ(reply.rcode(), 2) << above;
    EXPECT_THAT(reply.Authority(), IsEmpty()) << above;
  }
}

// Some simple servers put the zone's own NS beside an empty answer.
TEST_F(HostileBackend, NsOfTheZoneItselfBesideAnEmptyAnswerIsNodata) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays().Authority("cdn.example. 3600 IN NS ns.cdn.example."));
  const Reply reply = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(HostileBackend, Rfc2181Section5_ALoopWithinOneReplyIsSentOnce) {
  Backend("a.cdn.example.", RRType::kA,
          BackendSays()
              .Answer("a.cdn.example. 60 IN CNAME b.cdn.example.")
              .Answer("b.cdn.example. 60 IN CNAME a.cdn.example."));
  const Reply reply = Get(Ask("a.cdn.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("a.cdn.example. 60 IN CNAME b.cdn.example.",
                                          "b.cdn.example. 60 IN CNAME a.cdn.example."));
  EXPECT_TRUE(Believed(reply));
}

TEST_F(HostileBackend, AnAliasToItselfIsSentOnce) {
  Backend("a.cdn.example.", RRType::kA,
          BackendSays().Answer("a.cdn.example. 60 IN CNAME a.cdn.example."));
  EXPECT_THAT(Get(Ask("a.cdn.example.", RRType::kA).Dnssec()).Answer(), SizeIs(1));
}

// The DS of another name proves nothing about the cut.
TEST_F(HostileBackend, Rfc4035Section314_OnlyTheDsOfTheCutGoesIntoAReferral) {
  Backend(
      "www.sub.cdn.example.", RRType::kA,
      BackendSays().NotAuthoritative().Authority("sub.cdn.example. 3600 IN NS ns.outside.org."));
  Backend("sub.cdn.example.", RRType::kDS,
          BackendSays()
              .Answer("sub.cdn.example. 60 IN CNAME evil.cdn.example.")
              .Answer("evil.cdn.example. 60 IN DS 1 13 2 "
                      "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
  const Reply reply = Get(Ask("www.sub.cdn.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Authority(), Not(Contains(StartsWith("evil."))));
  EXPECT_TRUE(Believed(reply));
}

// RFC 6672 section 3.1 has servers add the CNAME; one that forgets still says that the name is
// elsewhere, not that it has nothing.
TEST_F(HostileBackend, Rule1_ADnameWithoutItsCnameIsNoDenial) {
  Backend("www.old.cdn.example.", RRType::kA,
          BackendSays().Answer("old.cdn.example. 60 IN DNAME new.cdn.example."));
  const Reply reply = Get(Ask("www.old.cdn.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Authority(), IsEmpty());
}

// Thirteen servers with long names, addresses of both kinds.
TEST_F(HostileBackend, ALargeReferralIsServedSigned) {
  BackendSays says;
  says.NotAuthoritative();
  const std::string label(62, 'n');
  for (char c = 'a'; c <= 'm'; ++c) {
    says.Authority("sub.cdn.example. 3600 IN NS " + label + c + ".servers.sub.cdn.example.");
  }
  for (char c = 'a'; c <= 'm'; ++c) {
    const std::string server = label + c + ".servers.sub.cdn.example.";
    says.Additional(server + " 3600 IN A 192.0.2.1");
    says.Additional(server + " 3600 IN AAAA 2001:db8::1");
  }
  Backend("www.sub.cdn.example.", RRType::kA, says);
  Backend("sub.cdn.example.", RRType::kDS, BackendSays().Authority(kSoa));
  const Reply reply = Get(Ask("www.sub.cdn.example.", RRType::kA).Dnssec(), Transport::kTcp);
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_THAT(reply.Additional(), SizeIs(26));
  EXPECT_TRUE(Believed(reply));
}

// RDATA no resolver could read must not be given our signature.
TEST_F(HostileBackend, AnAddressOfFiveOctetsIsNotSigned) {
  const Packet query = Ask("www.cdn.example.", RRType::kA).Dnssec().Bytes();
  ASSERT_TRUE(pipeline_.Defer(query, Asker(), ReplyRoute{{7}}));
  Packet reply(512);
  dns::MessageWriter writer(reply, nullptr);
  writer.StartReply(dns::Header{}, true);
  writer.AddQuestion(N("www.cdn.example."), RRType::kA, dns::RRClass::kIN);
  const std::array<std::uint8_t, 5> octets{192, 0, 2, 1, 9};
  writer.AddRecord(dns::Section::kAnswer, N("www.cdn.example."), RRType::kA, dns::RRClass::kIN, 60,
                   octets);
  reply.resize(writer.Finish(Rcode::kNoError));
  pipeline_.OnBackendReply(backend_.held.front().ticket, reply);
  ASSERT_TRUE(delivered_.has_value());
  EXPECT_EQ(Reply(*delivered_).rcode(), 2);
}

// The zone stopped being signed while its backend was asked for a cut: no NSEC is left over.
TEST_F(HostileBackend, AToggleOffDuringAQuestionForDsLeavesNoUnsignedNsec) {
  const Packet query = Ask("www.cdn.example.", RRType::kDS).Dnssec().Bytes();
  ASSERT_TRUE(pipeline_.Defer(query, Asker(), ReplyRoute{{7}}));
  const BackendSays nothing = BackendSays().Authority(kSoa);
  const Ticket for_ds = backend_.held.back().ticket;
  pipeline_.OnBackendReply(for_ds, nothing.To(N("www.cdn.example."), RRType::kDS));
  ASSERT_THAT(backend_.asked, ElementsAre("www.cdn.example. DS", "www.cdn.example. NS"));
  Serve(ForwardZoneOf("cdn.example."), false);
  pipeline_.OnBackendReply(backend_.held.back().ticket,
                           nothing.To(N("www.cdn.example."), RRType::kNS));
  ASSERT_TRUE(delivered_.has_value());
  EXPECT_THAT(Reply(*delivered_).Authority(), SizeIs(1));
}

// Neither AA nor the zone's SOA: the server does not say that it has the zone. Signed, its silence
// would deny what exists.
TEST_F(HostileBackend, Rule1_AnEmptyReplyWithoutAuthorityIsNoDenial) {
  Backend("www.cdn.example.", RRType::kA, BackendSays().NotAuthoritative());
  EXPECT_EQ(Get(Ask("www.cdn.example.", RRType::kA).Dnssec()).rcode(), 2);
  Backend("www.cdn.example.", RRType::kA, BackendSays().NotAuthoritative().Rcode(Rcode::kNXDomain));
  EXPECT_EQ(Get(Ask("www.cdn.example.", RRType::kA).Dnssec()).rcode(), 2);
  // With the zone's SOA it is one.
  Backend("www.cdn.example.", RRType::kA,
          BackendSays().NotAuthoritative().Rcode(Rcode::kNXDomain).Authority(kSoa));
  EXPECT_EQ(
      ProofIn(Get(Ask("www.cdn.example.", RRType::kA).Dnssec()), "www.cdn.example.", RRType::kA),
      Proof::kNoSuchName);
}

// A server of the zone above, which was never given ours, denies all our names with authority.
TEST_F(HostileBackend, Rule1_DenialsOfAZoneAboveAreNotBelieved) {
  for (const Rcode rcode : {Rcode::kNXDomain, Rcode::kNoError}) {
    Backend("www.cdn.example.", RRType::kA,
            BackendSays().Rcode(rcode).Authority(
                "example. 900 IN SOA ns.example. h.example. 1 2 3 4 60"));
    EXPECT_EQ(Get(Ask("www.cdn.example.", RRType::kA).Dnssec()).rcode(), 2);
  }
}

// RFC 6604 section 3: the RCODE speaks of the last name of the chain, and only if that is ours.
TEST_F(HostileBackend, Rfc6604Section3_NxdomainBehindAnAliasDeniesTheTargetOnly) {
  const auto chain = [](const std::string& target) {
    return BackendSays()
        .Rcode(Rcode::kNXDomain)
        .Answer("www.cdn.example. 60 IN CNAME " + target)
        .Authority(kSoa);
  };
  Backend("www.cdn.example.", RRType::kA, chain("gone.cdn.example."));
  const Reply within = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
  EXPECT_EQ(ProofIn(within, "gone.cdn.example.", RRType::kA), Proof::kNoSuchName);
  EXPECT_EQ(ProofIn(within, "www.cdn.example.", RRType::kA), Proof::kNothing);
  Backend("www.cdn.example.", RRType::kA, chain("gone.outside.org."));
  const Reply outside = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
  EXPECT_THAT(outside.Authority(), IsEmpty());
  EXPECT_EQ(outside.rcode(), 0);
}

// An RCODE that contradicts the data: the data are there.
TEST_F(HostileBackend, Rule1_DataBesideNxdomainAreThere) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays().Rcode(Rcode::kNXDomain).Answer("www.cdn.example. 60 IN A 192.0.2.1"));
  const Reply reply = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(1));
  EXPECT_TRUE(Believed(reply));
}

// Servers that know DS as a type apart deny it at an alias. An NSEC without CNAME would deny the
// alias, one with CNAME would prove nothing: the alias is the answer.
TEST_F(HostileBackend, Rule1_DsDeniedAtAnAliasIsAnsweredWithTheAlias) {
  Backend("alias.cdn.example.", RRType::kDS, BackendSays().Authority(kSoa));
  Backend("alias.cdn.example.", RRType::kNS,
          BackendSays().Answer("alias.cdn.example. 60 IN CNAME www.cdn.example.").Authority(kSoa));
  Backend("www.cdn.example.", RRType::kDS, BackendSays().Authority(kSoa));
  Backend("www.cdn.example.", RRType::kNS, BackendSays().Authority(kSoa));
  const Reply reply = Get(Ask("alias.cdn.example.", RRType::kDS).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("alias.cdn.example. 60 IN CNAME www.cdn.example."));
  EXPECT_THAT(reply.Authority(), SizeIs(2));
  EXPECT_EQ(ProofIn(reply, "www.cdn.example.", RRType::kDS), Proof::kNoSuchType);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(HostileBackend, DsAskedAtAnAliasThatLeadsAwayEndsThere) {
  for (const RRType type : {RRType::kDS, RRType::kNS}) {
    Backend("alias.cdn.example.", type,
            type == RRType::kDS
                ? BackendSays().Authority(kSoa)
                : BackendSays().Answer("alias.cdn.example. 60 IN CNAME www.outside.org."));
  }
  const Reply reply = Get(Ask("alias.cdn.example.", RRType::kDS).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(1));
  EXPECT_THAT(reply.Authority(), IsEmpty());
  EXPECT_TRUE(Believed(reply));
}

// The backend has a zone below ours too, and answers from it: NS is there, whatever was asked.
TEST_F(HostileBackend, Rule1_NsAtTheApexOfABackendsOtherZoneIsNotDenied) {
  Backend("sub.cdn.example.", RRType::kTXT,
          BackendSays().Authority("sub.cdn.example. 900 IN SOA ns.sub.cdn.example. h. 1 2 3 4 60"));
  const Reply reply = Get(Ask("sub.cdn.example.", RRType::kTXT).Dnssec());
  EXPECT_EQ(ProofIn(reply, "sub.cdn.example.", RRType::kTXT), Proof::kNoSuchType);
  EXPECT_EQ(ProofIn(reply, "sub.cdn.example.", RRType::kNS), Proof::kNothing);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(HostileBackend, Rule1_UnknownTypesAreNotDeniedBesideAKnownOne) {
  Backend("www.cdn.example.", RRType::kA, BackendSays().Authority(kSoa));
  Backend("www.cdn.example.", RRType{65280}, BackendSays().Authority(kSoa));
  const Reply address = Get(Ask("www.cdn.example.", RRType::kA).Dnssec());
  EXPECT_EQ(ProofIn(address, "www.cdn.example.", RRType{65280}), Proof::kNothing);
  EXPECT_EQ(ProofIn(address, "www.cdn.example.", RRType{400}), Proof::kNothing);
  const Reply other = Get(Ask("www.cdn.example.", RRType{65280}).Dnssec());
  EXPECT_EQ(ProofIn(other, "www.cdn.example.", RRType{65280}), Proof::kNoSuchType);
  EXPECT_EQ(ProofIn(other, "www.cdn.example.", RRType::kA), Proof::kNothing);
  EXPECT_TRUE(Believed(address) && Believed(other));
}

// RFC 9615 section 4: signals for the bootstrap of other zones lie below the apex of this one.
TEST_F(HostileBackend, Rfc9615Section4_CdsBelowTheApexIsData) {
  const std::string name = "_dsboot.shop.test._signal.ns.cdn.example.";
  Backend(name, RRType::kCDS,
          BackendSays().Answer(name +
                               " 60 IN CDS 1 13 2 "
                               "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"));
  const Reply reply = Get(Ask(name, RRType::kCDS).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(1));
  EXPECT_TRUE(Believed(reply));
}

}  // namespace
}  // namespace sealwire::proxy::testing
