#include "net/tcp_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "net/socket_address.h"

namespace sealwire::net {

namespace {

constexpr int kBacklog = 1024;

void Enable(int fd, int level, int option) noexcept {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof on);
}

}  // namespace

Result<FileDescriptor> ListenTcp(const Endpoint& endpoint, bool shared) {
  const SocketAddress address(endpoint);
  FileDescriptor fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.open()) return ListenError(endpoint, "TCP", errno);
  Enable(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  if (shared) Enable(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  if (endpoint.address.IsV6()) Enable(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY);
  if (::bind(fd.get(), address.get(), address.size) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    return ListenError(endpoint, "TCP", errno);
  }
  return fd;
}

FileDescriptor AcceptTcp(int listener, Endpoint& peer, int& error_number) noexcept {
  SocketAddress address;
  FileDescriptor fd(
      ::accept4(listener, address.get(), &address.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  error_number = fd.open() ? 0 : errno;
  if (fd.open()) {
    // Answers are written whole: there is nothing to wait for (RFC 7766 section 6.2.1).
    Enable(fd.get(), IPPROTO_TCP, TCP_NODELAY);
    peer = ToEndpoint(address.storage);
  }
  return fd;
}

Result<FileDescriptor> ConnectTcp(const Endpoint& endpoint) {
  const SocketAddress address(endpoint);
  FileDescriptor fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.open()) {
    Enable(fd.get(), IPPROTO_TCP, TCP_NODELAY);
    if (::connect(fd.get(), address.get(), address.size) == 0 || errno == EINPROGRESS) return fd;
  }
  return Error{"cannot connect to " + endpoint.ToText() + " (TCP): " + std::strerror(errno)};
}

int ConnectOutcome(int fd) noexcept {
  int outcome = 0;
  socklen_t size = sizeof outcome;
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &outcome, &size) != 0) return errno;
  return outcome;
}

}  // namespace sealwire::net
