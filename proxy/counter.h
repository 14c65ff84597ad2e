// A number that one thread counts and any thread reads.
//
// Without read-modify-write instructions, since there is one writer: an addition costs what it
// costs on a plain integer. Readers see every count in the end and never a torn one.
#pragma once

#include <atomic>
#include <cstdint>

namespace sealwire::proxy {

class Counter {
 public:
  // Owner thread only.
  void Add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void Set(std::uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
  // Any thread.
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace sealwire::proxy
