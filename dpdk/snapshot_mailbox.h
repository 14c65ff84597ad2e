// The newest zones on their way to one lcore, without a lock on the way of a packet.
//
// The control thread puts a snapshot in; the lcore takes it between two bursts. A snapshot that was
// overtaken before it was taken is dropped by the control thread. Who publishes keeps every
// snapshot until it is acknowledged, so that an lcore never frees a table of a million zones.
// Threading: Put() by one thread, Take() by another, acknowledged() by any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "proxy/zone.h"

namespace sealwire::dpdk {

class SnapshotMailbox {
 public:
  struct Letter {
    std::shared_ptr<const proxy::ZoneTable> zones;
    std::uint64_t number = 0;
  };

  SnapshotMailbox() = default;
  ~SnapshotMailbox() { delete letter_.load(); }
  SnapshotMailbox(const SnapshotMailbox&) = delete;
  SnapshotMailbox& operator=(const SnapshotMailbox&) = delete;

  void Put(Letter letter) { delete letter_.exchange(new Letter(std::move(letter))); }

  bool Empty() const noexcept { return letter_.load(std::memory_order_relaxed) == nullptr; }

  // Null nearly always, for the price of one load.
  std::unique_ptr<Letter> Take() noexcept {
    if (Empty()) return nullptr;
    return std::unique_ptr<Letter>(letter_.exchange(nullptr));
  }

  // The lcore, when it has let go of every snapshot before `number`.
  void Acknowledge(std::uint64_t number) noexcept {
    acknowledged_.store(number, std::memory_order_release);
  }
  std::uint64_t acknowledged() const noexcept {
    return acknowledged_.load(std::memory_order_acquire);
  }

 private:
  std::atomic<Letter*> letter_{nullptr};
  std::atomic<std::uint64_t> acknowledged_{0};
};

}  // namespace sealwire::dpdk
