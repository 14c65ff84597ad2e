#include "dpdk/reply_route.h"

namespace sealwire::dpdk {
namespace {

constexpr std::size_t kMaxLink = 14 + 4 * kMaxVlanTags;
constexpr std::size_t kMaxAddresses = 32;
constexpr std::size_t kPorts = 4;

// What differs between two replies of one layout.
struct Packed {
  std::uint8_t ip;
  std::uint8_t v6;
  std::uint8_t link[kMaxLink];
  std::uint8_t addresses[kMaxAddresses];
  std::uint8_t ports[kPorts];
};
static_assert(sizeof(Packed) <= sizeof(proxy::ReplyRoute::words));

constexpr std::size_t AddressesAt(bool v6) noexcept {
  return v6 ? 8 : 12;
}
constexpr std::size_t AddressesSize(bool v6) noexcept {
  return v6 ? 32 : 8;
}

// The IP header of every reply up to its addresses: see WriteUnfinishedHeader().
constexpr std::uint8_t kIpv4Start[12] = {0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0};
constexpr std::uint8_t kIpv6Start[8] = {0x60, 0, 0, 0, 0, 0, 17, 64};

}  // namespace

proxy::ReplyRoute PackRoute(dns::Bytes header, const ReplyLayout& layout) noexcept {
  Packed packed{};
  packed.ip = static_cast<std::uint8_t>(layout.ip);
  packed.v6 = layout.v6 ? 1 : 0;
  std::memcpy(packed.link, header.data(), layout.ip);
  const dns::Bytes addresses =
      header.subspan(layout.ip + AddressesAt(layout.v6), AddressesSize(layout.v6));
  std::memcpy(packed.addresses, addresses.data(), addresses.size());
  std::memcpy(packed.ports, header.subspan(layout.udp, kPorts).data(), kPorts);
  proxy::ReplyRoute route;
  std::memcpy(route.words.data(), &packed, sizeof packed);
  return route;
}

ReplyLayout UnpackRoute(const proxy::ReplyRoute& route, dns::MutableBytes out) noexcept {
  Packed packed;
  std::memcpy(&packed, route.words.data(), sizeof packed);
  const bool v6 = packed.v6 != 0;
  dns::Writer writer(out);
  writer.Run(dns::Bytes(packed.link).first(packed.ip));
  const std::size_t ip = writer.size();
  writer.Run(v6 ? dns::Bytes(kIpv6Start) : dns::Bytes(kIpv4Start));
  writer.Run(dns::Bytes(packed.addresses).first(AddressesSize(v6)));
  const std::size_t udp = writer.size();
  writer.Run(packed.ports);
  writer.U32(0);
  return {static_cast<std::uint16_t>(ip), static_cast<std::uint16_t>(udp),
          static_cast<std::uint16_t>(writer.size()), v6};
}

}  // namespace sealwire::dpdk
