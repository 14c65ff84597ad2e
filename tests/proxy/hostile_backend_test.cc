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

}  // namespace
}  // namespace sealwire::proxy::testing
