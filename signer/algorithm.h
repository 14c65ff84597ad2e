// The signing algorithms of a zone beside the one that the packet path is made for: ECDSA P-256
// (RFC 6605, 13), ECDSA P-384 (RFC 6605, 14) and Ed25519 (RFC 8080, 15), by their numbers.
//
// The secret of a key is 32 octets whatever the algorithm, so that every key fits one slot of
// locked memory: the scalar of P-256, the private key of Ed25519 (RFC 8032 section 5.1.5), and for
// P-384 a seed from which its scalar is expanded (docs/decisions/0205). Secrets are borrowed for
// the length of a call. These are whole operations by OpenSSL, which allocates inside; P-256
// signatures in bulk are made elsewhere (signer/ink_signer.h).
// Threading: pure functions. Errors: false, with nothing written to the output.
#pragma once

#include <cstdint>
#include <string_view>

#include "dns/bounded_octets.h"
#include "dns/bytes.h"
#include "signer/ecdsa.h"
#include "signer/openssl_signer.h"

namespace sealwire::signer {

inline constexpr std::uint8_t kAlgorithmP384 = 14;     // RFC 6605 section 4
inline constexpr std::uint8_t kAlgorithmEd25519 = 15;  // RFC 8080 section 5

inline constexpr std::size_t kMaxPublicKeySize = 96;  // P-384
inline constexpr std::size_t kMaxSignatureSize = 96;  // P-384
// As they stand in DNSKEY and RRSIG RDATA.
using PublicOctets = dns::BoundedOctets<kMaxPublicKeySize>;
using SignatureOctets = dns::BoundedOctets<kMaxSignatureSize>;

// Sizes in octets; 0 for an algorithm that is not one of the three.
constexpr std::size_t PublicKeySize(std::uint8_t algorithm) noexcept {
  return algorithm == kAlgorithmP256      ? 64
         : algorithm == kAlgorithmP384    ? 96
         : algorithm == kAlgorithmEd25519 ? 32
                                          : 0;
}
constexpr std::size_t SignatureSize(std::uint8_t algorithm) noexcept {
  return algorithm == kAlgorithmP384 ? 96 : PublicKeySize(algorithm) == 0 ? 0 : 64;
}
constexpr bool IsKnown(std::uint8_t algorithm) noexcept {
  return PublicKeySize(algorithm) != 0;
}
// "ECDSAP256SHA256", as IANA's registry has it; empty for others.
std::string_view AlgorithmName(std::uint8_t algorithm) noexcept;

// Makes a key pair; the secret goes straight into the caller's (locked) memory.
[[nodiscard]] bool MakeKeyPair(std::uint8_t algorithm, Scalar secret,
                               PublicOctets& public_key) noexcept;
// The public half of a secret.
[[nodiscard]] bool PublicHalf(std::uint8_t algorithm, ConstScalar secret,
                              PublicOctets& public_key) noexcept;
// Signs `message` itself: hashing is the algorithm's business.
[[nodiscard]] bool SignMessage(std::uint8_t algorithm, ConstScalar secret, dns::Bytes message,
                               SignatureOctets& out) noexcept;
// True when `signature` over `message` was made by the secret half of `public_key`.
[[nodiscard]] bool VerifyMessage(std::uint8_t algorithm, const PublicOctets& public_key,
                                 dns::Bytes message, const SignatureOctets& signature) noexcept;

}  // namespace sealwire::signer
