// Work that follows from the state of a zone: when it is due, and looks at the parent. Work on keys
// is in zone_keys_work.cc.

#include <openssl/rand.h>

#include <algorithm>

#include "control/lifecycle.h"
#include "control/log.h"
#include "control/zone_control.h"

namespace sealwire::control {
namespace {

constexpr const char* kSelf = "sealwired";
constexpr int kMaxChecks = 64;
constexpr int kMaxKeyWorks = 64;
constexpr std::int64_t kRolloverCheckInterval = 300;

// A random part of `span`, so that a million zones do not ask all at once.
std::int64_t RandomPart(std::int64_t span) {
  std::uint32_t random = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof random);
  return span == 0 ? 0 : static_cast<std::int64_t>(random % static_cast<std::uint64_t>(span));
}

// A new look tells more than when it was made: worth a write.
bool WorthWriting(const ZoneRecord& before, const ZoneRecord& after) {
  return before.status != after.status || before.parent.state != after.parent.state ||
         before.parent.ours != after.parent.ours || before.signing_until != after.signing_until ||
         before.ds_ttl_max != after.ds_ttl_max ||
         (before.ds_last_seen == 0) != (after.ds_last_seen == 0);
}

}  // namespace

std::int64_t ZoneControl::DueTime(const ZoneEntry& entry) const {
  const std::int64_t now = Now();
  std::int64_t due = 0;
  const auto consider = [&](std::int64_t at) { due = due == 0 ? at : std::min(due, at); };
  if (!entry.key_work_runs) {
    if (commands_.contains(entry.record->name)) {
      consider(now);
    } else if (NeedsKeyWork(entry, now)) {
      consider(std::max(now, entry.key_retry_at));
    } else if (IsSigned(*entry.record) && entry.key_place != KeyPlace::kQueued) {
      consider(std::max(entry.refresh_at, entry.key_retry_at));
      if (entry.roll_at != 0 && Leads()) consider(std::max(entry.roll_at, entry.key_retry_at));
    }
  }
  if (!entry.check_runs && IsWatched(*entry.record) && Leads()) {
    consider(std::max(now, entry.check_at));
  }
  return due;
}

void ZoneControl::Schedule(const std::string& name) {
  ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return;
  queue_.erase({entry->due, name});
  entry->due = DueTime(*entry);
  if (entry->due != 0) queue_.emplace(entry->due, name);
  if (entry->record->status == ZoneStatus::kDeploying || entry->awaits_workers) {
    deploying_.insert(name);
  }
}

void ZoneControl::Tick() {
  const std::int64_t now = Now();
  while (!queue_.empty() && queue_.begin()->first <= now) {
    if (key_works_running_ >= kMaxKeyWorks || checks_running_ >= kMaxChecks) break;
    const std::string name = queue_.begin()->second;
    queue_.erase(queue_.begin());
    Advance(name);
  }
}

void ZoneControl::Advance(const std::string& name) {
  ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return;
  entry->due = 0;
  const std::int64_t now = Now();
  if (!entry->key_work_runs &&
      (commands_.contains(name) || (NeedsKeyWork(*entry, now) && now >= entry->key_retry_at))) {
    StartKeyWork(name, *entry);
    entry = parts_.registry.Find(name);
  }
  if (!entry->check_runs && IsWatched(*entry->record) && now >= entry->check_at && Leads()) {
    StartCheck(name, *entry);
  }
  Schedule(name);
}

bool ZoneControl::Settle() {
  key_load_.Tick();
  if (!Leads()) return false;
  for (auto at = deploying_.begin(); at != deploying_.end();) {
    const std::string name = *at;
    ZoneEntry* entry = parts_.registry.Find(name);
    const bool deploys = entry != nullptr && entry->record->status == ZoneStatus::kDeploying;
    if (entry == nullptr || (!deploys && !entry->awaits_workers)) {
      at = deploying_.erase(at);
      continue;
    }
    ++at;
    if (!ServedByAll(*entry)) continue;
    if (entry->awaits_workers) {
      entry->awaits_workers = false;
      entry->roll_at = Now();
      Schedule(name);
    }
    if (!deploys) continue;
    ZoneRecord record = *entry->record;
    Deployed(record, Now());
    if (!CommitZone(std::move(record), kSelf, "dnssec-deployed").ok()) continue;
    entry->check_at = 0;
    Schedule(name);
  }
  return !deploying_.empty();
}

std::vector<std::vector<std::uint8_t>> ZoneControl::KsksOf(const std::string& name) {
  std::vector<std::vector<std::uint8_t>> ksks;
  const auto encoded = parts_.registry.store().ReadKeys(name);
  if (!encoded.ok() || encoded->empty()) return ksks;
  const auto keys = keycache::ZoneKeyRecord::Decode(*encoded);
  if (!keys.ok()) return ksks;
  for (const keycache::KeyRecord& key : keys->keys) {
    if (key.role != keycache::Role::kKsk || (!key.published && !key.wants_ds)) continue;
    const keycache::DnskeyRdata rdata = key.Dnskey();
    ksks.emplace_back(rdata.begin(), rdata.end());
  }
  return ksks;
}

void ZoneControl::CheckParent(const std::string& name, Done done) {
  ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return done({Failure::kNotFound, "there is no zone '" + name + "'"});
  // Nothing of this zone can be at the parent: what is known is all there is to know.
  if (!IsWatched(*entry->record)) return done({});
  waiting_for_check_.emplace(name, std::move(done));
  if (!entry->check_runs) StartCheck(name, *entry);
}

void ZoneControl::StartCheck(const std::string& name, ZoneEntry& entry) {
  entry.check_runs = true;
  ++checks_running_;
  parts_.parent_work.Run([this, name, id = entry.record->id, apex = entry.record->apex(),
                          ksks = KsksOf(name), parent = parent_,
                          now = Now()]() -> Executor::Completion {
    ParentObservation seen;
    if (parent) {
      seen = parent->Look(apex, ksks, now);
    } else {
      seen.state = ParentState::kUnreachable;
      seen.checked_at = now;
      seen.detail = "no parent is configured: add a parent section to the configuration file";
    }
    return [this, name, id, seen] { FinishCheck(name, id, seen); };
  });
}

void ZoneControl::FinishCheck(const std::string& name, std::uint64_t id,
                              const ParentObservation& seen) {
  --checks_running_;
  ZoneEntry* entry = parts_.registry.Find(name);
  Outcome outcome;
  if (entry == nullptr || entry->record->id != id) {
    outcome = {Failure::kNotFound, "the zone '" + name + "' was removed"};
  } else {
    entry->check_runs = false;
    ZoneRecord record = *entry->record;
    Observed(record, seen, Now());
    if (!WorthWriting(*entry->record, record)) {
      parts_.registry.Replace(record);
    } else if (record.status == entry->record->status) {
      outcome = CommitZone(record, kSelf, "parent-seen", std::string(ToText(seen.state)));
    } else {
      outcome = CommitZone(record, kSelf, "dnssec-" + std::string(ToText(record.status)),
                           std::string(ToText(seen.state)));
      if (!IsSigned(*entry->record)) key_load_.Close(*entry);
      parts_.registry.Touch(name);
      parts_.registry.Publish();
    }
    std::int64_t interval = CheckInterval(*entry->record, Now());
    if (entry->awaits_parent) {
      interval = std::min(interval, kRolloverCheckInterval);
      entry->roll_at = Now();
    }
    entry->check_at = Now() + interval + RandomPart(interval / 8);
    Schedule(name);
  }
  const auto [first, last] = waiting_for_check_.equal_range(name);
  std::vector<Done> waiting;
  for (auto at = first; at != last; ++at) waiting.push_back(std::move(at->second));
  waiting_for_check_.erase(first, last);
  for (const Done& done : waiting) done(outcome);
}

}  // namespace sealwire::control
