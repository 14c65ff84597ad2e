// Ed25519 by OpenSSL (RFC 8032, RFC 8080): see signer/algorithm.h for the contract.
#pragma once

#include "signer/algorithm.h"

namespace sealwire::signer::ed25519 {

[[nodiscard]] bool MakePair(Scalar secret, PublicOctets& public_key) noexcept;
[[nodiscard]] bool PublicHalf(ConstScalar secret, PublicOctets& public_key) noexcept;
[[nodiscard]] bool Sign(ConstScalar secret, dns::Bytes message, SignatureOctets& out) noexcept;
[[nodiscard]] bool Verify(const PublicOctets& public_key, dns::Bytes message,
                          const SignatureOctets& signature) noexcept;

}  // namespace sealwire::signer::ed25519
