// The Internet checksum (RFC 1071) of IP headers and UDP datagrams.
//
// Sums are kept in the order in which octets lie in memory: one's complement addition does not care
// (RFC 1071 section 2(B)), so nothing is swapped but the constants of the pseudo-header. Inline:
// asked for several times per packet. Threading: pure functions. No allocation, no exception.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "dns/bytes.h"

namespace sealwire::net {

// A sum that may still be added to; Fold() brings it to 16 bits.
using PartialSum = std::uint64_t;

// The sum of `data` as 16-bit words; an odd last octet is padded with zero. `data` may be 2³²
// octets at most, so that sums of several runs cannot overflow.
inline PartialSum SumOctets(dns::Bytes data) noexcept {
  const auto load = [](const std::uint8_t* at) noexcept {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
  };
  const std::uint8_t* const octets = data.data();
  // Both halves of each 64-bit word go to accumulators of their own: no carry has to be watched.
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::size_t at = 0;
  for (; at + 8 <= data.size(); at += 8) {
    const std::uint64_t word = load(octets + at);
    low += word & 0xffffffffu;
    high += word >> 32;
  }
  const std::size_t rest = data.size() - at;
  if (rest == 0) return low + high;
  std::uint64_t last = 0;
  if constexpr (std::endian::native == std::endian::little) {
    // Sizes vary from packet to packet: a load that overlaps what is summed, shifted until only the
    // rest is left, spares the branches that would go wrong.
    if (data.size() >= 8) {
      last = load(octets + data.size() - 8) >> (64 - 8 * rest);
      return low + high + (last & 0xffffffffu) + (last >> 32);
    }
  }
  std::memcpy(&last, octets + at, rest);
  return low + high + (last & 0xffffffffu) + (last >> 32);
}

// Brings carries back in until 16 bits are left.
constexpr std::uint16_t Fold(PartialSum sum) noexcept {
  sum = (sum & 0xffffffffu) + (sum >> 32);
  sum = (sum & 0xffffffffu) + (sum >> 32);
  sum = (sum & 0xffffu) + (sum >> 16);
  sum = (sum & 0xffffu) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

// A number in host order as the 16-bit word it would be on the wire.
constexpr std::uint16_t AsWireWord(std::uint16_t value) noexcept {
  if constexpr (std::endian::native == std::endian::big) return value;
  return static_cast<std::uint16_t>(value << 8 | value >> 8);
}

// The folded sum of a run that begins at `offset` of a larger one: at an odd offset its octets
// change places in their words (RFC 1071 section 2(B)).
constexpr std::uint16_t ShiftedTo(std::size_t offset, std::uint16_t folded) noexcept {
  return (offset & 1) == 0 ? folded : static_cast<std::uint16_t>(folded << 8 | folded >> 8);
}

// The pseudo-header of UDP over IPv4 (RFC 768) and over IPv6 (RFC 8200 section 8.1). `addresses`
// are source and destination as they lie in the IP header: 8 or 32 octets.
inline PartialSum PseudoHeaderSum(dns::Bytes addresses, std::uint16_t udp_size) noexcept {
  constexpr std::uint16_t kProtocolUdp = 17;
  return SumOctets(addresses) + AsWireWord(kProtocolUdp) + AsWireWord(udp_size);
}

}  // namespace sealwire::net
