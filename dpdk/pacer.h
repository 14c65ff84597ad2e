// How an lcore waits when no frame comes.
//
// Busy: it does not. Adaptive: it polls on for a while, then sleeps, each time twice as long up to
// a bound, so that the first query after a pause waits for that bound at most; where the device can
// interrupt and nothing is under way elsewhere, it sleeps until a frame comes. Threading: the
// lcore's.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>

#include "dpdk/edge_options.h"
#include "dpdk/lcore_counters.h"
#include "dpdk/port.h"

namespace sealwire::dpdk {

class Pacer {
 public:
  Pacer(PollMode mode, std::chrono::microseconds max_sleep, const Port& port,
        std::span<const std::uint16_t> queues, LcoreCounters& counters) noexcept;

  // Called by the lcore's thread before its first poll.
  void Begin() noexcept;
  void OnWork() noexcept { empty_ = 0; }
  // `may_block`: nothing but a frame of the port could need the lcore within a few milliseconds.
  void OnEmpty(bool may_block) noexcept;

 private:
  bool WaitForInterrupt() noexcept;
  void Sleep() noexcept;

  PollMode mode_;
  std::chrono::nanoseconds max_sleep_;
  std::chrono::nanoseconds sleep_{1000};
  const Port& port_;
  std::span<const std::uint16_t> queues_;
  LcoreCounters& counters_;
  bool interrupts_ = false;
  std::uint32_t empty_ = 0;
};

}  // namespace sealwire::dpdk
