// An Ethernet frame with a DNS query in it: where things lie, and the headers of its reply.
//
// Ethernet II with up to two VLAN tags (IEEE 802.1Q, 802.1ad), IPv4 with options (RFC 791), IPv6
// with a bounded chain of extension headers (RFC 8200), UDP (RFC 768). Octets in, offsets out: no
// DPDK type, so that tests and fuzzers need no EAL. The frame is hostile; every offset that
// ParseFrame() gives lies within `head`.
//
// What is not surely a datagram to a served address and port is the kernel's (kForeign): the kernel
// knows best how to answer ARP, ICMP and TCP, and how to refuse what is broken.
// Threading: pure functions. Errors: FrameVerdict. No allocation, no exception.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "dns/bytes.h"
#include "dpdk/served_addresses.h"
#include "net/address.h"

namespace sealwire::dpdk {

enum class FrameVerdict : std::uint8_t {
  kQuery,       // a whole datagram to us lies in `head`
  kIncomplete,  // the start of one: a first fragment, or a frame that spans several buffers
  kForeign,     // the kernel's
  kMalformed,   // to our address and port, but no answer is possible or permitted
};

// Offsets from the start of the frame.
struct Frame {
  std::uint16_t ip = 0;
  std::uint16_t udp = 0;
  std::uint16_t payload = 0;       // the DNS message
  std::uint16_t payload_size = 0;  // octets of it that lie in `head`
  bool v6 = false;
};

inline constexpr int kMaxVlanTags = 2;
inline constexpr int kMaxExtensionHeaders = 4;
inline constexpr std::size_t kMaxExtensionOctets = 256;
inline constexpr std::size_t kMinDnsMessage = 12;  // RFC 1035 section 4.1.1
// Ethernet, two tags, IPv6, UDP: no reply header is larger.
inline constexpr std::size_t kMaxReplyHeader = 14 + 4 * kMaxVlanTags + 40 + 8;

// Reads `head`, the first (mostly only) buffer of a frame of `frame_size` octets. `frame` is
// meaningful for kQuery and kIncomplete.
FrameVerdict ParseFrame(dns::Bytes head, std::size_t frame_size, const ServedAddresses& served,
                        Frame& frame) noexcept;

// What a checksum says of the octets under it.
enum class Checksum : std::uint8_t {
  kGood,
  kAbsent,   // UDP over IPv4 may leave it out (RFC 768)
  kPartial,  // only the pseudo-header is summed: the sender left the rest to a NIC that never was.
             // Kernel senders on veth, tap and bridges do so.
  kBad,
};
// The IPv4 header's; IPv6 has none and is kGood.
Checksum CheckIpHeader(dns::Bytes head, const Frame& frame) noexcept;
// The UDP checksum of a kQuery frame. Over IPv6 it may not be absent (RFC 8200 section 8.1): kBad.
Checksum CheckUdp(dns::Bytes head, const Frame& frame) noexcept;

// Who asks.
net::Endpoint ClientOf(dns::Bytes head, const Frame& frame) noexcept;

// Where things lie in a reply: link layer and tags as they came, then IP without options or
// extension headers, then UDP, then the answer.
struct ReplyLayout {
  std::uint16_t ip = 0;
  std::uint16_t udp = 0;
  std::uint16_t payload = 0;
  bool v6 = false;
};
ReplyLayout LayoutOfReply(const Frame& frame) noexcept;

// Who computes a reply's checksums.
struct ChecksumOffload {
  bool ip = false;   // the port fills in the IPv4 header's
  bool udp = false;  // the port completes UDP's from the pseudo-header sum
};

// Writes the headers of a reply to `frame` into `reply`, a whole frame whose answer, behind the
// first LayoutOfReply(frame).payload octets, is written already; must not overlap `head`.
// `answer_sum` is net::SumOctets() of the answer, if the caller knows it.
void WriteReplyHeader(dns::Bytes head, const Frame& frame, dns::MutableBytes reply,
                      ChecksumOffload offload,
                      std::optional<std::uint16_t> answer_sum = std::nullopt) noexcept;

// The same of a reply that is not there yet, into LayoutOfReply(frame).payload octets: lengths and
// checksums are zero until FinishReply().
void WriteUnfinishedHeader(dns::Bytes head, const Frame& frame, dns::MutableBytes out) noexcept;
// Fills in lengths and checksums of `reply`, a whole frame: headers and answer.
void FinishReply(dns::MutableBytes reply, const ReplyLayout& layout,
                 ChecksumOffload offload) noexcept;

}  // namespace sealwire::dpdk
