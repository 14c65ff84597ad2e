// Looks at the parent of a zone: which of its servers show a DS, and is it ours?
//
// With a list of servers each of them is asked. With a resolver, the resolver names the parent's
// servers and each of these is asked itself; when none of them can be reached, the resolver's own
// answer is all there is, and is held for ParentConfig::assumed_ds_ttl. An answer without authority
// proves a DS when it has one, and nothing when it has none (a lame server does not make a zone
// unsigned). Threading: any thread; Look() blocks. RFC 4034 section 5, RFC 4509, RFC 6605.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "control/config.h"
#include "control/dns_asker.h"
#include "control/zone_record.h"
#include "dns/name.h"

namespace sealwire::control {

class ParentCheck {
 public:
  // `asker` must outlive it.
  ParentCheck(ParentConfig config, DnsAsker& asker);

  // `ksks` are the DNSKEY RDATA that a DS may point to.
  ParentObservation Look(const dns::Name& apex, const std::vector<std::vector<std::uint8_t>>& ksks,
                         std::int64_t now);

 private:
  using Server = std::vector<net::Endpoint>;  // one name server: all its addresses
  struct Discovered {
    std::int64_t until = 0;
    std::vector<Server> servers;
  };

  std::vector<Server> ServersOfParent(const dns::Name& apex, std::int64_t now);
  std::vector<Server> Discover(const dns::Name& apex);
  Server AddressesOf(const dns::Name& name_server);

  const ParentConfig config_;
  DnsAsker& asker_;
  std::mutex mutex_;
  std::map<std::string, Discovered> discovered_;  // by the name above the zone; bounded
};

// Does the DS RDATA point to one of the keys? SHA-256 and SHA-384 digests count (RFC 8624 section
// 3.3: SHA-1 is no proof).
bool DsMatches(dns::Bytes ds_rdata, dns::NameView apex,
               const std::vector<std::vector<std::uint8_t>>& ksks);

}  // namespace sealwire::control
