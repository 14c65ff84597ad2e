#include "signer/ready_maker.h"

#include <openssl/crypto.h>

#include <utility>

namespace sealwire::signer {

std::unique_ptr<ReadyMaker> ReadyMaker::Make(P256Implementation implementation,
                                             std::size_t capacity, RandomFill random) {
  auto batch = P256Batch::Make(implementation, capacity);
  auto judge = P256Batch::Make(P256Implementation::kPortable, 1);
  if (batch == nullptr || judge == nullptr) return nullptr;
  auto scalars = ReadyScalars::Make(batch->capacity(), random);
  // The judge's pair comes last.
  auto memory = SecretRegion::Make((batch->capacity() + 1) * (sizeof(ReadyPair) + sizeof(Limbs)));
  if (scalars == nullptr || !memory) return nullptr;
  return std::unique_ptr<ReadyMaker>(new ReadyMaker(std::move(batch), std::move(judge),
                                                    std::move(scalars), std::move(memory).value()));
}

ReadyMaker::ReadyMaker(std::unique_ptr<P256Batch> batch, std::unique_ptr<P256Batch> judge,
                       std::unique_ptr<ReadyScalars> scalars, SecretRegion memory) noexcept
    : batch_(std::move(batch)),
      judge_(std::move(judge)),
      scalars_(std::move(scalars)),
      memory_(std::move(memory)),
      pairs_(reinterpret_cast<ReadyPair*>(memory_.data())),
      k_(reinterpret_cast<Limbs*>(pairs_ + batch_->capacity() + 1)) {}

// Which one wanders through the batch, so that each lane and place is looked at in turn.
bool ReadyMaker::OneIsAsOpensslMakesIt(std::size_t count) noexcept {
  const std::size_t which = static_cast<std::size_t>(batches_++ * 37) % count;
  ReadyPair& again = pairs_[batch_->capacity()];
  if (!judge_->MakePairs({k_ + which, 1}, {&again, 1})) return false;
  const ReadyPair& made = pairs_[which];
  const bool left_out = made.r == Limbs{};
  const bool same = left_out || (made.r == again.r && made.k_inverse == again.k_inverse);
  OPENSSL_cleanse(&again, sizeof(again));
  return same;
}

ReadyMaker::Outcome ReadyMaker::MakeBatch(std::size_t count) noexcept {
  OPENSSL_cleanse(pairs_, count_ * sizeof(ReadyPair));
  count_ = 0;
  if (!scalars_->Draw({k_, count})) return Outcome::kNoRandomness;
  const bool good = batch_->MakePairs({k_, count}, {pairs_, count}) && OneIsAsOpensslMakesIt(count);
  OPENSSL_cleanse(k_, count * sizeof(Limbs));
  if (good) {
    count_ = count;
    return Outcome::kMade;
  }
  OPENSSL_cleanse(pairs_, count * sizeof(ReadyPair));
  return Outcome::kRefused;
}

}  // namespace sealwire::signer
