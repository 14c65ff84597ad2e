#include "net/udp_socket.h"

#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "net/socket_address.h"

namespace sealwire::net {

namespace {

void SetInt(int fd, int level, int option, int value) noexcept {
  ::setsockopt(fd, level, option, &value, sizeof value);
}

// Root may exceed the system's limit; everybody else gets as much of it as is allowed.
void SetBuffer(int fd, int forced, int polite, std::size_t bytes) noexcept {
  const int value = static_cast<int>(bytes);
  if (::setsockopt(fd, SOL_SOCKET, forced, &value, sizeof value) != 0) {
    SetInt(fd, SOL_SOCKET, polite, value);
  }
}

FileDescriptor OpenUdp(bool v6, std::size_t buffer_bytes) noexcept {
  FileDescriptor fd(
      ::socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.open()) return fd;
  SetBuffer(fd.get(), SO_RCVBUFFORCE, SO_RCVBUF, buffer_bytes);
  SetBuffer(fd.get(), SO_SNDBUFFORCE, SO_SNDBUF, buffer_bytes);
  if (v6) {
    SetInt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, 1);
    SetInt(fd.get(), IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
  } else {
    SetInt(fd.get(), IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
  }
  return fd;
}

}  // namespace

Result<UdpSocket> UdpSocket::Bind(const Endpoint& endpoint, std::size_t buffer_bytes) {
  const bool v6 = endpoint.address.IsV6();
  FileDescriptor fd = OpenUdp(v6, buffer_bytes);
  if (!fd.open()) return ListenError(endpoint, "UDP", errno);
  SetInt(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  // On a wildcard address the kernel would answer from the address of the route back, and the
  // client would ignore the answer.
  if (IsWildcard(endpoint.address)) {
    if (v6) {
      SetInt(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else {
      SetInt(fd.get(), IPPROTO_IP, IP_PKTINFO, 1);
    }
  }
  const SocketAddress address(endpoint);
  if (::bind(fd.get(), address.get(), address.size) != 0) {
    return ListenError(endpoint, "UDP", errno);
  }
  const Endpoint local = LocalEndpoint(fd.get());
  return UdpSocket(std::move(fd), local);
}

Result<UdpSocket> UdpSocket::Connect(const Endpoint& peer, std::size_t buffer_bytes) {
  FileDescriptor fd = OpenUdp(peer.address.IsV6(), buffer_bytes);
  const SocketAddress address(peer);
  if (!fd.open() || ::connect(fd.get(), address.get(), address.size) != 0) {
    return Error{"cannot send to " + peer.ToText() + " (UDP): " + std::strerror(errno)};
  }
  const Endpoint local = LocalEndpoint(fd.get());
  return UdpSocket(std::move(fd), local);
}

UdpSocket::SendResult UdpSocket::Send(dns::Bytes datagram) noexcept {
  // An ICMP error of an earlier datagram is reported once, in place of sending: try again then.
  bool refused = false;
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (::send(fd(), datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) {
      return SendResult::kSent;
    }
    if (errno == EAGAIN || errno == ENOBUFS) return SendResult::kFull;
    refused = errno == ECONNREFUSED;
    if (!refused && errno != EINTR) return SendResult::kFailed;
  }
  return refused ? SendResult::kRefused : SendResult::kFailed;
}

}  // namespace sealwire::net
