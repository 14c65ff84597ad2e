// ECDSA P-256 with SHA-256 as DNSSEC uses it (RFC 6605, algorithm 13): the values, and the seam at
// which one way of making a signature is exchanged for another. Other algorithms, which a zone may
// be signed with as well, are in signer/algorithm.h.
//
// Keys are borrowed: their scalars lie in keycache's locked memory and outlive every SigningKey
// that points to them. Threading: a DigestSigner belongs to one thread unless it says otherwise.
#pragma once

#include <array>
#include <cstdint>

namespace sealwire::signer {

inline constexpr std::uint8_t kAlgorithmP256 = 13;  // RFC 6605 section 4

using Digest = std::array<std::uint8_t, 32>;  // SHA-256
using Signature =
    std::array<std::uint8_t, 64>;  // r | s, each 32 octets big-endian (RFC 6605 section 4)
using PublicKey =
    std::array<std::uint8_t, 64>;  // x | y, each 32 octets big-endian (RFC 6605 section 4)

struct SigningKey {
  const std::uint8_t* scalar = nullptr;  // 32 octets big-endian, 1 to n-1
  std::uint64_t id = 0;       // unique in this process for (zone, key): separates memo entries
  std::uint16_t key_tag = 0;  // RFC 4034 appendix B
  std::uint8_t algorithm = kAlgorithmP256;  // of others `scalar` is as signer/algorithm.h says
};

// One way of making a P-256 signature.
class DigestSigner {
 public:
  virtual ~DigestSigner() = default;
  // Signs `digest`. False only when no signature could be made; `out` is then untouched.
  virtual bool Sign(const SigningKey& key, const Digest& digest, Signature& out) noexcept = 0;
};

}  // namespace sealwire::signer
