#include "dpdk/device_spec.h"

#include <algorithm>

namespace sealwire::dpdk {
namespace {

constexpr std::size_t kMaxInterfaceName = 15;  // IFNAMSIZ without its NUL

bool IsInterfaceName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxInterfaceName &&
         name.find_first_of("/, \t") == std::string_view::npos;
}

// DDDD:BB:DD.F, the domain may be left out.
bool IsPciAddress(std::string_view name) {
  const auto is_part = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' ||
           c == '.';
  };
  const auto colons = std::count(name.begin(), name.end(), ':');
  return std::all_of(name.begin(), name.end(), is_part) && (colons == 1 || colons == 2) &&
         std::count(name.begin(), name.end(), '.') == 1;
}

}  // namespace

Result<DeviceSpec> DeviceSpec::FromText(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view kind = text.substr(0, colon);
  std::string_view rest = colon == std::string_view::npos ? "" : text.substr(colon + 1);
  const std::string quoted = "device \"" + std::string(text) + "\": ";

  DeviceSpec spec;
  if (kind == "af_xdp" || kind == "af_packet") {
    spec.kind = kind == "af_xdp" ? DeviceKind::kAfXdp : DeviceKind::kAfPacket;
    if (!IsInterfaceName(rest)) {
      return Error{quoted + "an interface name of 1 to 15 characters must follow the colon"};
    }
    spec.name = rest;
    return spec;
  }
  if (kind == "pci" || kind == "vdev") {
    const std::size_t comma = rest.find(',');
    if (comma != std::string_view::npos) {
      spec.arguments = rest.substr(comma + 1);
      rest = rest.substr(0, comma);
    }
    spec.kind = kind == "pci" ? DeviceKind::kPci : DeviceKind::kVdev;
    spec.name = rest;
    if (spec.kind == DeviceKind::kPci && !IsPciAddress(rest)) {
      return Error{quoted + "a PCI address like 0000:3b:00.0 must follow the colon (see lspci -D)"};
    }
    if (rest.empty())
      return Error{quoted + "a DPDK device name like net_memif0 must follow the colon"};
    return spec;
  }
  return Error{quoted + "it must start with af_xdp:, af_packet:, pci: or vdev:"};
}

}  // namespace sealwire::dpdk
