#include "dpdk/xdp_steering.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "dpdk/interface.h"

// The program as clang compiled it for the kernel's machine.
asm(".pushsection .rodata\n"
    ".globl sealwire_xdp_steer_begin, sealwire_xdp_steer_end\n"
    ".hidden sealwire_xdp_steer_begin, sealwire_xdp_steer_end\n"
    ".balign 8\n"
    "sealwire_xdp_steer_begin:\n"
    ".incbin \"" SEALWIRE_XDP_STEER
    "\"\n"
    "sealwire_xdp_steer_end:\n"
    ".byte 0\n"
    ".popsection\n");
extern "C" {
extern const std::uint8_t sealwire_xdp_steer_begin[];
extern const std::uint8_t sealwire_xdp_steer_end[];
}

namespace sealwire::dpdk {
namespace {

// As `struct destination` in xdp_steer.bpf.c.
struct Destination {
  std::array<std::uint8_t, 16> address{};
  std::array<std::uint8_t, 2> port{};
  std::uint16_t zero = 0;
};

Destination DestinationOf(const net::IpAddress& address, std::uint16_t port) {
  Destination destination;
  const dns::Bytes octets = address.octets();
  if (!address.IsV6()) destination.address[10] = destination.address[11] = 0xff;
  std::memcpy(destination.address.data() + 16 - octets.size(), octets.data(), octets.size());
  destination.port = {static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port)};
  return destination;
}

std::string Reason() {
  return std::strerror(errno);
}

// The map called `name` among those that the program uses.
net::FileDescriptor FindMap(int program, const char* name) {
  std::array<std::uint32_t, 8> ids{};
  bpf_prog_info info{};
  info.nr_map_ids = ids.size();
  info.map_ids = reinterpret_cast<std::uintptr_t>(ids.data());
  std::uint32_t size = sizeof info;
  if (bpf_obj_get_info_by_fd(program, &info, &size) != 0) return {};
  for (std::size_t i = 0; i < info.nr_map_ids && i < ids.size(); ++i) {
    net::FileDescriptor map(bpf_map_get_fd_by_id(ids[i]));
    bpf_map_info map_info{};
    size = sizeof map_info;
    if (map.open() && bpf_obj_get_info_by_fd(map.get(), &map_info, &size) == 0 &&
        std::strcmp(map_info.name, name) == 0) {
      return map;
    }
  }
  return {};
}

}  // namespace

Result<SteeringObject> SteeringObject::Create() {
  net::FileDescriptor file(::memfd_create("sealwire-xdp-steer", MFD_CLOEXEC));
  const auto size = static_cast<std::size_t>(sealwire_xdp_steer_end - sealwire_xdp_steer_begin);
  if (!file.open() ||
      ::write(file.get(), sealwire_xdp_steer_begin, size) != static_cast<ssize_t>(size)) {
    return Error{"the XDP program cannot be put into a memory file: " + Reason()};
  }
  return SteeringObject(std::move(file));
}

Status FillSteering(const std::string& interface, const ServedAddresses& served) {
  const auto facts = ReadInterface(interface);
  if (!facts || facts->xdp_program == 0) {
    return Error{"no XDP program is attached to " + interface};
  }
  const net::FileDescriptor program(bpf_prog_get_fd_by_id(facts->xdp_program));
  const net::FileDescriptor map =
      program.open() ? FindMap(program.get(), "served") : net::FileDescriptor();
  if (!map.open()) {
    return Error{"the table of addresses of the XDP program on " + interface +
                 " cannot be opened: " + Reason()};
  }
  for (const net::IpAddress& address : served.list()) {
    const Destination destination = DestinationOf(address, served.port());
    const std::uint8_t present = 1;
    if (bpf_map_update_elem(map.get(), &destination, &present, BPF_ANY) != 0) {
      return Error{address.ToText() + " cannot be steered to AF_XDP: " + Reason()};
    }
  }
  return Status::Ok();
}

Status DetachLeftover(const std::string& interface) {
  const auto facts = ReadInterface(interface);
  if (!facts || facts->xdp_program == 0) return Status::Ok();
  if (facts->xdp_name != kSteeringProgramName) {
    return Error{"an XDP program (id " + std::to_string(facts->xdp_program) + ", " +
                 (facts->xdp_name.empty() ? "name unknown" : facts->xdp_name) +
                 ") is attached to " + interface +
                 " already; if nobody needs it: ip link set dev " + interface + " xdp off"};
  }
  if (bpf_xdp_detach(facts->index, 0, nullptr) != 0) {
    return Error{"the XDP program left on " + interface +
                 " by an earlier run cannot be detached: " + Reason()};
  }
  return Status::Ok();
}

}  // namespace sealwire::dpdk
