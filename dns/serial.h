// Serial number arithmetic (RFC 1982): which of two SOA serials is the later one. Pure functions.
#pragma once

#include <cstdint>

namespace sealwire::dns {

// True when `a` comes after `b`. Numbers exactly 2^31 apart have no order: false for both.
constexpr bool SerialIsAfter(std::uint32_t a, std::uint32_t b) noexcept {
  return a != b && a - b < 0x80000000u;
}

}  // namespace sealwire::dns
