// ECDSA P-256 by OpenSSL: whole signatures, key pairs, verification (RFC 6605, FIPS 186-5).
//
// Secret scalars are borrowed for the length of a call. Inside, they live in OpenSSL's secure heap
// when the process has set one up (CRYPTO_secure_malloc_init), and are cleared before the call
// returns in any case. OpenSSL allocates for each signature: on the packet path this is what
// remains when there is no ready ink. Threading: the functions may be called by any thread; an
// OpensslSigner belongs to one thread. Errors: false, with nothing written to the output.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "signer/ecdsa.h"

namespace sealwire::signer {

// Signs with one scratch key, whose scalar is set anew for each signature: a million zones need no
// million OpenSSL objects.
class OpensslSigner final : public DigestSigner {
 public:
  OpensslSigner();
  ~OpensslSigner() override;
  OpensslSigner(const OpensslSigner&) = delete;
  OpensslSigner& operator=(const OpensslSigner&) = delete;

  // False when the scalar is not in 1 to n-1, or OpenSSL is out of memory or randomness.
  bool Sign(const SigningKey& key, const Digest& digest, Signature& out) noexcept override;

 private:
  struct Scratch;
  std::unique_ptr<Scratch> scratch_;
};

using Scalar = std::span<std::uint8_t, 32>;             // big-endian
using ConstScalar = std::span<const std::uint8_t, 32>;  // big-endian

// Makes a new key pair; the scalar goes straight into the caller's (locked) memory.
[[nodiscard]] bool GenerateKeyPair(Scalar scalar, PublicKey& public_key) noexcept;

// The public half of `scalar`; false when it is not in 1 to n-1.
[[nodiscard]] bool DerivePublicKey(ConstScalar scalar, PublicKey& public_key) noexcept;

// True when `signature` over `digest` was made by the secret half of `public_key`. False too when
// the key is not a point of the curve or r or s is out of range.
[[nodiscard]] bool Verify(const PublicKey& public_key, const Digest& digest,
                          const Signature& signature) noexcept;

}  // namespace sealwire::signer
