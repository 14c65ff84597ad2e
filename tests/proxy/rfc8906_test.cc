// RFC 8906: that no query, however odd, is met with a silence or an error it does not deserve.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/edns_option.h"
#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Rfc8906 : public PipelineFixture {
 protected:
  Rfc8906() {
    Serve(LocalZoneOf("shop.net.",
                      "$TTL 300\n@ IN SOA ns h 1 2 3 4 60\n@ IN NS ns\nns IN A 192.0.2.53\n"));
  }
  void ExpectSoa(const Reply& reply) {
    ASSERT_TRUE(reply.parsed());
    EXPECT_EQ(reply.rcode(), 0);
    EXPECT_TRUE(reply.aa());
    EXPECT_THAT(reply.Answer(), SizeIs(1));
  }
};

TEST_F(Rfc8906, Section311_ANameServerAnswersForItsZone) {
  ExpectSoa(Get(Ask("shop.net.", RRType::kSOA)));
}

TEST_F(Rfc8906, Section312_UnknownTypesAreNoData) {
  for (const std::uint16_t type : {1000, 65280, 65534}) {
    const Reply reply = Get(Ask("shop.net.", static_cast<RRType>(type)));
    EXPECT_EQ(reply.rcode(), 0);
    EXPECT_TRUE(reply.aa());
    EXPECT_THAT(reply.Answer(), IsEmpty());
    EXPECT_THAT(reply.Authority(), SizeIs(1));
  }
}

TEST_F(Rfc8906, Section3131_CdIsCopiedAndChangesNothing) {
  const Reply reply = Get(Ask("shop.net.", RRType::kSOA).Flags(0x0010));
  ExpectSoa(reply);
  EXPECT_TRUE(ldns_pkt_cd(reply.packet()));
}

TEST_F(Rfc8906, Section3132_AdIsIgnored) {
  const Reply reply = Get(Ask("shop.net.", RRType::kSOA).Flags(0x0020));
  ExpectSoa(reply);
  EXPECT_FALSE(ldns_pkt_ad(reply.packet()));
}

TEST_F(Rfc8906, Section3133_TheReservedBitIsIgnoredAndNotCopied) {
  const Reply reply = Get(Ask("shop.net.", RRType::kSOA).Flags(0x0040));
  ExpectSoa(reply);
  EXPECT_EQ(reply.wire()[3] & 0x40, 0);
}

TEST_F(Rfc8906, Section3134_RecursionDesiredIsCopiedAndNotAvailable) {
  const Reply reply = Get(Ask("shop.net.", RRType::kSOA).RecursionDesired());
  ExpectSoa(reply);
  EXPECT_TRUE(ldns_pkt_rd(reply.packet()));
  EXPECT_FALSE(ldns_pkt_ra(reply.packet()));
}

TEST_F(Rfc8906, Section314_UnknownOpcodesAreNotImplementedAndEchoed) {
  for (int opcode = 1; opcode < 16; ++opcode) {
    Packet query(12);
    query[0] = 0xab;
    query[1] = 0xcd;
    query[2] = static_cast<std::uint8_t>(opcode << 3);
    const Reply reply = Get(query);
    ASSERT_TRUE(reply.parsed()) << opcode;
    EXPECT_EQ(reply.rcode(), 4);
    EXPECT_EQ(reply.wire()[2] >> 3 & 15, opcode);
    EXPECT_EQ(ldns_pkt_id(reply.packet()), 0xabcd);
    EXPECT_TRUE(ldns_pkt_qr(reply.packet()));
  }
}

TEST_F(Rfc8906, Section315_TcpAnswersLikeUdp) {
  ExpectSoa(Get(Ask("shop.net.", RRType::kSOA), Transport::kTcp));
}

TEST_F(Rfc8906, Section321_EdnsIsAnsweredWithEdns) {
  const Reply reply = Get(Ask("shop.net.", RRType::kSOA).Edns(4096));
  ExpectSoa(reply);
  EXPECT_EQ(ldns_pkt_edns_version(reply.packet()), 0);
  EXPECT_EQ(ldns_pkt_edns_udp_size(reply.packet()), 1232);
  EXPECT_FALSE(Get(Ask("shop.net.", RRType::kSOA)).has_edns());
}

TEST_F(Rfc8906, Section322_AHigherVersionIsBadVersWithoutTheAnswer) {
  const Reply reply = Get(Ask("shop.net.", RRType::kSOA).Version(1));
  EXPECT_EQ(reply.rcode(), 16);
  EXPECT_EQ(ldns_pkt_edns_version(reply.packet()), 0);
  EXPECT_THAT(reply.Answer(), IsEmpty());
}

TEST_F(Rfc8906, Section323_UnknownOptionsAreIgnoredAndNotEchoed) {
  const Reply reply = Get(Ask("shop.net.", RRType::kSOA).Option(100, "whatever").Option(101, ""));
  ExpectSoa(reply);
  EXPECT_FALSE(OptionOf(reply, 100));
  EXPECT_FALSE(OptionOf(reply, 101));
}

TEST_F(Rfc8906, Section324_UnknownFlagsAreIgnoredAndNotEchoed) {
  Packet query = Ask("shop.net.", RRType::kSOA).Edns().Bytes();
  query[query.size() - 4] = 0x3f;  // the Z bits but DO and CO
  query[query.size() - 3] = 0xff;
  const Reply reply = Get(query);
  ExpectSoa(reply);
  EXPECT_EQ(ldns_pkt_edns_z(reply.packet()), 0);
  EXPECT_FALSE(reply.dnssec_ok());
}

TEST_F(Rfc8906, Section325_VersionAndFlagsTogetherAreBadVers) {
  Packet query = Ask("shop.net.", RRType::kSOA).Version(1).Bytes();
  query[query.size() - 3] = 0xff;
  const Reply reply = Get(query);
  EXPECT_EQ(reply.rcode(), 16);
  EXPECT_EQ(ldns_pkt_edns_z(reply.packet()), 0);
}

TEST_F(Rfc8906, Section326_VersionAndOptionTogetherAreBadVers) {
  const Reply reply = Get(Ask("shop.net.", RRType::kSOA).Version(1).Option(100, "x"));
  EXPECT_EQ(reply.rcode(), 16);
  EXPECT_FALSE(OptionOf(reply, 100));
}

TEST_F(Rfc8906, Section327_ATruncatedAnswerHasItsOptRecord) {
  std::string text = "$TTL 300\n@ IN SOA ns h 1 2 3 4 60\n@ IN NS ns\n";
  for (int i = 0; i < 9; ++i)
    text += "big IN TXT " + std::string(200, static_cast<char>('a' + i)) + "\n";
  Serve(LocalZoneOf("big.net.", text));
  const Reply reply = Get(Ask("big.big.net.", RRType::kTXT).Edns(512));
  EXPECT_TRUE(reply.tc());
  EXPECT_TRUE(reply.has_edns());
  EXPECT_LE(reply.wire().size(), 512u);
}

TEST_F(Rfc8906, Section328_DoIsAnsweredWithDoAndSignatures) {
  const Reply reply = Get(Ask("shop.net.", RRType::kSOA).Dnssec());
  ExpectSoa(reply);
  EXPECT_TRUE(reply.dnssec_ok());
  EXPECT_EQ(reply.Rrsigs(), 1u);
}

TEST_F(Rfc8906, Section329_OptionsOfTheAskersOwnDoNotKeepTheAnswerBack) {
  ExpectSoa(Get(Ask("shop.net.", RRType::kSOA)
                    .Option(3, "")
                    .Option(8, std::string("\0\1\0\0", 4))
                    .Option(9, "")));
}

TEST_F(Rfc8906, Section5_WhatWeAreNotAuthoritativeForIsRefused) {
  EXPECT_EQ(Get(Ask("elsewhere.org.", RRType::kSOA)).rcode(), 5);
  EXPECT_EQ(Get(Ask(".", RRType::kNS)).rcode(), 5);
}

TEST_F(Rfc8906, Rfc1035_AResponseAndATruncatedHeaderAreMetWithSilence) {
  EXPECT_FALSE(Get(Ask("shop.net.", RRType::kSOA).Flags(0x8000)).parsed());
  for (std::size_t size = 0; size < 12; ++size) {
    Packet query = Ask("shop.net.", RRType::kSOA).Bytes();
    query.resize(size);
    EXPECT_FALSE(Get(query).parsed()) << size;
  }
}

TEST_F(Rfc8906, Rfc9619_ManyQuestionsOrNoneAreAFormatError) {
  EXPECT_EQ(Get(Ask("shop.net.", RRType::kSOA).Questions(2)).rcode(), 1);
  EXPECT_EQ(Get(Ask("shop.net.", RRType::kSOA).Questions(0xffff)).rcode(), 1);
  Packet none(12);
  EXPECT_EQ(Get(none).rcode(), 1);
}

TEST_F(Rfc8906, TrailingGarbageAndQuestionsCutShortAreAFormatError) {
  EXPECT_EQ(Get(Ask("shop.net.", RRType::kSOA).Trailing("x")).rcode(), 1);
  EXPECT_EQ(Get(Ask("shop.net.", RRType::kSOA).Edns().Trailing(std::string(40, 'x'))).rcode(), 1);
  const Packet whole = Ask("shop.net.", RRType::kSOA).Bytes();
  for (std::size_t size = 12; size < whole.size(); ++size) {
    EXPECT_EQ(Get(Packet(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))).rcode(),
              1)
        << size;
  }
}

TEST_F(Rfc8906, Rfc6891Section611_TwoOptRecordsAreAFormatError) {
  Packet query = Ask("shop.net.", RRType::kSOA).Edns().Bytes();
  const Packet opt(query.end() - 11, query.end());
  query.insert(query.end(), opt.begin(), opt.end());
  query[11] = 2;
  EXPECT_EQ(Get(query).rcode(), 1);
}

TEST_F(Rfc8906, Rfc8482Section43_AnyGetsOneSignedRrset) {
  const Reply reply = Get(Ask("ns.shop.net.", RRType::kANY).Dnssec());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_EQ(reply.Rrsigs(), 1u);
  EXPECT_THAT(reply.Answer(), SizeIs(1));
  EXPECT_TRUE(Believed(reply));
}

}  // namespace
}  // namespace sealwire::proxy::testing
