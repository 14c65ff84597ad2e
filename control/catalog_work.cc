#include "control/catalog_work.h"

#include <algorithm>
#include <map>

#include "control/lifecycle.h"
#include "control/log.h"
#include "proxy/catalog_zone.h"

namespace sealwire::control {
namespace {

constexpr const char* kSelf = "catalog";

}  // namespace

void CatalogWork::Tick() {
  for (const std::string& name : std::exchange(changed_, {})) {
    ZoneEntry* entry = zones_.registry().Find(name);
    if (entry == nullptr || !entry->record->backend.members || !entry->content.local) continue;
    Read(name, *entry);
  }
  const std::set<std::string> leaving = std::exchange(leaving_, {});
  for (const std::string& name : leaving) Retire(name);
}

void CatalogWork::Read(const std::string& name, ZoneEntry& catalog) {
  auto members = proxy::ReadCatalog(*catalog.content.local);
  if (!members.ok()) {
    catalog.content_problem = "the catalog is broken: " + members.error();
    Log(LogLevel::kError, "catalog-refused", {{"zone", name}, {"error", members.error()}});
    return;
  }
  std::map<std::string, const proxy::CatalogMember*> wanted;
  for (const proxy::CatalogMember& member : *members) {
    const std::string key = KeyOf(member.zone);
    if (key != name) wanted.emplace(key, &member);
  }
  std::vector<std::string> gone;
  zones_.registry().ForEach([&](const std::string& zone, ZoneEntry& entry) {
    if (entry.record->backend.catalog == name && !wanted.contains(zone)) gone.push_back(zone);
  });
  const std::string fallback = catalog.record->backend.members->policy;
  for (const auto& [zone, member] : wanted) {
    // It came back before it was gone.
    if (leaving_.erase(zone) != 0 && catalog.record->backend.members->dnssec) {
      zones_.SetDnssec(zone, true, "", std::nullopt, kSelf);
    }
    // RFC 9432 section 4.4.2: a group that is a policy here says more than the catalog's default.
    const bool has_group = !member->group.empty() && zones_.registry().HasPolicy(member->group);
    Add(zone, has_group ? member->group : fallback, catalog);
  }
  for (const std::string& zone : gone) Retire(zone);
  Log(LogLevel::kInfo, "catalog-read",
      {{"zone", name},
       {"members", std::to_string(wanted.size())},
       {"gone", std::to_string(gone.size())}});
}

void CatalogWork::Add(const std::string& member, const std::string& policy,
                      const ZoneEntry& catalog) {
  const std::string& name = catalog.record->name;
  ZoneEntry* there = zones_.registry().Find(member);
  if (there != nullptr && there->record->backend.catalog != name) {
    // Section 4.4.1: only the catalog that has the zone may say who gets it.
    ZoneEntry* owner = zones_.registry().Find(there->record->backend.catalog);
    bool handed_over = false;
    if (owner != nullptr && owner->content.local) {
      if (const auto members = proxy::ReadCatalog(*owner->content.local); members.ok()) {
        handed_over = std::any_of(members->begin(), members->end(), [&](const auto& each) {
          return KeyOf(each.zone) == member && each.new_owner && KeyOf(*each.new_owner) == name;
        });
      }
    }
    if (!handed_over) {
      Log(LogLevel::kWarning, "catalog-member-taken", {{"zone", member}, {"catalog", name}});
      return;
    }
  }
  BackendSpec backend = catalog.record->backend;
  backend.members.reset();
  backend.secondaries.clear();
  backend.catalog = name;
  if (there != nullptr && there->record->backend == backend && there->record->policy == policy) {
    return;
  }
  const bool created = there == nullptr;
  const bool dnssec = catalog.record->backend.members->dnssec;
  zones_.PutZone(member, backend, policy, std::nullopt, kSelf,
                 [this, member, dnssec, created](const Outcome& outcome, bool) {
                   if (!outcome.ok()) {
                     Log(LogLevel::kError, "catalog-member-refused",
                         {{"zone", member}, {"error", outcome.detail}});
                   } else if (dnssec && created) {
                     zones_.SetDnssec(member, true, "", std::nullopt, kSelf);
                   }
                 });
}

void CatalogWork::Retire(const std::string& member) {
  ZoneEntry* entry = zones_.registry().Find(member);
  if (entry == nullptr || entry->record->backend.catalog.empty()) return;
  if (entry->record->dnssec) zones_.SetDnssec(member, false, "", std::nullopt, kSelf);
  if (!IsIdle(*entry->record) || !zones_.RemoveZone(member, std::nullopt, kSelf).ok()) {
    leaving_.insert(member);
  }
}

}  // namespace sealwire::control
