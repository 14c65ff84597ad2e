#include "dpdk/doctor.h"

#include <ifaddrs.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "dpdk/cpu_list.h"
#include "dpdk/device_spec.h"
#include "dpdk/eal.h"
#include "dpdk/interface.h"
#include "dpdk/xdp_steering.h"

namespace sealwire::dpdk {
namespace {

namespace fs = std::filesystem;
using Level = Finding::Level;

class Examination {
 public:
  explicit Examination(const EdgeOptions& options) : options_(options) {}

  std::vector<Finding> Run() {
    auto spec = DeviceSpec::FromText(options_.device);
    if (!spec) {
      Add(Level::kFault, spec.error(), "correct `device` in the listen entry");
      return std::move(findings_);
    }
    spec_ = std::move(*spec);
    Cpus();
    Memory();
    if (spec_.kind == DeviceKind::kPci) PciDevice();
    if (spec_.kind == DeviceKind::kAfXdp || spec_.kind == DeviceKind::kAfPacket) {
      Interface();
      Addresses();
    }
    Rights();
    Driver();
    if (NeedsTap()) Tap();
    return std::move(findings_);
  }

 private:
  void Add(Level level, std::string what, std::string remedy = {}) {
    findings_.push_back({level, std::move(what), std::move(remedy)});
  }
  bool NeedsTap() const {
    return options_.exception == ExceptionMode::kTap ||
           (options_.exception == ExceptionMode::kAuto && spec_.kind == DeviceKind::kPci);
  }

  void Cpus();
  void Memory();
  void PciDevice();
  void Interface();
  void XdpProgram(const InterfaceFacts& facts);
  void Addresses();
  void Rights();
  void Driver();
  void Tap();

  const EdgeOptions& options_;
  DeviceSpec spec_;
  std::vector<Finding> findings_;
};

bool HasCapability(int capability) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "CapEff:") continue;
    std::string mask;
    status >> mask;
    return (std::stoull(mask, nullptr, 16) >> capability & 1) != 0;
  }
  return false;
}

void Examination::Cpus() {
  const long online = ::sysconf(_SC_NPROCESSORS_ONLN);
  for (std::size_t i = 0; i + 1 < options_.eal.size(); ++i) {
    if (options_.eal[i] != "-l" && options_.eal[i] != "--lcores") continue;
    const auto cpus = ParseCpuList(options_.eal[i + 1]);
    if (!cpus) return Add(Level::kFault, cpus.error(), "correct `eal` in the listen entry");
    for (const int cpu : *cpus) {
      if (cpu < online) continue;
      return Add(Level::kFault, "CPU " + std::to_string(cpu) + " is not there",
                 "choose among 0 to " + std::to_string(online - 1) + " (see lscpu)");
    }
  }
}

void Examination::Memory() {
  const std::size_t free = FreeHugepageMegabytes();
  const std::size_t wanted = 128;
  if (free >= wanted) return Add(Level::kGood, std::to_string(free) + " MB of hugepages are free");
  const bool must = options_.memory == MemoryMode::kHugepages;
  Add(must ? Level::kFault : Level::kNote,
      std::to_string(free) +
          " MB of hugepages are free; ordinary pages cost 10 to 40 % of the rate",
      "echo 128 > /proc/sys/vm/nr_hugepages (to keep it: vm.nr_hugepages=128 in /etc/sysctl.d/)");
}

void Examination::PciDevice() {
  std::string address = spec_.name;
  if (address.find(':') == address.rfind(':')) address = "0000:" + address;
  const fs::path device = "/sys/bus/pci/devices/" + address;
  std::error_code error;
  if (!fs::exists(device, error)) {
    return Add(Level::kFault, "there is no PCI device " + address,
               "see lspci -D for the right address");
  }
  const std::string driver = fs::read_symlink(device / "driver", error).filename();
  if (driver == "mlx5_core" || driver == "mlx4_core") {
    return Add(Level::kGood, address + " is shared with the kernel (" + driver +
                                 "): no exception path is needed");
  }
  if (driver == "vfio-pci") {
    Add(Level::kGood, address + " is bound to vfio-pci");
  } else {
    Add(Level::kFault, address + " is bound to " + (driver.empty() ? "no driver" : driver),
        "modprobe vfio-pci && dpdk-devbind.py -b vfio-pci " + address);
  }
  if (fs::is_empty("/sys/kernel/iommu_groups", error) || error) {
    Add(Level::kFault, "there is no IOMMU, or it is off",
        "boot with intel_iommu=on (or amd_iommu=on) iommu=pt, or, on a machine without one, accept "
        "the risk: "
        "echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
  }
}

void Examination::XdpProgram(const InterfaceFacts& facts) {
  const net::FileDescriptor socket(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!socket.open()) {
    Add(Level::kFault, std::string("AF_XDP sockets cannot be made: ") + std::strerror(errno),
        errno == EPERM ? "run as root or with CAP_NET_RAW"
                       : "use a kernel with CONFIG_XDP_SOCKETS, or af_packet");
  }
  if (facts.xdp_program != 0 && facts.xdp_name != kSteeringProgramName) {
    Add(Level::kFault,
        "another XDP program (id " + std::to_string(facts.xdp_program) + ") is attached to " +
            spec_.name,
        "ip link set dev " + spec_.name + " xdp off");
  }
  if (facts.receive_queues > facts.queues) {
    Add(Level::kFault, spec_.name + " receives by more queues than DPDK's AF_XDP driver can see",
        "ethtool -L " + spec_.name + " rx 1 tx 1");
  }
}

void Examination::Interface() {
  const auto facts = ReadInterface(spec_.name);
  if (!facts) {
    return Add(Level::kFault, "there is no interface " + spec_.name,
               "see ip link for its name, and in which namespace");
  }
  if (!facts->up) {
    Add(Level::kFault, spec_.name + " is down", "ip link set " + spec_.name + " up");
  } else if (!facts->carrier) {
    Add(Level::kNote, spec_.name + " has no carrier", "check its cable or its peer");
  } else {
    Add(Level::kGood, spec_.name + " is up, " + std::to_string(facts->queues) + " queues, MTU " +
                          std::to_string(facts->mtu));
  }
  if (spec_.kind == DeviceKind::kAfXdp) XdpProgram(*facts);
}

void Examination::Addresses() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  for (const net::IpAddress& wanted : options_.addresses) {
    bool found = false;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
      if (entry->ifa_addr == nullptr) continue;
      const void* octets = nullptr;
      if (entry->ifa_addr->sa_family == AF_INET && !wanted.IsV6()) {
        octets = &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr;
      } else if (entry->ifa_addr->sa_family == AF_INET6 && wanted.IsV6()) {
        octets = &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr;
      }
      found = found || (octets != nullptr &&
                        std::memcmp(octets, wanted.octets().data(), wanted.octets().size()) == 0);
    }
    if (found) continue;
    Add(Level::kNote,
        wanted.ToText() + " is no address of this host: nobody answers ARP or TCP for it",
        "ip addr add " + wanted.ToText() + (wanted.IsV6() ? "/128" : "/32") + " dev " + spec_.name +
            " (unless it is routed here)");
  }
}

void Examination::Rights() {
  struct Need {
    int capability;
    const char* name;
    bool needed;
  };
  const bool xdp = spec_.kind == DeviceKind::kAfXdp;
  const Need needs[] = {{CAP_NET_RAW, "CAP_NET_RAW", xdp || spec_.kind == DeviceKind::kAfPacket},
                        {CAP_NET_ADMIN, "CAP_NET_ADMIN", xdp || NeedsTap()},
                        {CAP_BPF, "CAP_BPF", xdp && !HasCapability(CAP_SYS_ADMIN)}};
  std::string missing;
  for (const Need& need : needs) {
    if (need.needed && !HasCapability(need.capability))
      missing += (missing.empty() ? "" : " ") + std::string(need.name);
  }
  if (!missing.empty()) {
    Add(Level::kFault, "this process lacks " + missing,
        "run as root, or with AmbientCapabilities=" + missing + " in the unit");
  }
  rlimit limit{};
  ::getrlimit(RLIMIT_MEMLOCK, &limit);
  if (xdp && !HasCapability(CAP_IPC_LOCK) && limit.rlim_cur != RLIM_INFINITY &&
      limit.rlim_cur < (64u << 20)) {
    Add(Level::kFault,
        "only " + std::to_string(limit.rlim_cur >> 10) + " kB of memory may be locked",
        "LimitMEMLOCK=infinity in the unit, or ulimit -l unlimited");
  }
}

void Examination::Driver() {
  if (spec_.kind == DeviceKind::kPci) return;
  std::string name = spec_.kind == DeviceKind::kAfXdp      ? "net_af_xdp"
                     : spec_.kind == DeviceKind::kAfPacket ? "net_af_packet"
                                                           : spec_.name;
  while (!name.empty() && (name.back() >= '0' && name.back() <= '9')) name.pop_back();
  std::error_code error;
  for (const auto& machine : fs::directory_iterator("/usr/lib", error)) {
    for (const auto& version : fs::directory_iterator(machine.path() / "dpdk", error)) {
      if (fs::exists(version.path() / ("librte_" + name + ".so"), error))
        return Add(Level::kGood, "DPDK has the driver " + name);
    }
  }
  Add(Level::kFault, "DPDK's driver " + name + " is not installed",
      "apt-get install dpdk libdpdk-dev");
}

void Examination::Tap() {
  if (::access("/dev/net/tun", R_OK | W_OK) == 0)
    return Add(Level::kGood, "/dev/net/tun is there for the exception path");
  Add(Level::kFault, std::string("/dev/net/tun cannot be used: ") + std::strerror(errno),
      "modprobe tun; in a container: --device /dev/net/tun");
}

}  // namespace

std::vector<Finding> Examine(const EdgeOptions& options) {
  return Examination(options).Run();
}

}  // namespace sealwire::dpdk
