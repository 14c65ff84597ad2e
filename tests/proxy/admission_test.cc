#include "proxy/admission.h"

#include <gtest/gtest.h>

#include "tests/proxy/query_packet.h"

namespace sealwire::proxy {
namespace {

using dns::Rcode;
using dns::RRType;
using testing::Ask;
using testing::Packet;

Admission AdmissionOf(const Packet& packet) {
  Query query;
  const QueryError parsed = query.Parse(packet);
  return Admit(query, parsed);
}

void ExpectSilence(const Packet& packet) {
  EXPECT_EQ(AdmissionOf(packet).kind, Admission::Kind::kSilence);
}

void ExpectRefusal(const Packet& packet, Rcode rcode) {
  const Admission admission = AdmissionOf(packet);
  EXPECT_EQ(admission.kind, Admission::Kind::kRefusal);
  EXPECT_EQ(admission.rcode, rcode);
}

TEST(Admission, AnOrdinaryQueryIsReadWhole) {
  const Packet packet = Ask("WwW.example.", RRType::kAAAA).Dnssec(4096).CompactOk().Bytes();
  Query query;
  ASSERT_EQ(query.Parse(packet), QueryError::kNone);
  EXPECT_EQ(query.name.ToText(), "WwW.example.");
  EXPECT_EQ(query.type, RRType::kAAAA);
  EXPECT_TRUE(query.dnssec_ok());
  EXPECT_TRUE(query.compact_ok());
  EXPECT_EQ(query.edns->udp_size, 4096);
  EXPECT_EQ(Admit(query, QueryError::kNone).kind, Admission::Kind::kAdmitted);
}

TEST(Admission, NothingIsSaidToAResponseOrLessThanAHeader) {
  ExpectSilence(Ask("example.", RRType::kA).Flags(0x8000).Bytes());
  Packet packet = Ask("example.", RRType::kA).Bytes();
  packet.resize(11);
  ExpectSilence(packet);
  ExpectSilence({});
}

TEST(Admission, Rfc1035Section411_OtherOpcodesAreNotImplemented) {
  for (const std::uint16_t opcode : {1, 2, 4, 5, 6, 15}) {
    ExpectRefusal(
        Ask("example.", RRType::kSOA).Flags(static_cast<std::uint16_t>(opcode << 11)).Bytes(),
        Rcode::kNotImp);
  }
}

TEST(Admission, Rfc9619_ExactlyOneQuestion) {
  ExpectRefusal(Ask("example.", RRType::kA).Questions(0).Bytes(), Rcode::kFormErr);
  ExpectRefusal(Ask("example.", RRType::kA).Questions(2).Bytes(), Rcode::kFormErr);
}

TEST(Admission, AMalformedQuestionIsAFormatErrorWithoutEcho) {
  Packet packet = Ask("example.", RRType::kA).Bytes();
  packet.resize(packet.size() - 1);
  EXPECT_FALSE(AdmissionOf(packet).echo_question);
  ExpectRefusal(packet, Rcode::kFormErr);
  // A name that points to itself.
  packet = Ask(".", RRType::kA).Bytes();
  packet[12] = 0xc0;
  packet.insert(packet.begin() + 13, 12);
  ExpectRefusal(packet, Rcode::kFormErr);
}

TEST(Admission, OctetsBehindTheLastRecordAreAFormatError) {
  ExpectRefusal(Ask("example.", RRType::kA).Trailing("x").Bytes(), Rcode::kFormErr);
  ExpectRefusal(Ask("example.", RRType::kA).Edns().Trailing("x").Bytes(), Rcode::kFormErr);
}

TEST(Admission, Rfc6891Section611_TwoOptRecordsAreAFormatError) {
  Packet packet = Ask("example.", RRType::kA).Edns().Bytes();
  const Packet opt(packet.end() - 11, packet.end());
  packet.insert(packet.end(), opt.begin(), opt.end());
  packet[11] = 2;
  ExpectRefusal(packet, Rcode::kFormErr);
}

TEST(Admission, MalformedOptionsAreAFormatError) {
  Packet packet = Ask("example.", RRType::kA).Option(10, "12345678").Bytes();
  packet[packet.size() - 9] = 9;  // the option's length: one too many
  ExpectRefusal(packet, Rcode::kFormErr);
}

TEST(Admission, Rfc6891Section613_LaterVersionsGetBadvers) {
  ExpectRefusal(Ask("example.", RRType::kA).Version(1).Bytes(), Rcode::kBadVers);
}

TEST(Admission, ChaosIsForTheServersIdentityAndOtherClassesAreRefused) {
  EXPECT_EQ(AdmissionOf(Ask("version.bind.", RRType::kTXT).Class(3).Bytes()).kind,
            Admission::Kind::kChaos);
  ExpectRefusal(Ask("example.", RRType::kA).Class(4).Bytes(), Rcode::kRefused);
  ExpectRefusal(Ask("example.", RRType::kA).Class(255).Bytes(), Rcode::kRefused);
}

TEST(Admission, ZoneTransfersAreRefused) {
  ExpectRefusal(Ask("example.", RRType::kAXFR).Bytes(), Rcode::kRefused);
  ExpectRefusal(Ask("example.", RRType::kIXFR).Bytes(), Rcode::kRefused);
}

TEST(Admission, Rfc9824Section3_5_NxnameIsNoQueryType) {
  const Packet packet = Ask("example.", RRType::kNXNAME).Dnssec().Bytes();
  ExpectRefusal(packet, Rcode::kFormErr);
  EXPECT_EQ(AdmissionOf(packet).error, dns::ExtendedError::kInvalidQueryType);
}

TEST(Admission, MetaTypesAreNoQueryTypesAndAnyIs) {
  ExpectRefusal(Ask("example.", RRType::kOPT).Bytes(), Rcode::kFormErr);
  ExpectRefusal(Ask("example.", RRType::kTSIG).Bytes(), Rcode::kFormErr);
  ExpectRefusal(Ask("example.", RRType::kMAILB).Bytes(), Rcode::kNotImp);
  EXPECT_EQ(AdmissionOf(Ask("example.", RRType::kANY).Bytes()).kind, Admission::Kind::kAdmitted);
}

}  // namespace
}  // namespace sealwire::proxy
