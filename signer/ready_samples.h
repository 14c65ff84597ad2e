// Finished signatures that wait to be verified with OpenSSL, away from the packets.
//
// The secret scalar goes along, since the public key is made from it there; so the samples lie in
// guarded memory and are wiped when judged. Threading: Put() from one thread, Judge() from one
// other at a time. A full queue drops what comes. Not for use in a forked child.
#pragma once

#include <atomic>
#include <cstdint>

#include "signer/ecdsa.h"
#include "signer/secret_region.h"

namespace sealwire::signer {

class ReadySamples {
 public:
  static constexpr std::size_t kSize = 16 * 128;  // octets of memory it wants

  explicit ReadySamples(SecretRegion memory) noexcept;

  void Put(const std::uint8_t* scalar, const Digest& digest, const Signature& signature) noexcept;

  enum class Verdict : std::uint8_t { kNone, kGood, kWrong };
  // Verifies the oldest sample; kNone when there is none.
  Verdict Judge() noexcept;

 private:
  struct Sample {
    std::array<std::uint8_t, 32> scalar;
    Digest digest;
    Signature signature;
  };
  static constexpr std::size_t kCapacity = kSize / sizeof(Sample);

  Sample& At(std::uint64_t index) noexcept {
    return reinterpret_cast<Sample*>(memory_.data())[index % kCapacity];
  }

  SecretRegion memory_;
  std::atomic<std::uint64_t> put_{0};
  std::atomic<std::uint64_t> judged_{0};
};

}  // namespace sealwire::signer
