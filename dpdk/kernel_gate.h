// The exception path: frames that are not ours to answer go to the kernel through a TAP interface,
// and what the kernel sends comes back to the port.
//
// A thread of its own makes the system calls; lcores only move buffers through rings. Both rings
// are bounded, and lcores spend tokens before they pass a frame on (see lcore.cc), so that a flood
// of junk costs the kernel a known share at most. Threading: Pass() by any lcore, Fetch() by one.
// Ownership: buffers in a ring are the gate's.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "dpdk/doorbell.h"
#include "dpdk/handles.h"
#include "dpdk/port.h"
#include "dpdk/tap_device.h"

namespace sealwire::dpdk {

class KernelGate {
 public:
  static Result<std::unique_ptr<KernelGate>> Create(const std::string& tap_name, const Port& port);
  ~KernelGate();
  KernelGate(const KernelGate&) = delete;
  KernelGate& operator=(const KernelGate&) = delete;

  const std::string& interface() const noexcept { return tap_.name(); }
  void Start();
  void Stop();

  // Lcores: takes `count` buffers; the number it took, the rest stay the caller's.
  unsigned Pass(rte_mbuf* const* frames, unsigned count) noexcept;
  // One lcore: up to `room` frames of the kernel's to send.
  unsigned Fetch(rte_mbuf** frames, unsigned room) noexcept;

 private:
  KernelGate(TapDevice tap, rte_mempool* pool) : tap_(std::move(tap)), pool_(pool) {}
  void Run();
  void WriteToKernel() noexcept;
  void ReadFromKernel() noexcept;

  TapDevice tap_;
  rte_mempool* pool_;
  RingHandle to_kernel_;
  RingHandle from_kernel_;
  Doorbell bell_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace sealwire::dpdk
