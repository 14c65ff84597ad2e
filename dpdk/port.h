// One Ethernet device of DPDK's, with its queues, its buffers and what it can do for us.
//
// Threading: Open, statistics and the destructor belong to the control thread; queue q of a started
// port belongs to the one thread that polls it. Errors: Open() says what is missing and what to
// type. A port whose link is down stays open and gives no packets.
#pragma once

#include <rte_ethdev.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dpdk/device_spec.h"
#include "dpdk/frame.h"
#include "dpdk/handles.h"
#include "dpdk/served_addresses.h"
#include "net/file_descriptor.h"

namespace sealwire::dpdk {

struct PortNeeds {
  std::uint16_t lcores = 1;
  std::uint16_t mbufs_per_queue = 8191;
  bool interrupts = false;  // if the device has them
};

struct PortTraits {
  ChecksumOffload checksums;     // filled in by the port when it sends
  bool spreads_clients = false;  // RSS over addresses and ports
  bool interrupts = false;
  bool kernel_has_the_rest = false;  // what is not ours never comes here, or the kernel has it too
  bool partial_checksums = false;    // senders on this host are heard before a NIC summed
  std::uint16_t mtu = 1500;
  std::string driver;
};

class Port {
 public:
  static Result<std::unique_ptr<Port>> Open(const DeviceSpec& spec, const PortNeeds& needs,
                                            const ServedAddresses& served);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  std::uint16_t id() const noexcept { return id_; }
  std::uint16_t queues() const noexcept { return static_cast<std::uint16_t>(pools_.size()); }
  rte_mempool* pool(std::uint16_t queue) const noexcept { return pools_[queue].get(); }
  const PortTraits& traits() const noexcept { return traits_; }
  rte_ether_addr mac() const noexcept;
  bool LinkIsUp() const;
  // Names and values of the driver's own statistics.
  std::vector<std::pair<std::string, std::uint64_t>> Statistics() const;

 private:
  explicit Port(DeviceSpec spec) : spec_(std::move(spec)) {}
  Status Attach(const std::string& devargs);
  Status Prepare(std::string& devargs);
  Status Configure(const PortNeeds& needs, const rte_eth_dev_info& info);
  Status SetUpQueues(const PortNeeds& needs, const rte_eth_dev_info& info);
  Error Failed(const char* what, int error) const;

  DeviceSpec spec_;
  net::FileDescriptor lock_;
  std::string device_name_;  // what Attach() probed and the destructor removes; empty: not ours
  std::uint16_t id_ = RTE_MAX_ETHPORTS;
  bool started_ = false;
  std::uint64_t tx_offloads_ = 0;
  std::uint16_t wanted_queues_ = 1;
  PortTraits traits_;
  std::vector<MempoolHandle> pools_;
};

}  // namespace sealwire::dpdk
