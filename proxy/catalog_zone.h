// A catalog zone (RFC 9432): the list of zones that a primary has its secondaries serve.
//
// Read whole or not at all: a catalog with any fault gives no members, and whoever asks keeps what
// the last good one said (RFC 9432 section 5.1). Threading: pure. Errors: a sentence.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dns/name.h"
#include "dns/result.h"
#include "proxy/local_zone.h"

namespace sealwire::proxy {

struct CatalogMember {
  dns::Name zone;
  std::string group;                   // section 4.4.2; empty: none
  std::optional<dns::Name> new_owner;  // the catalog it may move to: coo, section 4.4.1
};

// In the order of their zones.
Result<std::vector<CatalogMember>> ReadCatalog(const LocalZone& catalog);

}  // namespace sealwire::proxy
