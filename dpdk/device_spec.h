// The `device` of a listen entry, read: "af_xdp:edge0", "af_packet:edge0", "pci:0000:3b:00.0",
// "vdev:net_memif0,role=client".
//
// Threading: values. Errors: Result with what was wrong and what may stand there. No DPDK type.
#pragma once

#include <string>
#include <string_view>

#include "dns/result.h"

namespace sealwire::dpdk {

enum class DeviceKind : std::uint8_t { kAfXdp, kAfPacket, kPci, kVdev };

struct DeviceSpec {
  DeviceKind kind = DeviceKind::kVdev;
  std::string name;       // interface, PCI address, or the vdev's name
  std::string arguments;  // kVdev and kPci: what followed the first comma

  static Result<DeviceSpec> FromText(std::string_view text);
};

}  // namespace sealwire::dpdk
