// NSEC3 records made for one name (RFC 5155): SHA-1, no iterations, no salt, no opt-out (RFC 9276).
//
// A record matches one hash, or covers one hash and nothing else: its owner and next hash lie one
// step before and behind ("white lies", RFC 7129 appendix B). Threading: pure functions. Errors: a
// failed Writer. No allocation.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/type_bitmap.h"

namespace sealwire::signer {

// A point on the ring of all hashes.
using Nsec3Hash = std::array<std::uint8_t, 20>;

// RDATA of the NSEC3PARAM record at the apex (RFC 5155 section 4.2): SHA-1, flags, iterations,
// salt.
inline constexpr std::array<std::uint8_t, 5> kNsec3Param = {1, 0, 0, 0, 0};

// The longest apex below which a hashed owner name fits.
inline constexpr std::size_t kMaxNsec3Apex = dns::kMaxNameSize - 33;

// RFC 5155 section 5, over the name in lower case.
Nsec3Hash HashOwner(dns::NameView name) noexcept;
Nsec3Hash StepBefore(Nsec3Hash hash) noexcept;
Nsec3Hash StepBehind(Nsec3Hash hash) noexcept;

// The hash in base32hex (RFC 4648 section 7), in lower case, as a label below `apex`; nothing when
// that is too long.
std::optional<dns::Name> HashedOwner(const Nsec3Hash& hash, dns::NameView apex) noexcept;

// The types of an NSEC's bitmap as those of an NSEC3 in its place: NSEC3 names no NSEC, and RRSIG
// only where something besides the NSEC3 itself is signed (RFC 5155 section 7.1).
dns::TypeBitmap Nsec3Types(dns::TypeBitmap types) noexcept;

// Appends NSEC3 RDATA (RFC 5155 section 3.2).
void WriteNsec3(const Nsec3Hash& next, const dns::TypeBitmap& types, dns::Writer& out) noexcept;

}  // namespace sealwire::signer
