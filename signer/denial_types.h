// Which types the bitmap of a compact NSEC claims (RFC 9824 sections 3.1, 3.2 and 3.4; RFC 4034
// section 4.1.2).
//
// A bitmap may claim too much, never too little: resolvers that use NSEC aggressively (RFC 8198)
// believe it for every other type at that name. Threading: pure functions. No allocation.
#pragma once

#include "dns/rr_type.h"
#include "dns/type_bitmap.h"

namespace sealwire::signer {

// What Sealwire itself publishes at the apex of a signed zone.
struct ApexTypes {
  bool dnskey = true;
  bool cds = false;
  bool cdnskey = false;
  bool nsec3param = false;
};

// The name does not exist: RRSIG, NSEC and NXNAME, exactly (RFC 9824 section 3.1).
const dns::TypeBitmap& NonexistentTypes() noexcept;

// The name exists without data, for names below it: RRSIG and NSEC (RFC 9824 section 3.2).
const dns::TypeBitmap& EmptyNonTerminalTypes() noexcept;

// An unsigned delegation: NS, RRSIG and NSEC (RFC 9824 section 3.4).
const dns::TypeBitmap& UnsignedCutTypes() noexcept;

// A name of a source that is held whole: exactly the `held` types, with RRSIG and NSEC. `apex` is
// null below the apex.
dns::TypeBitmap HeldTypes(const dns::TypeBitmap& held, const ApexTypes* apex) noexcept;

// A name of a source that is only asked, which had nothing of type `asked`: every type that could
// be there, less `asked`, and less those that would change what the NSEC means (CNAME, DNAME, DS,
// NS without SOA, NXNAME). `apex` is null below the apex.
dns::TypeBitmap AskedTypes(dns::RRType asked, const ApexTypes* apex) noexcept;

// A name of a source that is only asked, of which nothing is known but that no DNAME and no zone
// cut stands there: NS and SOA are claimed together, as at an apex, and CNAME is. For the closest
// encloser of a name that does not exist; denies no type, but proves none missing either.
dns::TypeBitmap EncloserTypes(const ApexTypes* apex) noexcept;

}  // namespace sealwire::signer
