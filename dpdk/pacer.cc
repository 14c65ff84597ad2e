#include "dpdk/pacer.h"

#include <rte_interrupts.h>
#include <rte_pause.h>
#include <sys/prctl.h>
#include <time.h>

#include <algorithm>

namespace sealwire::dpdk {
namespace {

constexpr std::uint32_t kSpinPolls = 256;        // empty polls before the first sleep
constexpr std::uint32_t kInterruptPolls = 2048;  // … before interrupts are waited for
constexpr int kInterruptTimeoutMs = 5;           // zones and orders to end are looked for so often
constexpr std::chrono::nanoseconds kFirstSleep{1000};

}  // namespace

Pacer::Pacer(PollMode mode, std::chrono::microseconds max_sleep, const Port& port,
             std::span<const std::uint16_t> queues, LcoreCounters& counters) noexcept
    : mode_(mode), max_sleep_(max_sleep), port_(port), queues_(queues), counters_(counters) {}

void Pacer::Begin() noexcept {
  if (mode_ == PollMode::kBusy) return;
  // The kernel lets sleeps run 50 µs over unless told otherwise.
  ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  interrupts_ = port_.traits().interrupts;
  for (const std::uint16_t queue : queues_) {
    interrupts_ = interrupts_ && rte_eth_dev_rx_intr_ctl_q(port_.id(), queue, RTE_EPOLL_PER_THREAD,
                                                           RTE_INTR_EVENT_ADD, nullptr) == 0;
  }
}

void Pacer::OnEmpty(bool may_block) noexcept {
  ++empty_;
  if (mode_ == PollMode::kBusy || empty_ < kSpinPolls) {
    rte_pause();
    return;
  }
  if (empty_ == kSpinPolls) sleep_ = kFirstSleep;
  counters_.sleeps.Add();
  if (interrupts_ && may_block && empty_ >= kInterruptPolls && WaitForInterrupt()) return;
  Sleep();
}

bool Pacer::WaitForInterrupt() noexcept {
  for (const std::uint16_t queue : queues_) {
    if (rte_eth_dev_rx_intr_enable(port_.id(), queue) != 0) {
      interrupts_ = false;
      return false;
    }
  }
  // A frame that came just before the interrupt was armed raises none with some devices.
  bool came = false;
  for (const std::uint16_t queue : queues_)
    came = came || rte_eth_rx_queue_count(port_.id(), queue) > 0;
  if (!came) {
    rte_epoll_event events[8];
    rte_epoll_wait(RTE_EPOLL_PER_THREAD, events, 8, kInterruptTimeoutMs);
  }
  for (const std::uint16_t queue : queues_) rte_eth_dev_rx_intr_disable(port_.id(), queue);
  return true;
}

void Pacer::Sleep() noexcept {
  const timespec wait{0, sleep_.count()};
  ::nanosleep(&wait, nullptr);
  sleep_ = std::min(2 * sleep_, max_sleep_);
}

}  // namespace sealwire::dpdk
