#include "proxy/kept_query.h"

#include <algorithm>
#include <cstring>

#include "dns/edns_options.h"
#include "proxy/client_subnet.h"

namespace sealwire::proxy {

std::uint16_t KeepQuery(const Query& query, dns::MutableBytes out) noexcept {
  if (query.wire.size() <= out.size()) {
    std::memcpy(out.data(), query.wire.data(), query.wire.size());
    return static_cast<std::uint16_t>(query.wire.size());
  }
  dns::Writer writer(out);
  writer.Run(query.wire.first(query.question_end));
  for (std::size_t at = 6; at < 12; at += 2) writer.PatchU16(at, 0);
  if (query.edns) {
    writer.PatchU16(10, 1);
    writer.U8(0);
    writer.U16(static_cast<std::uint16_t>(dns::RRType::kOPT));
    writer.U16(query.edns->udp_size);
    writer.U16(0);
    writer.U16(static_cast<std::uint16_t>((query.edns->dnssec_ok ? 0x8000 : 0) |
                                          (query.edns->compact_ok ? 0x4000 : 0)));
    auto subnet = query.edns->Find(dns::EdnsOption::kClientSubnet);
    // More octets than this are of a family that we do not know, and need not.
    constexpr std::size_t kMaxData = ClientSubnet::kMaxOption - 4;
    if (subnet) subnet = subnet->first(std::min(subnet->size(), kMaxData));
    writer.U16(static_cast<std::uint16_t>(subnet ? 4 + subnet->size() : 0));
    if (subnet) dns::WriteEdnsOption(writer, dns::EdnsOption::kClientSubnet, *subnet);
  }
  return static_cast<std::uint16_t>(writer.size());
}

}  // namespace sealwire::proxy
