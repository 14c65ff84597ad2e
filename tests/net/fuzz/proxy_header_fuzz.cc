// What is read as a PROXY header must lie within what was given, and be read the same when written.
#include <array>
#include <cstdlib>

#include "net/proxy_header.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire::net;
  ProxyHeader header;
  const sealwire::dns::Bytes octets(data, size);
  if (ParseProxyHeader(octets, header) != ProxyHeaderParse::kWhole) return 0;
  if (header.size > size || header.size > ProxyHeader::kMaxSize) std::abort();
  if (header.local) return 0;
  std::array<std::uint8_t, ProxyHeader::kMaxWritten> out;
  const std::size_t written =
      WriteProxyHeader(header.source, Endpoint(), ProxiedTransport::kStream, out);
  ProxyHeader again;
  if (ParseProxyHeader(sealwire::dns::Bytes(out).first(written), again) !=
          ProxyHeaderParse::kWhole ||
      !(again.source == header.source)) {
    std::abort();
  }
  return 0;
}
