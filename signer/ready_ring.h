// A ring of ready pairs: one thread puts, one takes, and what is taken is wiped where it lay.
//
// Threading: Put() from one thread at a time; TryTake() and Drop() from any: a mark that is tried
// and never waited for keeps two takers apart, so that no pair can leave twice even when the rule
// "one taker" is broken. Ownership: the ring owns its memory. Not for use in a forked child, where
// the memory is absent: the owner asks its ForkMark first.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "signer/p256_batch.h"
#include "signer/secret_region.h"

namespace sealwire::signer {

class ReadyRing {
 public:
  // Holds as many pairs as fit into `memory`, which is all zero.
  explicit ReadyRing(SecretRegion memory) noexcept;

  // False when the ring is empty or another thread is taking or dropping at this moment.
  bool TryTake(ReadyPair& out) noexcept;

  // Puts the pairs that are not empty, as many as there is room for, and wipes all of `pairs`.
  // Gives how many were put.
  std::size_t Put(std::span<ReadyPair> pairs) noexcept;

  // Wipes every pair that is there; gives how many. Takers find the ring empty meanwhile.
  std::size_t Drop() noexcept;

  std::size_t capacity() const noexcept { return capacity_; }
  std::size_t size() const noexcept;  // about, when others put or take

 private:
  ReadyPair* slots() noexcept { return reinterpret_cast<ReadyPair*>(memory_.data()); }
  ReadyPair& NextTaken() noexcept;

  SecretRegion memory_;
  std::size_t capacity_;
  // How many were ever taken and put: their difference is what is there.
  alignas(64) std::atomic<std::uint64_t> taken_{0};
  std::size_t take_at_ = 0;  // slot; belongs to whoever has set taking_
  std::atomic<bool> taking_{false};
  alignas(64) std::atomic<std::uint64_t> put_{0};
  std::size_t put_at_ = 0;  // slot; belongs to the putting thread
};

}  // namespace sealwire::signer
