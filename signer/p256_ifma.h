// Batch P-256 with AVX-512 IFMA: eight scalars in the lanes of a register, many registers side by
// side, affine additions that share one inversion. Derivation and ranges: docs/ready-ink.md.
#pragma once

#include <memory>

#include "signer/p256_batch.h"

namespace sealwire::signer {

// Null when memory is short or the tables cannot be made. Call only when CpuHasIfma().
std::unique_ptr<P256Batch> MakeIfmaBatch(std::size_t capacity);

}  // namespace sealwire::signer
