// The arrays that recvmmsg and sendmmsg work on. For the inbox and outbox of net/udp_socket.h only.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dns/bytes.h"

namespace sealwire::net {

// Room for the control messages of one datagram: its local address and, going out, the size at
// which the kernel splits a run of datagrams.
struct UdpControl {
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(in6_pktinfo)) +
                                                CMSG_SPACE(sizeof(std::uint16_t))> octets;
};

struct UdpSlots {
  UdpSlots(std::size_t slots, std::size_t size);

  dns::MutableBytes octets(std::size_t slot) noexcept {
    return dns::MutableBytes(data).subspan(slot * stride, slot_size);
  }

  std::size_t slot_size;
  std::size_t stride;
  std::vector<std::uint8_t> data;
  std::vector<mmsghdr> headers;
  std::vector<iovec> vectors;
  std::vector<sockaddr_storage> names;
  std::vector<UdpControl> controls;
};

}  // namespace sealwire::net
