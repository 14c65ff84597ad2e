// What the steps of a rollover wait for: caches, and the parent.
//
// Threading: pure functions. Times are seconds since 1970.
// RFC: 7583 section 3.2 and 3.3, 4035 section 5.3.3 (what may be cached, and for how long).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/rollover.h"

namespace sealwire::control {

inline std::uint32_t Stamp(std::int64_t time) noexcept {
  return static_cast<std::uint32_t>(time);
}

// How long a signature may be cached, in seconds.
std::uint32_t DataTtl(const KeyLife& life) noexcept;

// When no validator can have a DNSKEY RRset that was served before `from`.
std::int64_t KeysForgotten(const keycache::ZoneKeyRecord& record, const KeyLife& life,
                           std::int64_t from);
// When no validator can have a signature that was served before `from`.
std::int64_t DataForgotten(const keycache::ZoneKeyRecord& record, const KeyLife& life,
                           std::int64_t from);

// How many of the parent's servers show a DS of this key.
std::uint32_t Shown(const ParentObservation& parent, std::uint16_t key_tag);

// What a look says of that which the parent has to do.
enum class Verdict : std::uint8_t { kUnknown, kNotYet, kDone };
bool WaitsForParent(const keycache::Rollover& roll) noexcept;
Verdict ParentVerdict(const keycache::Rollover& roll, const RollFacts& facts);

RollDecision Wait(std::string_view code, std::string reason, std::int64_t not_before = 0);
RollDecision Step(keycache::RollStep next, std::string reason);
// `next` from `not_before` on.
RollDecision AfterCaches(std::int64_t not_before, std::int64_t now, keycache::RollStep next,
                         std::string waiting, std::string done);
// `next` when every server of the parent shows what it should, and no cache anything older. The old
// key is not touched while the old DS may be cached (.nz, 2023).
RollDecision AfterParent(const keycache::Rollover& roll, const KeyLife& life,
                         const RollFacts& facts, std::int64_t now, keycache::RollStep next);

}  // namespace sealwire::control
