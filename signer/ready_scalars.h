// Secret scalars k for ready pairs, in bulk: uniform in 1 to n-1 (FIPS 186-5 appendix A.3.1, extra
// random bits).
//
// Two sources that fail independently are joined: OpenSSL's private DRBG, and a stream from a
// secret of this process that was drawn from the kernel itself and never leaves guarded memory.
// Whoever can foretell one of them knows nothing of k. Threading: one thread. Errors: Draw() is
// false when a source fails; no scalar is then given.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "signer/p256_batch.h"
#include "signer/secret_region.h"

namespace sealwire::signer {

inline constexpr std::size_t kWideScalarSize = 48;  // octets: 128 bits more than n has
using WideScalar = std::array<std::uint64_t, kWideScalarSize / 8>;

// wide·2⁻²⁵⁶ mod n: as uniform as wide mod n, from which it differs by a constant factor, and off
// uniform by less than 2⁻¹²⁸. Constant time.
Limbs ReduceWideScalar(const WideScalar& wide) noexcept;

// Fills `size` octets with random ones; false when it cannot.
using RandomFill = bool (*)(std::uint8_t* out, std::size_t size);
bool FillFromPrivateDrbg(std::uint8_t* out, std::size_t size) noexcept;

class ReadyScalars {
 public:
  // Null when memory is short or the kernel gives no secret. At most `capacity` scalars a draw.
  static std::unique_ptr<ReadyScalars> Make(std::size_t capacity,
                                            RandomFill random = &FillFromPrivateDrbg);

  bool Draw(std::span<Limbs> out) noexcept;

 private:
  static constexpr std::size_t kSecretSize = 64;

  ReadyScalars(std::size_t capacity, RandomFill random, SecretRegion memory) noexcept;
  // Adds (xor) the stream of this draw to `octets`.
  bool AddStream(std::span<std::uint8_t> octets) noexcept;

  std::size_t capacity_;
  RandomFill random_;
  SecretRegion memory_;  // the secret, then the wide scalars of one draw
  std::uint64_t draws_ = 0;
};

}  // namespace sealwire::signer
