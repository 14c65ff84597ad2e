// The answer to a query of which only the start is here: a fragment, or a frame too large for one
// buffer. TC sends the asker to TCP (RFC 1035 section 4.2.1, RFC 2181 section 9), where size is no
// matter; nothing is reassembled.
//
// Threading: pure. Errors: size 0 when no answer is possible. No allocation. No DPDK type.
#pragma once

#include <cstddef>

#include "dns/bytes.h"

namespace sealwire::dpdk {

// Header, the longest question, an OPT record.
inline constexpr std::size_t kMaxTruncatedReply = 12 + 255 + 4 + 11;

// Writes into `out` (kMaxTruncatedReply octets at least) header and question of `start`, the first
// octets of a query, with QR and TC set, and an OPT record when the query seems to have one
// (RFC 6891 section 6.1.1). `udp_size` is what that OPT says we take. Gives its size; 0 when
// `start` is a response, not a QUERY with one question, or ends within its question.
std::size_t WriteTruncatedReply(dns::Bytes start, std::uint16_t udp_size,
                                dns::MutableBytes out) noexcept;

}  // namespace sealwire::dpdk
