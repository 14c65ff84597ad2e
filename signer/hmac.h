// HMAC (RFC 2104) with SHA-1, SHA-256, SHA-384 and SHA-512: what TSIG is made with.
//
// A key holds the two hash states after the padded secret, so that a message costs its own octets
// and one more block; the secret itself is not kept. States are as secret as it: both classes wipe
// themselves. Threading: an HmacKey is const and may be shared; an Hmac belongs to one thread. No
// allocation, no failure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dns/bytes.h"

namespace sealwire::signer {

enum class HmacHash : std::uint8_t { kSha1, kSha256, kSha384, kSha512 };

inline constexpr std::size_t kMaxMacSize = 64;
std::size_t MacSize(HmacHash hash) noexcept;

class HmacKey {
 public:
  HmacKey(HmacHash hash, dns::Bytes secret) noexcept;
  ~HmacKey();
  HmacKey(const HmacKey&) = delete;
  HmacKey& operator=(const HmacKey&) = delete;

  HmacHash hash() const noexcept { return hash_; }

 private:
  friend class Hmac;
  using State = std::array<std::byte, 216>;  // OpenSSL's SHA512_CTX, the largest

  HmacHash hash_;
  alignas(8) State inner_;
  alignas(8) State outer_;
};

class Hmac {
 public:
  explicit Hmac(const HmacKey& key) noexcept : key_(key), state_(key.inner_) {}
  ~Hmac();
  Hmac(const Hmac&) = delete;
  Hmac& operator=(const Hmac&) = delete;

  void Update(dns::Bytes data) noexcept;
  // Writes the code to the front of `out` and returns it; afterwards the state is spent.
  dns::Bytes Finish(std::array<std::uint8_t, kMaxMacSize>& out) noexcept;

 private:
  const HmacKey& key_;
  alignas(8) HmacKey::State state_;
};

// In a time that depends on the sizes alone.
bool EqualInConstantTime(dns::Bytes a, dns::Bytes b) noexcept;

}  // namespace sealwire::signer
