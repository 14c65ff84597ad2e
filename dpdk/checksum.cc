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
  // Both halves of each 64-bit word go to accumulators of their own: no carry has to be watched,
  // and four independent chains keep the adders busy.
  std::uint64_t low[2] = {0, 0};
  std::uint64_t high[2] = {0, 0};
  std::size_t at = 0;
  for (; at + 16 <= data.size(); at += 16) {
    const auto first = LoadWord<std::uint64_t>(data, at);
    const auto second = LoadWord<std::uint64_t>(data, at + 8);
    low[0] += first & 0xffffffffu;
    high[0] += first >> 32;
    low[1] += second & 0xffffffffu;
    high[1] += second >> 32;
  }
  std::uint64_t sum = low[0] + low[1] + high[0] + high[1];
  for (; at + 4 <= data.size(); at += 4) sum += LoadWord<std::uint32_t>(data, at);
  if (at + 2 <= data.size()) {
    sum += LoadWord<std::uint16_t>(data, at);
    at += 2;
  }
  if (at < data.size()) {
    const std::uint8_t padded[2] = {data[at], 0};
    sum += LoadWord<std::uint16_t>(padded, 0);
  }
  return sum;
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
