#include "signer/ready_samples.h"

#include <openssl/crypto.h>

#include <cstring>
#include <utility>

#include "signer/openssl_signer.h"

namespace sealwire::signer {

ReadySamples::ReadySamples(SecretRegion memory) noexcept : memory_(std::move(memory)) {}

void ReadySamples::Put(const std::uint8_t* scalar, const Digest& digest,
                       const Signature& signature) noexcept {
  const std::uint64_t put = put_.load(std::memory_order_relaxed);
  if (put - judged_.load(std::memory_order_acquire) == kCapacity) return;
  Sample& sample = At(put);
  std::memcpy(sample.scalar.data(), scalar, sample.scalar.size());
  sample.digest = digest;
  sample.signature = signature;
  put_.store(put + 1, std::memory_order_release);
}

ReadySamples::Verdict ReadySamples::Judge() noexcept {
  const std::uint64_t judged = judged_.load(std::memory_order_relaxed);
  if (judged == put_.load(std::memory_order_acquire)) return Verdict::kNone;
  Sample& sample = At(judged);
  PublicKey key;
  const bool good =
      DerivePublicKey(sample.scalar, key) && Verify(key, sample.digest, sample.signature);
  OPENSSL_cleanse(&sample, sizeof(sample));
  judged_.store(judged + 1, std::memory_order_release);
  return good ? Verdict::kGood : Verdict::kWrong;
}

}  // namespace sealwire::signer
