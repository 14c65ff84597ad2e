// What other nodes of the fleet changed, brought to this one's answers.

#include <algorithm>

#include "control/fleet.h"
#include "control/lifecycle.h"
#include "control/log.h"
#include "control/transfer_work.h"
#include "control/zone_control.h"

namespace sealwire::control {

bool ZoneControl::Leads() const {
  return fleet_ == nullptr || fleet_->leads();
}

std::uint64_t ZoneControl::KeysRevisionOf(const ZoneEntry& entry) const {
  if (entry.keys_revision != 0) return entry.keys_revision;
  return parts_.registry.store().KeysRevision(entry.record->name);
}

std::uint64_t ZoneControl::RevisionOf(const ZoneEntry& entry) const {
  return std::max(entry.record->revision, KeysRevisionOf(entry));
}

// Keys that are closed for room come back as they are stored.
bool ZoneControl::HasKeys(const ZoneEntry& entry) {
  return entry.keys || entry.key_place == KeyPlace::kStored;
}

// Every worker of this node answers from what the store has.
bool ZoneControl::ServedHere(const ZoneEntry& entry) const {
  return entry.published != 0 && entry.published <= parts_.registry.served() && !entry.stale &&
         (!IsSigned(*entry.record) || HasKeys(entry));
}

bool ZoneControl::ServedByAll(const ZoneEntry& entry) const {
  if (!HasKeys(entry) || !ServedHere(entry)) return false;
  return fleet_ == nullptr || fleet_->AllServe(entry.record->name, RevisionOf(entry));
}

Deployment ZoneControl::DeploymentOf(const ZoneEntry& entry) const {
  if (fleet_ != nullptr) {
    // Later changes of the record (what the parent shows) are none of its keys.
    const bool deploys = entry.record->status == ZoneStatus::kDeploying;
    return fleet_->DeploymentOf(entry.record->name,
                                deploys ? RevisionOf(entry) : KeysRevisionOf(entry));
  }
  return {HasKeys(entry) && ServedHere(entry) ? std::size_t{1} : 0, 1, {}};
}

void ZoneControl::UseFleet(Fleet* fleet) {
  fleet_ = fleet;
  parts_.registry.OnCommit([this](const Change& change) {
    for (const ZoneRecord& zone : change.put) fleet_->Changed(zone.name, zone.revision);
    for (const Change::Keys& keys : change.keys) fleet_->Changed(keys.name, keys.revision);
  });
}

void ZoneControl::TickFleet(const std::function<nlohmann::json()>& shown) {
  fleet_->Tick(
      [this](const std::string& name) {
        const ZoneEntry* entry = parts_.registry.Find(name);
        return entry == nullptr || ServedHere(*entry);
      },
      shown);
  const bool leads = Leads();
  if (std::exchange(led_, leads) == leads) return;
  Log(LogLevel::kInfo, leads ? "leading" : "following", {{"node", fleet_->name()}});
  // Work that a follower leaves alone is due now, and the other way round.
  parts_.registry.ForEach([this](const std::string& name, ZoneEntry&) { Schedule(name); });
}

// Where the zone's data come from changed, or the zone is new here.
void ZoneControl::FollowContent(const std::string& name, ZoneEntry& entry) {
  const BackendSpec& backend = entry.record->backend;
  if (backend.kind == BackendKind::kForward) {
    entry.content = {};
    entry.content.forward = parts_.registry.ForwardTo(backend);
  } else if (backend.kind == BackendKind::kFile) {
    // The old content is answered until the file was read; FinishReload() takes it in.
    entry.content.stamp = {};
    entry.content.forward.reset();
    reload_again_ = true;
  }
  if (transfers_ != nullptr) transfers_->Adopt(name);
}

void ZoneControl::FollowRemoval(const std::string& name) {
  ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return;
  queue_.erase({entry->due, name});
  key_load_.Close(*entry);
  parts_.registry.Drop(name);
  if (transfers_ != nullptr) transfers_->Forget(name);
  Log(LogLevel::kInfo, "zone-removed", {{"zone", name}, {"who", "fleet"}});
  Emit("zone-removed", name);
}

void ZoneControl::FollowZone(const ZoneRecord& record, bool keys_changed) {
  const std::string& name = record.name;
  const ZoneEntry* known = parts_.registry.Find(name);
  const bool data_changed = known == nullptr || known->record->id != record.id ||
                            !(known->record->backend == record.backend);
  const bool status_changed = known == nullptr || known->record->status != record.status;
  parts_.registry.Replace(record);
  ZoneEntry& entry = *parts_.registry.Find(name);
  if (data_changed) FollowContent(name, entry);
  if (keys_changed) {
    ++entry.key_changes;  // what is being opened is of the keys before
    entry.stale = record.has_keys && entry.keys;
    entry.keys_revision = 0;
    entry.key_retry_at = 0;
  }
  if (!IsSigned(record)) {
    key_load_.Close(entry);
    entry.stale = false;
  }
  if (status_changed) entry.check_at = 0;
  fleet_->Changed(name, RevisionOf(entry));
  parts_.registry.Touch(name);
  Schedule(name);
  Emit(status_changed ? "dnssec-" + std::string(ToText(record.status)) : "zone-changed", name);
}

void ZoneControl::Follow(const FleetNews& news) {
  fleet_->Take(news);
  ReconsiderHeldElsewhere();
  for (const std::string& name : news.zones) {
    const auto record = parts_.registry.store().ReadZone(name);
    if (!record.ok()) {
      Log(LogLevel::kError, "store-failed", {{"zone", name}, {"error", record.error()}});
    } else if (record->has_value()) {
      FollowZone(**record, news.keys.contains(name));
    } else {
      FollowRemoval(name);
    }
  }
  if (std::exchange(reload_again_, false)) ReloadFiles(false);
  parts_.registry.Publish();
  if (!news.zones.empty()) Tick();
}

}  // namespace sealwire::control
