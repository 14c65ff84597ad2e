// SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash of short inputs, 64 bits long.
//
// What server cookies are made with, so that servers of all makes agree (RFC 9018 section 4.4).
// Threading: pure. No allocation.
#pragma once

#include <array>
#include <cstdint>

#include "dns/bytes.h"

namespace sealwire::proxy {

using SipKey = std::array<std::uint8_t, 16>;

// The hash as a number; its octets are written lowest first.
std::uint64_t SipHash24(const SipKey& key, dns::Bytes data) noexcept;

}  // namespace sealwire::proxy
