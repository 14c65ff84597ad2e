// PROXY protocol version 2 (haproxy's proxy-protocol.txt, section 2.2): who a client really is,
// said before a datagram or at the start of a connection by a proxy that is trusted.
//
// Read only from addresses the configuration trusts: anybody can write one. Threading: pure.
// Errors: kBad; nothing is read beyond what is given. No allocation.
#pragma once

#include <cstddef>
#include <cstdint>

#include "dns/bytes.h"
#include "net/address.h"

namespace sealwire::net {

struct ProxyHeader {
  // Signature, fixed part, two IPv6 addresses with ports: what we write.
  static constexpr std::size_t kMaxWritten = 16 + 36;
  // A header with more than this of further fields (TLVs) is bad.
  static constexpr std::size_t kMaxSize = 16 + 1024;

  bool local = false;  // the proxy speaks for itself: no client is named
  Endpoint source;     // the client, unless `local`
  std::size_t size = 0;
};

enum class ProxyHeaderParse : std::uint8_t {
  kWhole,
  kMore,  // a good beginning: a stream may bring the rest
  kBad,
};

ProxyHeaderParse ParseProxyHeader(dns::Bytes data, ProxyHeader& header) noexcept;

enum class ProxiedTransport : std::uint8_t { kStream = 1, kDatagram = 2 };

// Writes the header that names `source` and `destination`; IPv4 is mapped into IPv6 when only one
// of them is IPv4. `out` must hold kMaxWritten octets. Returns its size.
std::size_t WriteProxyHeader(const Endpoint& source, const Endpoint& destination,
                             ProxiedTransport transport, dns::MutableBytes out) noexcept;

}  // namespace sealwire::net
