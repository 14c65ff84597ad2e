// An answer half made, packed to wait for a backend, and unpacked again.
//
// Packed RRsets own their octets: nothing of the zone snapshot or the arena they came from is
// needed. Whether a set is signed is kept, by which key is not: the zone is found anew, so that a
// toggle while the backend thinks is taken as it stands in the end.
// Threading: pure functions. Errors: 0 or false when something does not fit. No allocation.
#pragma once

#include "dns/bytes.h"
#include "proxy/answer.h"
#include "proxy/zone.h"

namespace sealwire::proxy {

// Packs items and AA; nothing when `out` is too small.
std::optional<std::size_t> PackDraft(const Answer& answer, dns::MutableBytes out) noexcept;

// Adds what was packed to the cleared `answer`, whose RRsets then lie in `packed`.
bool UnpackDraft(dns::Bytes packed, const ZoneTable& zones, Answer& answer) noexcept;

}  // namespace sealwire::proxy
