// Endpoints as the kernel takes them, and kernel refusals as sentences. For net/ and for who opens
// sockets in proxy/. Threading: pure functions.
#pragma once

#include <sys/socket.h>

#include <string>

#include "dns/result.h"
#include "net/address.h"

namespace sealwire::net {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);

  SocketAddress() = default;
  explicit SocketAddress(const Endpoint& endpoint, std::uint32_t interface = 0) noexcept;
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const noexcept { return storage.ss_family; }
};

// 0.0.0.0:0 for an address that is neither IPv4 nor IPv6. `interface` becomes the scope of a
// link-local IPv6 address, 0 otherwise.
Endpoint ToEndpoint(const sockaddr_storage& storage, std::uint32_t* interface = nullptr) noexcept;

// The endpoint a socket is bound to.
Endpoint LocalEndpoint(int fd) noexcept;

// "cannot listen on 192.0.2.1:53 (UDP): …", with what to do about `error_number`.
Error ListenError(const Endpoint& endpoint, const char* transport, int error_number);

bool IsWildcard(const IpAddress& address) noexcept;
bool IsLinkLocal(const IpAddress& address) noexcept;  // IPv6 fe80::/10

}  // namespace sealwire::net
