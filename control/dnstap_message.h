// One dnstap message in protocol buffers (https://dnstap.info, dnstap.proto): the few fields that
// an authoritative server fills, written by hand. Threading: pure function.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "proxy/packet_tap.h"

namespace sealwire::control {

inline constexpr std::string_view kDnstapContentType = "protobuf:dnstap.Dnstap";

// Replaces `out` by AUTH_QUERY or AUTH_RESPONSE.
void EncodeDnstap(const proxy::TappedPacket& packet, std::string_view identity,
                  std::string_view version, std::vector<std::uint8_t>& out);

}  // namespace sealwire::control
