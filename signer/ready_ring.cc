#include "signer/ready_ring.h"

#include <openssl/crypto.h>

#include <utility>

namespace sealwire::signer {
namespace {

// A clearing the compiler may not leave out, without a call.
inline void Wipe(ReadyPair& pair) noexcept {
  pair = ReadyPair{};
  asm volatile("" : : "r"(&pair) : "memory");
}

}  // namespace

ReadyRing::ReadyRing(SecretRegion memory) noexcept
    : memory_(std::move(memory)), capacity_(memory_.size() / sizeof(ReadyPair)) {}

// The slot to take from; the next one is fetched ahead, since a big ring lies in no cache.
ReadyPair& ReadyRing::NextTaken() noexcept {
  ReadyPair& slot = slots()[take_at_];
  take_at_ = take_at_ + 1 == capacity_ ? 0 : take_at_ + 1;
  __builtin_prefetch(&slots()[take_at_], 1);
  return slot;
}

bool ReadyRing::TryTake(ReadyPair& out) noexcept {
  if (taking_.exchange(true, std::memory_order_acquire)) return false;
  const std::uint64_t taken = taken_.load(std::memory_order_relaxed);
  const bool there = taken != put_.load(std::memory_order_acquire);
  if (there) {
    ReadyPair& slot = NextTaken();
    out = slot;
    Wipe(slot);
    taken_.store(taken + 1, std::memory_order_release);
  }
  taking_.store(false, std::memory_order_release);
  return there;
}

std::size_t ReadyRing::Put(std::span<ReadyPair> pairs) noexcept {
  const std::uint64_t put = put_.load(std::memory_order_relaxed);
  const std::uint64_t there = put - taken_.load(std::memory_order_acquire);
  const std::size_t room = capacity_ - static_cast<std::size_t>(there);
  std::size_t count = 0;
  for (const ReadyPair& pair : pairs) {
    if (count == room) break;
    if (pair.r == Limbs{}) continue;
    slots()[put_at_] = pair;
    put_at_ = put_at_ + 1 == capacity_ ? 0 : put_at_ + 1;
    ++count;
  }
  OPENSSL_cleanse(pairs.data(), pairs.size_bytes());
  put_.store(put + count, std::memory_order_release);
  return count;
}

std::size_t ReadyRing::Drop() noexcept {
  while (taking_.exchange(true, std::memory_order_acquire)) {
  }
  const std::uint64_t taken = taken_.load(std::memory_order_relaxed);
  const std::uint64_t put = put_.load(std::memory_order_acquire);
  for (std::uint64_t i = taken; i != put; ++i) Wipe(NextTaken());
  taken_.store(put, std::memory_order_release);
  taking_.store(false, std::memory_order_release);
  return static_cast<std::size_t>(put - taken);
}

std::size_t ReadyRing::size() const noexcept {
  const std::uint64_t taken = taken_.load(std::memory_order_acquire);
  return static_cast<std::size_t>(put_.load(std::memory_order_acquire) - taken);
}

}  // namespace sealwire::signer
