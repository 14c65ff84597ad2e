#include "control/rollover_waits.h"

#include <algorithm>
#include <utility>

namespace sealwire::control {

using keycache::RollMethod;
using keycache::Rollover;
using keycache::RollStep;
using keycache::ZoneKeyRecord;

namespace {

// The clock counts whole seconds: one more makes sure that a TTL is over.
constexpr std::int64_t kWholeSecond = 1;

// When no validator can have a DS RRset that the parent served before `from`.
std::int64_t DsForgotten(const KeyLife& life, const RollFacts& facts, std::int64_t from) {
  return from + std::max(facts.ds_ttl, facts.parent.hold) + life.parent_propagation_delay +
         kWholeSecond;
}

std::string WhatParentHasToDo(const Rollover& roll) {
  if (roll.step == RollStep::kReplaced) {
    return "The parent has to drop the DS record of key " + std::to_string(roll.old_tag) + ".";
  }
  if (roll.method == RollMethod::kDoubleDs) {
    return "The parent has to add the DS record of key " + std::to_string(roll.new_tag) +
           " beside that of key " + std::to_string(roll.old_tag) + ".";
  }
  return "The parent has to replace the DS record of key " + std::to_string(roll.old_tag) +
         " by that of key " + std::to_string(roll.new_tag) + ".";
}

}  // namespace

std::uint32_t DataTtl(const KeyLife& life) noexcept {
  return life.max_zone_ttl != 0 ? std::min(life.max_zone_ttl, life.signature_validity)
                                : life.signature_validity;
}

std::int64_t KeysForgotten(const ZoneKeyRecord& record, const KeyLife& life, std::int64_t from) {
  return std::max<std::int64_t>(from + std::max(record.key_ttl, record.older_key_ttl),
                                record.older_keys_until) +
         life.propagation_delay + kWholeSecond;
}

std::int64_t DataForgotten(const ZoneKeyRecord& record, const KeyLife& life, std::int64_t from) {
  const std::uint32_t ttl = std::max({record.zone_ttl, record.older_zone_ttl, DataTtl(life)});
  return std::max<std::int64_t>(from + ttl, record.older_data_until) + life.propagation_delay +
         kWholeSecond;
}

std::uint32_t Shown(const ParentObservation& parent, std::uint16_t key_tag) {
  for (const DsSeen& seen : parent.ours) {
    if (seen.key_tag == key_tag) return seen.servers;
  }
  return 0;
}

bool WaitsForParent(const Rollover& roll) noexcept {
  if (roll.cancelled) return false;
  if (roll.step == RollStep::kSubmitted) return true;
  return roll.method == RollMethod::kDoubleDs && roll.step == RollStep::kReplaced;
}

Verdict ParentVerdict(const Rollover& roll, const RollFacts& facts) {
  const ParentObservation& parent = facts.parent;
  // A look from before the parent could see what it has to do proves nothing.
  if (roll.served_at == 0 || parent.checked_at <= roll.served_at) return Verdict::kUnknown;
  if (parent.servers == 0 || parent.answered == 0) return Verdict::kUnknown;
  const bool all = parent.answered == parent.servers;
  const bool none_has_old = Shown(parent, roll.old_tag) == 0;
  const bool all_have_new = Shown(parent, roll.new_tag) == parent.servers;
  // Without any DS the zone is insecure: there is no chain that a key could be missing from.
  const bool done = parent.with_ds == 0 ||
                    (roll.step == RollStep::kReplaced       ? none_has_old
                     : roll.method == RollMethod::kDoubleDs ? all_have_new
                                                            : none_has_old && all_have_new);
  if (all && done) return Verdict::kDone;
  if (done || parent.with_ds == 0) return Verdict::kUnknown;
  // Those who did not answer may be behind; those who did must not contradict.
  const bool needs_new = roll.step == RollStep::kSubmitted;
  const bool needs_old_gone = roll.method != RollMethod::kDoubleDs || !needs_new;
  const bool contradicted = (needs_new && Shown(parent, roll.new_tag) < parent.answered) ||
                            (needs_old_gone && !none_has_old);
  return contradicted ? Verdict::kNotYet : Verdict::kUnknown;
}

RollDecision Wait(std::string_view code, std::string reason, std::int64_t not_before) {
  RollDecision decision;
  decision.code = code;
  decision.reason = std::move(reason);
  decision.not_before = not_before;
  return decision;
}

RollDecision Step(RollStep next, std::string reason) {
  RollDecision decision;
  decision.kind = RollDecision::Kind::kStep;
  decision.next = next;
  decision.code = "none";
  decision.reason = std::move(reason);
  return decision;
}

RollDecision AfterCaches(std::int64_t not_before, std::int64_t now, RollStep next,
                         std::string waiting, std::string done) {
  if (now < not_before) return Wait("wait-caches", std::move(waiting), not_before);
  return Step(next, std::move(done));
}

RollDecision AfterParent(const Rollover& roll, const KeyLife& life, const RollFacts& facts,
                         std::int64_t now, RollStep next) {
  const Verdict verdict = ParentVerdict(roll, facts);
  if (roll.parent_at == 0 || verdict == Verdict::kNotYet) {
    return Wait("wait-parent", WhatParentHasToDo(roll));
  }
  if (next == RollStep::kWithdrawn && roll.method == RollMethod::kDoubleDs) {
    return Step(next, "The parent has dropped the old DS record.");
  }
  const std::int64_t not_before = DsForgotten(life, facts, roll.parent_at);
  if (now < not_before) {
    return Wait("wait-caches",
                "The parent shows what it should; DS records that it served before may be cached.",
                not_before);
  }
  if (facts.parent.checked_at < not_before || verdict != Verdict::kDone) {
    return Wait("wait-parent", "Every server of the parent is asked once more.", not_before);
  }
  return Step(next, "No validator can have the parent's older DS records any more.");
}

}  // namespace sealwire::control
