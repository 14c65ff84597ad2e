#include "control/key_revocation.h"

#include <algorithm>
#include <utility>

namespace sealwire::control {

using keycache::KeyHome;
using keycache::KeyRecord;
using keycache::Role;
using keycache::RollCause;
using keycache::RollMethod;
using keycache::Rollover;
using keycache::RollStep;
using keycache::ZoneKeyRecord;

namespace {

bool IsInUse(const KeyRecord& key) {
  return key.role == Role::kZsk ? key.signing : key.wants_ds;
}

// The published key of the same role that can take over, or null: the other one of a rollover, or
// the standby key.
const KeyRecord* SuccessorOf(const ZoneKeyRecord& record, const KeyRecord& key) {
  const KeyRecord* found = nullptr;
  for (const KeyRecord& other : record.keys) {
    if (other.role != key.role || other.key_tag == key.key_tag || !other.published) continue;
    if (other.algorithm != key.algorithm || other.signs_data != key.signs_data) continue;
    // One that was served for long is in more caches.
    const bool better = found == nullptr || (found->served_since == 0 && other.served_since != 0) ||
                        (IsInUse(other) && !IsInUse(*found));
    if (better) found = &other;
  }
  return found;
}

bool HasDsAtParent(const RollFacts& facts, std::uint16_t key_tag) {
  return std::any_of(facts.parent.ours.begin(), facts.parent.ours.end(), [&](const DsSeen& seen) {
    return seen.key_tag == key_tag && seen.servers == facts.parent.servers && seen.servers != 0;
  });
}

}  // namespace

std::string HarmOfRevoking(const ZoneKeyRecord& record, std::uint16_t key_tag,
                           const RollFacts& facts, std::int64_t now) {
  const KeyRecord* key = record.Find(key_tag);
  if (key == nullptr || !IsInUse(*key)) return {};
  const KeyRecord* next = SuccessorOf(record, *key);
  const std::uint32_t key_ttl = std::max(record.key_ttl, record.older_key_ttl);
  const bool known = next != nullptr && next->served_since != 0 &&
                     now > std::int64_t{next->served_since} + key_ttl;
  if (key->role == Role::kKsk) {
    if (!facts.secured && facts.parent.with_ds == 0) return {};
    if (known && HasDsAtParent(facts, next->key_tag)) return {};
    return "the zone is bogus until the parent has the DS record of another KSK in place of that "
           "of "
           "key " +
           std::to_string(key_tag);
  }
  if (known) return {};
  return "whoever has the DNSKEY RRset cached does not know the ZSK that takes over, and refuses "
         "what it signs for up to " +
         std::to_string(key_ttl) + " seconds";
}

Status RevokeKey(ZoneKeyRecord& record, std::uint16_t key_tag, KeyMaker& maker, std::int64_t now) {
  ZoneKeyRecord changed = record;
  const KeyRecord* key = changed.Find(key_tag);
  if (key == nullptr) return Error{"the zone has no key with the tag " + std::to_string(key_tag)};
  if (!key->published && !key->wants_ds) {
    return Error{"key " + std::to_string(key_tag) + " is withdrawn already"};
  }
  const Role role = key->role;
  const auto stamp = static_cast<std::uint32_t>(now);
  if (const Rollover* roll = changed.RolloverOf(role); roll != nullptr) {
    if (roll->method == RollMethod::kWholeSet || roll->step == RollStep::kWithdrawn ||
        (roll->old_tag != key_tag && roll->new_tag != key_tag)) {
      return Error{"a rollover of the " + std::string(ToText(role)) +
                   " is under way: cancel it, or let it end"};
    }
    std::erase(changed.rollovers, Rollover(*roll));
  }
  const KeyRecord* successor = SuccessorOf(changed, *key);
  std::uint16_t next_tag = successor == nullptr ? 0 : successor->key_tag;
  if (successor == nullptr) {
    keycache::KeyOrder order;
    order.role = role;
    order.home = key->IsZsk() ? KeyHome::kSealed : key->home;
    order.algorithm = key->algorithm;
    order.signs_data = key->signs_data;
    order.set = key->set;
    if (Status made = maker.AddKey(changed, order, stamp); !made.ok()) return made;
    next_tag = changed.keys.back().key_tag;
  }
  KeyRecord& next = *changed.Find(next_tag);
  if (!next.signing) next.signing_since = stamp;
  next.published = next.signing = true;
  next.wants_ds = role == Role::kKsk;
  KeyRecord& leaving = *changed.Find(key_tag);
  leaving.published = leaving.signing = leaving.wants_ds = false;

  Rollover roll;
  roll.method = role == Role::kZsk ? RollMethod::kPrePublish : RollMethod::kDoubleKsk;
  roll.cause = RollCause::kEmergency;
  roll.step = RollStep::kWithdrawn;
  roll.old_tag = key_tag;
  roll.new_tag = next_tag;
  roll.started = roll.step_at = stamp;
  changed.rollovers.push_back(roll);
  record = std::move(changed);
  return Status::Ok();
}

}  // namespace sealwire::control
