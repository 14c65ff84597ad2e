// Makes one checked batch of ready pairs after another: draws scalars, has them turned into pairs,
// and lets OpenSSL make one of the batch again.
//
// Threading: one thread at a time. Ownership: the pairs it gives lie in its own guarded memory
// until the next batch; whoever takes them wipes them. Errors: by Outcome.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "signer/p256_batch.h"
#include "signer/ready_scalars.h"
#include "signer/secret_region.h"

namespace sealwire::signer {

class ReadyMaker {
 public:
  enum class Outcome : std::uint8_t {
    kMade,
    kNoRandomness,  // nothing was made; the next try may do
    kRefused,       // a check failed: the machine or the program is at fault
  };

  // Null when memory is short or the implementation is not to be had.
  static std::unique_ptr<ReadyMaker> Make(P256Implementation implementation, std::size_t capacity,
                                          RandomFill random = &FillFromPrivateDrbg);

  // Makes `count` pairs, at most capacity(); an all-zero pair among them is none.
  Outcome MakeBatch(std::size_t count) noexcept;
  // Those of the last batch; empty after any other outcome than kMade.
  std::span<ReadyPair> pairs() noexcept { return {pairs_, count_}; }

  std::size_t capacity() const noexcept { return batch_->capacity(); }
  P256Implementation implementation() const noexcept { return batch_->implementation(); }

 private:
  ReadyMaker(std::unique_ptr<P256Batch> batch, std::unique_ptr<P256Batch> judge,
             std::unique_ptr<ReadyScalars> scalars, SecretRegion memory) noexcept;
  bool OneIsAsOpensslMakesIt(std::size_t count) noexcept;

  std::unique_ptr<P256Batch> batch_;
  std::unique_ptr<P256Batch> judge_;  // makes single pairs with OpenSSL
  std::unique_ptr<ReadyScalars> scalars_;
  SecretRegion memory_;
  ReadyPair* pairs_;
  Limbs* k_;
  std::size_t count_ = 0;
  std::uint64_t batches_ = 0;
};

}  // namespace sealwire::signer
