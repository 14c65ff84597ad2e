#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "net/socket_address.h"
#include "net/udp_socket.h"

namespace sealwire::net {

namespace {

// Room for the one control message either family needs.
struct Control {
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))> octets;
};

// Slots one cache line apart from a power of two: all first lines of the slots would else fall into
// the same set of the first-level cache.
std::size_t Stride(std::size_t slot_size) noexcept {
  return (slot_size + 127) / 64 * 64 | 64;
}

// The arrays that recvmmsg and sendmmsg work on.
struct Slots {
  Slots(std::size_t slots, std::size_t size)
      : slot_size(size),
        stride(Stride(size)),
        data(slots * stride),
        headers(slots),
        vectors(slots),
        names(slots),
        controls(slots) {
    for (std::size_t i = 0; i < slots; ++i) {
      vectors[i] = {data.data() + i * stride, slot_size};
      msghdr& header = headers[i].msg_hdr;
      header = {};
      header.msg_name = &names[i];
      header.msg_namelen = sizeof names[i];
      header.msg_iov = &vectors[i];
      header.msg_iovlen = 1;
      header.msg_control = &controls[i];
      header.msg_controllen = sizeof controls[i];
    }
  }
  dns::MutableBytes octets(std::size_t slot) noexcept {
    return dns::MutableBytes(data).subspan(slot * stride, slot_size);
  }

  std::size_t slot_size;
  std::size_t stride;
  std::vector<std::uint8_t> data;
  std::vector<mmsghdr> headers;
  std::vector<iovec> vectors;
  std::vector<sockaddr_storage> names;
  std::vector<Control> controls;
};

void ReadPacketInfo(msghdr& header, UdpPeer& peer) noexcept {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      std::array<std::uint8_t, 4> octets;
      std::memcpy(octets.data(), &info.ipi_spec_dst, octets.size());
      peer.local = IpAddress::V4(octets);
    } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(c), sizeof info);
      std::array<std::uint8_t, 16> octets;
      std::memcpy(octets.data(), &info.ipi6_addr, octets.size());
      peer.local = IpAddress::V6(octets);
    }
  }
}

template <class Info>
void PutPacketInfo(msghdr& header, Control& control, int level, int type,
                   const Info& info) noexcept {
  header.msg_control = &control;
  header.msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* c = CMSG_FIRSTHDR(&header);
  c->cmsg_level = level;
  c->cmsg_type = type;
  c->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(c), &info, sizeof info);
}

// Makes the reply leave from the address that was asked. The route decides on the interface, but
// for link-local addresses, which mean nothing without one.
void WritePacketInfo(msghdr& header, Control& control, const UdpPeer& to) noexcept {
  const dns::Bytes local = to.local.octets();
  if (to.local.IsV6()) {
    in6_pktinfo info{};
    std::memcpy(&info.ipi6_addr, local.data(), local.size());
    info.ipi6_ifindex = to.interface;
    PutPacketInfo(header, control, IPPROTO_IPV6, IPV6_PKTINFO, info);
  } else {
    in_pktinfo info{};
    std::memcpy(&info.ipi_spec_dst, local.data(), local.size());
    PutPacketInfo(header, control, IPPROTO_IP, IP_PKTINFO, info);
  }
}

}  // namespace

struct UdpInbox::Impl : Slots {
  using Slots::Slots;
  std::size_t used = 0;  // slots whose lengths the kernel has overwritten
};

UdpInbox::UdpInbox(std::size_t slots, std::size_t slot_size)
    : impl_(std::make_unique<Impl>(slots, slot_size)) {}
UdpInbox::~UdpInbox() = default;
std::size_t UdpInbox::slots() const noexcept {
  return impl_->headers.size();
}

UdpInbox::Received UdpInbox::Receive(UdpSocket& socket) noexcept {
  for (std::size_t i = 0; i < impl_->used; ++i) {
    impl_->headers[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    impl_->headers[i].msg_hdr.msg_controllen = sizeof(Control);
  }
  impl_->used = 0;
  Received received;
  // A pending ICMP error is reported once, in place of what waits: look again then.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const int n = ::recvmmsg(socket.fd(), impl_->headers.data(),
                             static_cast<unsigned>(impl_->headers.size()), MSG_DONTWAIT, nullptr);
    if (n >= 0) {
      impl_->used = received.count = static_cast<std::size_t>(n);
      return received;
    }
    if (errno == EAGAIN) return received;
    if (errno == ECONNREFUSED) received.refused = true;
  }
  return received;
}

dns::Bytes UdpInbox::payload(std::size_t slot) const noexcept {
  if ((impl_->headers[slot].msg_hdr.msg_flags & MSG_TRUNC) != 0) return {};
  return impl_->octets(slot).first(impl_->headers[slot].msg_len);
}

dns::MutableBytes UdpInbox::mutable_payload(std::size_t slot) noexcept {
  return impl_->octets(slot).first(payload(slot).size());
}

UdpPeer UdpInbox::peer(std::size_t slot) const noexcept {
  UdpPeer peer;
  peer.remote = ToEndpoint(impl_->names[slot], &peer.interface);
  msghdr& header = impl_->headers[slot].msg_hdr;
  if (header.msg_controllen != 0) ReadPacketInfo(header, peer);
  return peer;
}

struct UdpOutbox::Impl : Slots {
  using Slots::Slots;
  std::size_t used = 0;  // slots committed
};

UdpOutbox::UdpOutbox(std::size_t slots, std::size_t slot_size)
    : impl_(std::make_unique<Impl>(slots, slot_size)) {}
UdpOutbox::~UdpOutbox() = default;
bool UdpOutbox::empty() const noexcept {
  return impl_->used == 0;
}
bool UdpOutbox::full() const noexcept {
  return impl_->used == impl_->headers.size();
}
dns::MutableBytes UdpOutbox::Next() noexcept {
  return impl_->octets(impl_->used);
}

void UdpOutbox::Commit(std::size_t size, const UdpPeer& to) noexcept {
  const std::size_t slot = impl_->used++;
  const SocketAddress address(to.remote, to.interface);
  std::memcpy(&impl_->names[slot], &address.storage, address.size);
  impl_->vectors[slot].iov_len = size;
  msghdr& header = impl_->headers[slot].msg_hdr;
  header.msg_namelen = address.size;
  header.msg_control = nullptr;
  header.msg_controllen = 0;
  if (to.local != IpAddress()) WritePacketInfo(header, impl_->controls[slot], to);
}

UdpOutbox::Flushed UdpOutbox::Flush(UdpSocket& socket) noexcept {
  Flushed flushed;
  const std::size_t count = impl_->used;
  std::size_t next = 0;
  while (next < count) {
    const int n = ::sendmmsg(socket.fd(), impl_->headers.data() + next,
                             static_cast<unsigned>(count - next), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      next += static_cast<std::size_t>(n);
      flushed.sent += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN || errno == ENOBUFS) {
      break;
    } else if (errno != EINTR) {
      ++next;  // this one's destination is at fault: the others may still go
    }
  }
  flushed.dropped = count - flushed.sent;
  impl_->used = 0;
  return flushed;
}

}  // namespace sealwire::net
