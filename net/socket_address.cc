#include "net/socket_address.h"

#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sealwire::net {

SocketAddress::SocketAddress(const Endpoint& endpoint, std::uint32_t interface) noexcept {
  const dns::Bytes octets = endpoint.address.octets();
  if (endpoint.address.IsV6()) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(endpoint.port);
    v6.sin6_scope_id = interface;
    std::memcpy(&v6.sin6_addr, octets.data(), octets.size());
    std::memcpy(&storage, &v6, size = sizeof v6);
  } else {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(endpoint.port);
    std::memcpy(&v4.sin_addr, octets.data(), octets.size());
    std::memcpy(&storage, &v4, size = sizeof v4);
  }
}

Endpoint ToEndpoint(const sockaddr_storage& storage, std::uint32_t* interface) noexcept {
  if (interface != nullptr) *interface = 0;
  Endpoint endpoint;
  endpoint.port = 0;
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &storage, sizeof v6);
    std::array<std::uint8_t, 16> octets;
    std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
    endpoint.address = IpAddress::V6(octets);
    endpoint.port = ntohs(v6.sin6_port);
    if (interface != nullptr && IsLinkLocal(endpoint.address)) *interface = v6.sin6_scope_id;
  } else if (storage.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &storage, sizeof v4);
    std::array<std::uint8_t, 4> octets;
    std::memcpy(octets.data(), &v4.sin_addr, octets.size());
    endpoint.address = IpAddress::V4(octets);
    endpoint.port = ntohs(v4.sin_port);
  }
  return endpoint;
}

Endpoint LocalEndpoint(int fd) noexcept {
  SocketAddress address;
  if (::getsockname(fd, address.get(), &address.size) != 0) return {};
  return ToEndpoint(address.storage);
}

Error ListenError(const Endpoint& endpoint, const char* transport, int error_number) {
  const std::string what = "cannot listen on " + endpoint.ToText() + " (" + transport +
                           "): " + std::strerror(error_number);
  const std::string port = std::to_string(endpoint.port);
  switch (error_number) {
    case EADDRINUSE:
      return Error{what + "; stop the program that holds it (`ss -lntup 'sport = :" + port +
                   "'` names it) or choose another address or port"};
    case EADDRNOTAVAIL:
      return Error{what + "; no interface has this address (`ip address` lists them)"};
    case EACCES:
      return Error{what + "; a port below 1024 needs root or CAP_NET_BIND_SERVICE"};
    case EMFILE:
    case ENFILE:
      return Error{what + "; raise the limit of open files (LimitNOFILE=)"};
    default:
      return Error{what};
  }
}

bool IsWildcard(const IpAddress& address) noexcept {
  const dns::Bytes octets = address.octets();
  return std::all_of(octets.begin(), octets.end(), [](std::uint8_t octet) { return octet == 0; });
}

bool IsLinkLocal(const IpAddress& address) noexcept {
  const dns::Bytes octets = address.octets();
  return address.IsV6() && octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80;
}

}  // namespace sealwire::net
