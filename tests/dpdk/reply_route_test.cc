#include "dpdk/reply_route.h"

#include <gtest/gtest.h>

#include "tests/dpdk/frame_builder.h"

namespace sealwire::dpdk {
namespace {

using testing::FrameBuilder;
using testing::Octets;
using testing::Query;

TEST(ReplyRoute, GivesBackTheHeaderThatWasPacked) {
  const ServedAddresses served(
      std::vector<net::IpAddress>{
          net::IpAddress::V4({192, 0, 2, 53}),
          net::IpAddress::V6({0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53})},
      53);
  for (const bool v6 : {false, true}) {
    for (std::size_t tags = 0; tags <= 2; ++tags) {
      auto builder =
          v6 ? FrameBuilder::V6(Query("r.example")) : FrameBuilder::V4(Query("r.example"));
      for (std::size_t i = 0; i < tags; ++i) builder.tags.emplace_back(0x8100, 7 + i);
      const Octets octets = builder.Build();
      Frame frame;
      ASSERT_EQ(ParseFrame(octets, octets.size(), served, frame), FrameVerdict::kQuery);
      const ReplyLayout layout = LayoutOfReply(frame);
      Octets header(layout.payload);
      WriteUnfinishedHeader(octets, frame, header);

      Octets unpacked(kMaxReplyHeader);
      const ReplyLayout back = UnpackRoute(PackRoute(header, layout), unpacked);
      EXPECT_EQ(back.ip, layout.ip);
      EXPECT_EQ(back.udp, layout.udp);
      EXPECT_EQ(back.payload, layout.payload);
      EXPECT_EQ(back.v6, v6);
      unpacked.resize(back.payload);
      EXPECT_EQ(unpacked, header) << "v6 " << v6 << ", tags " << tags;
    }
  }
}

}  // namespace
}  // namespace sealwire::dpdk
