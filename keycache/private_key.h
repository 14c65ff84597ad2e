// A P-256 private key as others write it: a BIND .private file (dnssec-keygen), or PEM (SEC 1 or
// PKCS #8, not encrypted).
//
// The text itself is the caller's to wipe. Threading: pure functions. Errors: a sentence that says
// what the text is not, and never any of it.
#pragma once

#include <string_view>

#include "dns/result.h"
#include "keycache/secret_memory.h"

namespace sealwire::keycache {

// Writes the private scalar; on an error it is wiped.
Status ReadPrivateKey(std::string_view text, SecretBytes scalar);

}  // namespace sealwire::keycache
