// Ready pairs of ECDSA P-256, made many at a time: from secret scalars k the pairs (r, k⁻¹) with
// r = x(k·G) mod n, which depend on neither key nor message (FIPS 186-5 section 6.4.1).
//
// Two implementations, chosen at run time: `portable` (OpenSSL's constant-time generator
// multiplication, batched inversions) and `ifma` (eight scalars at a time in AVX-512 IFMA).
// docs/ready-ink.md derives both. Neither branches on nor addresses by a secret.
// Threading: a batch belongs to one thread; several may work side by side. Ownership: spans are
// borrowed; the scratch, which holds secrets, is locked memory and is wiped before MakePairs()
// returns. Errors: Make() gives null when the CPU cannot; MakePairs() refuses a batch that failed
// its own check.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace sealwire::signer {

// 256 bits, least significant limb first.
using Limbs = std::array<std::uint64_t, 4>;

// One half of a signature, made ahead: to be used once, guarded like a private key.
struct ReadyPair {
  Limbs r{};          // x(k·G) mod n, 1 to n-1; all zero: no pair
  Limbs k_inverse{};  // k⁻¹·2⁵¹² mod n: twice Montgomery, as FinishSignature() wants it
};
static_assert(sizeof(ReadyPair) == 64);

enum class P256Implementation : std::uint8_t { kAuto, kPortable, kIfma };

const char* ToText(P256Implementation implementation) noexcept;

class P256Batch {
 public:
  // Null when this CPU or operating system lacks what `implementation` needs, or memory is short.
  // kAuto takes the fastest that works here. `capacity` is the greatest batch, rounded up to what
  // the implementation likes; some thousands amortize the inversions.
  static std::unique_ptr<P256Batch> Make(P256Implementation implementation,
                                         std::size_t capacity = 4096);
  virtual ~P256Batch() = default;

  virtual P256Implementation implementation() const noexcept = 0;
  virtual std::size_t capacity() const noexcept = 0;

  // Turns each scalar, 1 to n-1, into its pair; as many pairs as scalars, at most capacity(). A
  // scalar that has no pair (r would be 0, or one of the two scalars that the addition chain of
  // `ifma` does not cover) gives an all-zero one. False when the batch failed its own check, which
  // only a fault of the machine or the program can cause; `pairs` is then all zero.
  virtual bool MakePairs(std::span<const Limbs> scalars, std::span<ReadyPair> pairs) noexcept = 0;
};

// True when the CPU has AVX-512 F, VL, DQ, BW and IFMA and the operating system saves its
// registers.
bool CpuHasIfma() noexcept;

}  // namespace sealwire::signer
