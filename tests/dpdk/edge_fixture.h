// An edge on a port that reads one capture file and writes another.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dpdk/edge.h"
#include "dpdk/frame.h"
#include "signer/openssl_signer.h"
#include "tests/dpdk/frame_builder.h"
#include "tests/dpdk/pcap_file.h"

namespace sealwire::dpdk::testing {

class EdgeFixture : public ::testing::Test {
 protected:
  EdgeFixture() {
    std::string pattern = ::testing::TempDir() + "sealwire-edge-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    options_.addresses = {*net::IpAddress::FromText("192.0.2.53"),
                          *net::IpAddress::FromText("2001:db8::53")};
    options_.mbufs_per_queue = 2047;
    options_.max_asks = 64;
    options_.pipeline.answer_cache_bytes = 1u << 20;
    options_.pipeline.signature_memo_entries = 1u << 10;
    options_.pipeline.max_waiting = 64;
  }
  ~EdgeFixture() override { std::filesystem::remove_all(folder_); }

  // Starts an edge that receives `frames`.
  std::unique_ptr<Edge> Start(const std::vector<Octets>& frames) {
    static int number = 0;
    WriteCapture(folder_ + "/in", frames);
    options_.device = "vdev:net_pcap" + std::to_string(number++) + ",rx_pcap=" + folder_ +
                      "/in,tx_pcap=" + folder_ + "/out";
    auto edge = Edge::Start(options_, [] { return std::make_unique<signer::OpensslSigner>(); });
    EXPECT_TRUE(edge.ok()) << edge.error();
    return edge.ok() ? std::move(*edge) : nullptr;
  }
  static bool Await(const std::function<bool()>& what) {
    for (int i = 0; i < 2000 && !what(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return what();
  }
  // Lets an edge without zones receive `frames`, stops it, and gives what it sent.
  std::vector<Octets> Exchange(const std::vector<Octets>& frames) {
    auto edge = Start(frames);
    if (edge == nullptr) return {};
    edge->Publish(std::make_shared<const proxy::ZoneTable>());
    EXPECT_TRUE(Await([&] { return edge->counters(0).frames.value() == frames.size(); }));
    edge->Stop();
    for (const auto& [name, value] : Counts(edge->counters(0))) counts_[name] = value;
    edge.reset();
    return Sent();
  }
  static std::map<std::string, std::uint64_t> Counts(const LcoreCounters& counters) {
    return {{"answers", counters.answers.value()},
            {"truncated", counters.truncated.value()},
            {"malformed", counters.malformed.value()},
            {"bad_checksum", counters.bad_checksum.value()},
            {"dropped", counters.dropped.value()},
            {"not_to_kernel", counters.not_to_kernel.value()},
            {"not_sent", counters.not_sent.value()},
            {"no_buffer", counters.no_buffer.value()}};
  }

  // What a stopped and destroyed edge sent.
  std::vector<Octets> Sent() const { return ReadCapture(folder_ + "/out"); }

  static std::uint16_t PortTo(const FrameBuilder& asked, const Octets& reply) {
    const std::size_t udp = 14 + 4 * asked.tags.size() + (asked.v6 ? 40 : 20);
    return reply.size() < udp + 4
               ? std::uint16_t{0}
               : static_cast<std::uint16_t>(reply[udp + 2] << 8 | reply[udp + 3]);
  }
  // Checks that `reply` is a good frame to the client of `asked`, and gives its DNS message.
  static Octets MessageTo(const FrameBuilder& asked, const Octets& reply) {
    const auto client = asked.v6 ? net::IpAddress::V6(As<16>(asked.client))
                                 : net::IpAddress::V4(As<4>(asked.client));
    const ServedAddresses us(std::vector<net::IpAddress>{client}, asked.client_port);
    Frame frame;
    EXPECT_EQ(ParseFrame(reply, reply.size(), us, frame), FrameVerdict::kQuery);
    EXPECT_EQ(CheckIpHeader(reply, frame), Checksum::kGood);
    EXPECT_EQ(CheckUdp(reply, frame), Checksum::kGood);
    EXPECT_TRUE(std::equal(asked.client_mac.begin(), asked.client_mac.end(), reply.begin()));
    return {reply.begin() + frame.payload, reply.begin() + frame.payload + frame.payload_size};
  }
  template <std::size_t N>
  static std::array<std::uint8_t, N> As(const Octets& octets) {
    std::array<std::uint8_t, N> array{};
    std::copy_n(octets.begin(), N, array.begin());
    return array;
  }

  EdgeOptions options_;
  std::string folder_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace sealwire::dpdk::testing
