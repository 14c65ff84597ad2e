// A client subnet that is read as good must be written as it came.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "proxy/client_subnet.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire::proxy;
  constexpr std::size_t kCodeAndLength = 4;
  const sealwire::dns::Bytes octets(data, size);
  ClientSubnet subnet;
  std::uint8_t scope = 0;
  if (ParseClientSubnet(octets, subnet, scope) != SubnetParse::kGood) return 0;
  std::array<std::uint8_t, ClientSubnet::kMaxOption> out{};
  sealwire::dns::Writer writer(out);
  WriteClientSubnet(subnet, scope, writer);
  const sealwire::dns::Bytes written = writer.written().subspan(kCodeAndLength);
  if (!writer.ok() || !std::equal(written.begin(), written.end(), octets.begin(), octets.end())) {
    std::abort();
  }
  if (subnet.prefix <= subnet.max_prefix() && subnet.Number(subnet.prefix) == 0) std::abort();
  return 0;
}
