// The vector half of batch P-256: plain functions over plain memory.
//
// Kept apart because its source is compiled for AVX-512 (signer/CMakeLists.txt): this header takes
// in no template and no inline function, which the linker could otherwise share with code that must
// run on other CPUs. Threading: as the scratch. Call only when CpuHasIfma().
#pragma once

#include <cstddef>
#include <cstdint>

namespace sealwire::signer::p256 {

// A scalar is read as 32 digits of 8 bits, each standing for an odd number from -255 to 255.
inline constexpr std::size_t kWindows = 32;
inline constexpr std::size_t kEntries = 128;

// Odd multiples of the generator: entry e of window j is (2e+1)·256ʲ·G, affine, in Montgomery form
// (R = 2²⁶⁰), limbs of 52 bits. Limb by limb, so that eight entries of one limb fill a register.
struct alignas(64) CombTable {
  std::uint64_t x[kWindows][5][kEntries];
  std::uint64_t y[kWindows][5][kEntries];
  std::uint64_t one[5];  // 1, 3 and the curve's b in Montgomery form
  std::uint64_t three[5];
  std::uint64_t b[5];
};

// The table, made at the first call (about 20 ms) and kept; null when OpenSSL failed.
const CombTable* SharedCombTable() noexcept;

inline constexpr std::size_t kLanes = 8;
inline constexpr std::size_t kLanesPerStep = 2 * kLanes;  // two groups side by side hide latency
inline constexpr std::size_t kScratchPerGroup = 24 * 64;  // octets for eight lanes

// pairs[8·i …] = r, k⁻¹·2⁵¹² of scalars[4·i …], as P256Batch::MakePairs(). `scratch` has
// kScratchPerGroup octets for every eight scalars, their count rounded up to kLanesPerStep, and
// begins on a multiple of 64; it is left full of secrets. False: a check failed, use no pair.
bool MakePairsInLanes(const CombTable& table, void* scratch, const std::uint64_t* scalars,
                      std::size_t count, std::uint64_t* pairs) noexcept;

}  // namespace sealwire::signer::p256
