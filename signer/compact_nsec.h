// NSEC records that deny one name, or one type at one name, and nothing else (RFC 9824).
//
// The owner name of such an NSEC is the name asked for; its next name is the smallest name that
// could come after it in canonical order, so that nothing lies between (docs/decisions/0020). All
// names are written in lower case: askers who vary the case of one name share one NSEC and its
// signature. Threading: pure functions. Errors: a failed Writer. No allocation.
#pragma once

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/type_bitmap.h"

namespace sealwire::signer {

// The immediate canonical successor of `owner` in the zone `apex` (RFC 9824 sections 3.1 and 3.2):
// `\000.owner`, or for names of 254 and 255 octets, which can have no descendant, what RFC 4471
// section 3.1.2 derives. The apex when no name of the zone can follow (RFC 4034 section 4.1.1).
// `owner` is `apex` or below it.
dns::Name NextName(dns::NameView owner, dns::NameView apex) noexcept;

// The next name for the NSEC at an unsigned zone cut (RFC 9824 section 3.4): the first name after
// everything below `cut`, which is the child's to deny. `sub\000.example.` for `sub.example.`
dns::Name NextNameAtCut(dns::NameView cut, dns::NameView apex) noexcept;

// Appends the RDATA of an NSEC that denies `owner` alone: NextName() and `types`.
void WriteNsecOfOneName(dns::NameView owner, dns::NameView apex, const dns::TypeBitmap& types,
                        dns::Writer& out) noexcept;

// Appends NSEC RDATA (RFC 4034 section 4.1).
void WriteNsec(dns::NameView next, const dns::TypeBitmap& types, dns::Writer& out) noexcept;

}  // namespace sealwire::signer
