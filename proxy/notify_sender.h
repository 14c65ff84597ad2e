// Tells secondaries that a zone changed (RFC 1996), and parents that its CDS did (RFC 9859), each
// until it answers or five tries are made.
//
// Blocks for up to half a minute: for a thread of its own. Threading: any thread. Errors: whoever
// did not answer is in the result.
#pragma once

#include <atomic>
#include <vector>

#include "dns/name.h"
#include "dns/rrset.h"
#include "net/address.h"
#include "proxy/zone_transfers.h"

namespace sealwire::proxy {

// `soa` is that of the new copy. Gives the secondaries that did not answer with NOERROR.
std::vector<net::Endpoint> SendNotify(dns::NameView apex, const dns::RRsetView& soa,
                                      const std::vector<TransferPeer>& secondaries,
                                      const std::atomic<bool>& stop);

// NOTIFY of a type of which nothing is shown: CDS, to those whom a parent's DSYNC record names.
std::vector<net::Endpoint> SendNotifyOf(dns::NameView owner, dns::RRType type,
                                        const std::vector<net::Endpoint>& to,
                                        const std::atomic<bool>& stop);

}  // namespace sealwire::proxy
