// An edge on a port that reads one capture file and writes another: the whole way of a frame
// through DPDK without a NIC. EAL starts once in a process; ports come and go.
#include <gtest/gtest.h>

#include "tests/dpdk/edge_fixture.h"

namespace sealwire::dpdk {
namespace {

using namespace std::chrono_literals;
using testing::FrameBuilder;
using testing::Octets;
using testing::Query;
using testing::UdpSum;

class EdgeTest : public testing::EdgeFixture {};

// RFC 8906 section 3.1.4: who is asked for a zone it does not serve refuses.
void ExpectRefused(const Octets& message, const Octets& query) {
  ASSERT_GE(message.size(), 12u);
  EXPECT_TRUE(std::equal(query.begin(), query.begin() + 2, message.begin()));
  EXPECT_EQ(message[2] & 0x80, 0x80);
  EXPECT_EQ(message[3] & 0x0f, 5);
}

TEST_F(EdgeTest, EveryKindOfFrameGetsItsReply) {
  std::vector<FrameBuilder> asked = {
      FrameBuilder::V4(Query("a.example")), FrameBuilder::V6(Query("b.example")),
      FrameBuilder::V4(Query("c.example", 28, true)), FrameBuilder::V6(Query("d.example")),
      FrameBuilder::V4(Query("e.example"))};
  asked[2].tags = {{0x8100, 5}};
  asked[3].tags = {{0x88a8, 6}, {0x8100, 7}};
  asked[3].extensions = {{60, {0, 1, 4, 0, 0, 0, 0}}};
  asked[4].ip_options = {1, 1, 1, 1};
  asked[4].padding = 9;
  std::vector<Octets> frames;
  for (FrameBuilder& builder : asked) {
    builder.client_port = static_cast<std::uint16_t>(40000 + frames.size());
    frames.push_back(builder.Build());
  }
  const std::vector<Octets> replies = Exchange(frames);
  ASSERT_EQ(replies.size(), asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    ExpectRefused(MessageTo(asked[i], replies[i]), asked[i].payload);
    const std::size_t tags = 4 * asked[i].tags.size();
    EXPECT_TRUE(std::equal(replies[i].begin() + 12,
                           replies[i].begin() + 14 + static_cast<std::ptrdiff_t>(tags),
                           frames[i].begin() + 12));
  }
  EXPECT_EQ(counts_["answers"], asked.size());
}

TEST_F(EdgeTest, FragmentsAndOversizeAreSentToTcp) {
  auto fragment = FrameBuilder::V4(Query("fragment.example", 1, true));
  fragment.fragment = 0x2000;
  fragment.udp_length = 4000;
  auto jumbo = FrameBuilder::V4(Query("jumbo.example"));
  jumbo.payload.resize(3500);
  const std::vector<Octets> replies = Exchange({fragment.Build(), jumbo.Build()});
  ASSERT_EQ(replies.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const Octets message = MessageTo(i == 0 ? fragment : jumbo, replies[i]);
    EXPECT_EQ(message[2] & 0x82, 0x82) << "QR and TC";
    EXPECT_EQ(message[3] & 0x0f, 0);
  }
  EXPECT_EQ(counts_["truncated"], 2u);
}

TEST_F(EdgeTest, BadFramesAreCountedAndGetNoReply) {
  auto bad_udp = FrameBuilder::V4(Query("a.example"));
  bad_udp.udp_sum = UdpSum::kWrong;
  auto bad_ip = FrameBuilder::V4(Query("a.example"));
  bad_ip.bad_ip_sum = true;
  auto no_sum6 = FrameBuilder::V6(Query("a.example"));
  no_sum6.udp_sum = UdpSum::kZero;
  auto partial = FrameBuilder::V4(Query("a.example"));
  partial.udp_sum = UdpSum::kPseudoHeaderOnly;
  auto from_nobody = FrameBuilder::V4(Query("a.example"));
  from_nobody.client_port = 0;
  auto short_message = FrameBuilder::V4({1, 2, 3});
  auto response = FrameBuilder::V4(Query("a.example"));
  response.payload[2] |= 0x80;
  auto other_port = FrameBuilder::V4(Query("a.example"));
  other_port.server_port = 54;
  const Octets arp = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1, 0x08, 0x06, 0, 1};
  const std::vector<Octets> replies = Exchange(
      {bad_udp.Build(), bad_ip.Build(), no_sum6.Build(), partial.Build(), from_nobody.Build(),
       short_message.Build(), response.Build(), other_port.Build(), arp});
  EXPECT_TRUE(replies.empty());
  EXPECT_EQ(counts_["bad_checksum"], 4u);
  EXPECT_EQ(counts_["malformed"], 2u);
  EXPECT_EQ(counts_["dropped"], 1u) << "a response is not answered";
  EXPECT_EQ(counts_["not_to_kernel"], 2u);
}

TEST_F(EdgeTest, Rfc768_QueryWithoutChecksumIsAnsweredWithOne) {
  auto builder = FrameBuilder::V4(Query("nosum.example"));
  builder.udp_sum = UdpSum::kZero;
  const std::vector<Octets> replies = Exchange({builder.Build()});
  ASSERT_EQ(replies.size(), 1u);
  ExpectRefused(MessageTo(builder, replies[0]), builder.payload);
  EXPECT_FALSE(replies[0][40] == 0 && replies[0][41] == 0);
}

TEST_F(EdgeTest, ChecksumsAreIgnoredWhenToldSo) {
  options_.verify_checksums = false;
  auto builder = FrameBuilder::V4(Query("wrong.example"));
  builder.udp_sum = UdpSum::kWrong;
  EXPECT_EQ(Exchange({builder.Build()}).size(), 1u);
}

TEST_F(EdgeTest, ManyBurstsKeepOrderAndLoseNothing) {
  std::vector<Octets> frames;
  for (int i = 0; i < 3000; ++i) {
    auto builder = FrameBuilder::V4(Query("n" + std::to_string(i) + ".example"));
    builder.client_port = static_cast<std::uint16_t>(1024 + i);
    frames.push_back(builder.Build());
  }
  const std::vector<Octets> replies = Exchange(frames);
  ASSERT_EQ(replies.size(), frames.size())
      << "not sent " << counts_["not_sent"] << ", no buffer " << counts_["no_buffer"];
  for (std::size_t i = 0; i < replies.size(); ++i) {
    ASSERT_EQ(replies[i][36] << 8 | replies[i][37], static_cast<int>(1024 + i));
  }
}

TEST_F(EdgeTest, NothingIsReceivedBeforeZonesAreThere) {
  const auto edge = Start({FrameBuilder::V4(Query("early.example")).Build()});
  ASSERT_NE(edge, nullptr);
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(edge->counters(0).frames.value(), 0u);
  const std::uint64_t number = edge->Publish(std::make_shared<const proxy::ZoneTable>());
  EXPECT_TRUE(Await([&] { return edge->published() >= number; }));
  EXPECT_TRUE(Await([&] { return edge->counters(0).answers.value() == 1; }));
}

TEST_F(EdgeTest, SnapshotsAreKeptUntilNobodyUsesThem) {
  const auto edge = Start({});
  ASSERT_NE(edge, nullptr);
  std::weak_ptr<const proxy::ZoneTable> first;
  {
    auto zones = std::make_shared<const proxy::ZoneTable>();
    first = zones;
    edge->Publish(std::move(zones));
  }
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t number = edge->Publish(std::make_shared<const proxy::ZoneTable>());
    EXPECT_FALSE(i == 0 && first.expired());
    EXPECT_TRUE(Await([&] { return edge->published() >= number; }));
  }
  EXPECT_TRUE(first.expired());
}

TEST_F(EdgeTest, SaysWhatItRunsOn) {
  const auto edge = Start({});
  ASSERT_NE(edge, nullptr);
  const Edge::PortStatus status = edge->Port();
  EXPECT_EQ(status.driver, "net_pcap");
  EXPECT_TRUE(status.link_up);
  EXPECT_TRUE(status.exception_interface.empty());
  EXPECT_FALSE(status.statistics.empty());
}

TEST_F(EdgeTest, ErrorsSayWhatToDo) {
  const auto start = [&](const std::string& device) {
    options_.device = device;
    const auto edge =
        Edge::Start(options_, [] { return std::make_unique<signer::OpensslSigner>(); });
    EXPECT_FALSE(edge.ok()) << device;
    return edge.ok() ? std::string() : edge.error();
  };
  EXPECT_NE(start("af_xdp:nosuchif0").find("no interface nosuchif0"), std::string::npos);
  EXPECT_NE(start("vdev:net_nosuch0").find("driver installed"), std::string::npos);
  EXPECT_NE(start("eth0").find("must start with af_xdp:"), std::string::npos);
  options_.eal = {"-l"};
  EXPECT_NE(start("vdev:net_null0").find("list of CPUs"), std::string::npos);
  options_.eal = {"-l", "0-7"};
  EXPECT_NE(start("vdev:net_pcap9,rx_pcap=" + folder_ + "/none").find("net_pcap9"),
            std::string::npos);
}

TEST_F(EdgeTest, AnAddressIsNeeded) {
  options_.addresses.clear();
  options_.device = "vdev:net_null0";
  const auto edge = Edge::Start(options_, [] { return std::make_unique<signer::OpensslSigner>(); });
  ASSERT_FALSE(edge.ok());
  EXPECT_NE(edge.error().find("addresses"), std::string::npos);
}

}  // namespace
}  // namespace sealwire::dpdk
