// The DNSSEC toggle of a zone as a state machine: pure functions on a ZoneRecord and a clock.
//
//   disabled ──on──→ deploying ──served by all──→ pending ──DS at every server──→ active
//      ↑                                             │  ←──────DS lost────────────── │
//      └── DS gone, TTL run out ── pending-disabled ←┴─────────────off───────────────┘
//
// On while pending-disabled resumes with the same keys. While a parent may hold a DS nothing but
// ForceOff() ends the signing. Threading: pure functions. Times are seconds since 1970.
// RFC: 6781 section 4.3, 7344, 8078.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "control/zone_record.h"
#include "keycache/zone_key_record.h"

namespace sealwire::control {

// The override that ForceOff() asks for by name.
inline constexpr std::string_view kOverrideStopSigning = "stop-signing-now";

// The one that lets keys change although the canary sees a bogus answer (control/canary.h).
inline constexpr std::string_view kOverrideIgnoreCanary = "ignore-canary";

void TurnOn(ZoneRecord& zone, std::int64_t now);
void TurnOff(ZoneRecord& zone, std::int64_t now);
void ForceOff(ZoneRecord& zone, std::int64_t now);

// The keys could not be made; they will be tried again.
void KeysFailed(ZoneRecord& zone, std::string problem, std::int64_t now);
// The keys are made and stored.
void KeysMade(ZoneRecord& zone, std::int64_t now);
// Every worker answers with the keys: now the DS may be published.
void Deployed(ZoneRecord& zone, std::int64_t now);
// What the parent shows. Ends the signing when nothing can hold a DS any more.
void Observed(ZoneRecord& zone, const ParentObservation& seen, std::int64_t now);

// The zone is to be answered with signatures.
bool IsSigned(const ZoneRecord& zone) noexcept;
// The parent is to be asked about it from time to time.
bool IsWatched(const ZoneRecord& zone) noexcept;
// DS material may be shown: every worker serves the keys.
bool ShowsDs(const ZoneRecord& zone) noexcept;
// May be removed, or its keys forgotten, without an override.
bool IsIdle(const ZoneRecord& zone) noexcept;
keycache::CdsPublication WantedCds(const ZoneRecord& zone) noexcept;

// Seconds until the parent is to be asked again.
std::int64_t CheckInterval(const ZoneRecord& zone, std::int64_t now) noexcept;

// What whoever owns the zone has to do now.
struct NextStep {
  std::string_view
      code;  // "none", "wait", "publish-ds", "fix-ds", "check-parent", "remove-ds", "check-hsm"
  std::string text;
  std::int64_t not_before = 0;  // 0: no time is known
};
NextStep NextStepOf(const ZoneRecord& zone);

}  // namespace sealwire::control
