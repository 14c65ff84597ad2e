// DPDK's environment abstraction layer, started once for the process.
//
// EAL pins, maps and registers things for the life of a process and cannot be started twice, so
// devices come and go on an EAL that stays. It starts without a shared file or a telemetry socket,
// with one lcore that floats over the CPUs the process may use: the threads that poll are our own
// and are registered one by one (PollThread).
//
// Threading: StartEal() is called by the control thread; PollThread by the thread that polls.
// Errors: Result with what is missing and what to type. No DPDK type.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "dns/result.h"
#include "dpdk/edge_options.h"

namespace sealwire::dpdk {

struct EalNeeds {
  std::string pci;  // a PCI device to allow; empty: the PCI bus is left alone
  MemoryMode memory = MemoryMode::kAuto;
  std::size_t megabytes = 256;         // what pools and rings will take
  std::vector<std::string> arguments;  // the operator's own, after ours
};

// Starts EAL, or finds it started: then a need that only a start can meet is an error.
Status StartEal(const EalNeeds& needs);

// True when EAL runs on ordinary pages.
bool EalRunsWithoutHugepages() noexcept;

// The last lines that EAL and its drivers logged, for error messages.
std::string EalLogTail();

// Megabytes of free hugepages of all sizes.
std::size_t FreeHugepageMegabytes();

// Registers the calling thread with EAL, so that it has an lcore id and with it caches of buffers.
class PollThread {
 public:
  PollThread() noexcept;
  ~PollThread();
  PollThread(const PollThread&) = delete;
  PollThread& operator=(const PollThread&) = delete;
  // False: all lcore ids are taken. The thread may go on, slower.
  bool registered() const noexcept { return registered_; }

 private:
  bool registered_;
};

}  // namespace sealwire::dpdk
