#include "signer/ink_signer.h"

#include <openssl/rand.h>

#include <limits>

#include "signer/online_half.h"

namespace sealwire::signer {
namespace {

// One writer: no read-modify-write instruction is needed.
void Count(std::atomic<std::uint64_t>& counter) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// A pair on its way from the ring to the signature, wiped when it goes out of scope.
struct TakenPair {
  ReadyPair pair;
  ~TakenPair() {
    pair = ReadyPair{};
    asm volatile("" : : "r"(&pair) : "memory");
  }
};

}  // namespace

InkSigner::InkSigner(ReadyInk* ink, std::size_t worker, DigestSigner& whole, IfDry if_dry) noexcept
    : ink_(ink),
      worker_(worker),
      whole_(whole),
      if_dry_(if_dry),
      sample_state_(1),
      sample_below_(0) {
  if (ink == nullptr || ink->verify_one_in() == 0) return;
  sample_below_ = std::numeric_limits<std::uint64_t>::max() / ink->verify_one_in();
  // Which signatures are verified should not be foretold; should this fail, they merely could be.
  RAND_bytes(reinterpret_cast<unsigned char*>(&sample_state_), sizeof(sample_state_));
  sample_state_ |= 1;
}

// xorshift64*: cheap, and good enough to choose by.
bool InkSigner::DueForSample() noexcept {
  sample_state_ ^= sample_state_ >> 12;
  sample_state_ ^= sample_state_ << 25;
  sample_state_ ^= sample_state_ >> 27;
  return sample_state_ * 0x2545f4914f6cdd1d < sample_below_;
}

bool InkSigner::TakePair(ReadyPair& pair) noexcept {
  if (ink_->TryTake(worker_, pair)) return true;
  Count(counters_.dry);
  return if_dry_ == IfDry::kMakePairs && ink_->FillSome(worker_) && ink_->TryTake(worker_, pair);
}

bool InkSigner::SignWithReadyPair(const SigningKey& key, const Digest& digest,
                                  Signature& out) noexcept {
  TakenPair taken;
  if (ink_ == nullptr || key.scalar == nullptr || !TakePair(taken.pair)) return false;
  if (!FinishSignature(key.scalar, digest, taken.pair, out)) return false;
  if (DueForSample()) ink_->Sample(worker_, key.scalar, digest, out);
  return true;
}

bool InkSigner::Sign(const SigningKey& key, const Digest& digest, Signature& out) noexcept {
  if (SignWithReadyPair(key, digest, out)) {
    Count(counters_.ready);
    return true;
  }
  const bool signed_whole = whole_.Sign(key, digest, out);
  Count(signed_whole ? counters_.whole : counters_.failed);
  return signed_whole;
}

}  // namespace sealwire::signer
