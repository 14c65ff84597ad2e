// A key that must not sign any more, from now on: it leaves the DNSKEY RRset and the memory of
// every worker with the next zone table, and another takes its place in the same step.
//
// This is faster than caches follow. What of that can hurt is said first, and done only with the
// override. The rest is a rollover that has come to its last step: the key is destroyed when every
// worker was seen to answer without it.
// Threading: pure functions but for the maker, who may block for the HSM.
// RFC: 6781 section 4.2 (compromised keys).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/key_work.h"
#include "control/rollover.h"
#include "keycache/zone_key_record.h"

namespace sealwire::control {

inline constexpr std::string_view kOverrideRevoke = "revoke-now";

// What validators make of the zone when the key goes at once; empty: nothing bad.
std::string HarmOfRevoking(const keycache::ZoneKeyRecord& record, std::uint16_t key_tag,
                           const RollFacts& facts, std::int64_t now);

// On an error the record is unchanged.
Status RevokeKey(keycache::ZoneKeyRecord& record, std::uint16_t key_tag, KeyMaker& maker,
                 std::int64_t now);

}  // namespace sealwire::control
