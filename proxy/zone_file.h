// Reads a zone file (RFC 1035 section 5, RFC 2308 section 4 $TTL, RFC 3597 section 5) into a
// LocalZone.
//
// Beside the types that ldns knows, `ALIAS target` makes a record whose addresses are looked up
// when they are asked for. $INCLUDE is refused: a zone is one file. Threading: any thread; blocks
// on the file. Errors: "path:line: what is wrong and what to do".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dns/name.h"
#include "dns/result.h"
#include "proxy/local_zone.h"

namespace sealwire::proxy {

Result<std::shared_ptr<const LocalZone>> ReadZoneFile(const std::string& path, dns::NameView apex);

// The same for text that is there already; `source` stands for the path in errors.
Result<std::shared_ptr<const LocalZone>> ParseZoneText(std::string_view text, dns::NameView apex,
                                                       const std::string& source);

}  // namespace sealwire::proxy
