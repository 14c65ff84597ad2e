#include "control/parent_notices.h"

#include <tuple>
#include <utility>

#include "control/lifecycle.h"
#include "control/log.h"

namespace sealwire::control {
namespace {

constexpr int kMaxRunning = 64;
constexpr std::size_t kMaxZones = 1'000'000;

std::vector<std::uint8_t> OctetsOf(const dns::RRset& set) {
  const dns::Bytes octets = set.view().rdata;
  return {octets.begin(), octets.end()};
}

}  // namespace

struct ParentNotices::Told {
  std::optional<DsyncTarget> target;
  std::size_t endpoints = 0;
  std::vector<net::Endpoint> silent;
};

void ParentNotices::UseParent(const std::optional<ParentConfig>& parent) {
  server_.reset();
  if (!parent) return;
  if (parent->resolver) {
    server_ = parent->resolver;
  } else if (!parent->servers.empty()) {
    server_ = parent->servers.front();
  }
}

void ParentNotices::Watch(const std::string& name) {
  if (zones_.size() >= kMaxZones && !zones_.contains(name)) return;
  zones_[name].watched = true;
}

void ParentNotices::Tick() {
  for (auto at = zones_.begin(); at != zones_.end();) {
    const auto [name, zone] = std::tie(at->first, at->second);
    const ZoneEntry* entry = parts_.registry.Find(name);
    if (entry == nullptr && !zone.runs) {
      at = zones_.erase(at);
      continue;
    }
    ++at;
    if (entry != nullptr && zone.watched && !zone.runs && running_ < kMaxRunning) Look(name, zone);
  }
}

void ParentNotices::Look(const std::string& name, Zone& zone) {
  const ZoneEntry& entry = *parts_.registry.Find(name);
  if (!IsSigned(*entry.record) || !server_) {
    zone.watched = false;
    return;
  }
  // What is stored is not served yet, or not everywhere: the next Tick() looks again.
  if (!entry.keys || entry.key_work_runs || entry.cds != WantedCds(*entry.record) ||
      entry.published == 0 || entry.published > parts_.registry.served()) {
    return;
  }
  zone.watched = false;
  auto cds = OctetsOf(entry.keys->cds);
  if (zone.id == entry.record->id && zone.told == cds) return;
  zone.id = entry.record->id;
  zone.told = std::move(cds);
  if (!zone.told.empty()) Start(name, zone, entry.record->apex());
}

void ParentNotices::Start(const std::string& name, Zone& zone, const dns::Name& apex) {
  zone.runs = true;
  ++running_;
  parts_.work.Run(
      [this, name, id = zone.id, apex, server = *server_, stop = stop_]() -> Executor::Completion {
        Told told;
        told.target = FindDsync(parts_.asker, server, apex);
        if (told.target) {
          const auto endpoints = EndpointsOf(parts_.asker, server, *told.target);
          told.endpoints = endpoints.size();
          if (!endpoints.empty()) told.silent = parts_.send(apex, endpoints, *stop);
        }
        return [this, name, id, told] { Finish(name, id, told); };
      });
}

void ParentNotices::Finish(const std::string& name, std::uint64_t id, const Told& told) {
  --running_;
  const auto zone = zones_.find(name);
  if (zone != zones_.end()) zone->second.runs = false;
  const ZoneEntry* entry = parts_.registry.Find(name);
  if (!told.target || entry == nullptr || entry->record->id != id) return;
  const bool heard = told.endpoints > told.silent.size();
  const std::string host =
      told.target->host.ToText() + " port " + std::to_string(told.target->port);
  const std::string detail = told.endpoints == 0 ? host + " has no address"
                             : heard             ? host + " took NOTIFY(CDS)"
                                                 : host + " did not answer NOTIFY(CDS)";
  Change change;
  change.history.push_back({0, parts_.now(), name, "sealwired",
                            heard ? "parent-notified" : "parent-not-notified", detail});
  if (const Status stored = parts_.registry.Commit(change); !stored.ok()) {
    Log(LogLevel::kError, "store-failed", {{"zone", name}, {"error", stored.error()}});
  }
  Log(heard ? LogLevel::kInfo : LogLevel::kWarning,
      heard ? "parent-notified" : "parent-not-notified", {{"zone", name}, {"detail", detail}});
}

}  // namespace sealwire::control
