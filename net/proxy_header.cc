#include "net/proxy_header.h"

#include <algorithm>
#include <array>

namespace sealwire::net {
namespace {

constexpr std::array<std::uint8_t, 12> kSignature = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                     0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
constexpr std::size_t kFixedSize = kSignature.size() + 4;
constexpr std::uint8_t kVersion = 2;
constexpr std::uint8_t kLocal = 0;
constexpr std::uint8_t kProxy = 1;
constexpr std::uint8_t kInet = 1;
constexpr std::uint8_t kInet6 = 2;

IpAddress Mapped(const IpAddress& address) noexcept {
  if (address.IsV6()) return address;
  std::array<std::uint8_t, 16> octets{};
  octets[10] = octets[11] = 0xff;
  std::copy_n(address.octets().begin(), 4, octets.begin() + 12);
  return IpAddress::V6(octets);
}

// A client that a proxy names as ::ffff:192.0.2.1 is 192.0.2.1.
IpAddress Unmapped(const std::array<std::uint8_t, 16>& octets) noexcept {
  static constexpr std::array<std::uint8_t, 12> kPrefix = {0, 0, 0, 0, 0,    0,
                                                           0, 0, 0, 0, 0xff, 0xff};
  if (!std::equal(kPrefix.begin(), kPrefix.end(), octets.begin())) return IpAddress::V6(octets);
  return IpAddress::V4({octets[12], octets[13], octets[14], octets[15]});
}

// The addresses of a PROXY command: source, destination, ports. False: too few octets.
bool ReadSource(std::uint8_t family, dns::Bytes addresses, Endpoint& source) noexcept {
  dns::Reader reader(addresses);
  if (family == kInet) {
    std::array<std::uint8_t, 4> octets{};
    const dns::Bytes run = reader.Run(octets.size());
    if (!reader.ok()) return false;
    std::copy(run.begin(), run.end(), octets.begin());
    source.address = IpAddress::V4(octets);
    reader.Skip(octets.size());
  } else {
    std::array<std::uint8_t, 16> octets{};
    const dns::Bytes run = reader.Run(octets.size());
    if (!reader.ok()) return false;
    std::copy(run.begin(), run.end(), octets.begin());
    source.address = Unmapped(octets);
    reader.Skip(octets.size());
  }
  source.port = reader.U16();
  reader.Skip(2);
  return reader.ok();
}

}  // namespace

ProxyHeaderParse ParseProxyHeader(dns::Bytes data, ProxyHeader& header) noexcept {
  const std::size_t compared = std::min(data.size(), kSignature.size());
  if (!std::equal(kSignature.begin(), kSignature.begin() + static_cast<std::ptrdiff_t>(compared),
                  data.begin())) {
    return ProxyHeaderParse::kBad;
  }
  if (data.size() < kFixedSize) return ProxyHeaderParse::kMore;
  dns::Reader reader(data, kSignature.size());
  const std::uint8_t version_and_command = reader.U8();
  const std::uint8_t family_and_transport = reader.U8();
  const std::size_t length = reader.U16();
  const std::uint8_t command = version_and_command & 0x0f;
  if (version_and_command >> 4 != kVersion || command > kProxy ||
      kFixedSize + length > ProxyHeader::kMaxSize) {
    return ProxyHeaderParse::kBad;
  }
  const dns::Bytes rest = reader.Run(length);
  if (!reader.ok()) return ProxyHeaderParse::kMore;
  header.size = kFixedSize + length;
  const std::uint8_t family = family_and_transport >> 4;
  // A family other than IP is accepted and says nothing of the client (section 2.2).
  header.local = command == kLocal || (family != kInet && family != kInet6);
  if (!header.local && !ReadSource(family, rest, header.source)) return ProxyHeaderParse::kBad;
  return ProxyHeaderParse::kWhole;
}

std::size_t WriteProxyHeader(const Endpoint& source, const Endpoint& destination,
                             ProxiedTransport transport, dns::MutableBytes out) noexcept {
  const bool v6 = source.address.IsV6() || destination.address.IsV6();
  const IpAddress from = v6 ? Mapped(source.address) : source.address;
  const IpAddress to = v6 ? Mapped(destination.address) : destination.address;
  dns::Writer writer(out);
  writer.Run(kSignature);
  writer.U8(static_cast<std::uint8_t>(kVersion << 4 | kProxy));
  writer.U8(
      static_cast<std::uint8_t>((v6 ? kInet6 : kInet) << 4 | static_cast<std::uint8_t>(transport)));
  writer.U16(v6 ? 36 : 12);
  writer.Run(from.octets());
  writer.Run(to.octets());
  writer.U16(source.port);
  writer.U16(destination.port);
  return writer.ok() ? writer.size() : 0;
}

}  // namespace sealwire::net
