// IP addresses and endpoints as values; text to and from "192.0.2.1:53" and "[2001:db8::1]:53".
//
// Threading: values. Errors: Result with a sentence for text.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "dns/bytes.h"
#include "dns/result.h"

namespace sealwire::net {

class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0
  static IpAddress V4(const std::array<std::uint8_t, 4>& octets) noexcept;
  static IpAddress V6(const std::array<std::uint8_t, 16>& octets) noexcept;
  static Result<IpAddress> FromText(std::string_view text);

  bool IsV6() const noexcept { return size_ == 16; }
  dns::Bytes octets() const noexcept { return {octets_.data(), size_}; }
  std::string ToText() const;
  bool operator==(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> octets_{};
  std::uint8_t size_ = 4;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 53;

  // "ADDR:PORT" or "[ADDR6]:PORT"; without a port `default_port` is taken.
  static Result<Endpoint> FromText(std::string_view text, std::uint16_t default_port = 53);
  std::string ToText() const;
  bool operator==(const Endpoint&) const = default;
};

}  // namespace sealwire::net
