#include "proxy/packet_tap.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sealwire::proxy {

struct PacketTap::Head {
  std::uint64_t unix_ms;
  std::uint32_t octets;  // of the record, this head included; the rest of the ring when `skips`
  std::uint16_t size;    // of the message
  std::uint16_t port;
  bool skips;  // nothing more fits before the end of the ring
  bool is_response;
  bool over_tcp;
  std::uint8_t address_size;
  std::uint8_t address[16];
};

PacketTap::PacketTap(const TapOptions& options, std::uint64_t seed)
    : size_(options.ring_bytes),
      threshold_(options.one_in_2_64),
      queries_(options.queries),
      responses_(options.responses),
      random_(seed | 1),
      ring_(std::make_unique_for_overwrite<std::uint8_t[]>(options.ring_bytes)) {}

void PacketTap::Write(const TappedPacket& packet) noexcept {
  const std::size_t needed = Padded(sizeof(Head) + packet.message.size());
  const std::uint64_t written = written_.load(std::memory_order_relaxed);
  const std::uint64_t free = size_ - (written - read_.load(std::memory_order_acquire));
  const std::size_t at = written & (size_ - 1);
  const std::size_t to_end = size_ - at;
  const std::size_t skipped = needed > to_end ? to_end : 0;
  if (needed + skipped > free || packet.message.size() > 65535) return dropped_.Add();
  if (skipped >= sizeof(Head)) {
    Head skip = {};
    skip.skips = true;
    skip.octets = static_cast<std::uint32_t>(skipped);
    std::memcpy(&ring_[at], &skip, sizeof skip);
  }
  const std::size_t begin = skipped != 0 ? 0 : at;
  Head head = {};
  head.unix_ms = packet.unix_ms;
  head.octets = static_cast<std::uint32_t>(needed);
  head.size = static_cast<std::uint16_t>(packet.message.size());
  head.port = packet.client.port;
  head.is_response = packet.is_response;
  head.over_tcp = packet.over_tcp;
  const dns::Bytes address = packet.client.address.octets();
  head.address_size = static_cast<std::uint8_t>(address.size());
  std::copy(address.begin(), address.end(), head.address);
  std::memcpy(&ring_[begin], &head, sizeof head);
  std::copy(packet.message.begin(), packet.message.end(), &ring_[begin + sizeof head]);
  written_.store(written + skipped + needed, std::memory_order_release);
}

bool PacketTap::Next(TappedPacket& out) noexcept {
  read_.store(taken_, std::memory_order_release);
  while (taken_ != written_.load(std::memory_order_acquire)) {
    const std::size_t at = taken_ & (size_ - 1);
    const std::size_t to_end = size_ - at;
    Head head = {};
    // What is too short for a head at the end of the ring was skipped.
    if (to_end >= sizeof head) std::memcpy(&head, &ring_[at], sizeof head);
    if (to_end < sizeof head || head.skips) {
      taken_ += to_end;
      continue;
    }
    out.is_response = head.is_response;
    out.over_tcp = head.over_tcp;
    out.unix_ms = head.unix_ms;
    out.client.port = head.port;
    std::array<std::uint8_t, 16> v6;
    std::array<std::uint8_t, 4> v4;
    std::copy_n(head.address, v6.size(), v6.begin());
    std::copy_n(head.address, v4.size(), v4.begin());
    out.client.address =
        head.address_size == v6.size() ? net::IpAddress::V6(v6) : net::IpAddress::V4(v4);
    out.message = {&ring_[at + sizeof head], head.size};
    taken_ += head.octets;
    return true;
  }
  return false;
}

}  // namespace sealwire::proxy
