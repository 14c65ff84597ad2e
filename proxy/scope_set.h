// For networks of which sizes the answer cache has answers to one question (RFC 7871 section
// 7.3.1): it stands where an answer for everybody would, and says what to look for instead.
//
// Threading: value. Errors: none. No allocation.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "dns/bytes.h"
#include "proxy/client_subnet.h"

namespace sealwire::proxy {

class ScopeSet {
 public:
  static constexpr std::size_t kSize = 16;

  // Of the last kSize octets of `message`.
  static ScopeSet Read(dns::Bytes message) noexcept {
    ScopeSet set;
    dns::Reader reader(message, message.size() - kSize);
    for (std::uint64_t& lengths : set.lengths_) {
      lengths = std::uint64_t{reader.U32()} << 32;
      lengths |= reader.U32();
    }
    return set;
  }
  void Write(dns::Writer& out) const noexcept {
    for (const std::uint64_t lengths : lengths_) {
      out.U32(static_cast<std::uint32_t>(lengths >> 32));
      out.U32(static_cast<std::uint32_t>(lengths));
    }
  }

  void Add(const ClientSubnet& subnet, std::uint8_t bits) noexcept {
    lengths_[subnet.address.IsV6()] |= std::uint64_t{1} << bits;
  }
  bool Has(const ClientSubnet& subnet, std::uint8_t bits) const noexcept {
    return (lengths_[subnet.address.IsV6()] >> bits & 1) != 0;
  }

  // Calls `visit(bits)` for each size that `subnet` lies in such a network of, the smallest network
  // first, until it returns true.
  template <class Visit>
  void ForEachAround(const ClientSubnet& subnet, Visit&& visit) const {
    std::uint64_t lengths =
        lengths_[subnet.address.IsV6()] & (~std::uint64_t{0} >> (63 - subnet.prefix));
    while (lengths != 0) {
      const auto bits = static_cast<std::uint8_t>(63 - std::countl_zero(lengths));
      if (visit(bits)) return;
      lengths ^= std::uint64_t{1} << bits;
    }
  }

 private:
  // Bit n: there is an answer for a network of n bits. IPv4, IPv6.
  std::array<std::uint64_t, 2> lengths_{};
};

}  // namespace sealwire::proxy
