#include "proxy/owner_order_key.h"

#include <array>

namespace sealwire::proxy {

std::size_t AppendOwnerOrderKey(dns::NameView owner, dns::NameView apex,
                                std::vector<std::uint8_t>& out) {
  std::array<dns::Bytes, dns::kMaxLabels> labels;
  std::size_t count = 0;
  for (dns::NameView name = owner; name.size() > apex.size(); name = name.Parent()) {
    labels[count++] = name.FirstLabel();
  }
  const std::size_t start = out.size();
  while (count > 0) {
    for (const std::uint8_t octet : labels[--count]) {
      if (octet <= 1) out.push_back(1);
      out.push_back(octet <= 1 ? static_cast<std::uint8_t>(octet + 1) : dns::ToLower(octet));
    }
    out.push_back(0);
  }
  return out.size() - start;
}

}  // namespace sealwire::proxy
