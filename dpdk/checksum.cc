#include "dpdk/checksum.h"

#include <bit>

namespace sealwire::dpdk {
namespace {

constexpr std::uint16_t kProtocolUdp = 17;

template <class Word>
Word LoadWord(dns::Bytes data, std::size_t at) noexcept {
  Word word;
  std::memcpy(&word, data.data() + at, sizeof word);
  return word;
}

}  // namespace

PartialSum SumOctets(dns::Bytes data) noexcept {
  // Both halves of each 64-bit word go to accumulators of their own: no carry has to be watched.
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::size_t at = 0;
  for (; at + 8 <= data.size(); at += 8) {
    const auto word = LoadWord<std::uint64_t>(data, at);
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
      last = LoadWord<std::uint64_t>(data, data.size() - 8) >> (64 - 8 * rest);
      return low + high + (last & 0xffffffffu) + (last >> 32);
    }
  }
  std::memcpy(&last, data.data() + at, rest);
  return low + high + (last & 0xffffffffu) + (last >> 32);
}

std::uint16_t Fold(PartialSum sum) noexcept {
  sum = (sum & 0xffffffffu) + (sum >> 32);
  sum = (sum & 0xffffffffu) + (sum >> 32);
  sum = (sum & 0xffffu) + (sum >> 16);
  sum = (sum & 0xffffu) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

std::uint16_t AsWireWord(std::uint16_t value) noexcept {
  if constexpr (std::endian::native == std::endian::big) return value;
  return static_cast<std::uint16_t>(value << 8 | value >> 8);
}

PartialSum PseudoHeaderSum(dns::Bytes addresses, std::uint16_t udp_size) noexcept {
  return SumOctets(addresses) + AsWireWord(kProtocolUdp) + AsWireWord(udp_size);
}

}  // namespace sealwire::dpdk
