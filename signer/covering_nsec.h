// NSEC records that cover one name that does not exist, with everything below it, and nothing else
// ("white lies", RFC 4470).
//
// The record's owner is made up: NameBefore(). Its next name is NextNameAtCut() of the name, which
// leaves all of the name's subtree behind (signer/compact_nsec.h). Why nothing that exists lies in
// such a gap: docs/decisions/0101. Names are in lower case. Threading: pure functions. No
// allocation.
#pragma once

#include <optional>

#include "dns/name.h"

namespace sealwire::signer {

// A name before `name` (RFC 4471 section 3.1.1, shortened), under the same parent or below a
// sibling, such that only names below the result lie between the two. The result ends its label, or
// is a label, of 63 octets 255, or as many as fit: it may exist only in a zone that has such names.
// Nothing when what comes before is the parent itself, or when there is no room.
std::optional<dns::Name> NameBefore(dns::NameView name) noexcept;

}  // namespace sealwire::signer
