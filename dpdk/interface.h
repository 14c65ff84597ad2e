// What the kernel says of one of its network interfaces.
//
// Threading: plain system calls, any thread. Errors: std::nullopt when there is no such interface.
// No DPDK type.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "net/file_descriptor.h"

namespace sealwire::dpdk {

struct InterfaceFacts {
  int index = 0;
  bool up = false;
  bool carrier = false;
  int mtu = 1500;
  std::uint16_t queues = 1;          // combined channels in use: what DPDK's AF_XDP driver counts
  std::uint16_t receive_queues = 1;  // what frames arrive by; more than `queues` with some drivers
  std::uint32_t xdp_program = 0;     // id of the program attached; 0: none
  std::string xdp_name;              // its name, when it may be read
};
std::optional<InterfaceFacts> ReadInterface(const std::string& name);

// Held for as long as the descriptor is open: no other sealwired in this network namespace drives
// the interface. Not open when another does.
net::FileDescriptor LockInterface(const std::string& name);

}  // namespace sealwire::dpdk
