// ECDH on P-256 in software (RFC 5903 section 9: the secret is the x coordinate, 32 octets).
//
// Threading: pure functions. Errors: Status; secrets are wiped on every path.
#pragma once

#include "dns/result.h"
#include "keycache/secret_memory.h"
#include "signer/ecdsa.h"

namespace sealwire::keycache {

// True for a public key that lies on the curve.
bool IsPoint(const signer::PublicKey& key) noexcept;

// Makes a key pair, gives its public half and the secret shared with `peer`, and forgets its
// private half.
Status MakeEphemeral(const signer::PublicKey& peer, signer::PublicKey& ephemeral,
                     SecretBytes secret);

}  // namespace sealwire::keycache
