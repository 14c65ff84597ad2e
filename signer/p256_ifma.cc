#include "signer/p256_ifma.h"

#include <openssl/crypto.h>

#include <utility>

#include "signer/p256_ifma_kernel.h"
#include "signer/secret_region.h"

namespace sealwire::signer {
namespace {

#if defined(__x86_64__)

// Overwrites what the kernel's frames spilled onto the stack.
[[gnu::noinline]] void CleanStack() noexcept {
  unsigned char frames[16384];
  OPENSSL_cleanse(frames, sizeof(frames));
}

class IfmaBatch final : public P256Batch {
 public:
  IfmaBatch(std::size_t capacity, SecretRegion scratch, const p256::CombTable& table) noexcept
      : capacity_(capacity), scratch_(std::move(scratch)), table_(table) {}

  P256Implementation implementation() const noexcept override { return P256Implementation::kIfma; }
  std::size_t capacity() const noexcept override { return capacity_; }

  bool MakePairs(std::span<const Limbs> scalars, std::span<ReadyPair> pairs) noexcept override {
    const std::size_t count = scalars.size();
    if (count == 0 || count > capacity_ || pairs.size() < count) return false;
    const bool made = p256::MakePairsInLanes(table_, scratch_.data(), scalars.data()->data(), count,
                                             reinterpret_cast<std::uint64_t*>(pairs.data()));
    OPENSSL_cleanse(scratch_.data(), scratch_.size());
    CleanStack();
    if (!made) OPENSSL_cleanse(pairs.data(), count * sizeof(ReadyPair));
    return made;
  }

 private:
  std::size_t capacity_;
  SecretRegion scratch_;
  const p256::CombTable& table_;
};

#endif

}  // namespace

std::unique_ptr<P256Batch> MakeIfmaBatch(std::size_t capacity) {
#if defined(__x86_64__)
  const p256::CombTable* table = p256::SharedCombTable();
  capacity = (capacity + p256::kLanesPerStep - 1) / p256::kLanesPerStep * p256::kLanesPerStep;
  auto scratch = SecretRegion::Make(capacity / p256::kLanes * p256::kScratchPerGroup);
  if (table == nullptr || !scratch) return nullptr;
  return std::make_unique<IfmaBatch>(capacity, std::move(scratch).value(), *table);
#else
  static_cast<void>(capacity);
  return nullptr;
#endif
}

}  // namespace sealwire::signer
