#include "dpdk/served_addresses.h"

#include <bit>

namespace sealwire::dpdk {

ServedAddresses::ServedAddresses(std::span<const net::IpAddress> addresses, std::uint16_t port)
    : list_(addresses.begin(), addresses.end()),
      slots_(std::bit_ceil(2 * addresses.size() + 2)),
      port_(port) {
  for (const net::IpAddress& address : addresses) {
    if (Contains(address.octets())) continue;
    const Slot key = KeyOf(address.octets());
    std::size_t at = Home(key);
    while (slots_[at].used) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = key;
  }
}

ServedAddresses::Slot ServedAddresses::KeyOf(dns::Bytes address) noexcept {
  Slot key;
  key.used = true;
  if (address.size() == 16) {
    std::memcpy(&key.high, address.data(), 8);
    std::memcpy(&key.low, address.data() + 8, 8);
  } else {
    // An IPv4 address as its IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2), which never
    // stands in an IPv6 packet.
    std::uint8_t mapped[8] = {0, 0, 0xff, 0xff, address[0], address[1], address[2], address[3]};
    std::memcpy(&key.low, mapped, 8);
  }
  return key;
}

std::size_t ServedAddresses::Home(const Slot& key) const noexcept {
  const std::uint64_t mixed = (key.high ^ (key.low * 0x9e3779b97f4a7c15u)) * 0xff51afd7ed558ccdu;
  return (mixed >> 32) & (slots_.size() - 1);
}

bool ServedAddresses::Contains(dns::Bytes address) const noexcept {
  const Slot key = KeyOf(address);
  for (std::size_t at = Home(key); slots_[at].used; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].high == key.high && slots_[at].low == key.low) return true;
  }
  return false;
}

}  // namespace sealwire::dpdk
