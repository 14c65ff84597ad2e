// The program that hands UDP to served addresses to AF_XDP and leaves the rest to the kernel: its
// object file, which DPDK's driver loads by path, and the table of addresses, which we fill.
//
// Threading: control thread. Errors: Result with what the kernel refused. Needs CAP_BPF and
// CAP_NET_ADMIN, or root. No DPDK type. See xdp_steer.bpf.c.
#pragma once

#include <string>

#include "dns/result.h"
#include "dpdk/served_addresses.h"
#include "net/file_descriptor.h"

namespace sealwire::dpdk {

// The object file in memory. It may be closed once the driver has loaded it.
class SteeringObject {
 public:
  static Result<SteeringObject> Create();
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_.get()); }

 private:
  explicit SteeringObject(net::FileDescriptor file) : file_(std::move(file)) {}
  net::FileDescriptor file_;
};

inline constexpr char kSteeringProgramName[] = "sealwire_steer";

// Tells the program attached to `interface` which destinations are ours.
Status FillSteering(const std::string& interface, const ServedAddresses& served);

// Detaches a steering program that an earlier process left behind. Another's program is an error
// that says how to detach it.
Status DetachLeftover(const std::string& interface);

}  // namespace sealwire::dpdk
