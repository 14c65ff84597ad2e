#include "control/whole_set_rollover.h"

#include <algorithm>
#include <string>
#include <utility>

#include "control/key_work.h"
#include "control/rollover_waits.h"

namespace sealwire::control {

using keycache::KeyRecord;
using keycache::Role;
using keycache::RollCause;
using keycache::RollMethod;
using keycache::Rollover;
using keycache::RollStep;
using keycache::ZoneKeyRecord;

namespace {

std::string Set(const ZoneKeyRecord& record, std::uint16_t ksk_tag) {
  const KeyRecord* key = record.Find(ksk_tag);
  return key == nullptr ? ""
                        : std::string(signer::AlgorithmName(key->algorithm)) + " with key " +
                              std::to_string(ksk_tag);
}

std::uint8_t FreeSet(const ZoneKeyRecord& record) noexcept {
  std::uint8_t set = 0;
  const auto taken = [&record](std::uint8_t number) {
    return std::any_of(record.keys.begin(), record.keys.end(),
                       [number](const KeyRecord& key) { return key.set == number; });
  };
  while (taken(set)) ++set;  // there are far fewer keys than numbers
  return set;
}

}  // namespace

RollDecision DecideWholeSet(const ZoneKeyRecord& record, const Rollover& roll, const KeyLife& life,
                            const RollFacts& facts, std::int64_t now) {
  const std::int64_t keys_forgotten = KeysForgotten(record, life, roll.served_at);
  switch (roll.step) {
    case RollStep::kPresigned:
      // CDS and CDNSKEY live as long as DNSKEY does.
      return AfterCaches(
          std::max(DataForgotten(record, life, roll.served_at), keys_forgotten), now,
          RollStep::kIntroduced,
          "Answers that " + Set(record, roll.new_tag) + " did not sign may be cached.",
          "Every answer that may be cached is signed with the new keys too.");
    case RollStep::kIntroduced:
      return AfterCaches(
          keys_forgotten, now, RollStep::kSubmitted,
          "DNSKEY RRsets without key " + std::to_string(roll.new_tag) + " may be cached.",
          "Every validator can follow a DS record of key " + std::to_string(roll.new_tag) + ".");
    case RollStep::kSubmitted:
      return AfterParent(roll, life, facts, now, RollStep::kUnpublished);
    default:
      return AfterCaches(keys_forgotten, now, RollStep::kWithdrawn,
                         "DNSKEY RRsets may be cached that name " +
                             Set(record, roll.cancelled ? roll.new_tag : roll.old_tag) +
                             ": answers are still signed with it.",
                         "No validator knows the keys that go any more.");
  }
}

void TakeWholeSetStep(ZoneKeyRecord& record, const Rollover& roll, RollStep step,
                      std::int64_t now) {
  const std::uint8_t arriving = record.Find(roll.cancelled ? roll.old_tag : roll.new_tag)->set;
  const std::uint8_t leaving = record.Find(roll.cancelled ? roll.new_tag : roll.old_tag)->set;
  for (KeyRecord& key : record.keys) {
    const bool comes = key.set == arriving;
    if (!comes && key.set != leaving) continue;
    switch (step) {
      case RollStep::kIntroduced:
        if (comes) key.published = true;
        break;
      case RollStep::kSubmitted:
        if (key.role != Role::kKsk) break;
        key.wants_ds = comes && key.signing;
        if (comes) key.signing_since = Stamp(now);
        break;
      case RollStep::kUnpublished:
        if (!comes) key.published = false;
        break;
      case RollStep::kWithdrawn:
        if (!comes) key.published = key.signing = key.wants_ds = false;
        break;
      default:
        break;
    }
  }
}

Status BeginWholeSet(ZoneKeyRecord& record, const KeyLife& life, RollCause cause, KeyMaker& maker,
                     std::int64_t now) {
  if (!record.rollovers.empty()) {
    return Error{"a rollover is under way already: let it end, or cancel it"};
  }
  const KeyRecord* in_use = record.SigningKeyOf(Role::kKsk);
  if (in_use == nullptr) return Error{"the zone has no KSK in use"};
  // Its answers would lack the signatures of the new algorithm.
  if (!record.foreign.empty() && in_use->algorithm != life.algorithm) {
    return Error{
        "another provider signs this zone too, with another algorithm (RFC 8901 section "
        "4): clear its keys first"};
  }
  Rollover roll;
  roll.method = RollMethod::kWholeSet;
  roll.cause = cause;
  roll.step = RollStep::kPresigned;
  roll.old_tag = in_use->key_tag;
  roll.started = roll.step_at = Stamp(now);
  for (const KeyRecord& key : record.keys) {
    if (key.role == Role::kKsk && key.wants_ds) roll.old_tag = key.key_tag;
  }
  const auto orders = keycache::OrdersFor(
      {life.ksk, keycache::KeyHome::kSealed, life.algorithm, life.csk}, FreeSet(record));
  ZoneKeyRecord changed = record;
  for (const keycache::KeyOrder& order : orders) {
    if (const Status made = maker.AddKey(changed, order, Stamp(now)); !made.ok()) {
      for (std::size_t i = record.keys.size(); i < changed.keys.size(); ++i) {
        (void)maker.DestroyKey(changed.keys[i]);
      }
      return made;
    }
    KeyRecord& key = changed.keys.back();
    key.signing = true;
    key.signing_since = Stamp(now);
    if (key.role == Role::kKsk) roll.new_tag = key.key_tag;
  }
  changed.rollovers.push_back(roll);
  record = std::move(changed);
  return Status::Ok();
}

Status CancelWholeSet(ZoneKeyRecord& record, std::int64_t now) {
  if (record.WholeSetRollover() == nullptr) {
    return Error{"there is no rollover of all keys"};
  }
  Rollover& roll = *record.RolloverOf(Role::kKsk);
  if (roll.cancelled || (roll.step != RollStep::kPresigned && roll.step != RollStep::kIntroduced)) {
    return Error{
        "the parent was asked for the new DS already: let the rollover end, then roll "
        "again"};
  }
  roll.cancelled = true;
  // What is known to nobody goes at once; who knows the new keys may look for their signatures.
  TakeStep(record, Role::kKsk,
           roll.step == RollStep::kPresigned ? RollStep::kWithdrawn : RollStep::kUnpublished, now);
  return Status::Ok();
}

bool WholeSetIsDue(const ZoneKeyRecord& record, const KeyLife& life) noexcept {
  const KeyRecord* in_use = record.SigningKeyOf(Role::kKsk);
  return in_use != nullptr && record.rollovers.empty() &&
         (in_use->algorithm != life.algorithm || in_use->signs_data != life.csk);
}

}  // namespace sealwire::control
