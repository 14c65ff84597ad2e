#include "signer/ready_scalars.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <sys/random.h>
#include <time.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "signer/p256_modular.h"

namespace sealwire::signer {
namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};

// What makes the stream of one draw differ from all others. It need not be secret. The kernel's
// part is fresh for every draw, since the kernel reseeds itself when its machine was cloned, which
// neither OpenSSL's DRBG nor the secret here would notice.
struct DrawLabel {
  std::array<std::uint8_t, 32> kernel;
  std::uint64_t draw;
  std::uint64_t nanoseconds;
};

std::uint64_t Nanoseconds() noexcept {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000000000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

bool FillFromKernel(std::uint8_t* out, std::size_t size) noexcept {
  return getrandom(out, size, 0) == static_cast<ssize_t>(size);
}

}  // namespace

Limbs ReduceWideScalar(const WideScalar& wide) noexcept {
  // Below 2³⁸⁴, so below n·2²⁵⁶, which is all that Redc asks.
  return p256::Order::Redc({wide[0], wide[1], wide[2], wide[3], wide[4], wide[5], 0, 0});
}

bool FillFromPrivateDrbg(std::uint8_t* out, std::size_t size) noexcept {
  return RAND_priv_bytes(out, static_cast<int>(size)) == 1;
}

std::unique_ptr<ReadyScalars> ReadyScalars::Make(std::size_t capacity, RandomFill random) {
  auto memory = SecretRegion::Make(kSecretSize + capacity * kWideScalarSize);
  if (!memory) return nullptr;
  // Straight from the kernel: not through the DRBG whose failure it is to outlive.
  if (!FillFromKernel(memory->data(), kSecretSize)) return nullptr;
  return std::unique_ptr<ReadyScalars>(
      new ReadyScalars(capacity, random, std::move(memory).value()));
}

ReadyScalars::ReadyScalars(std::size_t capacity, RandomFill random, SecretRegion memory) noexcept
    : capacity_(capacity), random_(random), memory_(std::move(memory)) {}

bool ReadyScalars::AddStream(std::span<std::uint8_t> octets) noexcept {
  DrawLabel label{};
  label.draw = ++draws_;
  label.nanoseconds = Nanoseconds();
  if (!FillFromKernel(label.kernel.data(), label.kernel.size())) return false;
  std::array<std::uint8_t, 64> key{};  // ChaCha20's key, then its counter and nonce
  const bool derived = HMAC(EVP_sha512(), memory_.data(), static_cast<int>(kSecretSize),
                            reinterpret_cast<const unsigned char*>(&label), sizeof(label),
                            key.data(), nullptr) != nullptr;
  const std::unique_ptr<EVP_CIPHER_CTX, FreeCipher> cipher(EVP_CIPHER_CTX_new());
  int written = 0;
  const auto size = static_cast<int>(octets.size());
  const bool added =
      derived && cipher != nullptr &&
      EVP_EncryptInit_ex(cipher.get(), EVP_chacha20(), nullptr, key.data(), key.data() + 32) == 1 &&
      EVP_EncryptUpdate(cipher.get(), octets.data(), &written, octets.data(), size) == 1 &&
      written == size;
  OPENSSL_cleanse(key.data(), key.size());
  return added;
}

bool ReadyScalars::Draw(std::span<Limbs> out) noexcept {
  if (out.empty() || out.size() > capacity_) return false;
  const std::span octets(memory_.data() + kSecretSize, out.size() * kWideScalarSize);
  bool drawn = random_(octets.data(), octets.size()) && AddStream(octets);
  for (std::size_t i = 0; drawn && i < out.size(); ++i) {
    WideScalar wide;
    std::memcpy(wide.data(), octets.data() + i * kWideScalarSize, kWideScalarSize);
    out[i] = ReduceWideScalar(wide);
    OPENSSL_cleanse(wide.data(), sizeof(wide));
    // Once in 2²⁵⁶; the whole draw is thrown away, and the next one is another.
    drawn = p256::ZeroMask(out[i]) == 0;
  }
  OPENSSL_cleanse(octets.data(), octets.size());
  if (!drawn) OPENSSL_cleanse(out.data(), out.size_bytes());
  return drawn;
}

}  // namespace sealwire::signer
