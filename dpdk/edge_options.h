// What an operator chooses for one DPDK edge. Threading: value. No DPDK type.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "net/address.h"
#include "proxy/forward_client.h"
#include "proxy/pipeline.h"

namespace sealwire::dpdk {

enum class PollMode : std::uint8_t {
  kAdaptive,  // an idle lcore sleeps, for max_sleep at most
  kBusy,      // an lcore takes its CPU whole
};

enum class MemoryMode : std::uint8_t {
  kAuto,       // hugepages when enough are free
  kHugepages,  // or an error
  kOrdinary,   // pages of 4 KiB: 10 to 40 % slower by our measurements
};

// What becomes of frames that are not ours to answer.
enum class ExceptionMode : std::uint8_t {
  kAuto,  // af_xdp and af_packet: the kernel has them already; pci: kTap; vdev: kNone
  kTap,   // a TAP interface stands for the port in the kernel
  kNone,  // they are dropped
};

struct EdgeOptions {
  std::string device;  // see device_spec.h
  std::vector<net::IpAddress> addresses;
  std::uint16_t port = 53;
  // More arguments for EAL. "-l" and "--lcores" say on which CPUs we poll, one queue for each CPU.
  std::vector<std::string> eal;
  PollMode poll = PollMode::kAdaptive;
  MemoryMode memory = MemoryMode::kAuto;
  ExceptionMode exception = ExceptionMode::kAuto;
  std::string tap_name = "sealwire%d";  // as the kernel numbers it
  // Queries with a wrong UDP checksum are dropped. With af_xdp and af_packet a checksum that covers
  // the pseudo-header only passes: kernel senders on this host leave it so.
  bool verify_checksums = true;
  std::chrono::microseconds max_sleep{50};
  std::uint16_t mbufs_per_queue = 8191;
  std::uint32_t exception_rate = 20000;  // frames a second and lcore that may go to the kernel
  std::uint32_t max_asks = 2048;         // questions to backends that an lcore may have under way
  proxy::PipelineOptions pipeline;
  proxy::ForwardOptions forward;
};

}  // namespace sealwire::dpdk
