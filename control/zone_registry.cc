#include "control/zone_registry.h"

#include <algorithm>

#include "control/lifecycle.h"
#include "proxy/zone_transfers.h"
#include "signer/nsec3.h"

namespace sealwire::control {
namespace {

// RFC 8914 section 4.25: the zone is too old to be believed.
constexpr dns::ExtendedError kInvalidData{24};

// A validator may hold a DS of the zone: unsigned answers would be refused by it.
bool MayHaveDs(const ZoneRecord& zone) {
  const bool unseen =
      zone.parent.state == ParentState::kUnknown || zone.parent.state == ParentState::kUnreachable;
  if (zone.status == ZoneStatus::kPending && unseen) return true;
  return zone.status == ZoneStatus::kActive || zone.status == ZoneStatus::kPendingDisabled ||
         zone.ds_last_seen != 0;
}

std::string KeyOf(const BackendSpec& backend) {
  std::string key = std::string(ToText(backend.client_address)) + ' ' + backend.tsig;
  for (const net::Endpoint& server : backend.servers) key += ' ' + server.ToText();
  return key;
}

}  // namespace

ZoneRegistry::ZoneRegistry(StateStore& store, Workers& workers,
                           const std::map<std::string, PolicyConfig>& policies)
    : store_(store),
      workers_(workers),
      policies_(policies),
      table_(std::make_shared<const proxy::ZoneTable>()) {}

Status ZoneRegistry::Load() {
  return store_.ForEachZone([this](ZoneRecord&& zone) {
    Show(zone);
    return true;
  });
}

void ZoneRegistry::Show(const ZoneRecord& record) {
  const auto [at, added] = entries_.try_emplace(record.name);
  ZoneEntry& entry = at->second;
  if (added) entry.audience = TakePlace();
  if (!added) by_status_[entry.record->status].erase(at->first);
  if (!added && entry.record->id != record.id) by_id_.erase(entry.record->id);
  by_id_[record.id] = at->first;
  by_status_[record.status].insert(at->first);
  entry.record = std::make_shared<const ZoneRecord>(record);
}

proxy::AudienceKey ZoneRegistry::TakePlace() {
  proxy::AudienceKey taken;
  if (!free_places_.empty()) {
    taken.place = free_places_.back();
    free_places_.pop_back();
  } else if (last_place_.place < kAudienceZones) {
    taken.place = last_place_.place++;
  } else {
    return {};
  }
  taken.holder = ++last_place_.holder;
  return taken;
}

CommitStatus ZoneRegistry::Commit(Change& change) {
  if (CommitStatus status = store_.Commit(change); !status.ok()) return status;
  for (const std::string& name : change.removed) Drop(name);
  for (const ZoneRecord& record : change.put) Show(record);
  for (const Change::Keys& keys : change.keys) {
    if (ZoneEntry* entry = Find(keys.name)) entry->keys_revision = keys.revision;
  }
  if (listener_) listener_(change);
  return {};
}

void ZoneRegistry::Drop(const std::string& name) {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return;
  by_status_[found->second.record->status].erase(found->first);
  if (found->second.audience.holder != 0) free_places_.push_back(found->second.audience.place);
  by_id_.erase(found->second.record->id);
  entries_.erase(found);
  Touch(name);
}

void ZoneRegistry::Replace(const ZoneRecord& record) {
  Show(record);
}

ZoneEntry* ZoneRegistry::Find(std::string_view name) {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

ZoneEntry* ZoneRegistry::FindById(std::uint64_t id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : Find(found->second);
}

const ZoneRecord* ZoneRegistry::FirstWithoutPolicy(
    const std::map<std::string, PolicyConfig>& policies) const {
  for (const auto& [name, entry] : entries_) {
    if (!policies.contains(entry.record->policy)) return entry.record.get();
  }
  return nullptr;
}

const PolicyConfig& ZoneRegistry::PolicyOf(const ZoneRecord& zone) const {
  static const PolicyConfig built_in;
  const auto policy = policies_.find(zone.policy);
  return policy == policies_.end() ? built_in : policy->second;
}

std::size_t ZoneRegistry::CountOf(ZoneStatus status) const {
  const auto found = by_status_.find(status);
  return found == by_status_.end() ? 0 : found->second.size();
}

void ZoneRegistry::ForEach(const std::function<void(const std::string&, ZoneEntry&)>& visit) {
  for (auto& [name, entry] : entries_) visit(name, entry);
}

ZonePage ZoneRegistry::List(std::string_view after, std::size_t limit,
                            std::optional<ZoneStatus> status, std::string_view part) const {
  ZonePage page;
  // False when the page is full and there is one more.
  const auto take = [&](std::string_view name, const ZoneEntry& entry) {
    if (!part.empty() && name.find(part) == std::string_view::npos) return true;
    if (page.zones.size() == limit) {
      page.more = true;
      return false;
    }
    page.zones.push_back(entry.record);
    return true;
  };
  if (status) {
    const auto names = by_status_.find(*status);
    if (names == by_status_.end()) return page;
    for (auto at = names->second.upper_bound(after); at != names->second.end(); ++at) {
      if (!take(*at, entries_.find(*at)->second)) break;
    }
    return page;
  }
  for (auto at = entries_.upper_bound(after); at != entries_.end(); ++at) {
    if (!take(at->first, at->second)) break;
  }
  return page;
}

std::shared_ptr<const proxy::ForwardSet> ZoneRegistry::ForwardTo(const BackendSpec& backend) {
  std::weak_ptr<const proxy::ForwardSet>& known = forwards_[KeyOf(backend)];
  if (auto set = known.lock()) return set;
  auto made = std::make_shared<proxy::ForwardSet>();
  made->id = ++last_forward_id_;
  made->client_address = backend.client_address;
  made->tsig = tsig_keys_->Find(backend.tsig);
  // Without its key nobody may be asked: what is not signed would be believed.
  if (backend.tsig.empty() || made->tsig) made->endpoints = backend.servers;
  const std::shared_ptr<const proxy::ForwardSet> set = std::move(made);
  known = set;
  return set;
}

std::shared_ptr<const proxy::ZoneTransfers> ZoneRegistry::TransfersOf(
    const ZoneRecord& record) const {
  const BackendSpec& backend = record.backend;
  if (backend.kind != BackendKind::kTransfer && backend.secondaries.empty()) return nullptr;
  auto transfers = std::make_shared<proxy::ZoneTransfers>();
  transfers->id = record.id;
  const auto add = [&](std::vector<proxy::TransferPeer>& to, const net::Endpoint& address,
                       const std::string& tsig) {
    auto key = tsig_keys_->Find(tsig);
    // A key that is not there any more opens no door.
    if (tsig.empty() || key) to.push_back({address, std::move(key)});
  };
  if (backend.kind == BackendKind::kTransfer) {
    for (const net::Endpoint& primary : backend.servers) {
      add(transfers->primaries, primary, backend.tsig);
    }
  }
  for (const Secondary& each : backend.secondaries) {
    add(transfers->secondaries, each.address, each.tsig);
  }
  return transfers;
}

std::shared_ptr<const proxy::Zone> ZoneRegistry::Build(const ZoneEntry& entry) {
  const ZoneRecord& record = *entry.record;
  const bool is_signed = IsSigned(record);
  const bool empty = !entry.content.local && !entry.content.forward;
  if (empty && record.backend.kind != BackendKind::kTransfer) return nullptr;
  proxy::Zone zone;
  zone.apex = record.apex();
  zone.id = ++last_snapshot_id_;
  zone.audience = entry.audience;
  const PolicyConfig& policy = PolicyOf(record);
  zone.policy.signature_validity = policy.signature_validity;
  // Hashed names need room below the apex; without it compact denial is as well believed.
  if (policy.denial != proxy::DenialMode::kNsec3 || zone.apex.size() <= signer::kMaxNsec3Apex) {
    zone.policy.denial = policy.denial;
  }
  zone.policy.serve_stale = policy.serve_stale;
  zone.policy.forward_cache_seconds = policy.forward_cache;
  zone.policy.flatten_alias = record.flatten_alias;
  zone.local = entry.content.local;
  zone.forward = entry.content.forward;
  if (entry.content.expired) zone.unavailable = kInvalidData;
  if (record.backend.members) {
    // A catalog speaks to us alone (RFC 9432 section 6); NOTIFY must still find it.
    zone.local.reset();
    zone.unavailable = dns::ExtendedError::kProhibited;
  }
  zone.transfers = TransfersOf(record);
  if (is_signed) zone.keys = entry.keys;
  // Unsigned answers of a zone with a DS would be refused by who validates.
  if (is_signed && !entry.keys && record.has_keys) {
    const bool failed = entry.key_place == KeyPlace::kFailed;
    if (!failed) zone.key_wait = proxy::KeyWait::kShort;
    if (failed && MayHaveDs(record)) zone.key_wait = proxy::KeyWait::kLong;
    zone.key_call = record.id;
  }
  return std::make_shared<const proxy::Zone>(std::move(zone));
}

void ZoneRegistry::Publish() {
  if (touched_.empty()) return;
  std::vector<std::shared_ptr<const proxy::Zone>> put;
  std::vector<dns::Name> removed;
  std::vector<ZoneEntry*> shown;
  for (const std::string& name : touched_) {
    ZoneEntry* entry = Find(name);
    std::shared_ptr<const proxy::Zone> zone;
    if (entry != nullptr) zone = Build(*entry);
    if (zone) {
      put.push_back(std::move(zone));
    } else if (auto apex = dns::Name::FromText(name); apex.ok()) {
      removed.push_back(*apex);
    }
    if (entry != nullptr) shown.push_back(entry);
  }
  touched_.clear();
  table_ = proxy::ZoneTable::With(*table_, std::move(put), removed);
  const std::uint64_t number = workers_.Publish(table_);
  for (ZoneEntry* entry : shown) entry->published = number;
  std::erase_if(forwards_, [](const auto& item) { return item.second.expired(); });
}

}  // namespace sealwire::control
