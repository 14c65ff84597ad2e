// Whatever a wire may bring: the parser stays within the frame, and a reply to what it accepts is a
// frame that a client's parser would accept.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

#include "dpdk/frame.h"
#include "dpdk/reply_route.h"
#include "dpdk/truncated_reply.h"
#include "net/internet_checksum.h"
#include "tests/dpdk/frame_builder.h"

namespace {

using sealwire::net::IpAddress;

void Require(bool condition) {
  if (!condition) std::abort();
}

using sealwire::dpdk::testing::FrameBuilder;
using sealwire::dpdk::testing::Octets;
using sealwire::dpdk::testing::Query;

// Octets as they come, or a good frame with some octets exchanged (pairs of place and value): the
// first way finds what nobody thought of, the second gets past the address at once.
Octets FrameOf(std::uint8_t kind, sealwire::dns::Bytes input) {
  if (kind % 4 == 0) return {input.begin(), input.end()};
  FrameBuilder builder = kind % 4 == 1 ? FrameBuilder::V4(Query("fuzz.example", 1, true))
                                       : FrameBuilder::V6(Query("fuzz.example", 28));
  if (kind % 4 == 2) builder.extensions = {{0, {0, 5, 2, 0, 0, 1, 0}}, {44, {0, 0, 0, 1, 2, 3, 4}}};
  if (kind % 4 == 3) builder.tags = {{0x88a8, 1}, {0x8100, 2}};
  Octets frame = builder.Build();
  for (std::size_t at = 0; at + 1 < input.size(); at += 2) {
    frame[input[at] % frame.size()] = input[at + 1];
  }
  frame.resize(frame.size() - (kind >> 2) % frame.size());
  return frame;
}

using sealwire::dns::Bytes;
using sealwire::dpdk::Frame;
using sealwire::dpdk::ReplyLayout;

// The other ways to the same reply: headers in one go, with and without a sum that is known, and
// packed while an answer is waited for. `whole` is what one way made.
void OtherWaysAgree(Bytes head, const Frame& frame, const ReplyLayout& layout, Bytes whole) {
  using namespace sealwire::dpdk;
  const Bytes answer = whole.subspan(layout.payload);
  Octets other(whole.begin(), whole.end());
  const auto clear = [&] { std::fill_n(other.begin(), layout.payload, std::uint8_t{0xee}); };
  const auto agrees = [&] { return std::equal(other.begin(), other.end(), whole.begin()); };
  clear();
  WriteReplyHeader(head, frame, other, {});
  Require(agrees());
  clear();
  WriteReplyHeader(head, frame, other, {}, sealwire::net::Fold(sealwire::net::SumOctets(answer)));
  Require(agrees());

  std::array<std::uint8_t, kMaxReplyHeader> header;
  WriteUnfinishedHeader(head, frame, header);
  std::array<std::uint8_t, kMaxReplyHeader> unpacked;
  const ReplyLayout back = UnpackRoute(PackRoute(header, layout), unpacked);
  Require(back.ip == layout.ip && back.udp == layout.udp && back.payload == layout.payload &&
          back.v6 == layout.v6);
  std::copy_n(unpacked.begin(), layout.payload, other.begin());
  FinishReply(other, back, {});
  Require(agrees());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire::dpdk;
  static const ServedAddresses served(
      std::vector<IpAddress>{
          IpAddress::V4({192, 0, 2, 53}),
          IpAddress::V6({0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53})},
      53);
  if (size < 2) return 0;
  const Octets head = FrameOf(data[0], {data + 2, size - 2});
  const std::size_t behind = data[1] < 128 ? 0u : (data[1] - 128u) * 16u;  // in further buffers
  Frame frame;
  const FrameVerdict verdict = ParseFrame(head, head.size() + behind, served, frame);
  if (verdict != FrameVerdict::kQuery && verdict != FrameVerdict::kIncomplete) return 0;

  Require(frame.ip < frame.udp && frame.udp + 8 == frame.payload);
  Require(frame.payload_size >= kMinDnsMessage &&
          frame.payload + frame.payload_size <= head.size());
  (void)CheckIpHeader(head, frame);
  if (verdict == FrameVerdict::kQuery) (void)CheckUdp(head, frame);
  const auto client = ClientOf(head, frame);
  Require(client.port != 0);

  std::array<std::uint8_t, kMaxReplyHeader + kMaxTruncatedReply> reply;
  const ReplyLayout layout = LayoutOfReply(frame);
  Require(layout.payload <= kMaxReplyHeader);
  WriteUnfinishedHeader(head, frame, reply);
  std::size_t answer =
      WriteTruncatedReply(sealwire::dns::Bytes(head).subspan(frame.payload, frame.payload_size),
                          1232, sealwire::dns::MutableBytes(reply).subspan(layout.payload));
  if (answer == 0) answer = kMinDnsMessage;
  const sealwire::dns::MutableBytes whole(reply.data(), layout.payload + answer);
  FinishReply(whole, layout, {});

  OtherWaysAgree(head, frame, layout, whole);

  const ServedAddresses asker(std::vector<IpAddress>{client.address}, client.port);
  Frame back;
  if ((whole[0] & 1) != 0) return 0;  // the asker's own link address was a group's
  Require(ParseFrame(whole, whole.size(), asker, back) == FrameVerdict::kQuery);
  Require(back.payload == layout.payload && back.payload_size == answer);
  Require(CheckIpHeader(whole, back) == Checksum::kGood &&
          CheckUdp(whole, back) == Checksum::kGood);
  return 0;
}
