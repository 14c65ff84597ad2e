// The Internet checksum (RFC 1071) of IP headers and UDP datagrams.
//
// Sums are kept in the order in which octets lie in memory: one's complement addition does not care
// (RFC 1071 section 2(B)), so nothing is swapped but the constants of the pseudo-header.
// Threading: pure functions. No allocation, no exception. No DPDK type.
#pragma once

#include <cstdint>

#include "dns/bytes.h"

namespace sealwire::dpdk {

// A sum that may still be added to; Fold() brings it to 16 bits.
using PartialSum = std::uint64_t;

// The sum of `data` as 16-bit words; an odd last octet is padded with zero. `data` may be 2³²
// octets at most, so that sums of several runs cannot overflow.
PartialSum SumOctets(dns::Bytes data) noexcept;

// Brings carries back in until 16 bits are left.
std::uint16_t Fold(PartialSum sum) noexcept;

// A number in host order as the 16-bit word it would be on the wire.
std::uint16_t AsWireWord(std::uint16_t value) noexcept;

// The pseudo-header of UDP over IPv4 (RFC 768) and over IPv6 (RFC 8200 section 8.1). `addresses`
// are source and destination as they lie in the IP header: 8 or 32 octets.
PartialSum PseudoHeaderSum(dns::Bytes addresses, std::uint16_t udp_size) noexcept;

}  // namespace sealwire::dpdk
