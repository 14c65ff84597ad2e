// A DPDK port made of two rings: what is fed is received, what is sent can be taken back.
#pragma once

#include <rte_eth_ring.h>
#include <rte_ethdev.h>

#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "dpdk/handles.h"
#include "dpdk/port.h"

namespace sealwire::bench {

class RingPort {
 public:
  static constexpr unsigned kRoom = 1024;

  // `name` is this port's alone.
  explicit RingPort(const dpdk::ServedAddresses& served, const std::string& name = "bench")
      : in_(MakeRing(name + "-in")), out_(MakeRing(name + "-out")) {
    rte_ring* in = in_.get();
    rte_ring* out = out_.get();
    if (in == nullptr || out == nullptr ||
        rte_eth_from_rings(name.c_str(), &in, 1, &out, 1, 0) < 0) {
      throw std::runtime_error("no ring port");
    }
    auto port = dpdk::Port::Open(*dpdk::DeviceSpec::FromText("vdev:net_ring_" + name),
                                 {1, 1023, false}, served);
    if (!port) throw std::runtime_error(port.error());
    port_ = std::move(*port);
  }

  dpdk::Port& port() noexcept { return *port_; }

  // Puts a copy of `frame` where the port receives.
  void Feed(std::span<const std::uint8_t> frame) {
    rte_mbuf* buffer = rte_pktmbuf_alloc(port_->pool(0));
    if (buffer == nullptr) throw std::runtime_error("no buffer");
    std::memcpy(rte_pktmbuf_append(buffer, static_cast<std::uint16_t>(frame.size())), frame.data(),
                frame.size());
    if (rte_ring_enqueue(in_.get(), buffer) != 0) throw std::runtime_error("ring full");
  }
  // Frames that were fed and not received yet.
  unsigned Waiting() const noexcept { return rte_ring_count(in_.get()); }
  // Takes back what was sent: the number of frames, their octets in all, the last one's RCODE.
  unsigned Drain(std::size_t& octets, int& rcode) {
    void* buffers[64];
    unsigned all = 0;
    while (const unsigned count = rte_ring_dequeue_burst(out_.get(), buffers, 64, nullptr)) {
      for (unsigned i = 0; i < count; ++i) {
        octets += static_cast<rte_mbuf*>(buffers[i])->pkt_len;
        rcode =
            *rte_pktmbuf_mtod_offset(static_cast<rte_mbuf*>(buffers[i]), std::uint8_t*, 45) & 0x0f;
        rte_pktmbuf_free(static_cast<rte_mbuf*>(buffers[i]));
      }
      all += count;
    }
    return all;
  }

 private:
  static dpdk::RingHandle MakeRing(const std::string& name) {
    return dpdk::RingHandle(
        rte_ring_create(name.c_str(), kRoom, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ));
  }

  dpdk::RingHandle in_;
  dpdk::RingHandle out_;
  std::unique_ptr<dpdk::Port> port_;
};

}  // namespace sealwire::bench
