// What real zones hold: sets of hundreds of records, answers that fill a message, duplicates, data
// below cuts, servers by the dozen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kHead[] = "$TTL 300\n@ IN SOA ns h 1 2 3 4 60\n@ IN NS ns.outside.org.\n";

class ZonesAsTheyCome : public PipelineFixture {
 protected:
  void ServeText(const std::string& text) { Serve(LocalZoneOf("example.", kHead + text)); }
};

TEST_F(ZonesAsTheyCome, AnRrsetOfHundredsOfRecordsIsSignedWhole) {
  std::string text;
  for (int i = 0; i < 500; ++i) {
    text += "many IN A 10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + "\n";
  }
  ServeText(text);
  const Reply udp = Get(Ask("many.example.", RRType::kA).Dnssec());
  EXPECT_TRUE(udp.tc());
  const Reply tcp = Get(Ask("many.example.", RRType::kA).Dnssec(), Transport::kTcp);
  EXPECT_FALSE(tcp.tc());
  EXPECT_THAT(tcp.Answer(), SizeIs(500));
  EXPECT_TRUE(Believed(tcp));
}

TEST_F(ZonesAsTheyCome, AnRrsetOfABackendMayBeAsLarge) {
  Serve(ForwardZoneOf("cdn.example."));
  BackendSays says;
  for (int i = 0; i < 500; ++i) {
    says.Answer("many.cdn.example. 60 IN A 10.0." + std::to_string(i / 250) + "." +
                std::to_string(i % 250));
  }
  Backend("many.cdn.example.", RRType::kA, says);
  const Reply tcp = Get(Ask("many.cdn.example.", RRType::kA).Dnssec(), Transport::kTcp);
  EXPECT_THAT(tcp.Answer(), SizeIs(500));
  EXPECT_TRUE(Believed(tcp));
}

TEST_F(ZonesAsTheyCome, Rfc7766Section8_AnAnswerFillsAWholeMessage) {
  // What is signed repeats the owner in each record; ldns verifies 65,535 octets of that at most.
  std::string text;
  for (int i = 0; i < 230; ++i) {
    text += "large IN TXT \"" + std::string(247, 'x') + std::to_string(1000 + i) + "\"\n";
  }
  ServeText(text);
  const Reply tcp = Get(Ask("large.example.", RRType::kTXT).Dnssec(), Transport::kTcp);
  EXPECT_GT(tcp.wire().size(), 60000u);
  EXPECT_FALSE(tcp.tc());
  EXPECT_THAT(tcp.Answer(), SizeIs(230));
  EXPECT_TRUE(Believed(tcp));
}

TEST_F(ZonesAsTheyCome, Rfc2181Section5_DuplicatesGoAndTtlsBecomeOne) {
  ServeText(
      "w 300 IN MX 10 Mail.example.\nw 60 IN MX 10 mail.example.\nw 200 IN MX 20 mail.example.\n");
  const Reply reply = Get(Ask("w.example.", RRType::kMX).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(2));
  EXPECT_THAT(reply.Answer(), Each(HasSubstr(" 60 IN MX ")));
  EXPECT_TRUE(Believed(reply));
}

// Neither what is below a cut nor what stands beside NS at one is the zone's to answer.
TEST_F(ZonesAsTheyCome, Rfc2181Section6_OccludedDataIsNoAnswer) {
  ServeText(
      "sub IN NS ns.sub\nsub IN TXT \"beside\"\nns.sub IN A 192.0.2.60\nwww.sub IN A 192.0.2.61\n"
      "d IN DNAME other.org.\nx.d IN A 192.0.2.62\n");
  for (const char* name : {"www.sub.example.", "sub.example.", "ns.sub.example."}) {
    const Reply reply = Get(Ask(name, RRType::kTXT).Dnssec());
    EXPECT_FALSE(reply.aa()) << name;
    EXPECT_THAT(reply.Answer(), IsEmpty()) << name;
    EXPECT_THAT(reply.Additional(), ElementsAre("ns.sub.example. 300 IN A 192.0.2.60")) << name;
    EXPECT_TRUE(Believed(reply)) << name;
  }
  const Reply below = Get(Ask("x.d.example.", RRType::kA).Dnssec());
  EXPECT_THAT(below.Answer(), Contains("x.d.example. 300 IN CNAME x.other.org."));
  EXPECT_TRUE(Believed(below));
}

TEST_F(ZonesAsTheyCome, Rfc9471Section31_AllInDomainGlueOrTc) {
  std::string text = "sub IN NS ns.beside\nns.beside IN A 192.0.2.1\n";
  for (int i = 0; i < 40; ++i) {
    const std::string server = "n" + std::to_string(i) + ".sub";
    text += "sub IN NS " + server + "\n" + server + " IN A 192.0.2.2\n" + server +
            " IN AAAA 2001:db8::2\n";
  }
  ServeText(text);
  EXPECT_TRUE(Get(Ask("www.sub.example.", RRType::kA).Dnssec()).tc());
  const Reply tcp = Get(Ask("www.sub.example.", RRType::kA).Dnssec(), Transport::kTcp);
  EXPECT_FALSE(tcp.tc());
  EXPECT_THAT(tcp.Additional(), SizeIs(81));
}

// Addresses of servers beside the cut give way before those below it.
TEST_F(ZonesAsTheyCome, Rfc9471Section32_SiblingGlueIsLeftOutWithoutTc) {
  std::string text = "sub IN NS a.sub\na.sub IN A 192.0.2.1\n";
  for (int i = 0; i < 13; ++i) {
    const std::string server = "a-server-with-a-name-of-some-length-" + std::to_string(i);
    text += "sub IN NS " + server + "\n" + server + " IN AAAA 2001:db8::2\n";
  }
  ServeText(text);
  const Reply reply = Get(Ask("www.sub.example.", RRType::kA).Dnssec());
  EXPECT_FALSE(reply.tc());
  ASSERT_FALSE(reply.Additional().empty());
  EXPECT_EQ(reply.Additional()[0], "a.sub.example. 300 IN A 192.0.2.1");
  EXPECT_LT(reply.Additional().size(), 14u);
}

// Whatever letters the asker chose, the signature is over lower case, and one serves all.
TEST_F(ZonesAsTheyCome, Rfc4343_MixedCaseIsEchoedAndBelieved) {
  ServeText("www IN A 192.0.2.1\n*.w IN TXT x\n");
  for (const char* name : {"wWw.ExAmPlE.", "WWW.EXAMPLE.", "nO.eXaMpLe.", "aNy.W.eXample."}) {
    const Reply reply = Get(Ask(name, RRType::kA).Dnssec());
    EXPECT_TRUE(Believed(reply)) << name;
    char* question =
        ldns_rdf2str(ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(reply.packet()), 0)));
    EXPECT_STREQ(question, name);
    free(question);  // NOLINT: ldns allocates with malloc
  }
}

// Each zone of a chain signs with its own key; what is not ours ends it.
TEST_F(ZonesAsTheyCome, ChainsThroughZonesOfTheirOwnKeys) {
  ServeText("a IN CNAME b.other.\nd IN DNAME below.other.\n");
  Serve(LocalZoneOf("other.",
                    "$TTL 60\n@ IN SOA ns h 1 2 3 4 60\n@ IN NS ns.outside.org.\n"
                    "b IN CNAME c.d.example.\nc.below IN CNAME away.test.\n"));
  const Reply reply = Get(Ask("a.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(),
              ElementsAre("a.example. 300 IN CNAME b.other.", "b.other. 60 IN CNAME c.d.example.",
                          "d.example. 300 IN DNAME below.other.",
                          "c.d.example. 300 IN CNAME c.below.other.",
                          "c.below.other. 60 IN CNAME away.test."));
  EXPECT_EQ(reply.Rrsigs(), 4u);
  EXPECT_TRUE(Believed(reply));
}

}  // namespace
}  // namespace sealwire::proxy::testing
