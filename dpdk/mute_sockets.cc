#include "dpdk/mute_sockets.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace sealwire::dpdk {
namespace {

bool Mute(int socket) {
  sock_filter drop_all[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
  const sock_fprog program{1, drop_all};
  return ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

bool Bind(int socket, const net::IpAddress& address, std::uint16_t port) {
  // The address may live on this host only as long as the interface is up.
  const int on = 1;
  if (address.IsV6()) {
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_port = htons(port);
    std::memcpy(&name.sin6_addr, address.octets().data(), 16);
    ::setsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    ::setsockopt(socket, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
    return ::bind(socket, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
  }
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  std::memcpy(&name.sin_addr, address.octets().data(), 4);
  ::setsockopt(socket, IPPROTO_IP, IP_FREEBIND, &on, sizeof on);
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0;
}

}  // namespace

Result<std::vector<net::FileDescriptor>> OpenMuteSockets(const ServedAddresses& served) {
  std::vector<net::FileDescriptor> sockets;
  for (const net::IpAddress& address : served.list()) {
    net::FileDescriptor socket(
        ::socket(address.IsV6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.open() || !Mute(socket.get()) || !Bind(socket.get(), address, served.port())) {
      return Error{
          "UDP " + net::Endpoint{address, served.port()}.ToText() +
          " must be free of kernel sockets where af_packet answers: " + std::strerror(errno)};
    }
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

}  // namespace sealwire::dpdk
