// Canonical form and order of an RRset (RFC 4034 section 6, amended by RFC 6840 section 5.1).
//
// Scratch belongs to the caller; no allocation. Threading: pure functions.
#pragma once

#include <cstdint>

#include "dns/bytes.h"
#include "dns/rrset.h"

namespace sealwire::dns {

// Lower-cases the names inside `rdata` where canonical form asks for it (RFC 6840 section 5.1: not
// NSEC). Malformed RDATA is left untouched: it is signed as it is sent.
void CanonicalizeRdata(RRType type, MutableBytes rdata) noexcept;

// Caller-owned scratch for one RRset.
struct CanonicalScratch {
  static constexpr std::size_t kMaxRecords = 4096;
  std::uint8_t octets[65536];
  struct Entry {
    std::uint32_t offset;
    std::uint16_t size;
  } entries[kMaxRecords];
};

// Writes the RR part of the data that is signed (RFC 4034 section 3.1.8.1): for each distinct
// record in canonical order, owner (lower-cased) | type | class | original TTL | RDLENGTH | RDATA.
// `owner` may be given in place of the set's own, for wildcards. Fails (0) when `out` or the
// scratch is too small or the set has more than kMaxRecords records; else the octets written.
std::size_t WriteCanonicalRRset(const RRsetView& rrset, NameView owner, std::uint32_t original_ttl,
                                CanonicalScratch& scratch, MutableBytes out) noexcept;

}  // namespace sealwire::dns
