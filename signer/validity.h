// When a signature begins and ends to be valid (RFC 4034 section 3.1.5).
//
// Equal RRsets must give equal RRSIG RDATA for a while, or no signature could be used twice; but
// not all signatures may end at one moment. So time is cut into windows of a quarter of the
// validity, and each owner and type has windows that begin at a moment of its own, given by its
// hash. Pure functions: two edges with the same policy and clock make the same times.
#pragma once

#include <cstdint>

#include "dns/name.h"
#include "dns/rr_type.h"

namespace sealwire::signer {

struct ValidityPolicy {
  std::uint32_t validity = 3 * 86400;  // seconds from a window's begin to the expiration
  std::uint32_t inception_skew =
      3600;  // seconds before a window's begin, for clocks that are behind
};

// As in the RRSIG RDATA: seconds since 1970 modulo 2^32. They are compared in serial arithmetic
// (RFC 1982), so that 2106 is a year like any other as long as both lie within 68 years of now.
struct Validity {
  std::uint32_t inception = 0;
  std::uint32_t expiration = 0;
  friend bool operator==(const Validity&, const Validity&) = default;
};

// A window is validity / kWindowsPerValidity long: at least three quarters of the policy's validity
// remain whenever a signature is handed out.
inline constexpr std::uint32_t kWindowsPerValidity = 4;

// Spreads owners and types over a window. Not keyed: whoever chooses a name so that it collides
// wins an expiration shared with another name, nothing more.
std::uint64_t ValidityHash(dns::NameView owner, dns::RRType type) noexcept;

// The window around `unix_seconds` for an RRset of that hash. A policy beyond what serial
// arithmetic can compare (68 years) is cut to it.
Validity ValidityAt(const ValidityPolicy& policy, std::uint64_t hash,
                    std::uint64_t unix_seconds) noexcept;

// True when `unix_seconds` lies within `validity`, both ends included (RFC 4035 section 5.3.1).
bool IsValidAt(const Validity& validity, std::uint64_t unix_seconds) noexcept;

}  // namespace sealwire::signer
