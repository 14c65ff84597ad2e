// Answers of zones held whole, read by ldns and believed or not as a validator would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr char kZone[] = R"($TTL 300
@ 3600 IN SOA ns.example. hostmaster.example. 7 3600 600 604800 120
@ 3600 IN NS ns.example.
@ IN MX 10 mail.example.
ns IN A 192.0.2.53
www IN A 192.0.2.1
www IN A 192.0.2.2
www IN AAAA 2001:db8::1
*.wild IN TXT "any"
real.wild IN A 192.0.2.3
leaf.ent IN A 192.0.2.4
alias IN CNAME www.example.
chain IN CNAME alias.example.
lost IN CNAME gone.example.
away IN CNAME www.elsewhere.org.
over IN CNAME www.other.net.
loop1 IN CNAME loop2.example.
loop2 IN CNAME loop1.example.
self IN CNAME self.example.
child IN NS ns.child.example.
child IN NS ns.outside.org.
ns.child IN A 192.0.2.60
ns.child IN AAAA 2001:db8::60
secure IN NS ns.example.
secure IN DS 12345 13 2 E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766
old IN DNAME new.example.
www.new IN A 192.0.2.9
)";

constexpr char kSoa[] = "example. 120 IN SOA ns.example. hostmaster.example. 7 3600 600 604800 120";

class LocalAnswers : public PipelineFixture {
 protected:
  LocalAnswers() { Serve(LocalZoneOf("example.", kZone)); }
};

TEST_F(LocalAnswers, ADataAnswerIsWholeAndSigned) {
  const Reply reply = Get(Ask("www.example.", RRType::kA).Dnssec());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_TRUE(reply.aa());
  EXPECT_THAT(reply.Answer(), UnorderedElementsAre("www.example. 300 IN A 192.0.2.1",
                                                   "www.example. 300 IN A 192.0.2.2"));
  EXPECT_THAT(reply.Authority(), IsEmpty());
  EXPECT_EQ(reply.Rrsigs(), 1u);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(LocalAnswers, Rfc4035Section31_NoSignaturesWithoutDo) {
  for (const auto& ask :
       {Ask("www.example.", RRType::kA), Ask("www.example.", RRType::kA).Edns()}) {
    const Reply reply = Get(ask);
    EXPECT_THAT(reply.Answer(), SizeIs(2));
    EXPECT_EQ(reply.Rrsigs(), 0u);
  }
}

TEST_F(LocalAnswers, HeaderBitsAreCopiedOrClearAsTheyShould) {
  const Reply reply =
      Get(Ask("www.example.", RRType::kA).Id(0xbeef).RecursionDesired().CheckingDisabled());
  ldns_pkt* packet = reply.packet();
  EXPECT_EQ(ldns_pkt_id(packet), 0xbeef);
  EXPECT_TRUE(ldns_pkt_qr(packet));
  EXPECT_TRUE(ldns_pkt_rd(packet));
  EXPECT_TRUE(ldns_pkt_cd(packet));
  EXPECT_FALSE(ldns_pkt_ra(packet));
  EXPECT_FALSE(ldns_pkt_ad(packet));
}

TEST_F(LocalAnswers, Rfc6891_OptIsAnsweredByOptAndDoAndCoAreEchoed) {
  EXPECT_FALSE(Get(Ask("www.example.", RRType::kA)).has_edns());
  const Reply plain = Get(Ask("www.example.", RRType::kA).Edns());
  EXPECT_TRUE(plain.has_edns());
  EXPECT_FALSE(plain.dnssec_ok());
  const Reply both = Get(Ask("www.example.", RRType::kA).Dnssec().CompactOk());
  EXPECT_TRUE(both.dnssec_ok());
  EXPECT_TRUE(both.compact_ok());
  EXPECT_EQ(ldns_pkt_edns_udp_size(both.packet()), 1232);
}

TEST_F(LocalAnswers, Rfc9824Section3_1_NonexistentNameHasNxnameBitmap) {
  const Reply reply = Get(Ask("nope.example.", RRType::kA).Dnssec());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_TRUE(reply.aa());
  EXPECT_THAT(reply.Answer(), IsEmpty());
  EXPECT_THAT(
      reply.Authority(),
      ElementsAre(kSoa, "nope.example. 120 IN NSEC \\000.nope.example. RRSIG NSEC TYPE128"));
  EXPECT_EQ(reply.Rrsigs(), 2u);
  EXPECT_TRUE(Believed(reply));
  EXPECT_EQ(ProofIn(reply, "nope.example.", RRType::kA), Proof::kNoSuchName);
}

TEST_F(LocalAnswers, Rfc9824Section5_1_CompactOkRestoresTheRcode) {
  const Reply reply = Get(Ask("nope.example.", RRType::kA).Dnssec().CompactOk());
  EXPECT_EQ(reply.rcode(), 3);
  EXPECT_TRUE(Believed(reply));
  EXPECT_EQ(ProofIn(reply, "nope.example.", RRType::kA), Proof::kNoSuchName);
}

TEST_F(LocalAnswers, Rfc9824Section5_WithoutDoTheNameIsNxdomainWithItsSoa) {
  const Reply reply = Get(Ask("nope.example.", RRType::kA));
  EXPECT_EQ(reply.rcode(), 3);
  EXPECT_THAT(reply.Authority(), ElementsAre(kSoa));
}

TEST_F(LocalAnswers, Rfc9824Section3_2_NodataHasTheTypesOfTheName) {
  const Reply reply = Get(Ask("www.example.", RRType::kTXT).Dnssec());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_THAT(reply.Authority(),
              ElementsAre(kSoa, "www.example. 120 IN NSEC \\000.www.example. A AAAA RRSIG NSEC"));
  EXPECT_TRUE(Believed(reply));
  EXPECT_EQ(ProofIn(reply, "www.example.", RRType::kTXT), Proof::kNoSuchType);
}

TEST_F(LocalAnswers, NodataAtTheApexClaimsOurKeys) {
  const Reply reply = Get(Ask("example.", RRType::kTXT).Dnssec());
  EXPECT_THAT(reply.Authority(),
              ElementsAre(kSoa, "example. 120 IN NSEC \\000.example. NS SOA MX RRSIG NSEC DNSKEY"));
  EXPECT_TRUE(Believed(reply));
}

TEST_F(LocalAnswers, Rfc9824Section3_2_EmptyNonTerminalHasRrsigAndNsecOnly) {
  const Reply reply = Get(Ask("ent.example.", RRType::kA).Dnssec().CompactOk());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_THAT(reply.Authority(),
              ElementsAre(kSoa, "ent.example. 120 IN NSEC \\000.ent.example. RRSIG NSEC"));
  EXPECT_TRUE(Believed(reply));
}

TEST_F(LocalAnswers, Rfc9824Section3_3_AWildcardIsAnsweredAsAnExactMatch) {
  const Reply reply = Get(Ask("a.b.wild.example.", RRType::kTXT).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("a.b.wild.example. 300 IN TXT \"any\""));
  EXPECT_THAT(reply.Authority(), IsEmpty());
  EXPECT_TRUE(Believed(reply));
  ldns_rr* rrsig = ldns_rr_list_rr(ldns_pkt_answer(reply.packet()), 1);
  EXPECT_EQ(ldns_rdf2native_int8(ldns_rr_rrsig_labels(rrsig)), 4);
}

TEST_F(LocalAnswers, NodataAtAWildcardIsOfTheNameAskedFor) {
  const Reply reply = Get(Ask("a.wild.example.", RRType::kA).Dnssec());
  EXPECT_THAT(
      reply.Authority(),
      ElementsAre(kSoa, "a.wild.example. 120 IN NSEC \\000.a.wild.example. TXT RRSIG NSEC"));
  EXPECT_TRUE(Believed(reply));
  EXPECT_EQ(ProofIn(Get(Ask("x.real.wild.example.", RRType::kA).Dnssec()), "x.real.wild.example.",
                    RRType::kA),
            Proof::kNoSuchName);
}

TEST_F(LocalAnswers, Rfc1034Section362_AliasesAreFollowedAndEachIsSigned) {
  const Reply reply = Get(Ask("chain.example.", RRType::kAAAA).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("chain.example. 300 IN CNAME alias.example.",
                                          "alias.example. 300 IN CNAME www.example.",
                                          "www.example. 300 IN AAAA 2001:db8::1"));
  EXPECT_EQ(reply.Rrsigs(), 3u);
  EXPECT_TRUE(Believed(reply));
  EXPECT_THAT(Get(Ask("chain.example.", RRType::kCNAME)).Answer(), SizeIs(1));
}

TEST_F(LocalAnswers, Rfc6604_TheRcodeSpeaksOfTheLastName) {
  EXPECT_EQ(Get(Ask("lost.example.", RRType::kA)).rcode(), 3);
  const Reply reply = Get(Ask("lost.example.", RRType::kA).Dnssec());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_EQ(ProofIn(reply, "gone.example.", RRType::kA), Proof::kNoSuchName);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(LocalAnswers, AliasesEndWhereOurZonesEndAndWhereTheyTurnBack) {
  EXPECT_THAT(Get(Ask("away.example.", RRType::kA)).Answer(), SizeIs(1));
  EXPECT_EQ(Get(Ask("away.example.", RRType::kA)).rcode(), 0);
  EXPECT_THAT(Get(Ask("loop1.example.", RRType::kA)).Answer(), SizeIs(2));
  EXPECT_THAT(Get(Ask("self.example.", RRType::kA)).Answer(), SizeIs(1));
}

TEST_F(LocalAnswers, EachZoneSignsItsPartOfAChainWithItsOwnKey) {
  Serve(LocalZoneOf("other.net.",
                    "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n"
                    "www IN A 198.51.100.1\n"));
  const Reply reply = Get(Ask("over.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("over.example. 300 IN CNAME www.other.net.",
                                          "www.other.net. 60 IN A 198.51.100.1"));
  EXPECT_EQ(reply.Rrsigs(), 2u);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(LocalAnswers, AnUnsignedZoneInAChainStaysUnsigned) {
  Serve(LocalZoneOf("other.net.",
                    "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n"
                    "www IN A 198.51.100.1\n"),
        false);
  const Reply reply = Get(Ask("over.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(2));
  EXPECT_EQ(reply.Rrsigs(), 1u);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(LocalAnswers, Rfc9824Section3_4_AnUnsignedReferralProvesThatThereIsNoDs) {
  const Reply reply = Get(Ask("www.child.example.", RRType::kA).Dnssec());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_FALSE(reply.aa());
  EXPECT_THAT(reply.Answer(), IsEmpty());
  EXPECT_THAT(reply.Authority(),
              UnorderedElementsAre("child.example. 300 IN NS ns.child.example.",
                                   "child.example. 300 IN NS ns.outside.org.",
                                   "child.example. 120 IN NSEC child\\000.example. NS RRSIG NSEC"));
  EXPECT_THAT(reply.Additional(),
              UnorderedElementsAre("ns.child.example. 300 IN A 192.0.2.60",
                                   "ns.child.example. 300 IN AAAA 2001:db8::60"));
  EXPECT_EQ(reply.Rrsigs(), 1u);
  EXPECT_TRUE(Believed(reply));
  EXPECT_EQ(ProofIn(reply, "child.example.", RRType::kDS), Proof::kUnsignedCut);
}

TEST_F(LocalAnswers, ASignedReferralHasTheDs) {
  const Reply reply = Get(Ask("www.secure.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Authority(), SizeIs(2));
  EXPECT_EQ(reply.Rrsigs(), 1u);
  EXPECT_TRUE(Believed(reply));
  EXPECT_EQ(Get(Ask("www.secure.example.", RRType::kA)).Authority().size(), 1u);
}

TEST_F(LocalAnswers, Rfc4035Section3141_TheParentAnswersForDs) {
  const Reply there = Get(Ask("secure.example.", RRType::kDS).Dnssec());
  EXPECT_TRUE(there.aa());
  EXPECT_THAT(there.Answer(), SizeIs(1));
  EXPECT_TRUE(Believed(there));
  const Reply none = Get(Ask("child.example.", RRType::kDS).Dnssec());
  EXPECT_TRUE(none.aa());
  EXPECT_THAT(none.Authority(), SizeIs(2));
  EXPECT_EQ(ProofIn(none, "child.example.", RRType::kDS), Proof::kUnsignedCut);
  EXPECT_TRUE(Believed(none));
}

TEST_F(LocalAnswers, TheParentAnswersForDsAlsoWhenTheChildIsOursToo) {
  Serve(LocalZoneOf("child.example.",
                    "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n"
                    "ns IN A 192.0.2.60\nwww IN A 192.0.2.61\n"));
  EXPECT_THAT(Get(Ask("www.child.example.", RRType::kA)).Answer(), SizeIs(1));
  const Reply reply = Get(Ask("child.example.", RRType::kDS).Dnssec());
  EXPECT_EQ(ProofIn(reply, "child.example.", RRType::kDS), Proof::kUnsignedCut);
  EXPECT_THAT(reply.Authority()[0], kSoa);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(LocalAnswers, Rfc6672_DnameIsSignedAndTheCnameMadeOfItIsNot) {
  const Reply reply = Get(Ask("www.old.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("old.example. 300 IN DNAME new.example.",
                                          "www.old.example. 300 IN CNAME www.new.example.",
                                          "www.new.example. 300 IN A 192.0.2.9"));
  EXPECT_EQ(reply.Rrsigs(), 2u);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(LocalAnswers, ADnameThatMakesSeveralAliasesIsSentOnce) {
  Serve(LocalZoneOf("d.", "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\ns IN DNAME a.s\n"));
  const Reply reply = Get(Ask("x.s.d.", RRType::kA).Dnssec(), Transport::kTcp);
  EXPECT_EQ(reply.Answer()[0], "s.d. 60 IN DNAME a.s.d.");
  EXPECT_EQ(reply.Rrsigs(), 1u);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(LocalAnswers, Rfc6672Section22_ANameThatGrowsTooLongIsYxdomain) {
  Serve(LocalZoneOf("d.",
                    "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n"
                    "s IN DNAME " +
                        std::string(60, 'x') + "." + std::string(60, 'y') + ".example.\n"));
  const std::string label = std::string(60, 'a') + ".";
  const Reply reply = Get(Ask(label + label + label + "s.d.", RRType::kA).Dnssec());
  EXPECT_EQ(reply.rcode(), 6);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(LocalAnswers, Rfc8482_AnyGetsOneSignedRrset) {
  const Reply reply = Get(Ask("www.example.", RRType::kANY).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(2));
  EXPECT_EQ(reply.Rrsigs(), 1u);
  EXPECT_TRUE(Believed(reply));
}

TEST_F(LocalAnswers, TheApexKeysAreServedWithTheSignatureMadeAhead) {
  const Reply reply = Get(Ask("example.", RRType::kDNSKEY).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(2));
  EXPECT_EQ(reply.Rrsigs(), 1u);
  EXPECT_TRUE(Believed(reply));
  EXPECT_EQ(ProofIn(Get(Ask("example.", RRType::kCDS).Dnssec()), "example.", RRType::kCDS),
            Proof::kNoSuchType);
}

TEST_F(LocalAnswers, CdsIsServedWhenThereIsOne) {
  auto zone = LocalZoneOf("cds.net.", "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n");
  zone->keys = MakeKeys("cds.net.", kNow, 7, {.cds = true});
  Serve(zone);
  const Reply reply = Get(Ask("cds.net.", RRType::kCDS).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(1));
  EXPECT_TRUE(Believed(reply));
}

TEST_F(LocalAnswers, NoSignatureIsSentBeforeOrAfterItsTime) {
  for (const std::uint32_t moment : {kNow + 8 * 86400, kNow - 2 * 86400}) {
    MoveTo(moment);
    const Reply keys = Get(Ask("example.", RRType::kDNSKEY).Dnssec());
    EXPECT_EQ(keys.rcode(), 2);
    EXPECT_EQ(keys.ExtendedError(), 14);
    // What is signed online is signed for the moment it is asked for.
    EXPECT_TRUE(Believed(Get(Ask("www.example.", RRType::kA).Dnssec())));
    EXPECT_THAT(Get(Ask("example.", RRType::kDNSKEY)).Answer(), SizeIs(2));
  }
  EXPECT_EQ(Counted(Count::kApexSignatureMissing), 2u);
}

TEST_F(LocalAnswers, NsecAndRrsigExistWhereverTheyAreAskedFor) {
  const Reply nsec = Get(Ask("www.example.", RRType::kNSEC).Dnssec());
  EXPECT_THAT(nsec.Answer(),
              ElementsAre("www.example. 120 IN NSEC \\000.www.example. A AAAA RRSIG NSEC"));
  EXPECT_TRUE(Believed(nsec));
  const Reply rrsig = Get(Ask("www.example.", RRType::kRRSIG).Dnssec());
  EXPECT_THAT(rrsig.Answer(), IsEmpty());
  EXPECT_EQ(rrsig.Rrsigs(), 1u);
}

TEST_F(LocalAnswers, AnUnsignedZoneIsServedPlain) {
  Serve(LocalZoneOf("plain.net.",
                    "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n"
                    "www IN A 192.0.2.1\nsub IN NS ns\n"),
        false);
  EXPECT_EQ(Get(Ask("www.plain.net.", RRType::kA).Dnssec()).Rrsigs(), 0u);
  const Reply gone = Get(Ask("nope.plain.net.", RRType::kA).Dnssec());
  EXPECT_EQ(gone.rcode(), 3);
  EXPECT_THAT(gone.Authority(), SizeIs(1));
  EXPECT_THAT(Get(Ask("x.sub.plain.net.", RRType::kA).Dnssec()).Authority(), SizeIs(1));
}

TEST_F(LocalAnswers, WhatIsNotOursIsRefused) {
  const Reply reply = Get(Ask("www.elsewhere.org.", RRType::kA).Edns());
  EXPECT_EQ(reply.rcode(), 5);
  EXPECT_FALSE(reply.aa());
  EXPECT_EQ(reply.ExtendedError(), 20);
}

TEST_F(LocalAnswers, Rfc6891Section613_BadversInAnOptRecordOfVersionZero) {
  const Reply reply = Get(Ask("www.example.", RRType::kA).Version(1));
  EXPECT_EQ(reply.rcode(), 16);
  EXPECT_EQ(ldns_pkt_edns_version(reply.packet()), 0);
  EXPECT_THAT(reply.Answer(), IsEmpty());
}

TEST_F(LocalAnswers, SilenceForWhatIsNoQuery) {
  EXPECT_FALSE(Get(Ask("www.example.", RRType::kA).Flags(0x8000)).parsed());
  EXPECT_EQ(Counted(Count::kVerdictDrop), 1u);
}

TEST_F(LocalAnswers, NamesOf255OctetsAreDeniedAndBelieved) {
  const std::string label = std::string(61, 'a') + ".";
  const std::string longest = label + label + label + std::string(58, 'b') + ".example.";
  ASSERT_EQ(N(longest).size(), 254u);
  for (const std::string& name : {longest, std::string("a") + longest}) {
    const Reply reply = Get(Ask(name, RRType::kA).Dnssec());
    EXPECT_TRUE(Believed(reply));
    EXPECT_EQ(ProofIn(reply, name, RRType::kA), Proof::kNoSuchName);
  }
}

TEST_F(LocalAnswers, TheSpellingOfTheAskerIsKept) {
  const Reply reply = Get(Ask("WwW.eXample.", RRType::kA).Dnssec());
  EXPECT_EQ(reply.Answer()[0].substr(0, 12), "WwW.eXample.");
  EXPECT_TRUE(Believed(reply));
  EXPECT_TRUE(Believed(Get(Ask("nO.eXample.", RRType::kA).Dnssec())));
}

}  // namespace
}  // namespace sealwire::proxy::testing
