// EDNS options of a reply, as ldns hands their octets out.
#pragma once

#include <optional>
#include <string>

#include "tests/proxy/ldns_reply.h"

namespace sealwire::proxy::testing {

// The data of the first option `code`, or nothing.
inline std::optional<std::string> OptionOf(const Reply& reply, int code) {
  ldns_rdf* data = ldns_pkt_edns_data(reply.packet());
  if (data == nullptr) return std::nullopt;
  const std::string octets(reinterpret_cast<const char*>(ldns_rdf_data(data)), ldns_rdf_size(data));
  const auto u16 = [&](std::size_t at) {
    return static_cast<std::uint8_t>(octets[at]) << 8 | static_cast<std::uint8_t>(octets[at + 1]);
  };
  for (std::size_t at = 0; at + 4 <= octets.size();) {
    const auto size = static_cast<std::size_t>(u16(at + 2));
    if (u16(at) == code) return octets.substr(at + 4, size);
    at += 4 + size;
  }
  return std::nullopt;
}

}  // namespace sealwire::proxy::testing
