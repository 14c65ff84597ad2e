// A SOA for zones whose backend never gives one.
//
// Threading: pure. Ownership: lies in the arena.
#pragma once

#include "dns/rrset.h"
#include "proxy/answer.h"
#include "proxy/zone.h"

namespace sealwire::proxy {

// MNAME is the apex, RNAME nobody.invalid. (RFC 2606), the TTL and MINIMUM a minute: a denial that
// the backend did not put a time to is not kept for long. The arena's failure shows in its writer.
dns::RRsetView SynthesizedSoa(const Zone& zone, Arena& arena) noexcept;

}  // namespace sealwire::proxy
