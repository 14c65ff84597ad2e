// Counts down the TTLs of an answer that was kept for a while.
//
// Threading: pure.
#pragma once

#include <cstdint>

#include "dns/bytes.h"

namespace sealwire::proxy {

// Lowers every TTL in `message`, a well-formed answer of ours, by `seconds`, to zero at the least;
// the OPT record's is no TTL and stays. The original TTL in RRSIGs is left alone (RFC 4034 section
// 3.1.4).
void AgeTtls(dns::MutableBytes message, std::uint32_t seconds) noexcept;

}  // namespace sealwire::proxy
