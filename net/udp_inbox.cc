#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "net/socket_address.h"
#include "net/udp_slots.h"
#include "net/udp_socket.h"

namespace sealwire::net {

namespace {

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

}  // namespace

struct UdpInbox::Impl : UdpSlots {
  using UdpSlots::UdpSlots;
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
    impl_->headers[i].msg_hdr.msg_controllen = sizeof(UdpControl);
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

}  // namespace sealwire::net
