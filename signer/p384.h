// ECDSA P-384 with SHA-384 by OpenSSL (RFC 6605, FIPS 186-5): see signer/algorithm.h for the
// contract. A secret is a seed; the scalar is expanded from it for each use.
#pragma once

#include "signer/algorithm.h"

namespace sealwire::signer::p384 {

[[nodiscard]] bool MakeSeed(Scalar seed) noexcept;
[[nodiscard]] bool PublicHalf(ConstScalar seed, PublicOctets& public_key) noexcept;
[[nodiscard]] bool Sign(ConstScalar seed, dns::Bytes message, SignatureOctets& out) noexcept;
[[nodiscard]] bool Verify(const PublicOctets& public_key, dns::Bytes message,
                          const SignatureOctets& signature) noexcept;

}  // namespace sealwire::signer::p384
