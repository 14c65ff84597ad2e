// An owner name as octets that sort by memcmp() in canonical order (RFC 4034 section 6.1).
//
// Sorting a million names compares each some twenty times: the key is made once. Labels stand from
// the apex downwards, lower-cased, each ended by a zero; a zero or one inside a label is escaped,
// so that a label that ends still sorts before one that goes on. Threading: pure function.
#pragma once

#include <cstdint>
#include <vector>

#include "dns/name.h"

namespace sealwire::proxy {

// Appends the key of `owner`, `apex` or below it, and gives its size. The apex has an empty key.
std::size_t AppendOwnerOrderKey(dns::NameView owner, dns::NameView apex,
                                std::vector<std::uint8_t>& out);

}  // namespace sealwire::proxy
