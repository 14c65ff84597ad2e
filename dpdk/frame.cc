#include "dpdk/frame.h"

#include <algorithm>

#include "net/internet_checksum.h"

namespace sealwire::dpdk {

using net::AsWireWord;
using net::Fold;
using net::PartialSum;
using net::PseudoHeaderSum;
using net::SumOctets;

namespace {

constexpr std::size_t kMacSize = 6;
constexpr std::size_t kEthernetSize = 14;
constexpr std::size_t kVlanTagSize = 4;
constexpr std::size_t kIpv4Size = 20;
constexpr std::size_t kIpv6Size = 40;
constexpr std::size_t kUdpSize = 8;
constexpr std::uint8_t kTimeToLive = 64;

constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
constexpr std::uint16_t kEtherTypeVlan = 0x8100;         // IEEE 802.1Q
constexpr std::uint16_t kEtherTypeServiceVlan = 0x88a8;  // IEEE 802.1ad

// Next-header values (RFC 8200 section 4, RFC 768).
constexpr std::uint8_t kHopByHop = 0;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint8_t kRouting = 43;
constexpr std::uint8_t kFragment = 44;
constexpr std::uint8_t kDestinationOptions = 60;

// Where the addresses lie in each IP header, source first.
constexpr std::size_t kIpv4Addresses = 12;
constexpr std::size_t kIpv6Addresses = 8;

// Both need that the caller has checked the bound.
std::uint16_t U16At(dns::Bytes data, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(data[at] << 8 | data[at + 1]);
}
void PutU16(dns::MutableBytes data, std::size_t at, std::uint16_t value) noexcept {
  data[at] = static_cast<std::uint8_t>(value >> 8);
  data[at + 1] = static_cast<std::uint8_t>(value);
}

constexpr std::uint32_t Wire32(std::uint32_t value) noexcept {
  return AsWireWord(static_cast<std::uint16_t>(value >> 16)) |
         std::uint32_t{AsWireWord(static_cast<std::uint16_t>(value))} << 16;
}

// Headers as they lie on the wire, all words in network order.
struct Ipv4Start {
  std::uint8_t version = 0x45;
  std::uint8_t service = 0;
  std::uint16_t total = 0;
  // RFC 6864 section 4: an atomic datagram (DF set) needs no identification of its own; RFC 9715
  // section 3.1 wants replies that nobody may fragment.
  std::uint16_t identification = 0;
  std::uint16_t fragment = AsWireWord(0x4000);
  std::uint8_t time_to_live = kTimeToLive;
  std::uint8_t protocol = kUdp;
  std::uint16_t checksum = 0;
};
static_assert(sizeof(Ipv4Start) == kIpv4Addresses);
constexpr Ipv4Start kIpv4Start;
constexpr PartialSum kIpv4StartSum =
    AsWireWord(0x4500) + AsWireWord(0x4000) + AsWireWord(kTimeToLive << 8 | kUdp);

struct Ipv6Start {
  std::uint32_t version;
  std::uint16_t payload;
  std::uint8_t next;
  std::uint8_t hop_limit;
};
static_assert(sizeof(Ipv6Start) == kIpv6Addresses);

struct UdpHeader {
  std::uint16_t source;
  std::uint16_t destination;
  std::uint16_t size;
  std::uint16_t checksum;
};
static_assert(sizeof(UdpHeader) == kUdpSize);

// Source and destination address, one after the other.
dns::Bytes Addresses(dns::Bytes head, std::size_t ip, bool v6) noexcept {
  return v6 ? head.subspan(ip + kIpv6Addresses, 32) : head.subspan(ip + kIpv4Addresses, 8);
}

// What the IP header says of the datagram in it.
struct IpPacket {
  std::size_t udp = 0;  // offset of the UDP header in the frame
  std::size_t end = 0;  // offset behind the last octet of the packet; may lie behind `head`
  bool fragment = false;
};

// RFC 791 section 3.1. False: the kernel's.
bool ReadIpv4(dns::Bytes head, std::size_t frame_size, std::size_t ip, IpPacket& packet) noexcept {
  if (head.size() < ip + kIpv4Size || head[ip] >> 4 != 4) return false;
  const std::size_t header_size = (head[ip] & 0x0fu) * 4u;
  const std::size_t total = U16At(head, ip + 2);
  if (header_size < kIpv4Size || total < header_size + kUdpSize) return false;
  if (ip + total > frame_size || head[ip + 9] != kUdp) return false;
  const std::uint16_t fragment = U16At(head, ip + 6);
  if ((fragment & 0x1fff) != 0) return false;  // only the first fragment tells the port
  packet = {ip + header_size, ip + total, (fragment & 0x2000) != 0};
  return true;
}

// RFC 8200 section 4.2: an unknown option may be skipped when its two high bits are zero. Any other
// is left to the kernel, which discards the packet and reports it as that section asks.
bool OptionsMayBeSkipped(dns::Bytes options) noexcept {
  std::size_t at = 0;
  while (at < options.size()) {
    const std::uint8_t type = options[at];
    if (type >> 6 != 0) return false;
    if (type == 0) {  // Pad1 has no length
      ++at;
      continue;
    }
    if (options.size() - at < 2) return false;
    at += 2u + options[at + 1];
  }
  return at == options.size();
}

// RFC 8200 section 4: the chain of extension headers, bounded in number and size. False: the
// kernel's.
bool ReadIpv6(dns::Bytes head, std::size_t frame_size, std::size_t ip, IpPacket& packet) noexcept {
  if (head.size() < ip + kIpv6Size || head[ip] >> 4 != 6) return false;
  const std::size_t payload_size = U16At(head, ip + 4);
  packet = {ip + kIpv6Size, ip + kIpv6Size + payload_size, false};
  if (packet.end > frame_size) return false;
  std::uint8_t next = head[ip + 6];
  for (int count = 0; next != kUdp; ++count) {
    const std::size_t at = packet.udp;
    if (count == kMaxExtensionHeaders || head.size() < at + 8 || packet.end < at + 8) return false;
    std::size_t size = 8;
    if (next == kFragment) {
      const std::uint16_t fragment = U16At(head, at + 2);
      if ((fragment & 0xfff8) != 0) return false;
      // Offset zero and no more to come is an atomic fragment: whole (RFC 6946 section 4).
      packet.fragment = (fragment & 1) != 0;
    } else if (next == kHopByHop || next == kDestinationOptions) {
      if (next == kHopByHop && count != 0) return false;  // RFC 8200 section 4.1
      size = 8 + head[at + 1] * 8u;
      if (head.size() < at + size || !OptionsMayBeSkipped(head.subspan(at + 2, size - 2)))
        return false;
    } else if (next == kRouting) {
      size = 8 + head[at + 1] * 8u;
      if (head[at + 3] != 0) return false;  // we are not its last stop
    } else {
      return false;
    }
    next = head[at];
    packet.udp = at + size;
    if (packet.udp - (ip + kIpv6Size) > kMaxExtensionOctets) return false;
  }
  return packet.end >= packet.udp + kUdpSize;
}

// An answer to any of these would go nowhere, to many, or back to ourselves (RFC 1122
// section 3.2.1.3, RFC 4291 section 2.7).
bool IsUnanswerable(dns::Bytes source, dns::Bytes destination) noexcept {
  if (dns::Equal(source, destination)) return true;
  if (source.size() == 4) return source[0] == 0 || source[0] >= 224;
  if (source[0] == 0xff) return true;
  for (const std::uint8_t octet : source) {
    if (octet != 0) return false;
  }
  return true;
}

}  // namespace

FrameVerdict ParseFrame(dns::Bytes head, std::size_t frame_size, const ServedAddresses& served,
                        Frame& frame) noexcept {
  if (head.size() < kEthernetSize + kIpv4Size + kUdpSize) return FrameVerdict::kForeign;
  if ((head[0] & 1) != 0)
    return FrameVerdict::kForeign;  // a group address must not become a source

  std::size_t ip = kEthernetSize;
  std::uint16_t type = U16At(head, ip - 2);
  for (int tags = 0; type == kEtherTypeVlan || type == kEtherTypeServiceVlan; ++tags) {
    if (tags == kMaxVlanTags || head.size() < ip + kVlanTagSize) return FrameVerdict::kForeign;
    ip += kVlanTagSize;
    type = U16At(head, ip - 2);
  }
  if (type != kEtherTypeIpv4 && type != kEtherTypeIpv6) return FrameVerdict::kForeign;
  const bool v6 = type == kEtherTypeIpv6;

  IpPacket packet;
  const bool read =
      v6 ? ReadIpv6(head, frame_size, ip, packet) : ReadIpv4(head, frame_size, ip, packet);
  if (!read || head.size() < packet.udp + kUdpSize) return FrameVerdict::kForeign;
  const dns::Bytes addresses = Addresses(head, ip, v6);
  const dns::Bytes source = addresses.first(addresses.size() / 2);
  const dns::Bytes destination = addresses.last(addresses.size() / 2);
  if (U16At(head, packet.udp + 2) != served.port() || !served.Contains(destination)) {
    return FrameVerdict::kForeign;
  }

  // From here on it is ours, for better or worse.
  const std::size_t udp_size = U16At(head, packet.udp + 4);
  const std::size_t payload = packet.udp + kUdpSize;
  if (udp_size < kUdpSize + kMinDnsMessage || head.size() < payload + kMinDnsMessage) {
    return FrameVerdict::kMalformed;
  }
  if (!packet.fragment && packet.udp + udp_size > packet.end) return FrameVerdict::kMalformed;
  if (U16At(head, packet.udp) == 0 || IsUnanswerable(source, destination))
    return FrameVerdict::kMalformed;

  const std::size_t end = std::min({packet.udp + udp_size, packet.end, head.size()});
  if (end < payload + kMinDnsMessage) return FrameVerdict::kMalformed;
  frame.ip = static_cast<std::uint16_t>(ip);
  frame.udp = static_cast<std::uint16_t>(packet.udp);
  frame.payload = static_cast<std::uint16_t>(payload);
  frame.payload_size = static_cast<std::uint16_t>(end - payload);
  frame.v6 = v6;
  return end == packet.udp + udp_size && !packet.fragment ? FrameVerdict::kQuery
                                                          : FrameVerdict::kIncomplete;
}

Checksum CheckIpHeader(dns::Bytes head, const Frame& frame) noexcept {
  if (frame.v6) return Checksum::kGood;
  const std::size_t size = (head[frame.ip] & 0x0fu) * 4u;
  return Fold(SumOctets(head.subspan(frame.ip, size))) == 0xffff ? Checksum::kGood : Checksum::kBad;
}

Checksum CheckUdp(dns::Bytes head, const Frame& frame) noexcept {
  std::uint16_t stored;
  std::memcpy(&stored, head.subspan(frame.udp + 6, 2).data(), 2);
  if (stored == 0) return frame.v6 ? Checksum::kBad : Checksum::kAbsent;
  const std::size_t udp_size = kUdpSize + frame.payload_size;
  const PartialSum pseudo =
      PseudoHeaderSum(Addresses(head, frame.ip, frame.v6), static_cast<std::uint16_t>(udp_size));
  if (Fold(pseudo + SumOctets(head.subspan(frame.udp, udp_size))) == 0xffff) return Checksum::kGood;
  return stored == Fold(pseudo) ? Checksum::kPartial : Checksum::kBad;
}

net::Endpoint ClientOf(dns::Bytes head, const Frame& frame) noexcept {
  const dns::Bytes addresses = Addresses(head, frame.ip, frame.v6);
  net::Endpoint client;
  client.port = U16At(head, frame.udp);
  if (frame.v6) {
    std::array<std::uint8_t, 16> octets;
    std::memcpy(octets.data(), addresses.data(), octets.size());
    client.address = net::IpAddress::V6(octets);
  } else {
    std::array<std::uint8_t, 4> octets;
    std::memcpy(octets.data(), addresses.data(), octets.size());
    client.address = net::IpAddress::V4(octets);
  }
  return client;
}

ReplyLayout LayoutOfReply(const Frame& frame) noexcept {
  const std::size_t udp = frame.ip + (frame.v6 ? kIpv6Size : kIpv4Size);
  return {frame.ip, static_cast<std::uint16_t>(udp), static_cast<std::uint16_t>(udp + kUdpSize),
          frame.v6};
}

void WriteReplyHeader(dns::Bytes head, const Frame& frame, dns::MutableBytes reply,
                      ChecksumOffload offload, std::optional<std::uint16_t> answer_sum) noexcept {
  const ReplyLayout layout = LayoutOfReply(frame);
  const auto udp_size = static_cast<std::uint16_t>(reply.size() - layout.udp);
  std::memcpy(&reply[0], &head[kMacSize], kMacSize);
  std::memcpy(&reply[kMacSize], &head[0], kMacSize);
  std::memcpy(&reply[2 * kMacSize], &head[2 * kMacSize], frame.ip - 2 * kMacSize);

  // Each header is made in registers and stored in whole words. Sums are those of the query's
  // addresses and ports: whichever way round, they add up to the same.
  const dns::Bytes addresses = Addresses(head, frame.ip, frame.v6);
  const PartialSum address_sum = SumOctets(addresses);
  if (frame.v6) {
    const Ipv6Start start{Wire32(6u << 28), AsWireWord(udp_size), kUdp, kTimeToLive};
    std::memcpy(&reply[layout.ip], &start, sizeof start);
    std::memcpy(&reply[layout.ip + kIpv6Addresses], &addresses[16], 16);
    std::memcpy(&reply[layout.ip + kIpv6Addresses + 16], &addresses[0], 16);
  } else {
    Ipv4Start start = kIpv4Start;
    start.total = AsWireWord(static_cast<std::uint16_t>(kIpv4Size + udp_size));
    if (!offload.ip) {
      start.checksum = static_cast<std::uint16_t>(~Fold(kIpv4StartSum + start.total + address_sum));
    }
    std::memcpy(&reply[layout.ip], &start, sizeof start);
    std::memcpy(&reply[layout.ip + kIpv4Addresses], &addresses[4], 4);
    std::memcpy(&reply[layout.ip + kIpv4Addresses + 4], &addresses[0], 4);
  }

  UdpHeader asked;
  std::memcpy(&asked, &head[frame.udp], sizeof asked);
  UdpHeader udp{asked.destination, asked.source, AsWireWord(udp_size), 0};
  const PartialSum pseudo = address_sum + AsWireWord(kUdp) + udp.size;
  if (offload.udp) {
    udp.checksum = Fold(pseudo);
  } else {
    const PartialSum answer = answer_sum ? *answer_sum : SumOctets(reply.subspan(layout.payload));
    udp.checksum = static_cast<std::uint16_t>(
        ~Fold(pseudo + udp.source + udp.destination + udp.size + answer));
    if (udp.checksum == 0) udp.checksum = 0xffff;  // zero would say that there is none (RFC 768)
  }
  std::memcpy(&reply[layout.udp], &udp, sizeof udp);
}

void WriteUnfinishedHeader(dns::Bytes head, const Frame& frame, dns::MutableBytes out) noexcept {
  const ReplyLayout layout = LayoutOfReply(frame);
  WriteReplyHeader(head, frame, out.first(layout.payload), {}, 0);
  // What was filled in belongs to an empty answer.
  const auto zero = [&](std::size_t at) { PutU16(out, at, 0); };
  zero(layout.ip + (frame.v6 ? 4u : 2u));
  if (!frame.v6) zero(layout.ip + 10u);
  zero(layout.udp + 4u);
  zero(layout.udp + 6u);
}

void FinishReply(dns::MutableBytes reply, const ReplyLayout& layout,
                 ChecksumOffload offload) noexcept {
  const auto udp_size = static_cast<std::uint16_t>(reply.size() - layout.udp);
  const dns::MutableBytes ip = reply.subspan(layout.ip, layout.udp - layout.ip);
  const dns::MutableBytes udp = reply.subspan(layout.udp);
  PutU16(udp, 4, udp_size);
  PutU16(udp, 6, 0);
  if (layout.v6) {
    PutU16(ip, 4, udp_size);
  } else {
    PutU16(ip, 2, static_cast<std::uint16_t>(kIpv4Size + udp_size));
    PutU16(ip, 10, 0);
    if (!offload.ip) {
      const auto sum = static_cast<std::uint16_t>(~Fold(SumOctets(ip)));
      std::memcpy(ip.subspan(10, 2).data(), &sum, 2);
    }
  }
  const PartialSum pseudo = PseudoHeaderSum(Addresses(reply, layout.ip, layout.v6), udp_size);
  std::uint16_t sum = 0;
  if (offload.udp) {
    sum = Fold(pseudo);
  } else {
    sum = static_cast<std::uint16_t>(~Fold(pseudo + SumOctets(udp)));
    if (sum == 0) sum = 0xffff;  // zero would say that there is none (RFC 768)
  }
  std::memcpy(udp.subspan(6, 2).data(), &sum, 2);
}

}  // namespace sealwire::dpdk
