// Where the names lie inside the RDATA of the types that have them.
//
// One walk serves decompression, compression, canonical form and checking. A type without names, or
// one we do not know, has no names and any octets (RFC 3597 section 3); A and AAAA have their size.
// Threading: pure functions. No allocation. Errors: std::nullopt for RDATA of the wrong shape.
#pragma once

#include <cstdint>
#include <optional>

#include "dns/bytes.h"
#include "dns/rr_type.h"

namespace sealwire::dns {

struct RdataShape {
  RdataTraits traits;
  std::size_t first_name = 0;  // octets before the first name
  int names = 0;               // names from there, one after the other
};

// Looks only at what precedes the first name, so that the names may still be compressed.
std::optional<RdataShape> ShapeOf(RRType type, Bytes rdata) noexcept;

// True when `octets` may follow the last name.
inline bool FitsAfterNames(const RdataShape& shape, std::size_t octets) noexcept {
  return shape.names == 0 || shape.traits.after_names == RdataTraits::kAnyRest ||
         shape.traits.after_names == octets;
}

// True when uncompressed `rdata` has the shape of its type.
bool IsWellFormedRdata(RRType type, Bytes rdata) noexcept;

}  // namespace sealwire::dns
