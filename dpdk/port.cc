#include "dpdk/port.h"

#include <rte_dev.h>
#include <rte_errno.h>

#include <algorithm>
#include <atomic>

#include "dpdk/eal.h"
#include "dpdk/flow_steering.h"
#include "dpdk/interface.h"
#include "dpdk/xdp_steering.h"

namespace sealwire::dpdk {
namespace {

constexpr std::uint16_t kDescriptors = 1024;
constexpr unsigned kPoolCache = 256;

// What one program may sum for us. UDP without IPv4 would be of no use to us, so both or none.
constexpr std::uint64_t kTxChecksums = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
constexpr std::uint64_t kRxChecksums = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
// Ports too: a resolver behind one address must not end on one queue.
constexpr std::uint64_t kSpread = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6 |
                                  RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP;

std::string NextPoolName() {
  static std::atomic<unsigned> number{0};
  return "sealwire-" + std::to_string(number++);
}

Error NoInterface(const std::string& name) {
  return Error{"there is no interface " + name + " in this network namespace (see ip link)"};
}

std::string WhatToTryFor(const DeviceSpec& spec) {
  switch (spec.kind) {
    case DeviceKind::kPci:
      return "; is it bound to vfio-pci (dpdk-devbind.py -b vfio-pci " + spec.name +
             ") with an IOMMU on (intel_iommu=on or amd_iommu=on), or to a driver that shares it?";
    case DeviceKind::kAfXdp:
      return "; AF_XDP needs root or CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF and, with pages of 4 KiB, "
             "a "
             "locked-memory limit above the buffers' size (ulimit -l)";
    case DeviceKind::kAfPacket:
      return "; AF_PACKET needs root or CAP_NET_RAW";
    case DeviceKind::kVdev:
      break;
  }
  return "; is its driver installed (ls /usr/lib/*/dpdk/pmds-*)?";
}

// Drivers that take frames from the kernel, in part before any NIC has summed them.
bool HearsThisHost(const std::string& driver) {
  return driver == "net_af_xdp" || driver == "net_af_packet" || driver == "net_tap";
}

}  // namespace

Error Port::Failed(const char* what, int error) const {
  const std::string log = EalLogTail();
  return Error{"DPDK device " + spec_.name + ": " + what + " failed (" +
               rte_strerror(error < 0 ? -error : error) + ")" + (log.empty() ? "" : ": " + log) +
               WhatToTryFor(spec_)};
}

// Makes the device's arguments, and what must be in place before its driver looks.
Status Port::Prepare(std::string& devargs) {
  if (spec_.kind == DeviceKind::kPci || spec_.kind == DeviceKind::kVdev) {
    devargs = spec_.name + (spec_.arguments.empty() ? "" : "," + spec_.arguments);
    return Status::Ok();
  }
  const auto facts = ReadInterface(spec_.name);
  if (!facts) return NoInterface(spec_.name);
  lock_ = LockInterface(spec_.name);
  if (!lock_.open()) return Error{"interface " + spec_.name + " is driven by another sealwired"};
  traits_.kernel_has_the_rest = true;
  traits_.mtu = static_cast<std::uint16_t>(std::clamp(facts->mtu, 576, 65535));
  if (spec_.kind == DeviceKind::kAfPacket) {
    devargs = "net_af_packet_" + spec_.name + ",iface=" + spec_.name +
              ",qpairs=" + std::to_string(wanted_queues_) + ",qdisc_bypass=1";
    return Status::Ok();
  }
  // Frames come by every queue of the interface, whether or not we look.
  if (facts->receive_queues > facts->queues) {
    return Error{"interface " + spec_.name + " receives by " +
                 std::to_string(facts->receive_queues) +
                 " queues of which DPDK's AF_XDP driver sees " + std::to_string(facts->queues) +
                 ": the rest would be lost; type: ethtool -L " + spec_.name +
                 " rx 1 tx 1 (and the same at a veth's other end)"};
  }
  wanted_queues_ = facts->queues;
  devargs = "net_af_xdp_" + spec_.name + ",iface=" + spec_.name +
            ",queue_count=" + std::to_string(wanted_queues_);
  return DetachLeftover(spec_.name);
}

Status Port::Attach(const std::string& devargs) {
  const std::string name = devargs.substr(0, devargs.find(','));
  if (rte_eth_dev_get_port_by_name(name.c_str(), &id_) == 0) return Status::Ok();
  if (const int error = rte_dev_probe(devargs.c_str()); error != 0) return Failed("probing", error);
  device_name_ = name;
  if (const int error = rte_eth_dev_get_port_by_name(name.c_str(), &id_); error != 0) {
    return Failed("finding its port", error);
  }
  return Status::Ok();
}

Status Port::Configure(const PortNeeds& needs, const rte_eth_dev_info& info) {
  rte_eth_conf conf{};
  if ((info.tx_offload_capa & kTxChecksums) == kTxChecksums) {
    tx_offloads_ |= kTxChecksums;
    traits_.checksums = {.ip = true, .udp = true};
  }
  conf.txmode.offloads = tx_offloads_;
  conf.rxmode.offloads = info.rx_offload_capa & kRxChecksums;
  if (wanted_queues_ > 1 && (info.flow_type_rss_offloads & kSpread) != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = info.flow_type_rss_offloads & kSpread;
    traits_.spreads_clients = true;
  }
  conf.intr_conf.rxq = needs.interrupts ? 1 : 0;
  const int error = rte_eth_dev_configure(id_, wanted_queues_, wanted_queues_, &conf);
  if (error != 0) return Failed("configuring", error);
  return Status::Ok();
}

Status Port::SetUpQueues(const PortNeeds& needs, const rte_eth_dev_info& info) {
  std::uint16_t rx = kDescriptors;
  std::uint16_t tx = kDescriptors;
  // A driver of one fixed size (af_xdp) says so by refusing; its default is then right.
  if (rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx, &tx) != 0)
    return Failed("sizing its queues", EINVAL);
  if (spec_.kind == DeviceKind::kAfXdp) rx = tx = info.default_rxportconf.ring_size;
  const int node = std::max(rte_eth_dev_socket_id(id_), 0);
  for (std::uint16_t queue = 0; queue < wanted_queues_; ++queue) {
    // One pool a queue: AF_XDP maps a pool into one queue's socket.
    MempoolHandle pool(rte_pktmbuf_pool_create(NextPoolName().c_str(), needs.mbufs_per_queue,
                                               kPoolCache, 0, RTE_MBUF_DEFAULT_BUF_SIZE, node));
    if (pool == nullptr) return Failed("making its buffers", rte_errno);
    rte_eth_txconf tx_conf = info.default_txconf;
    tx_conf.offloads = tx_offloads_;
    if (const int error = rte_eth_rx_queue_setup(id_, queue, rx, static_cast<unsigned>(node),
                                                 nullptr, pool.get());
        error != 0) {
      return Failed("setting up a receive queue", error);
    }
    if (const int error =
            rte_eth_tx_queue_setup(id_, queue, tx, static_cast<unsigned>(node), &tx_conf);
        error != 0) {
      return Failed("setting up a transmit queue", error);
    }
    pools_.push_back(std::move(pool));
  }
  return Status::Ok();
}

Result<std::unique_ptr<Port>> Port::Open(const DeviceSpec& spec, const PortNeeds& needs,
                                         const ServedAddresses& served) {
  std::unique_ptr<Port> port(new Port(spec));
  port->wanted_queues_ = needs.lcores;
  std::string devargs;
  if (Status status = port->Prepare(devargs); !status) return Error{status.error()};
  Result<SteeringObject> steering = SteeringObject::Create();
  if (!steering) return Error{steering.error()};
  if (spec.kind == DeviceKind::kAfXdp) devargs += ",xdp_prog=" + steering->path();
  if (Status status = port->Attach(devargs); !status) return Error{status.error()};

  rte_eth_dev_info info{};
  if (const int error = rte_eth_dev_info_get(port->id_, &info); error != 0)
    return port->Failed("asking it", error);
  port->traits_.driver = info.driver_name != nullptr ? info.driver_name : "";
  port->traits_.partial_checksums = HearsThisHost(port->traits_.driver);
  const std::uint16_t most = std::min(info.max_rx_queues, info.max_tx_queues);
  if (port->wanted_queues_ > most || needs.lcores > port->wanted_queues_) {
    return Error{"DPDK device " + spec.name + " has " +
                 std::to_string(std::min(most, port->wanted_queues_)) +
                 " queues: at most as many CPUs can poll it, " + std::to_string(needs.lcores) +
                 " were given"};
  }
  const bool shared = spec.kind == DeviceKind::kPci && SharesNicWithKernel(port->traits_.driver);
  if (shared) {
    if (Status status = Isolate(port->id_); !status)
      return Error{spec.name + ": " + status.error()};
  }
  if (Status status = port->Configure(needs, info); !status) return Error{status.error()};
  if (Status status = port->SetUpQueues(needs, info); !status) return Error{status.error()};
  if (const int error = rte_eth_dev_start(port->id_); error != 0)
    return port->Failed("starting", error);
  port->started_ = true;
  if (shared) {
    if (Status status = SteerToUs(port->id_, port->wanted_queues_, served); !status) {
      return Error{spec.name + ": " + status.error()};
    }
    port->traits_.kernel_has_the_rest = true;
  }
  if (spec.kind == DeviceKind::kAfXdp) {
    if (Status status = FillSteering(spec.name, served); !status) return Error{status.error()};
  }
  if (spec.kind == DeviceKind::kPci || spec.kind == DeviceKind::kVdev) {
    std::uint16_t mtu = 0;
    if (rte_eth_dev_get_mtu(port->id_, &mtu) == 0 && mtu >= 576) port->traits_.mtu = mtu;
  }
  if (needs.interrupts) {
    port->traits_.interrupts = rte_eth_dev_rx_intr_enable(port->id_, 0) == 0;
    if (port->traits_.interrupts) rte_eth_dev_rx_intr_disable(port->id_, 0);
  }
  return port;
}

Port::~Port() {
  if (started_) rte_eth_dev_stop(id_);
  if (device_name_.empty()) return;
  rte_device* device = nullptr;
  rte_eth_dev_info info{};
  if (rte_eth_dev_info_get(id_, &info) == 0) device = info.device;
  rte_eth_dev_close(id_);
  if (device != nullptr) rte_dev_remove(device);
}

rte_ether_addr Port::mac() const noexcept {
  rte_ether_addr address{};
  rte_eth_macaddr_get(id_, &address);
  return address;
}

bool Port::LinkIsUp() const {
  if (spec_.kind == DeviceKind::kAfXdp || spec_.kind == DeviceKind::kAfPacket) {
    const auto facts = ReadInterface(spec_.name);  // the drivers always say "up"
    return facts && facts->up && facts->carrier;
  }
  rte_eth_link link{};
  return rte_eth_link_get_nowait(id_, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

std::vector<std::pair<std::string, std::uint64_t>> Port::Statistics() const {
  const int count = rte_eth_xstats_get_names(id_, nullptr, 0);
  if (count <= 0) return {};
  std::vector<rte_eth_xstat_name> names(static_cast<std::size_t>(count));
  std::vector<rte_eth_xstat> values(static_cast<std::size_t>(count));
  const auto size = static_cast<unsigned>(count);
  if (rte_eth_xstats_get_names(id_, names.data(), size) != count ||
      rte_eth_xstats_get(id_, values.data(), size) != count) {
    return {};
  }
  std::vector<std::pair<std::string, std::uint64_t>> statistics;
  for (const rte_eth_xstat& value : values)
    statistics.emplace_back(names[value.id].name, value.value);
  return statistics;
}

}  // namespace sealwire::dpdk
