#include "proxy/forward_query.h"

#include <gtest/gtest.h>

#include <set>

#include "dns/message_view.h"
#include "tests/proxy/query_packet.h"

namespace sealwire::proxy {
namespace {

using testing::N;
using testing::Packet;

Packet Write(std::uint16_t id, const std::string& name, const EdnsOffer* edns,
             dns::RRType type = dns::RRType::kA) {
  Packet out(kMaxForwardQuery);
  out.resize(WriteForwardQuery(id, N(name), type, edns, out));
  return out;
}

Packet ReplyTo(Packet query, std::uint8_t flags_low = 0) {
  query[2] |= 0x84;  // QR, AA
  query[3] = flags_low;
  return query;
}

std::string Option(const Packet& query, dns::EdnsOption code) {
  dns::MessageView view;
  EXPECT_EQ(view.Parse(query), dns::ParseError::kNone);
  if (!view.edns()) return "no OPT";
  const auto data = view.edns()->Find(code);
  return data ? std::string(data->begin(), data->end()) : "none";
}

TEST(ForwardQuery, AsksWithoutRecursionAndWithoutDnssec) {
  const EdnsOffer offer{1232, std::nullopt};
  const Packet query = Write(0xabcd, "www.example.", &offer, dns::RRType::kAAAA);
  dns::MessageView view;
  ASSERT_EQ(view.Parse(query), dns::ParseError::kNone);
  EXPECT_EQ(view.header().id, 0xabcd);
  EXPECT_FALSE(view.header().qr);
  EXPECT_FALSE(view.header().rd);
  EXPECT_EQ(view.question().name, N("www.example."));
  EXPECT_EQ(view.question().type, dns::RRType::kAAAA);
  ASSERT_TRUE(view.edns());
  EXPECT_EQ(view.edns()->udp_size, 1232);
  EXPECT_FALSE(view.edns()->dnssec_ok);
  EXPECT_EQ(Option(query, dns::EdnsOption::kClientSubnet), "none");
}

TEST(ForwardQuery, APlainQueryHasNoOpt) {
  EXPECT_EQ(Option(Write(1, "www.example.", nullptr), dns::EdnsOption::kClientSubnet), "no OPT");
}

TEST(ForwardQuery, Rfc7871Section6_AnIpv4ClientIsCutToItsNetwork) {
  const EdnsOffer offer{1232, ClientSubnet{net::IpAddress::V4({192, 0, 2, 77}), 24}};
  EXPECT_EQ(Option(Write(1, "example.", &offer), dns::EdnsOption::kClientSubnet),
            std::string("\0\1\x18\0\xc0\0\2", 7));
}

TEST(ForwardQuery, Rfc7871Section6_BitsBehindThePrefixAreZero) {
  const EdnsOffer offer{1232, ClientSubnet{net::IpAddress::V4({192, 0, 2, 255}), 27}};
  EXPECT_EQ(Option(Write(1, "example.", &offer), dns::EdnsOption::kClientSubnet),
            std::string("\0\1\x1b\0\xc0\0\2\xe0", 8));
}

TEST(ForwardQuery, Rfc7871Section6_AnIpv6ClientIsCutToItsNetwork) {
  const auto client = net::IpAddress::FromText("2001:db8:1:2345::9").value();
  const EdnsOffer offer{1232, ClientSubnet{client, 56}};
  EXPECT_EQ(Option(Write(1, "example.", &offer), dns::EdnsOption::kClientSubnet),
            std::string("\0\2\x38\0\x20\x01\x0d\xb8\0\1\x23", 11));
}

TEST(ForwardQuery, TheLongestQueryFits) {
  std::string name;
  for (int i = 0; i < 3; ++i) name += std::string(63, 'a') + ".";
  name += std::string(61, 'a') + ".";
  const auto client = net::IpAddress::FromText("2001:db8::1").value();
  const EdnsOffer offer{1232, ClientSubnet{client, 128}};
  EXPECT_EQ(Write(1, name, &offer).size(), kMaxForwardQuery);
}

TEST(ForwardQuery, CaseIsRandomAndTheNameStaysTheSame) {
  net::Random random;
  const dns::Name name = N("abcdefghijklmnopqrstuvwxyz-0123.example.");
  std::set<std::string> spellings;
  for (int i = 0; i < 50; ++i) {
    dns::Name spelled = name;
    RandomizeCase(spelled, random);
    EXPECT_EQ(spelled, name);
    spellings.insert(spelled.ToText());
  }
  EXPECT_EQ(spellings.size(), 50u);
}

TEST(ForwardQuery, CaseOfOctetsThatAreNoLettersStays) {
  net::Random random;
  const dns::Name name = N("\\064\\091\\096\\123\\193.1-2_3.");
  for (int i = 0; i < 20; ++i) {
    dns::Name spelled = name;
    RandomizeCase(spelled, random);
    EXPECT_TRUE(dns::Equal(spelled.wire(), name.wire()));
  }
}

class MatchReplyTest : public ::testing::Test {
 protected:
  ReplyMatch Match(const Packet& reply) {
    return MatchReply(reply, 0x1234, N("WwW.example."), dns::RRType::kA);
  }
  const EdnsOffer offer_{1232, std::nullopt};
  Packet query_ = Write(0x1234, "WwW.example.", &offer_);
  Packet reply_ = ReplyTo(query_);
};

TEST_F(MatchReplyTest, TheRightReply) {
  EXPECT_EQ(Match(reply_), ReplyMatch::kAnswer);
}

TEST_F(MatchReplyTest, AQueryIsNoReply) {
  EXPECT_EQ(Match(query_), ReplyMatch::kNoMatch);
}

TEST_F(MatchReplyTest, Rfc5452Section9_1_AnotherIdIsNoMatch) {
  reply_[1] ^= 1;
  EXPECT_EQ(Match(reply_), ReplyMatch::kNoMatch);
}

TEST_F(MatchReplyTest, Rfc5452Section9_1_AnotherQuestionIsNoMatch) {
  EXPECT_EQ(Match(ReplyTo(Write(0x1234, "WwX.example.", &offer_))), ReplyMatch::kNoMatch);
  EXPECT_EQ(Match(ReplyTo(Write(0x1234, "WwW.example.", &offer_, dns::RRType::kAAAA))),
            ReplyMatch::kNoMatch);
  Packet chaos = reply_;
  chaos[12 + 13 + 3] = 3;
  EXPECT_EQ(Match(chaos), ReplyMatch::kNoMatch);
}

TEST_F(MatchReplyTest, AnotherOpcodeIsNoMatch) {
  reply_[2] |= 0x20;
  EXPECT_EQ(Match(reply_), ReplyMatch::kNoMatch);
}

TEST_F(MatchReplyTest, OtherCaseIsSeen) {
  EXPECT_EQ(Match(ReplyTo(Write(0x1234, "www.example.", &offer_))), ReplyMatch::kOtherCase);
}

TEST_F(MatchReplyTest, TruncationIsSeen) {
  reply_[2] |= 0x02;
  EXPECT_EQ(Match(reply_), ReplyMatch::kTruncated);
}

TEST_F(MatchReplyTest, AnErrorWithoutQuestion) {
  Packet error(reply_.begin(), reply_.begin() + 12);
  error[3] = 1;
  error[5] = error[11] = 0;
  EXPECT_EQ(Match(error), ReplyMatch::kNoQuestion);
  error[3] = 0;
  EXPECT_EQ(Match(error), ReplyMatch::kNoMatch);
}

TEST_F(MatchReplyTest, AnythingCutShortIsNoMatch) {
  const std::size_t question_end = 12 + 13 + 4;
  for (std::size_t size = 0; size < question_end; ++size) {
    EXPECT_EQ(Match(Packet(reply_.begin(), reply_.begin() + static_cast<std::ptrdiff_t>(size))),
              ReplyMatch::kNoMatch)
        << size;
  }
}

TEST_F(MatchReplyTest, ACompressedQuestionIsNoMatch) {
  reply_[12] = 0xc0;
  EXPECT_EQ(Match(reply_), ReplyMatch::kNoMatch);
}

TEST_F(MatchReplyTest, TheQuestionIsRespelled) {
  RespellQuestion(reply_, N("www.EXAMPLE."));
  dns::MessageView view;
  ASSERT_EQ(view.Parse(reply_), dns::ParseError::kNone);
  EXPECT_EQ(view.question().name.ToText(), "www.EXAMPLE.");
  Packet short_reply(14);
  RespellQuestion(short_reply, N("www.example."));
  EXPECT_EQ(short_reply, Packet(14));
}

}  // namespace
}  // namespace sealwire::proxy
