// Notices that this process may have become two: its virtual machine was cloned or restored from a
// snapshot, or the process was restored on another boot. Ready pairs must then be dropped, since
// the other copy holds the same ones.
//
// The VM generation counter reaches programs as a kernel event, NEW_VMGENID=1
// (drivers/virt/vmgenid, kernels from 6.8 on whose machine has the device);
// /proc/sys/kernel/random/boot_id tells boots apart. Where the kernel sends no such event a clone
// cannot be seen: docs/ready-ink.md says what follows. Threading: one thread waits and asks;
// Interrupt() from any. Errors: a missing source is one that never changes; watches_vm() tells.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "dns/bytes.h"

namespace sealwire::signer {

// True for the kernel's message of a new VM generation (a uevent: NUL-separated KEY=value).
bool IsNewVmGeneration(dns::Bytes uevent) noexcept;

class HostWatch {
 public:
  explicit HostWatch(std::string boot_id_path = "/proc/sys/kernel/random/boot_id");
  ~HostWatch();
  HostWatch(const HostWatch&) = delete;
  HostWatch& operator=(const HostWatch&) = delete;

  // True when events of the kernel are received.
  bool watches_vm() const noexcept { return events_ >= 0; }

  // Waits for an event or `milliseconds`, or Interrupt(). Then what has changed since the last
  // call, in words, or empty.
  std::string_view WaitForChange(int milliseconds) noexcept;
  void Interrupt() noexcept;

 private:
  using BootId = std::array<char, 64>;
  BootId ReadBootId() const noexcept;
  bool DrainEvents() noexcept;

  std::string boot_id_path_;
  BootId boot_id_;
  int events_;     // netlink socket
  int interrupt_;  // eventfd
};

}  // namespace sealwire::signer
