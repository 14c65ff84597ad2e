// A worker's signer: a ready pair and the online half when there is ink, the whole signature
// through another signer when there is none.
//
// On a core that is busy without pause the filling threads, which are idle priority, get nowhere.
// There a worker that finds its ring empty had better make a small batch itself: a pair made among
// others costs a fraction of a whole signature.
//
// Threading: one per worker, used by that worker only; counters may be read by any thread.
// Ownership: the store and the other signer are borrowed and outlive it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "signer/ecdsa.h"
#include "signer/ready_ink.h"

namespace sealwire::signer {

// What a worker does when its ring is empty.
enum class IfDry : std::uint8_t { kSignWhole, kMakePairs };

struct InkSignerCounters {
  std::atomic<std::uint64_t> ready{0};   // signatures from a ready pair
  std::atomic<std::uint64_t> whole{0};   // signatures the whole way: no pair was there
  std::atomic<std::uint64_t> failed{0};  // no signature at all
  std::atomic<std::uint64_t> dry{0};     // times the ring was found empty
};

class InkSigner final : public DigestSigner {
 public:
  // `ink` may be null: every signature is then a whole one.
  InkSigner(ReadyInk* ink, std::size_t worker, DigestSigner& whole,
            IfDry if_dry = IfDry::kSignWhole) noexcept;

  bool Sign(const SigningKey& key, const Digest& digest, Signature& out) noexcept override;

  const InkSignerCounters& counters() const noexcept { return counters_; }

 private:
  bool TakePair(ReadyPair& pair) noexcept;
  bool SignWithReadyPair(const SigningKey& key, const Digest& digest, Signature& out) noexcept;
  bool DueForSample() noexcept;

  ReadyInk* ink_;
  std::size_t worker_;
  DigestSigner& whole_;
  IfDry if_dry_;
  InkSignerCounters counters_;
  std::uint64_t sample_state_;
  std::uint64_t sample_below_;  // a draw below it is a sample
};

}  // namespace sealwire::signer
