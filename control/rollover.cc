#include "control/rollover.h"

#include <algorithm>
#include <utility>

#include "control/key_work.h"
#include "control/rollover_waits.h"
#include "control/whole_set_rollover.h"

namespace sealwire::control {

using keycache::KeyHome;
using keycache::KeyRecord;
using keycache::Role;
using keycache::RollCause;
using keycache::RollMethod;
using keycache::Rollover;
using keycache::RollStep;
using keycache::ZoneKeyRecord;
using Kind = RollDecision::Kind;

namespace {

std::string TagText(std::uint16_t key_tag) {
  return std::to_string(key_tag);
}

RollDecision DecideZsk(const ZoneKeyRecord& record, const Rollover& roll, const KeyLife& life,
                       std::int64_t now) {
  if (roll.step == RollStep::kIntroduced) {
    return AfterCaches(KeysForgotten(record, life, roll.served_at), now, RollStep::kSwitched,
                       "DNSKEY RRsets without key " + TagText(roll.new_tag) + " may be cached.",
                       "Every validator can know key " + TagText(roll.new_tag) + ".");
  }
  return AfterCaches(DataForgotten(record, life, roll.served_at), now, RollStep::kWithdrawn,
                     "Signatures of key " + TagText(roll.old_tag) + " may be cached.",
                     "No signature of key " + TagText(roll.old_tag) + " can be cached any more.");
}

RollDecision DecideKsk(const ZoneKeyRecord& record, const Rollover& roll, const KeyLife& life,
                       const RollFacts& facts, std::int64_t now) {
  const bool double_ds = roll.method == RollMethod::kDoubleDs;
  switch (roll.step) {
    case RollStep::kIntroduced:
      return AfterCaches(
          KeysForgotten(record, life, roll.served_at), now, RollStep::kSubmitted,
          "DNSKEY RRsets without key " + TagText(roll.new_tag) + " may be cached.",
          "Every validator can follow a DS record of key " + TagText(roll.new_tag) + ".");
    case RollStep::kSubmitted: {
      RollDecision decision = AfterParent(roll, life, facts, now,
                                          double_ds ? RollStep::kSwitched : RollStep::kWithdrawn);
      const std::int64_t forgotten = KeysForgotten(record, life, roll.served_at);
      if (!double_ds || decision.kind != Kind::kStep || now >= forgotten) return decision;
      return Wait("wait-caches",
                  "CDS records that key " + TagText(roll.new_tag) + " did not sign may be cached.",
                  forgotten);
    }
    case RollStep::kSwitched:
      return AfterCaches(
          KeysForgotten(record, life, roll.served_at), now, RollStep::kReplaced,
          "DNSKEY RRsets with key " + TagText(roll.old_tag) + " may be cached.",
          "No validator needs the DS record of key " + TagText(roll.old_tag) + " any more.");
    default:
      return AfterParent(roll, life, facts, now, RollStep::kWithdrawn);
  }
}

}  // namespace

RollDecision Decide(const ZoneKeyRecord& record, const Rollover& roll, const KeyLife& life,
                    const RollFacts& facts, std::int64_t now) {
  if (!facts.may_move) {
    return Wait("none", "It rests while DNSSEC is being turned on or off.");
  }
  if (!facts.held.empty()) return Wait("held", facts.held);
  if (roll.served_at == 0) {
    return Wait("wait-workers", "The last step is being brought to every worker.");
  }
  if (roll.step == RollStep::kWithdrawn) {
    RollDecision finish;
    finish.kind = Kind::kFinish;
    finish.code = "none";
    finish.reason = "Key " + TagText(LeavingTag(roll)) + " is destroyed.";
    return finish;
  }
  if (roll.method == RollMethod::kWholeSet) return DecideWholeSet(record, roll, life, facts, now);
  return roll.method == RollMethod::kPrePublish ? DecideZsk(record, roll, life, now)
                                                : DecideKsk(record, roll, life, facts, now);
}

namespace {

// The TTLs in force are the only ones that are served now.
bool TakeOverTtls(ZoneKeyRecord& record, std::int64_t now) {
  const auto take = [now](std::uint32_t& ttl, std::uint32_t& until) {
    if (ttl == 0) return false;
    until = std::max(until, Stamp(now) + ttl);
    ttl = 0;
    return true;
  };
  const bool keys = take(record.older_key_ttl, record.older_keys_until);
  return take(record.older_zone_ttl, record.older_data_until) || keys;
}

}  // namespace

bool Observe(ZoneKeyRecord& record, const RollFacts& facts, std::int64_t now) {
  bool changed = facts.served && TakeOverTtls(record, now);
  if (facts.served) {
    for (KeyRecord& key : record.keys) {
      if (!key.published || key.served_since != 0) continue;
      key.served_since = Stamp(now);
      changed = true;
    }
  }
  for (Rollover& roll : record.rollovers) {
    if (facts.served && roll.served_at == 0) {
      roll.served_at = Stamp(now);
      changed = true;
    }
    if (!WaitsForParent(roll)) continue;
    const Verdict verdict = ParentVerdict(roll, facts);
    if (verdict == Verdict::kDone && roll.parent_at == 0) {
      roll.parent_at = Stamp(facts.parent.checked_at);
      changed = true;
    } else if (verdict == Verdict::kNotYet && roll.parent_at != 0) {
      roll.parent_at = 0;
      changed = true;
    }
  }
  return changed;
}

std::uint16_t LeavingTag(const Rollover& roll) noexcept {
  return roll.cancelled ? roll.new_tag : roll.old_tag;
}

void TakeStep(ZoneKeyRecord& record, Role role, RollStep step, std::int64_t now) {
  Rollover* roll = record.RolloverOf(role);
  KeyRecord* from = roll == nullptr ? nullptr : record.Find(roll->old_tag);
  KeyRecord* to = roll == nullptr ? nullptr : record.Find(roll->new_tag);
  if (from == nullptr || to == nullptr) return;
  roll->step = step;
  roll->step_at = Stamp(now);
  roll->served_at = roll->parent_at = 0;
  if (roll->method == RollMethod::kWholeSet) return TakeWholeSetStep(record, *roll, step, now);
  switch (step) {
    case RollStep::kIntroduced:
    case RollStep::kPresigned:
    case RollStep::kUnpublished:
      break;
    case RollStep::kSubmitted:  // of double-KSK: double-DS begins with it
      from->wants_ds = false;
      to->wants_ds = true;
      to->signing_since = Stamp(now);
      break;
    case RollStep::kSwitched:
      to->published = to->signing = true;
      to->signing_since = Stamp(now);
      // A KSK goes on signing CDS and CDNSKEY for those who have the DNSKEY RRset with it alone.
      from->signing = roll->method == RollMethod::kDoubleDs;
      from->published = roll->method == RollMethod::kPrePublish;
      break;
    case RollStep::kReplaced:
      from->wants_ds = from->signing = false;
      break;
    case RollStep::kWithdrawn: {
      KeyRecord& leaving = roll->cancelled ? *to : *from;
      leaving.published = leaving.signing = leaving.wants_ds = false;
      break;
    }
  }
}

const KeyRecord* StandbyOf(const ZoneKeyRecord& record, Role role) noexcept {
  if (record.WholeSetRollover() != nullptr) return nullptr;
  for (const KeyRecord& key : record.keys) {
    const bool in_use = role == Role::kZsk ? key.signing : key.wants_ds;
    if (key.role != role || !key.published || in_use) continue;
    const Rollover* roll = record.RolloverOf(role);
    if (roll != nullptr && (roll->old_tag == key.key_tag || roll->new_tag == key.key_tag)) continue;
    return &key;
  }
  return nullptr;
}

namespace {

// The key that a rollover replaces.
const KeyRecord* KeyInUse(const ZoneKeyRecord& record, Role role) noexcept {
  for (const KeyRecord& key : record.keys) {
    if (key.role == role && key.signing && (role == Role::kZsk || key.wants_ds)) return &key;
  }
  return nullptr;
}

Status AddPublished(ZoneKeyRecord& record, Role role, const KeyLife& life, KeyMaker& maker,
                    std::int64_t now) {
  const KeyRecord* in_use = KeyInUse(record, role);
  if (in_use == nullptr) return Error{"the zone has no " + std::string(ToText(role)) + " in use"};
  const KeyHome home = role == Role::kZsk ? KeyHome::kSealed : life.ksk;
  const keycache::KeyOrder order{role, home, in_use->algorithm, false, in_use->set};
  if (Status made = maker.AddKey(record, order, Stamp(now)); !made.ok()) return made;
  KeyRecord& key = record.keys.back();
  key.published = true;
  // A KSK signs from the start: whoever comes by its DS must find its signature in every cache.
  key.signing = role == Role::kKsk;
  return Status::Ok();
}

}  // namespace

Status AddStandby(ZoneKeyRecord& record, Role role, const KeyLife& life, KeyMaker& maker,
                  std::int64_t now) {
  return AddPublished(record, role, life, maker, now);
}

Status BeginRollover(ZoneKeyRecord& record, Role role, const KeyLife& life, RollCause cause,
                     KeyMaker& maker, std::int64_t now) {
  if (record.WholeSetRollover() != nullptr) {
    return Error{"all keys of the zone are being replaced"};
  }
  if (Rollover* running = record.RolloverOf(role); running != nullptr) {
    if (cause != RollCause::kEmergency || running->cancelled) {
      return Error{"a rollover of the " + std::string(ToText(role)) + " is under way already"};
    }
    running->cause = cause;  // it goes as fast as caches allow as it is
    return Status::Ok();
  }
  const KeyRecord* in_use = KeyInUse(record, role);
  if (in_use == nullptr) {
    return Error{"the zone has no " + std::string(ToText(role)) + " in use"};
  }
  if (in_use->signs_data) return Error{"one key signs all of this zone: roll all keys"};
  Rollover roll;
  roll.cause = cause;
  roll.old_tag = in_use->key_tag;
  roll.started = roll.step_at = Stamp(now);
  roll.method = role == Role::kZsk ? RollMethod::kPrePublish : life.ksk_roll;
  if (const KeyRecord* standby = StandbyOf(record, role); standby != nullptr) {
    // It was published long ago: what an introduction waits for may be over already.
    if (role == Role::kKsk) roll.method = RollMethod::kDoubleKsk;
    roll.new_tag = standby->key_tag;
    roll.served_at = standby->served_since;
  } else {
    if (Status made = AddPublished(record, role, life, maker, now); !made.ok()) return made;
    KeyRecord& key = record.keys.back();
    roll.new_tag = key.key_tag;
    if (roll.method == RollMethod::kDoubleDs) {
      key.published = false;  // and signs CDS and CDNSKEY alone, which outlive the switch in caches
      key.wants_ds = true;
      roll.step = RollStep::kSubmitted;
    }
  }
  record.rollovers.push_back(roll);
  return Status::Ok();
}

Status CancelRollover(ZoneKeyRecord& record, Role role, const RollFacts& facts, std::int64_t now) {
  Rollover* roll = record.RolloverOf(role);
  if (roll == nullptr) {
    return Error{"there is no rollover of the " + std::string(ToText(role))};
  }
  if (roll->method == RollMethod::kWholeSet) return Error{"all keys are being replaced, not one"};
  const bool double_ds = roll->method == RollMethod::kDoubleDs;
  if (roll->step != (double_ds ? RollStep::kSubmitted : RollStep::kIntroduced)) {
    return Error{"the new key is in use already: let the rollover end, then roll again"};
  }
  if (double_ds && facts.parent.with_ds > 0 &&
      Shown(facts.parent, roll->old_tag) < facts.parent.with_ds) {
    return Error{"the parent has dropped the old DS record already"};
  }
  roll->cancelled = true;
  TakeStep(record, role, RollStep::kWithdrawn, now);
  return Status::Ok();
}

std::int64_t RolloverDue(const ZoneKeyRecord& record, Role role, const KeyLife& life) noexcept {
  const std::int64_t lifetime = role == Role::kZsk ? life.zsk_lifetime : life.ksk_lifetime;
  const KeyRecord* key = KeyInUse(record, role);
  if (lifetime == 0 || key == nullptr || record.RolloverOf(role) != nullptr ||
      record.WholeSetRollover() != nullptr) {
    return 0;
  }
  const std::int64_t since = key->signing_since != 0 ? key->signing_since : key->created;
  return since + lifetime - lifetime / 10 * (key->key_tag % 1024) / 1024;
}

bool UseTtls(ZoneKeyRecord& record, const KeyLife& life) {
  const bool served = std::any_of(record.keys.begin(), record.keys.end(),
                                  [](const KeyRecord& key) { return key.served_since != 0; });
  if (const std::uint32_t ttl = DataTtl(life); ttl != record.zone_ttl) {
    if (served) record.older_zone_ttl = std::max(record.older_zone_ttl, record.zone_ttl);
    record.zone_ttl = ttl;
  }
  if (life.dnskey_ttl == record.key_ttl) return false;
  if (served) record.older_key_ttl = std::max(record.older_key_ttl, record.key_ttl);
  record.key_ttl = life.dnskey_ttl;
  return true;
}

bool HasOtherTtls(const ZoneKeyRecord& record, const KeyLife& life) noexcept {
  return DataTtl(life) != record.zone_ttl || life.dnskey_ttl != record.key_ttl;
}

std::string_view ToText(RollMethod method) noexcept {
  switch (method) {
    case RollMethod::kPrePublish:
      return "pre-publish";
    case RollMethod::kDoubleKsk:
      return "double-ksk";
    case RollMethod::kDoubleDs:
      return "double-ds";
    case RollMethod::kWholeSet:
      break;
  }
  return "whole-set";
}

std::string_view ToText(RollStep step) noexcept {
  switch (step) {
    case RollStep::kIntroduced:
      return "introduced";
    case RollStep::kSubmitted:
      return "submitted";
    case RollStep::kSwitched:
      return "switched";
    case RollStep::kReplaced:
      return "replaced";
    case RollStep::kWithdrawn:
      return "withdrawn";
    case RollStep::kPresigned:
      return "presigned";
    case RollStep::kUnpublished:
      break;
  }
  return "unpublished";
}

std::string_view ToText(RollCause cause) noexcept {
  switch (cause) {
    case RollCause::kAsked:
      return "asked";
    case RollCause::kScheduled:
      return "scheduled";
    case RollCause::kEmergency:
      break;
  }
  return "emergency";
}

std::string_view ToText(Role role) noexcept {
  return role == Role::kZsk ? "zsk" : "ksk";
}

std::string_view WhatRolls(const Rollover& roll) noexcept {
  return roll.method == RollMethod::kWholeSet ? "all" : ToText(roll.role());
}

}  // namespace sealwire::control
