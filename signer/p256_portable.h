// Batch P-256 for any CPU: OpenSSL's constant-time multiplication of the generator, then one
// inversion for all z and one for all k (Montgomery's trick) where OpenSSL makes two a signature.
#pragma once

#include "signer/p256_batch.h"

namespace sealwire::signer {

std::unique_ptr<P256Batch> MakePortableBatch(std::size_t capacity);

}  // namespace sealwire::signer
