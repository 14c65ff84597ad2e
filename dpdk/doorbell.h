// Wakes a thread that waits on a descriptor, at the price of one load while it is awake.
//
// The sleeper arms the bell, looks once more at what it serves, then waits; who has put work there
// rings. Threading: Ring() by any thread, the rest by the sleeper. No allocation; Ring() makes a
// system call only when somebody sleeps.
#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "net/file_descriptor.h"

namespace sealwire::dpdk {

class Doorbell {
 public:
  Doorbell() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}

  int fd() const noexcept { return event_.get(); }

  void Ring() noexcept {
    // The fence orders the work put before against the look at the flag: either the sleeper sees
    // the work, or we see it asleep.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!armed_.load(std::memory_order_relaxed) || !armed_.exchange(false)) return;
    const std::uint64_t one = 1;
    (void)!::write(event_.get(), &one, sizeof one);
  }

  // Takes back earlier rings; work put before is to be looked for after this.
  void Arm() noexcept {
    std::uint64_t count = 0;
    (void)!::read(event_.get(), &count, sizeof count);
    armed_.store(true, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_seq_cst);
  }

 private:
  net::FileDescriptor event_;
  std::atomic<bool> armed_{true};
};

}  // namespace sealwire::dpdk
