// Whom a parent wants told that CDS and CDNSKEY of a zone below it changed: the DSYNC record at
// `child._dsync.parent` (RFC 9859).
//
// Threading: blocks for the asker. What a server says is hostile: names and addresses that are
// taken are few. Errors: nothing, for most parents have no DSYNC record.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "control/dns_asker.h"

namespace sealwire::control {

struct DsyncTarget {
  dns::Name host;
  std::uint16_t port = 53;
  friend bool operator==(const DsyncTarget&, const DsyncTarget&) = default;
};

// The first target of scheme NOTIFY for CDS. `server` answers for the parent, or is a resolver.
std::optional<DsyncTarget> FindDsync(DnsAsker& asker, const net::Endpoint& server,
                                     const dns::Name& apex);

// The addresses of a target, at its port.
std::vector<net::Endpoint> EndpointsOf(DnsAsker& asker, const net::Endpoint& server,
                                       const DsyncTarget& target);

}  // namespace sealwire::control
