#include "signer/p256_batch.h"

#include <algorithm>

#include "signer/p256_ifma.h"
#include "signer/p256_portable.h"

namespace sealwire::signer {

const char* ToText(P256Implementation implementation) noexcept {
  switch (implementation) {
    case P256Implementation::kAuto:
      return "auto";
    case P256Implementation::kPortable:
      return "portable";
    case P256Implementation::kIfma:
      return "ifma";
  }
  return "unknown";
}

// The compiler's run-time library also asks XGETBV whether the system saves the wide registers.
bool CpuHasIfma() noexcept {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512ifma");
#else
  return false;
#endif
}

std::unique_ptr<P256Batch> P256Batch::Make(P256Implementation implementation,
                                           std::size_t capacity) {
  capacity = std::max<std::size_t>(capacity, 1);
  if (implementation != P256Implementation::kPortable && CpuHasIfma()) {
    if (auto batch = MakeIfmaBatch(capacity)) return batch;
  }
  if (implementation == P256Implementation::kIfma) return nullptr;
  return MakePortableBatch(capacity);
}

}  // namespace sealwire::signer
