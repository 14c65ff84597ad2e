#include "control/canary.h"

#include <algorithm>
#include <utility>

#include "control/lifecycle.h"
#include "control/log.h"
#include "keycache/zone_key_record.h"

namespace sealwire::control {
namespace {

constexpr std::int64_t kHeldInterval = 30;  // seconds
constexpr std::int64_t kIgnoredFor = 86400;
constexpr std::size_t kLookedAt = 16;          // zones in one Tick()
constexpr std::size_t kWildcardWithin = 1000;  // names that are looked through for one
constexpr int kBlindAfter = 5;                 // probes
constexpr ZoneStatus kSignedStatuses[] = {ZoneStatus::kActive, ZoneStatus::kPending,
                                          ZoneStatus::kPendingDisabled};

// The DS records that are wanted, and those that the parent still shows.
std::vector<std::string> AnchorsOf(const keycache::ZoneKeyRecord& keys,
                                   const ParentObservation& parent) {
  std::vector<std::string> anchors;
  for (const keycache::KeyRecord& key : keys.keys) {
    if (key.role != keycache::Role::kKsk || !key.published || !key.signing) continue;
    const bool shown = std::any_of(parent.ours.begin(), parent.ours.end(), [&](const DsSeen& seen) {
      return seen.key_tag == key.key_tag && seen.servers > 0;
    });
    if (!key.wants_ds && !shown) continue;
    anchors.push_back(keycache::MakeDs(keys.apex, key.Dnskey()).ToText());
  }
  return anchors;
}

// The name above a wildcard; of a big zone only the apex is looked at.
std::string WildcardOf(const Content& content) {
  if (!content.local) return "";
  const auto has = [](const proxy::LocalZone::Node& node) {
    return node.HasWildcard() && !node.IsOccluded() && !node.IsCut();
  };
  if (has(content.local->apex())) return content.local->apex().owner().ToText();
  std::string found;
  if (content.local->node_count() > kWildcardWithin) return found;
  content.local->ForEachNode([&](const proxy::LocalZone::Node& node) {
    if (found.empty() && has(node)) found = node.owner().ToText();
  });
  return found;
}

}  // namespace

// Every worker answers with keys that a parent may be told of.
bool Canary::CanBeAsked(std::string_view name) const {
  const ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr || !ShowsDs(*entry->record) || !IsSigned(*entry->record)) return false;
  const bool has_keys = entry->keys || entry->key_place == KeyPlace::kStored;
  return has_keys && entry->published != 0 && entry->published <= parts_.registry.served() &&
         !entry->key_work_runs && !entry->stale && (entry->content.local || entry->content.forward);
}

void Canary::Watch(const std::string& zone) {
  if (watched_.size() >= kMostWatched) return;  // its turn comes in order
  if (std::find(watched_.begin(), watched_.end(), zone) == watched_.end()) watched_.push_back(zone);
}

std::string Canary::NextWatched() {
  for (std::size_t i = std::min(kLookedAt, watched_.size()); i != 0; --i) {
    std::string name = std::move(watched_.front());
    watched_.pop_front();
    if (CanBeAsked(name)) return name;
    const ZoneEntry* entry = parts_.registry.Find(name);
    if (entry != nullptr && IsSigned(*entry->record)) watched_.push_back(std::move(name));
  }
  return "";
}

std::string Canary::NextHeld() {
  const auto is_gone = [&](const auto& one) {
    const ZoneEntry* entry = parts_.registry.Find(one.first);
    return entry == nullptr || entry->record->id != one.second.id || !IsSigned(*entry->record);
  };
  std::erase_if(held_, is_gone);
  const auto oldest = std::min_element(
      held_.begin(), held_.end(),
      [](const auto& a, const auto& b) { return a.second.checked_at < b.second.checked_at; });
  if (oldest == held_.end() || parts_.now() < oldest->second.checked_at + kHeldInterval) return "";
  oldest->second.checked_at = parts_.now();
  return CanBeAsked(oldest->first) ? oldest->first : "";
}

std::string Canary::NextInOrder() {
  // From the last status to the first again, so that a lone zone is found each time.
  for (std::size_t i = 0; i <= std::size(kSignedStatuses); ++i) {
    const ZonePage page =
        parts_.registry.List(last_, kLookedAt, kSignedStatuses[order_], std::string_view());
    for (const auto& record : page.zones) {
      last_ = record->name;
      if (!held_.contains(last_) && CanBeAsked(last_)) return last_;
    }
    if (page.more) return "";
    last_.clear();
    order_ = (order_ + 1) % std::size(kSignedStatuses);
  }
  return "";
}

std::string Canary::Next() {
  for (int i = 0; i < 3; ++i) {
    const std::size_t turn = turn_++ % 3;
    std::string name = turn == 0 ? NextWatched() : turn == 1 ? NextHeld() : NextInOrder();
    if (!name.empty()) return name;
  }
  return "";
}

void Canary::Tick() {
  if (runs_ || stop_ || parts_.now() < next_at_) return;
  const std::string name = Next();
  if (name.empty()) return;
  const ZoneEntry& entry = *parts_.registry.Find(name);
  const auto encoded = parts_.registry.store().ReadKeys(name);
  if (!encoded.ok() || encoded->empty()) return;
  const auto keys = keycache::ZoneKeyRecord::Decode(*encoded);
  if (!keys.ok()) return;
  ProbeOrder order{parts_.server, entry.record->apex(), AnchorsOf(*keys, entry.record->parent),
                   WildcardOf(entry.content)};
  if (order.ds.empty()) return;
  runs_ = true;
  next_at_ = parts_.now() + parts_.interval;
  parts_.run([this, asked = Asked{name, entry.record->id, entry.key_changes},
              order = std::move(order)]() -> Executor::Completion {
    return [this, asked, verdict = parts_.probe(order, stop_)] { Finish(asked, verdict); };
  });
}

void Canary::Finish(const Asked& asked, const ProbeVerdict& verdict) {
  runs_ = false;
  const ZoneEntry* entry = parts_.registry.Find(asked.name);
  if (stop_ || entry == nullptr || entry->record->id != asked.id || !IsSigned(*entry->record)) {
    return;
  }
  // An answer from before the last change of keys says nothing of what is served now.
  if (entry->key_changes != asked.key_changes) return Watch(asked.name);
  switch (verdict.state) {
    case ProbeVerdict::State::kSecure:
      return Clean(asked.name);
    case ProbeVerdict::State::kBogus:
      return Bogus(asked, verdict.why);
    case ProbeVerdict::State::kUnknown:
      return Unknown(asked.name, verdict.why);
  }
}

void Canary::Clean(const std::string& name) {
  ++counts_.secure;
  if (std::exchange(silent_, 0) >= kBlindAfter) Log(LogLevel::kInfo, "canary-sees");
  if (held_.erase(name) != 0) Note(name, "canary-clean", "key changes go on");
}

void Canary::Bogus(const Asked& asked, const std::string& why) {
  ++counts_.bogus;
  if (std::exchange(silent_, 0) >= kBlindAfter) Log(LogLevel::kInfo, "canary-sees");
  const auto hold = held_.find(asked.name);
  if (hold != held_.end()) {
    hold->second.why = why;
    return;
  }
  if (held_.size() >= kMostHeld) return;  // counted
  held_[asked.name] = {asked.id, why, parts_.now()};
  Note(asked.name, "canary-bogus", why);
}

void Canary::Unknown(const std::string& name, const std::string& why) {
  ++counts_.unknown;
  if (++silent_ != kBlindAfter) return;
  Log(LogLevel::kWarning, "canary-blind",
      {{"server", parts_.server.ToText()}, {"zone", name}, {"error", why}});
}

void Canary::Note(const std::string& name, const char* what, const std::string& detail) {
  Change change;
  change.history.push_back({0, parts_.now(), name, "sealwired", what, detail});
  if (const Status stored = parts_.registry.Commit(change); !stored.ok()) {
    Log(LogLevel::kError, "store-failed", {{"zone", name}, {"error", stored.error()}});
  }
  Log(held_.contains(name) ? LogLevel::kError : LogLevel::kInfo, what,
      {{"zone", name}, {"detail", detail}});
  parts_.changed(what, name);
}

std::string Canary::HeldBecause(const std::string& zone) const {
  const auto hold = held_.find(zone);
  if (hold == held_.end() || IsIgnored(zone)) return "";
  return "A validator of this node refuses an answer of the zone, so its keys stay as they are: " +
         hold->second.why;
}

bool Canary::Ignore(const std::string& zone) {
  std::erase_if(ignored_, [&](const auto& one) { return one.second <= parts_.now(); });
  if (ignored_.size() >= kMostHeld) return false;
  ignored_[zone] = parts_.now() + kIgnoredFor;
  return true;
}

bool Canary::IsIgnored(const std::string& zone) const {
  const auto ignored = ignored_.find(zone);
  return ignored != ignored_.end() && parts_.now() < ignored->second;
}

HeldKeys Canary::Held() const {
  HeldKeys keys;
  for (const auto& [zone, hold] : held_) {
    if (keys.held.size() == HeldKeys::kMost) break;
    keys.held[zone] = hold.why;
  }
  keys.more = held_.size() > keys.held.size();
  for (const auto& [zone, until] : ignored_) {
    if (parts_.now() < until && keys.ignored.size() < HeldKeys::kMost) keys.ignored[zone] = until;
  }
  return keys;
}

Canary::Counts Canary::counts() const {
  Counts counts = counts_;
  counts.held = held_.size();
  return counts;
}

void Canary::AddMetrics(MetricsText& out) const {
  using Kind = MetricsText::Kind;
  const char* const help = "Zones asked about by the daemon's own validator, by what it said.";
  const std::pair<const char*, std::uint64_t> results[] = {
      {"secure", counts_.secure}, {"bogus", counts_.bogus}, {"unknown", counts_.unknown}};
  for (const auto& [result, count] : results) {
    out.Add("sealwire_canary_probes_total", Kind::kCounter, help, static_cast<double>(count),
            MetricsText::Label("result", result));
  }
  out.Add("sealwire_canary_zones_held", Kind::kGauge,
          "Zones of which it refused an answer: their keys do not change.",
          static_cast<double>(held_.size()));
}

}  // namespace sealwire::control
