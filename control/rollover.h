// Rollovers as a state machine: pure functions on a zone's key record, a policy, what is observed,
// and a clock.
//
//     ZSK, pre-publish   introduced ──caches──→ switched ──caches──→ withdrawn → gone
//     KSK, double-KSK    introduced ──caches──→ submitted ──parent, caches──→ withdrawn → gone
//     KSK, double-DS     submitted ──parent, caches──→ switched ──caches──→ replaced ──parent──→
//                        withdrawn → gone
//     all keys           control/whole_set_rollover.h
//
// A step is stored and published whole before the next one's waiting begins: the clock of a step
// starts when every worker was seen to answer so (`served_at`), and stands still while nobody
// looks. So a crash between any two steps only makes a wait longer. "Caches" is the TTL that was
// served, "parent" is every one of its servers, seen twice: first as the step needs it, and again
// after the longest TTL of a DS ever seen there has run out.
//
// Threading: pure functions. Times are seconds since 1970.
// RFC: 6781 sections 4.1.1.1 to 4.1.4, 7583 sections 3.2.1, 3.3.1 and 3.3.2, 7344, 8078.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/key_life.h"
#include "control/zone_record.h"
#include "keycache/zone_key_record.h"

namespace sealwire::control {

class KeyMaker;

// What is known of a zone beside its key record.
struct RollFacts {
  bool served = false;       // every worker answers from the record as it is stored
  bool may_move = false;     // the zone is signed, and is to stay so
  bool secured = false;      // every server of the parent shows a DS of ours
  ParentObservation parent;  // the last look
  std::uint32_t ds_ttl = 0;  // the longest TTL of a DS ever seen; 0: none was seen
  std::string held = {};     // why no step may be taken, a sentence; empty: nothing is in the way
};

// What a rollover does next.
struct RollDecision {
  enum class Kind : std::uint8_t { kWait, kStep, kFinish } kind = Kind::kWait;
  keycache::RollStep next = keycache::RollStep::kWithdrawn;  // of kStep
  std::string_view code;        // "wait-workers", "wait-caches", "wait-parent", "held", "none"
  std::string reason;           // a sentence
  std::int64_t not_before = 0;  // of the next step; 0: no time is known yet
};

RollDecision Decide(const keycache::ZoneKeyRecord& record, const keycache::Rollover& roll,
                    const KeyLife& life, const RollFacts& facts, std::int64_t now);

// Takes down what is seen: since when steps are served, and what the parent shows. To be called
// before anything else is done to a record: `facts` speak of it as it is stored. True when the
// record changed; nothing that is published does.
bool Observe(keycache::ZoneKeyRecord& record, const RollFacts& facts, std::int64_t now);

// Does what `decision` says (kStep); the key RRsets must be signed anew afterwards.
void TakeStep(keycache::ZoneKeyRecord& record, keycache::Role role, keycache::RollStep step,
              std::int64_t now);

// The key that goes when the rollover ends; of all keys, the KSK.
std::uint16_t LeavingTag(const keycache::Rollover& roll) noexcept;

// Begins a rollover, with the standby key when there is one. An error leaves the record unchanged.
Status BeginRollover(keycache::ZoneKeyRecord& record, keycache::Role role, const KeyLife& life,
                     keycache::RollCause cause, KeyMaker& maker, std::int64_t now);

// Takes a rollover back while no validator can depend on its new key. Errors say why it is too
// late.
Status CancelRollover(keycache::ZoneKeyRecord& record, keycache::Role role, const RollFacts& facts,
                      std::int64_t now);

// When the key in use is to be rolled by policy, spread by its tag over the last tenth of its
// lifetime; 0: never, or there is a rollover already.
std::int64_t RolloverDue(const keycache::ZoneKeyRecord& record, keycache::Role role,
                         const KeyLife& life) noexcept;

// The key that stands ready to take over, or null.
const keycache::KeyRecord* StandbyOf(const keycache::ZoneKeyRecord& record,
                                     keycache::Role role) noexcept;
// Makes one. An error leaves the record unchanged.
Status AddStandby(keycache::ZoneKeyRecord& record, keycache::Role role, const KeyLife& life,
                  KeyMaker& maker, std::int64_t now);

// Puts the policy's TTLs in force, and keeps in mind how long what was served with longer ones may
// be cached. True when the key RRsets must be signed anew.
bool UseTtls(keycache::ZoneKeyRecord& record, const KeyLife& life);
// UseTtls() would change them.
bool HasOtherTtls(const keycache::ZoneKeyRecord& record, const KeyLife& life) noexcept;

std::string_view ToText(keycache::RollMethod method) noexcept;  // "pre-publish", "double-ksk", …
std::string_view ToText(keycache::RollStep step) noexcept;      // "introduced", "submitted", …
std::string_view ToText(keycache::RollCause cause) noexcept;    // "asked", "scheduled", "emergency"
std::string_view ToText(keycache::Role role) noexcept;          // "zsk", "ksk"
std::string_view WhatRolls(const keycache::Rollover& roll) noexcept;  // these, or "all"

}  // namespace sealwire::control
