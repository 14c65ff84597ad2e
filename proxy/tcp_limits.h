// What DNS over TCP grants to a client (RFC 7766 sections 6.2 and 10).
#pragma once

#include <chrono>
#include <cstddef>

namespace sealwire::proxy {

struct TcpLimits {
  std::size_t connections = 4096;            // per worker
  std::size_t connections_per_client = 128;  // per IPv4 address or IPv6 /64
  std::size_t outstanding = 64;    // queries of one connection that wait; then it is not read
  std::size_t query_bytes = 4096;  // a longer frame closes the connection: no query needs it
  std::size_t unread_bytes = 256u << 10;  // answers a client has not read yet; more closes it
  std::chrono::milliseconds idle{10000};  // without a whole query, or answers read to the end
  // When more than three quarters of `connections` are open.
  std::chrono::milliseconds idle_under_pressure{2000};
};

}  // namespace sealwire::proxy
