// How many different askers there were, within nine percent, in 64 octets: a HyperLogLog of 128
// registers of four bits (Flajolet et al. 2007; ranks above 15 are 15, good to four million).
//
// Sketches of several workers are merged register by register, if all hash alike. Threading: one
// writer, any reader. No allocation.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "proxy/counter.h"

namespace sealwire::proxy {

inline constexpr std::size_t kSketchRegisters = 128;

class AskerSketch {
 public:
  // `hash` must be well mixed in all its bits. Owner thread only.
  void Add(std::uint64_t hash) noexcept {
    const std::size_t at = hash % kSketchRegisters;
    const auto rank = static_cast<std::uint64_t>(std::countr_zero(hash >> 7 | 1u << 14) + 1);
    Counter& word = words_[at / 16];
    const auto shift = static_cast<int>(at % 16 * 4);
    const std::uint64_t before = word.value();
    if ((before >> shift & 15) < rank) {
      word.Set((before & ~(std::uint64_t{15} << shift)) | rank << shift);
    }
  }
  std::uint8_t rank(std::size_t at) const noexcept {
    return static_cast<std::uint8_t>(words_[at / 16].value() >> (at % 16 * 4) & 15);
  }
  void Clear() noexcept {
    for (Counter& word : words_) word.Set(0);
  }

 private:
  std::array<Counter, kSketchRegisters / 16> words_;
};

// The sketches of several workers as one.
class MergedSketch {
 public:
  void Add(const AskerSketch& worker) noexcept {
    for (std::size_t i = 0; i < kSketchRegisters; ++i) {
      if (worker.rank(i) > ranks_[i]) ranks_[i] = worker.rank(i);
    }
  }

  double Estimate() const noexcept {
    constexpr double kRegisters = kSketchRegisters;
    double sum = 0;
    int empty = 0;
    for (const std::uint8_t rank : ranks_) {
      sum += std::ldexp(1.0, -rank);
      empty += rank == 0 ? 1 : 0;
    }
    const double raw = 0.7213 / (1 + 1.079 / kRegisters) * kRegisters * kRegisters / sum;
    // Few askers: counting the registers never touched is more exact (linear counting).
    if (raw > 2.5 * kRegisters || empty == 0) return raw;
    return kRegisters * std::log(kRegisters / empty);
  }

 private:
  std::array<std::uint8_t, kSketchRegisters> ranks_{};
};

}  // namespace sealwire::proxy
