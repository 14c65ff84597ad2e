#include "net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace sealwire::net {

namespace {

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (port == 0 || port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

Error Bad(std::string_view text, std::string_view why) {
  return Error{"\"" + std::string(text) + "\" " + std::string(why)};
}

}  // namespace

IpAddress IpAddress::V4(const std::array<std::uint8_t, 4>& octets) noexcept {
  IpAddress address;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  return address;
}

IpAddress IpAddress::V6(const std::array<std::uint8_t, 16>& octets) noexcept {
  IpAddress address;
  address.octets_ = octets;
  address.size_ = 16;
  return address;
}

Result<IpAddress> IpAddress::FromText(std::string_view text) {
  // inet_pton wants a terminated string; no address is longer than this.
  char terminated[INET6_ADDRSTRLEN] = {};
  if (text.size() < sizeof terminated && text.find('\0') == std::string_view::npos) {
    std::copy(text.begin(), text.end(), terminated);
    IpAddress address;
    if (inet_pton(AF_INET, terminated, address.octets_.data()) == 1) return address;
    if (inet_pton(AF_INET6, terminated, address.octets_.data()) == 1) {
      address.size_ = 16;
      return address;
    }
  }
  return Bad(text, "is neither an IPv4 nor an IPv6 address");
}

std::string IpAddress::ToText() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(IsV6() ? AF_INET6 : AF_INET, octets_.data(), text, sizeof text);
  return text;
}

Result<Endpoint> Endpoint::FromText(std::string_view text, std::uint16_t default_port) {
  std::string_view host = text;
  std::optional<std::string_view> port_text;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return Bad(text, "has a '[' without its ']'");
    host = text.substr(1, close - 1);
    if (host.find(':') == std::string_view::npos) {
      return Bad(text, "has brackets around something that is not an IPv6 address");
    }
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty()) {
      if (rest.front() != ':') return Bad(text, "has something other than :PORT after the ']'");
      port_text = rest.substr(1);
    }
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    // Two colons or more without brackets are an IPv6 address that has no port.
    const std::size_t colon = text.find(':');
    host = text.substr(0, colon);
    port_text = text.substr(colon + 1);
  }

  Endpoint endpoint;
  endpoint.port = default_port;
  if (port_text) {
    const auto port = ParsePort(*port_text);
    if (!port) return Bad(text, "has no port from 1 to 65535 after the ':'");
    endpoint.port = *port;
  }
  auto address = IpAddress::FromText(host);
  if (!address) {
    return Bad(text, "is no endpoint: write ADDRESS:PORT or [IPV6-ADDRESS]:PORT");
  }
  endpoint.address = *address;
  return endpoint;
}

std::string Endpoint::ToText() const {
  const std::string host = address.IsV6() ? "[" + address.ToText() + "]" : address.ToText();
  return host + ":" + std::to_string(port);
}

}  // namespace sealwire::net
