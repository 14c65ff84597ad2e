// Prefixes of IP addresses as values; text to and from "192.0.2.0/24" and "2001:db8::/32".
//
// An address alone is the prefix that holds only it. Threading: values. Errors: Result with a
// sentence for text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "dns/result.h"
#include "net/address.h"

namespace sealwire::net {

class Prefix {
 public:
  Prefix() = default;  // 0.0.0.0/0
  // Bits of `address` behind the first `length` are cleared; more than it has are all it has.
  Prefix(const IpAddress& address, unsigned length) noexcept;
  static Result<Prefix> FromText(std::string_view text);

  bool Contains(const IpAddress& address) const noexcept;
  const IpAddress& address() const noexcept { return address_; }
  unsigned length() const noexcept { return length_; }
  std::string ToText() const;
  bool operator==(const Prefix&) const = default;

 private:
  IpAddress address_;
  std::uint8_t length_ = 0;
};

inline bool AnyContains(std::span<const Prefix> prefixes, const IpAddress& address) noexcept {
  for (const Prefix& prefix : prefixes) {
    if (prefix.Contains(address)) return true;
  }
  return false;
}

}  // namespace sealwire::net
