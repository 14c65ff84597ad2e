#include "dpdk/flow_steering.h"

#include <rte_ethdev.h>
#include <rte_flow.h>

#include <array>
#include <cstring>
#include <numeric>
#include <vector>

namespace sealwire::dpdk {
namespace {

Error Refused(const char* what, const rte_flow_error& error) {
  return Error{std::string(what) + ": " +
               (error.message != nullptr ? error.message : "the NIC refused")};
}

// The rule for one address: Ethernet, IP to it, UDP to our port.
class Rule {
 public:
  Rule(const net::IpAddress& address, std::uint16_t port) {
    const dns::Bytes octets = address.octets();
    if (address.IsV6()) {
      std::memcpy(ip6_.hdr.dst_addr, octets.data(), octets.size());
      std::memset(ip6_mask_.hdr.dst_addr, 0xff, octets.size());
    } else {
      std::memcpy(&ip4_.hdr.dst_addr, octets.data(), octets.size());
      ip4_mask_.hdr.dst_addr = 0xffffffffu;
    }
    udp_.hdr.dst_port = rte_cpu_to_be_16(port);
    udp_mask_.hdr.dst_port = 0xffff;
    pattern_[0].type = RTE_FLOW_ITEM_TYPE_ETH;
    pattern_[1].type = address.IsV6() ? RTE_FLOW_ITEM_TYPE_IPV6 : RTE_FLOW_ITEM_TYPE_IPV4;
    pattern_[1].spec = address.IsV6() ? static_cast<const void*>(&ip6_) : &ip4_;
    pattern_[1].mask = address.IsV6() ? static_cast<const void*>(&ip6_mask_) : &ip4_mask_;
    pattern_[2].type = RTE_FLOW_ITEM_TYPE_UDP;
    pattern_[2].spec = &udp_;
    pattern_[2].mask = &udp_mask_;
    pattern_[3].type = RTE_FLOW_ITEM_TYPE_END;
  }
  const rte_flow_item* pattern() const noexcept { return pattern_.data(); }

 private:
  rte_flow_item_ipv4 ip4_{}, ip4_mask_{};
  rte_flow_item_ipv6 ip6_{}, ip6_mask_{};
  rte_flow_item_udp udp_{}, udp_mask_{};
  std::array<rte_flow_item, 4> pattern_{};
};

}  // namespace

bool SharesNicWithKernel(const std::string& driver) noexcept {
  return driver.find("mlx4") != std::string::npos || driver.find("mlx5") != std::string::npos;
}

Status Isolate(std::uint16_t port) {
  rte_flow_error error{};
  if (rte_flow_isolate(port, 1, &error) != 0) return Refused("flow isolation", error);
  return Status::Ok();
}

Status SteerToUs(std::uint16_t port, std::uint16_t queues, const ServedAddresses& served) {
  rte_flow_attr attributes{};
  attributes.ingress = 1;
  std::vector<std::uint16_t> all(queues);
  std::iota(all.begin(), all.end(), std::uint16_t{0});
  rte_flow_action_rss spread{};
  spread.types = RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP;
  spread.queue_num = queues;
  spread.queue = all.data();
  rte_flow_action_queue single{};
  std::array<rte_flow_action, 2> actions{};
  actions[0].type = queues > 1 ? RTE_FLOW_ACTION_TYPE_RSS : RTE_FLOW_ACTION_TYPE_QUEUE;
  actions[0].conf = queues > 1 ? static_cast<const void*>(&spread) : &single;
  actions[1].type = RTE_FLOW_ACTION_TYPE_END;
  for (const net::IpAddress& address : served.list()) {
    const Rule rule(address, served.port());
    rte_flow_error error{};
    if (rte_flow_create(port, &attributes, rule.pattern(), actions.data(), &error) == nullptr) {
      return Refused(("flow rule for " + address.ToText()).c_str(), error);
    }
  }
  return Status::Ok();
}

}  // namespace sealwire::dpdk
