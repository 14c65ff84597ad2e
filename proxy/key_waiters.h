// Queries that wait for the keys of their zone to be opened, the longest waiting first.
//
// Keys are opened off the packet path, by whoever reads the ring of calls; they come with the next
// zone table, and every query that waits is tried again then. All of them have the same patience.
// Threading: one worker. Ownership: borrows the ring. Errors: Add() refuses when too many wait, one
// has waited long enough, or nobody can be called. No allocation after construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/notices.h"
#include "proxy/pipeline.h"

namespace sealwire::proxy {

class KeyWaiters {
 public:
  KeyWaiters(Notices* calls, std::size_t capacity) : calls_(calls), capacity_(capacity) {
    waiting_.reserve(capacity);
    resumed_.reserve(capacity);
  }

  // `since_ns` is when the query came, `key_call` whom to open.
  bool Add(Ticket ticket, std::uint64_t since_ns, std::uint64_t now_ns,
           std::uint64_t key_call) noexcept {
    const bool too_long = now_ns >= since_ns + kPatienceNs;
    if (calls_ == nullptr || too_long || waiting_.size() == capacity_) return false;
    if (!calls_->Put(key_call)) return false;
    waiting_.push_back({ticket, since_ns + kPatienceNs});
    return true;
  }

  // Gives every ticket to `again`, which may add it anew.
  template <class Again>
  void Resume(Again&& again) noexcept {
    resumed_.swap(waiting_);
    for (const Waiter& waiter : resumed_) again(waiter.ticket);
    resumed_.clear();
  }

  // Gives the tickets of those to `fail` whose patience is at its end.
  template <class Fail>
  void GiveUp(std::uint64_t now_ns, Fail&& fail) noexcept {
    std::size_t over = 0;
    while (over < waiting_.size() && waiting_[over].until_ns <= now_ns) {
      fail(waiting_[over++].ticket);
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(over));
  }

  std::size_t size() const noexcept { return waiting_.size(); }

 private:
  static constexpr std::uint64_t kPatienceNs = kKeyPatienceMs * 1'000'000;

  struct Waiter {
    Ticket ticket = 0;
    std::uint64_t until_ns = 0;
  };

  Notices* calls_;
  std::size_t capacity_;
  std::vector<Waiter> waiting_;
  std::vector<Waiter> resumed_;
};

}  // namespace sealwire::proxy
