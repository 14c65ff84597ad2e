#include "dpdk/frame.h"

#include <gtest/gtest.h>

#include "net/internet_checksum.h"
#include "tests/dpdk/frame_builder.h"

namespace sealwire::dpdk {
namespace {

using testing::FrameBuilder;
using testing::Octets;
using testing::PlainSum;
using testing::Query;
using testing::UdpSum;

const net::IpAddress kServed4 = net::IpAddress::V4({192, 0, 2, 53});
const net::IpAddress kServed6 =
    net::IpAddress::V6({0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53});

class FrameTest : public ::testing::Test {
 protected:
  FrameVerdict Parse(const Octets& octets) {
    bytes_ = octets;
    return ParseFrame(bytes_, bytes_.size(), served_, frame_);
  }
  Octets Payload() const {
    const dns::Bytes payload = dns::Bytes(bytes_).subspan(frame_.payload, frame_.payload_size);
    return {payload.begin(), payload.end()};
  }
  Octets Reply(const Octets& answer, ChecksumOffload offload = {}) const {
    const ReplyLayout layout = LayoutOfReply(frame_);
    Octets reply(layout.payload);
    WriteUnfinishedHeader(bytes_, frame_, reply);
    testing::Append(reply, answer);
    FinishReply(reply, layout, offload);
    // Written at once, and with the answer's sum known, it is the same reply.
    Octets at_once(layout.payload);
    testing::Append(at_once, answer);
    Octets summed = at_once;
    WriteReplyHeader(bytes_, frame_, at_once, offload);
    EXPECT_EQ(at_once, reply);
    WriteReplyHeader(bytes_, frame_, summed, offload, net::Fold(net::SumOctets(answer)));
    EXPECT_EQ(summed, reply);
    return reply;
  }

  const ServedAddresses served_{std::vector<net::IpAddress>{kServed4, kServed6}, 53};
  Octets bytes_;
  Frame frame_;
};

TEST_F(FrameTest, PlainIpv4QueryIsFound) {
  const Octets query = Query("www.example.com");
  ASSERT_EQ(Parse(FrameBuilder::V4(query).Build()), FrameVerdict::kQuery);
  EXPECT_EQ(frame_.ip, 14);
  EXPECT_EQ(frame_.payload, 42);
  EXPECT_EQ(Payload(), query);
  EXPECT_EQ(ClientOf(bytes_, frame_).ToText(), "192.0.2.7:40000");
  EXPECT_EQ(CheckIpHeader(bytes_, frame_), Checksum::kGood);
  EXPECT_EQ(CheckUdp(bytes_, frame_), Checksum::kGood);
}

TEST_F(FrameTest, PlainIpv6QueryIsFound) {
  const Octets query = Query("www.example.com");
  ASSERT_EQ(Parse(FrameBuilder::V6(query).Build()), FrameVerdict::kQuery);
  EXPECT_EQ(frame_.payload, 62);
  EXPECT_EQ(Payload(), query);
  EXPECT_EQ(ClientOf(bytes_, frame_).ToText(), "[2001:db8::7]:40000");
  EXPECT_EQ(CheckUdp(bytes_, frame_), Checksum::kGood);
}

TEST_F(FrameTest, UpToTwoVlanTagsAreReadAndReturned) {
  auto builder = FrameBuilder::V4(Query("a.example"));
  builder.tags = {{0x8100, 0x2005}};
  ASSERT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
  EXPECT_EQ(frame_.ip, 18);
  builder.tags = {{0x88a8, 0x0064}, {0x8100, 0x0005}};
  ASSERT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
  EXPECT_EQ(frame_.ip, 22);
  const Octets reply = Reply(Query("a.example"));
  EXPECT_TRUE(std::equal(reply.begin() + 12, reply.begin() + 22, bytes_.begin() + 12));
  builder.tags.push_back({0x8100, 0x0006});
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kForeign);
}

TEST_F(FrameTest, PaddingOfShortFramesIsNoPartOfTheQuery) {
  auto builder = FrameBuilder::V4(Query("x"));
  builder.padding = 17;
  ASSERT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
  EXPECT_EQ(Payload(), builder.payload);
  EXPECT_EQ(CheckUdp(bytes_, frame_), Checksum::kGood);
}

TEST_F(FrameTest, Ipv4OptionsAreSkippedAndNotReturned) {
  auto builder = FrameBuilder::V4(Query("options.example"));
  builder.ip_options = {1, 1, 1, 1, 7, 7, 4, 0, 0, 0, 0, 0};
  ASSERT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
  EXPECT_EQ(Payload(), builder.payload);
  EXPECT_EQ(CheckIpHeader(bytes_, frame_), Checksum::kGood);
  const Octets reply = Reply({1, 2, 3});
  EXPECT_EQ(reply[14], 0x45);
  EXPECT_EQ(reply.size(), 14u + 20 + 8 + 3);
}

TEST_F(FrameTest, Rfc8200Section4_ExtensionHeadersAreSkippedWithinBounds) {
  auto builder = FrameBuilder::V6(Query("ext.example"));
  const Octets padding_options = {0, 1, 4, 0, 0, 0, 0};  // PadN of six
  builder.extensions = {{0, padding_options}, {60, padding_options}};
  ASSERT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
  EXPECT_EQ(Payload(), builder.payload);
  EXPECT_EQ(CheckUdp(bytes_, frame_), Checksum::kGood);
  EXPECT_EQ(Reply({9}).size(), 14u + 40 + 8 + 1);

  builder.extensions.assign(kMaxExtensionHeaders, {60, padding_options});
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
  builder.extensions.push_back({60, padding_options});
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kForeign);

  Octets long_option(1 + 262, 0);  // Pad1 in plenty: 264 octets with the next header
  long_option[0] = 32;
  builder.extensions = {{60, long_option}};
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kForeign);
}

TEST_F(FrameTest, Rfc8200Section42_UnknownOptionsThatForbidSkippingAreTheKernels) {
  auto builder = FrameBuilder::V6(Query("ext.example"));
  builder.extensions = {{60, {0, 0x1e, 4, 0, 0, 0, 0}}};
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
  builder.extensions = {{60, {0, 0x9e, 4, 0, 0, 0, 0}}};
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kForeign);
  builder.extensions = {{60, {0, 0x1e, 9, 0, 0, 0, 0}}};  // runs past its header
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kForeign);
}

TEST_F(FrameTest, Rfc8200Section41_HopByHopOptionsStandFirstOnly) {
  auto builder = FrameBuilder::V6(Query("ext.example"));
  const Octets padding_options = {0, 1, 4, 0, 0, 0, 0};
  builder.extensions = {{60, padding_options}, {0, padding_options}};
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kForeign);
}

TEST_F(FrameTest, RoutingHeaderPassesOnlyAtItsLastStop) {
  auto builder = FrameBuilder::V6(Query("ext.example"));
  builder.extensions = {{43, {0, 4, 0, 0, 0, 0, 0}}};
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
  builder.extensions = {{43, {0, 4, 1, 0, 0, 0, 0}}};
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kForeign);
}

TEST_F(FrameTest, Rfc6946_AtomicFragmentIsWhole) {
  auto builder = FrameBuilder::V6(Query("atomic.example"));
  builder.extensions = {{44, {0, 0, 0, 1, 2, 3, 4}}};
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
}

TEST_F(FrameTest, FirstFragmentsAreIncompleteAndLaterOnesTheKernels) {
  auto v4 = FrameBuilder::V4(Query("fragment.example"));
  v4.udp_length = 2000;
  v4.fragment = 0x2000;
  EXPECT_EQ(Parse(v4.Build()), FrameVerdict::kIncomplete);
  EXPECT_EQ(Payload(), v4.payload);
  v4.fragment = 0x2001;
  EXPECT_EQ(Parse(v4.Build()), FrameVerdict::kForeign);
  v4.fragment = 0x0010;
  EXPECT_EQ(Parse(v4.Build()), FrameVerdict::kForeign);

  auto v6 = FrameBuilder::V6(Query("fragment.example"));
  v6.udp_length = 2000;
  v6.extensions = {{44, {0, 0, 1, 1, 2, 3, 4}}};
  EXPECT_EQ(Parse(v6.Build()), FrameVerdict::kIncomplete);
  v6.extensions = {{44, {0, 0, 8, 1, 2, 3, 4}}};
  EXPECT_EQ(Parse(v6.Build()), FrameVerdict::kForeign);
}

TEST_F(FrameTest, FrameInSeveralBuffersIsIncomplete) {
  Octets payload = Query("jumbo.example");
  payload.resize(3000);
  const Octets whole = FrameBuilder::V4(payload).Build();
  const Octets head(whole.begin(), whole.begin() + 2048);
  ASSERT_EQ(ParseFrame(head, whole.size(), served_, frame_), FrameVerdict::kIncomplete);
  EXPECT_EQ(frame_.payload + frame_.payload_size, 2048);
}

TEST_F(FrameTest, OtherTrafficIsTheKernels) {
  auto builder = FrameBuilder::V4(Query("a.example"));
  builder.server_port = 5353;
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kForeign);
  builder = FrameBuilder::V4(Query("a.example"));
  builder.server[3] = 54;
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kForeign);
  builder = FrameBuilder::V4(Query("a.example"));
  builder.protocol = 6;
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kForeign);
  builder = FrameBuilder::V6(Query("a.example"));
  builder.protocol = 58;
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kForeign);
  builder = FrameBuilder::V4(Query("a.example"));
  builder.server_mac[0] |= 1;  // group address
  EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kForeign);
  Octets arp(60, 0);
  arp[12] = 0x08;
  arp[13] = 0x06;
  EXPECT_EQ(Parse(arp), FrameVerdict::kForeign);
}

TEST_F(FrameTest, UnanswerableSourcesAreMalformed) {
  for (const Octets& source : {Octets{0, 0, 0, 0}, Octets{224, 0, 0, 1}, Octets{255, 255, 255, 255},
                               Octets{192, 0, 2, 53}}) {
    auto builder = FrameBuilder::V4(Query("a.example"));
    builder.client = source;
    EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kMalformed);
  }
  auto v6 = FrameBuilder::V6(Query("a.example"));
  v6.client.assign(16, 0);
  EXPECT_EQ(Parse(v6.Build()), FrameVerdict::kMalformed);
  v6.client[0] = 0xff;
  EXPECT_EQ(Parse(v6.Build()), FrameVerdict::kMalformed);
  auto port = FrameBuilder::V4(Query("a.example"));
  port.client_port = 0;
  EXPECT_EQ(Parse(port.Build()), FrameVerdict::kMalformed);
}

TEST_F(FrameTest, UdpLengthMustLieWithinTheIpPacket) {
  auto builder = FrameBuilder::V4(Query("a.example"));
  for (const int length : {0, 7, 19, 8 + static_cast<int>(builder.payload.size()) + 1}) {
    builder.udp_length = static_cast<std::uint16_t>(length);
    EXPECT_EQ(Parse(builder.Build()), FrameVerdict::kMalformed) << length;
  }
  builder.udp_length = static_cast<std::uint16_t>(8 + builder.payload.size() - 1);
  ASSERT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
  EXPECT_EQ(frame_.payload_size, builder.payload.size() - 1);
}

TEST_F(FrameTest, EveryCutIsRefusedWithoutReadingBehindIt) {
  for (const bool v6 : {false, true}) {
    auto builder =
        v6 ? FrameBuilder::V6(Query("cut.example")) : FrameBuilder::V4(Query("cut.example"));
    if (v6) builder.extensions = {{60, {0, 1, 4, 0, 0, 0, 0}}};
    const Octets whole = builder.Build();
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // A buffer of its own of exactly this size: AddressSanitizer watches its end.
      const Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      Frame frame;
      EXPECT_NE(ParseFrame(cut, cut.size(), served_, frame), FrameVerdict::kQuery) << size;
    }
  }
}

TEST_F(FrameTest, ChecksumsSayWhatTheyAre) {
  auto v4 = FrameBuilder::V4(Query("sum.example"));
  v4.udp_sum = UdpSum::kZero;
  ASSERT_EQ(Parse(v4.Build()), FrameVerdict::kQuery);
  EXPECT_EQ(CheckUdp(bytes_, frame_), Checksum::kAbsent);
  v4.udp_sum = UdpSum::kWrong;
  Parse(v4.Build());
  EXPECT_EQ(CheckUdp(bytes_, frame_), Checksum::kBad);
  v4.udp_sum = UdpSum::kPseudoHeaderOnly;
  Parse(v4.Build());
  EXPECT_EQ(CheckUdp(bytes_, frame_), Checksum::kPartial);
  v4.bad_ip_sum = true;
  Parse(v4.Build());
  EXPECT_EQ(CheckIpHeader(bytes_, frame_), Checksum::kBad);
}

TEST_F(FrameTest, Rfc8200Section81_UdpOverIpv6NeedsAChecksum) {
  auto v6 = FrameBuilder::V6(Query("sum.example"));
  v6.udp_sum = UdpSum::kZero;
  ASSERT_EQ(Parse(v6.Build()), FrameVerdict::kQuery);
  EXPECT_EQ(CheckUdp(bytes_, frame_), Checksum::kBad);
  v6.udp_sum = UdpSum::kPseudoHeaderOnly;
  Parse(v6.Build());
  EXPECT_EQ(CheckUdp(bytes_, frame_), Checksum::kPartial);
}

TEST_F(FrameTest, ReplyGoesBackWithRightLengthsAndChecksums) {
  const Octets answer(471, 0xa5);  // odd on purpose
  for (const bool v6 : {false, true}) {
    const auto builder =
        v6 ? FrameBuilder::V6(Query("r.example")) : FrameBuilder::V4(Query("r.example"));
    ASSERT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
    auto mirrored = builder;  // the server's words to the client
    std::swap(mirrored.client, mirrored.server);
    std::swap(mirrored.client_mac, mirrored.server_mac);
    std::swap(mirrored.client_port, mirrored.server_port);
    mirrored.payload = answer;
    const Octets reply = Reply(answer);
    const Octets expected = mirrored.Build();
    ASSERT_EQ(reply.size(), expected.size());
    EXPECT_TRUE(std::equal(reply.begin(), reply.begin() + 14, expected.begin()));
    const std::size_t udp = v6 ? 54 : 34;
    EXPECT_TRUE(std::equal(reply.begin() + static_cast<std::ptrdiff_t>(udp), reply.end(),
                           expected.begin() + static_cast<std::ptrdiff_t>(udp)))
        << "addresses, ports, UDP length and checksum";
    const std::size_t addresses = v6 ? 22 : 26;
    EXPECT_TRUE(std::equal(reply.begin() + static_cast<std::ptrdiff_t>(addresses),
                           reply.begin() + static_cast<std::ptrdiff_t>(udp),
                           expected.begin() + static_cast<std::ptrdiff_t>(addresses)));
    if (v6) {
      EXPECT_EQ(reply[14 + 4] << 8 | reply[14 + 5], 8 + 471);
    } else {
      EXPECT_EQ(PlainSum({reply.begin() + 14, reply.begin() + 34}), 0xffff);
    }
  }
}

TEST_F(FrameTest, Rfc768_ChecksumThatComesOutZeroIsSentAsOnes) {
  ASSERT_EQ(Parse(FrameBuilder::V4(Query("z.example")).Build()), FrameVerdict::kQuery);
  Octets answer = {0, 0, 1, 1};
  const Octets probe = Reply(answer);
  // Two octets that make the sum all ones, so that its complement is zero.
  answer[0] = probe[40];
  answer[1] = probe[41];
  const Octets reply = Reply(answer);
  EXPECT_EQ(reply[40], 0xff);
  EXPECT_EQ(reply[41], 0xff);
}

TEST_F(FrameTest, OffloadLeavesThePseudoHeaderSumToThePort) {
  const auto builder = FrameBuilder::V4(Query("o.example"));
  ASSERT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
  const Octets reply = Reply({1, 2, 3, 4}, {.ip = true, .udp = true});
  EXPECT_EQ(reply[24] << 8 | reply[25], 0);
  Octets pseudo(reply.begin() + 26, reply.begin() + 34);
  testing::Append16(pseudo, 17);
  testing::Append16(pseudo, 12);
  EXPECT_EQ(reply[40] << 8 | reply[41], PlainSum(pseudo));
}

TEST_F(FrameTest, ReplyHeaderNeverExceedsItsBound) {
  auto builder = FrameBuilder::V6(Query("h.example"));
  builder.tags = {{0x88a8, 1}, {0x8100, 2}};
  builder.extensions = {{60, {0, 1, 4, 0, 0, 0, 0}}};
  ASSERT_EQ(Parse(builder.Build()), FrameVerdict::kQuery);
  EXPECT_EQ(LayoutOfReply(frame_).payload, kMaxReplyHeader);
}

TEST(Checksum, SumsEveryLengthAsRfc1071Says) {
  Octets data;
  for (int i = 0; i < 131; ++i) {
    std::uint16_t expected = PlainSum(data);
    const std::uint16_t got = net::AsWireWord(net::Fold(net::SumOctets(data)));
    EXPECT_EQ(got, expected) << i;
    data.push_back(static_cast<std::uint8_t>(i * 37 + 200));
  }
}

TEST(Checksum, Rfc1071Section2B_ARunThatBeginsAtAnOddOctetIsSwapped) {
  const Octets data = {1, 2, 3, 250, 251, 252, 7, 8, 9, 10, 255};
  for (std::size_t cut = 0; cut <= data.size(); ++cut) {
    const dns::Bytes all(data);
    const std::uint16_t rest = net::Fold(net::SumOctets(all.subspan(cut)));
    EXPECT_EQ(net::Fold(net::SumOctets(all.first(cut)) + net::ShiftedTo(cut, rest)),
              net::Fold(net::SumOctets(all)))
        << cut;
  }
}

TEST(ServedAddresses, HoldsEveryAddressOnceAndNothingElse) {
  std::vector<net::IpAddress> many;
  for (int i = 0; i < 200; ++i)
    many.push_back(net::IpAddress::V4({10, 1, 2, static_cast<std::uint8_t>(i)}));
  many.push_back(kServed6);
  many.push_back(kServed6);
  const ServedAddresses served(many, 5300);
  EXPECT_EQ(served.port(), 5300);
  for (const net::IpAddress& address : many) EXPECT_TRUE(served.Contains(address.octets()));
  EXPECT_FALSE(served.Contains(Octets{10, 1, 2, 200}));
  EXPECT_FALSE(served.Contains(Octets(16, 0)));
  EXPECT_FALSE(ServedAddresses({}, 53).Contains(Octets{10, 1, 2, 3}));
}

}  // namespace
}  // namespace sealwire::dpdk
