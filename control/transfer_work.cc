#include "control/transfer_work.h"

#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "control/log.h"
#include "proxy/zone_image.h"

namespace sealwire::control {
namespace {

constexpr std::int64_t kDay = 86400;
constexpr int kMaxRunning = 64;
constexpr std::int64_t kFirstRetry = 2;
constexpr std::int64_t kMostRetry = 300;  // while there is nothing to serve

// At most an eighth earlier than `span`: zones of one primary do not all ask at once.
std::int64_t Spread(std::int64_t span) {
  std::uint32_t random = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof random);
  return span - static_cast<std::int64_t>(random % static_cast<std::uint64_t>(span / 8 + 1));
}

}  // namespace

SoaTimers TimersOf(const proxy::LocalZone& zone) {
  dns::Reader numbers(zone.soa().First().last(20), 4);
  SoaTimers timers;
  timers.refresh = std::clamp<std::int64_t>(numbers.U32(), 5, kDay);
  timers.retry = std::clamp<std::int64_t>(numbers.U32(), 5, kDay);
  timers.expire = std::clamp<std::int64_t>(numbers.U32(), 10, 365 * kDay);
  return timers;
}

TransferWork::TransferWork(Parts parts) : parts_(std::move(parts)) {
  std::error_code error;
  std::filesystem::create_directories(parts_.folder, error);
  if (error) {
    Log(LogLevel::kError, "zone-images-refused",
        {{"folder", parts_.folder}, {"error", error.message()}});
  }
}

std::string TransferWork::ImagePath(std::uint64_t id) const {
  return parts_.folder + "/" + std::to_string(id) + ".zone";
}

void TransferWork::Confirmed(Zone& zone, std::int64_t at) {
  zone.confirmed_at = at;
  zone.expire_at = at + TimersOf(*zone.have).expire;
}

void TransferWork::Restore(const std::string& name, ZoneEntry& entry) {
  Zone& zone = zones_[name];
  zone.id = entry.record->id;
  names_[zone.id] = name;
  const std::int64_t now = parts_.now();
  zone.next_at = now;
  const std::string path = ImagePath(zone.id);
  if (std::filesystem::exists(path)) {
    auto image = proxy::ReadZoneImage(path, entry.record->apex());
    if (image.ok()) {
      zone.have = std::move(image->zone);
      // A clock that went back must not make content immortal.
      Confirmed(zone, std::min(image->confirmed_at, now));
      entry.content.expired = now >= zone.expire_at;
      if (!entry.content.expired) entry.content.local = zone.have;
      Log(LogLevel::kInfo, "zone-restored",
          {{"zone", name},
           {"serial", std::to_string(zone.have->serial())},
           {"expired", entry.content.expired ? "yes" : "no"}});
    } else {
      Log(LogLevel::kError, "zone-image-refused", {{"zone", name}, {"error", image.error()}});
    }
  }
  Schedule(name, zone);
}

void TransferWork::Adopt(const std::string& name) {
  const ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr || entry->record->backend.kind != BackendKind::kTransfer) {
    return Forget(name);
  }
  Zone& zone = zones_[name];
  if (zone.id != entry->record->id) {
    names_.erase(zone.id);
    zone = {};
    zone.id = entry->record->id;
    names_[zone.id] = name;
  }
  zone.next_at = parts_.now();
  zone.notified = true;
  Schedule(name, zone);
}

void TransferWork::Forget(const std::string& name) {
  const auto found = zones_.find(name);
  if (found == zones_.end()) return;
  queue_.erase({found->second.due, name});
  ::unlink(ImagePath(found->second.id).c_str());
  names_.erase(found->second.id);
  zones_.erase(found);
}

std::int64_t TransferWork::ConfirmedAt(std::string_view name) const {
  const auto found = zones_.find(name);
  return found == zones_.end() ? 0 : found->second.confirmed_at;
}

void TransferWork::Schedule(const std::string& name, Zone& zone) {
  queue_.erase({zone.due, name});
  zone.due = zone.runs ? 0 : zone.next_at;
  const ZoneEntry* entry = parts_.registry.Find(name);
  const bool serves = zone.have && entry != nullptr && !entry->content.expired;
  if (serves) zone.due = zone.due == 0 ? zone.expire_at : std::min(zone.due, zone.expire_at);
  if (zone.due != 0) queue_.emplace(zone.due, name);
}

void TransferWork::TakeNotices() {
  while (const auto id = parts_.notices.Take()) {
    const auto named = names_.find(*id);
    if (named == names_.end()) continue;
    Zone& zone = zones_[named->second];
    zone.notified = true;
    zone.next_at = std::min(zone.next_at, parts_.now());
    Schedule(named->second, zone);
  }
}

void TransferWork::Tick() {
  TakeNotices();
  const std::int64_t now = parts_.now();
  while (!queue_.empty() && queue_.begin()->first <= now && running_ < kMaxRunning) {
    const std::string name = queue_.begin()->second;
    queue_.erase(queue_.begin());
    Zone& zone = zones_[name];
    zone.due = 0;
    ZoneEntry* entry = parts_.registry.Find(name);
    if (entry == nullptr || entry->record->id != zone.id) {
      Forget(name);
      continue;
    }
    if (zone.have && !entry->content.expired && now >= zone.expire_at) Expire(name, zone, *entry);
    if (!zone.runs && zone.next_at <= now) Start(name, zone);
    Schedule(name, zone);
  }
}

void TransferWork::Start(const std::string& name, Zone& zone) {
  const ZoneEntry& entry = *parts_.registry.Find(name);
  zone.runs = true;
  const bool ask_all = std::exchange(zone.notified, false);
  ++running_;
  parts_.work.Run([this, name, id = zone.id, backend = entry.record->backend,
                   apex = entry.record->apex(), have = zone.have, ask_all, stop = stop_,
                   key = parts_.keys->Find(entry.record->backend.tsig), image = ImagePath(zone.id),
                   now = parts_.now]() -> Executor::Completion {
    proxy::TransferResult result;
    std::string problems;
    const bool key_missing = !backend.tsig.empty() && !key;
    if (key_missing) problems = "there is no TSIG key '" + backend.tsig + "'";
    for (const net::Endpoint& primary : backend.servers) {
      if (key_missing) break;
      proxy::TransferResult one = proxy::FetchZone({apex, primary, key, have, {}, stop});
      if (one.kind == proxy::TransferResult::Kind::kFailed) {
        problems += (problems.empty() ? "" : "; ") + primary.ToText() + " " + one.problem;
        continue;
      }
      result = std::move(one);
      // After a NOTIFY the next may have what this one has not heard of yet.
      if (result.kind == proxy::TransferResult::Kind::kReplaced || !ask_all) break;
    }
    if (result.kind == proxy::TransferResult::Kind::kFailed) result.problem = std::move(problems);
    Status kept;
    if (result.kind == proxy::TransferResult::Kind::kReplaced) {
      kept = proxy::WriteZoneImage(image, *result.zone, now());
    } else if (result.kind == proxy::TransferResult::Kind::kUnchanged) {
      kept = proxy::ConfirmZoneImage(image, now());
    }
    return [this, name, id, backend, result = std::move(result), problem = kept.error()] {
      Finish(name, id, backend, result, problem);
    };
  });
}

void TransferWork::Finish(const std::string& name, std::uint64_t id, const BackendSpec& asked,
                          const proxy::TransferResult& result, const std::string& image_problem) {
  --running_;
  const auto found = zones_.find(name);
  ZoneEntry* entry = parts_.registry.Find(name);
  if (found == zones_.end() || entry == nullptr || found->second.id != id) {
    // Written after the zone had gone.
    ::unlink(ImagePath(id).c_str());
    return;
  }
  Zone& zone = found->second;
  zone.runs = false;
  const std::int64_t now = parts_.now();
  if (!(asked == entry->record->backend)) {
    // The primaries were exchanged meanwhile: what the old ones say does not count.
    zone.next_at = now;
    return Schedule(name, zone);
  }
  if (result.kind == proxy::TransferResult::Kind::kFailed) {
    const std::int64_t retry =
        zone.have ? TimersOf(*zone.have).retry
                  : std::min(kMostRetry, kFirstRetry << std::min(zone.failures, 10));
    ++zone.failures;
    zone.next_at = zone.notified ? now : now + Spread(retry);
    if (entry->content_problem != result.problem) {
      entry->content_problem = result.problem;
      Log(LogLevel::kError, "transfer-failed", {{"zone", name}, {"error", result.problem}});
    }
    return Schedule(name, zone);
  }
  if (!image_problem.empty()) {
    Log(LogLevel::kError, "zone-image-failed", {{"zone", name}, {"error", image_problem}});
  }
  const bool news = result.kind == proxy::TransferResult::Kind::kReplaced;
  if (news) zone.have = result.zone;
  zone.failures = 0;
  entry->content_problem.clear();
  Confirmed(zone, now);
  zone.next_at = zone.notified ? now : now + Spread(TimersOf(*zone.have).refresh);
  if (news) {
    Log(LogLevel::kInfo, "zone-transferred",
        {{"zone", name},
         {"serial", std::to_string(zone.have->serial())},
         {"records", std::to_string(zone.have->record_count())},
         {"way", result.incremental ? "ixfr" : "axfr"}});
  }
  if (news || entry->content.expired) Show(name, zone, *entry);
  Schedule(name, zone);
}

void TransferWork::Show(const std::string& name, Zone& zone, ZoneEntry& entry) {
  entry.content.local = zone.have;
  entry.content.forward.reset();
  entry.content.expired = false;
  parts_.registry.Touch(name);
  parts_.registry.Publish();
  parts_.changed("zone-transferred", name);
}

// RFC 1035 section 3.3.13: no longer authoritative.
void TransferWork::Expire(const std::string& name, Zone& zone, ZoneEntry& entry) {
  entry.content.local.reset();
  entry.content.expired = true;
  Log(LogLevel::kError, "zone-expired",
      {{"zone", name}, {"confirmed", std::to_string(zone.confirmed_at)}});
  parts_.registry.Touch(name);
  parts_.registry.Publish();
  parts_.changed("zone-expired", name);
}

}  // namespace sealwire::control
