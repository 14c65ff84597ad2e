// What remains of an ECDSA P-256 signature when a ready pair is at hand:
// s = k⁻¹(h + r·d) mod n (FIPS 186-5 section 6.4.1), two multiplications mod n.
//
// Constant time: no branch or address depends on the key, the pair or s. No heap, no BIGNUM.
// A small s is not asked for (RFC 6605 says nothing of it), so s is left as it comes.
// Threading: a pure function.
#pragma once

#include "signer/ecdsa.h"
#include "signer/p256_batch.h"

namespace sealwire::signer {

// Signs `digest` with the key whose scalar is the 32 octets at `scalar` (big-endian, 1 to n-1) and
// `pair`, which the caller must never use again. False, `out` untouched, when `pair` is empty or
// s would be 0 (once in 2²⁵⁶): take another pair.
bool FinishSignature(const std::uint8_t* scalar, const Digest& digest, const ReadyPair& pair,
                     Signature& out) noexcept;

}  // namespace sealwire::signer
