// A query as it is kept while a backend is asked: what its answer will be made for.
//
// Threading: pure. Errors: none; options are left out where they do not fit. No allocation.
#pragma once

#include <cstdint>

#include "dns/bytes.h"
#include "proxy/query.h"

namespace sealwire::proxy {

// Writes a copy of `query` into `out`, which holds 512 octets; its size. Of a query that is longer
// only the question, the OPT record's flags and the client subnet remain: what it says of its
// client's network is a wish that must be heeded (RFC 7871 section 7.1.2).
std::uint16_t KeepQuery(const Query& query, dns::MutableBytes out) noexcept;

}  // namespace sealwire::proxy
