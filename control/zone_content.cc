// Where a zone's unsigned data comes from: files read again when they change, forward sets shared.

#include <sys/stat.h>

#include "control/fleet.h"
#include "control/lifecycle.h"
#include "control/log.h"
#include "control/transfer_work.h"
#include "control/zone_control.h"
#include "proxy/zone_file.h"

namespace sealwire::control {

FileStamp StampOf(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1000000000 + info.st_mtim.tv_nsec,
          static_cast<std::int64_t>(info.st_size), static_cast<std::uint64_t>(info.st_ino)};
}

Result<Content> ReadContent(const std::string& path, const dns::Name& apex) {
  // The stamp of before the reading: a file written meanwhile is read once more.
  Content content;
  content.stamp = StampOf(path);
  auto zone = proxy::ReadZoneFile(path, apex);
  if (!zone.ok()) return Error{zone.error()};
  content.local = std::move(*zone);
  return content;
}

// One zone file that is looked at, and what was found.
struct ZoneControl::FileLook {
  std::string name;
  std::uint64_t id = 0;
  std::string path;
  dns::Name apex;
  FileStamp stamp;
  std::optional<Result<Content>> read;  // nothing: unchanged
};

void ZoneControl::ReloadFiles(bool all) {
  if (reload_runs_) return;
  std::vector<FileLook> looks;
  parts_.registry.ForEach([&](const std::string& name, ZoneEntry& entry) {
    if (entry.record->backend.kind != BackendKind::kFile) return;
    looks.push_back({name, entry.record->id, entry.record->backend.path, entry.record->apex(),
                     entry.content.stamp, std::nullopt});
  });
  if (looks.empty()) return;
  reload_runs_ = true;
  parts_.file_work.Run([this, all, looks = std::move(looks)]() mutable -> Executor::Completion {
    std::vector<FileLook> changed;
    for (FileLook& look : looks) {
      const FileStamp stamp = StampOf(look.path);
      if (!all && stamp == look.stamp) continue;
      look.stamp = stamp;
      look.read = ReadContent(look.path, look.apex);
      changed.push_back(std::move(look));
    }
    return [this, changed = std::move(changed)]() mutable { FinishReload(std::move(changed)); };
  });
}

void ZoneControl::FinishReload(std::vector<FileLook> looks) {
  reload_runs_ = false;
  for (FileLook& look : looks) {
    ZoneEntry* entry = parts_.registry.Find(look.name);
    if (entry == nullptr || entry->record->id != look.id ||
        entry->record->backend.path != look.path) {
      continue;
    }
    if (look.read->ok()) {
      entry->content = std::move(**look.read);
      entry->content_problem.clear();
      parts_.registry.Touch(look.name);
      Log(LogLevel::kInfo, "zone-file-read",
          {{"zone", look.name},
           {"serial", std::to_string(entry->content.local->serial())},
           {"records", std::to_string(entry->content.local->record_count())}});
      Emit("zone-file-read", look.name);
      continue;
    }
    // What was read before goes on being answered.
    entry->content.stamp = look.stamp;
    if (entry->content_problem == look.read->error()) continue;
    entry->content_problem = look.read->error();
    Log(LogLevel::kError, "zone-file-refused",
        {{"zone", look.name}, {"error", entry->content_problem}});
  }
  parts_.registry.Publish();
}

void ZoneControl::Restore() {
  parts_.registry.ForEach([&](const std::string& name, ZoneEntry& entry) {
    const ZoneRecord& record = *entry.record;
    if (record.backend.kind == BackendKind::kForward) {
      entry.content.forward = parts_.registry.ForwardTo(record.backend);
      if (entry.content.forward->endpoints.empty()) {
        Log(LogLevel::kError, "tsig-key-missing", {{"zone", name}, {"tsig", record.backend.tsig}});
      }
    } else if (record.backend.kind == BackendKind::kTransfer) {
      if (transfers_ != nullptr) transfers_->Restore(name, entry);
    } else if (auto content = ReadContent(record.backend.path, record.apex()); content.ok()) {
      entry.content = std::move(*content);
    } else {
      entry.content_problem = content.error();
      Log(LogLevel::kError, "zone-file-refused", {{"zone", name}, {"error", content.error()}});
    }
    if (record.parent.checked_at != 0) {
      entry.check_at = record.parent.checked_at + CheckInterval(record, Now());
    }
    parts_.registry.Touch(name);
    if (IsSigned(record) && record.has_keys) key_load_.Want(name, entry);
    if (fleet_ != nullptr && IsSigned(*entry.record) && !entry.keys) {
      fleet_->Changed(name, RevisionOf(entry));
    }
    Schedule(name);
  });
  parts_.registry.Publish();
  key_load_.Tick();
}

void ZoneControl::RefreshAll() {
  parts_.registry.ForEach([&](const std::string& name, ZoneEntry& entry) {
    parts_.registry.Touch(name);
    if (!IsSigned(*entry.record)) return;
    entry.roll_at = Now();  // the TTLs and lifetimes of its keys may be others now
    Schedule(name);
  });
  parts_.registry.Publish();
}

}  // namespace sealwire::control
