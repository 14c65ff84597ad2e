// The rollover of all keys of a zone to others, of any algorithm, one key or two: how an algorithm
// is replaced, a key that signs all, and the one kind of set by the other.
//
//     presigned ──caches──→ introduced ──caches──→ submitted ──parent, caches──→ unpublished
//     ──caches──→ withdrawn → gone
//
// The new keys sign all that is answered before one of them is published, and the old ones until
// nobody can know them any more. So at every moment each RRset that a cache may hold has a
// signature of each algorithm that a DS or DNSKEY RRset beside it names (RFC 4035 section 2.2),
// which validators that insist on it find as well as those that take any (RFC 6840 section 5.11).
//
// Threading: pure functions. Times are seconds since 1970.
// RFC: 6781 sections 4.1.3 and 4.1.4 (the conservative approach).
#pragma once

#include <cstdint>
#include <vector>

#include "control/rollover.h"

namespace sealwire::control {

RollDecision DecideWholeSet(const keycache::ZoneKeyRecord& record, const keycache::Rollover& roll,
                            const KeyLife& life, const RollFacts& facts, std::int64_t now);

// Changes the keys; the rollover itself is the caller's to change.
void TakeWholeSetStep(keycache::ZoneKeyRecord& record, const keycache::Rollover& roll,
                      keycache::RollStep step, std::int64_t now);

// Begins one, to what the policy asks for. An error leaves record and token unchanged.
Status BeginWholeSet(keycache::ZoneKeyRecord& record, const KeyLife& life,
                     keycache::RollCause cause, KeyMaker& maker, std::int64_t now);

// Takes one back while the parent was not asked for the new DS.
Status CancelWholeSet(keycache::ZoneKeyRecord& record, std::int64_t now);

// The keys in use are not of the algorithm or the kind that the policy asks for.
bool WholeSetIsDue(const keycache::ZoneKeyRecord& record, const KeyLife& life) noexcept;

}  // namespace sealwire::control
