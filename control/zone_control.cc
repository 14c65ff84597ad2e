#include "control/zone_control.h"

#include <fmt/format.h>

#include "control/lifecycle.h"
#include "control/log.h"
#include "control/transfer_work.h"

namespace sealwire::control {
namespace {

constexpr const char* kSelf = "sealwired";
constexpr std::size_t kMaxZones = 10'000'000;

Outcome NotFound(std::string_view name) {
  return {Failure::kNotFound, fmt::format("there is no zone '{}'", name)};
}

std::string DescribeBackend(const BackendSpec& backend) {
  if (backend.kind == BackendKind::kFile) return "file " + backend.path;
  std::string text = backend.kind == BackendKind::kTransfer ? "transfer" : "forward";
  for (const net::Endpoint& server : backend.servers) text += ' ' + server.ToText();
  if (backend.client_address != proxy::ClientAddress::kSubnet) {
    text += " client-address " + std::string(ToText(backend.client_address));
  }
  if (!backend.tsig.empty()) text += " tsig " + backend.tsig;
  return text;
}

}  // namespace

Outcome OutcomeOf(const CommitStatus& status) {
  switch (status.failure()) {
    case CommitFailure::kNone:
      return {};
    case CommitFailure::kStore:
      return {Failure::kInternal, status.error()};
    case CommitFailure::kConflict:
      return {Failure::kConflict, status.error()};
    case CommitFailure::kAway:
      break;
  }
  return {Failure::kUnavailable, status.error()};
}

ZoneControl::ZoneControl(Parts parts)
    : parts_(std::move(parts)),
      key_load_({parts_.registry, parts_.key_maker, parts_.now,
                 [this](const ZoneEntry& entry) { return LifeOf(entry); },
                 [this](const std::string& name) { Schedule(name); }},
                parts_.hsm_work) {}

void ZoneControl::Emit(std::string what, const std::string& name) {
  if (!listener_) return;
  const ZoneEntry* entry = parts_.registry.Find(name);
  listener_({std::move(what), name, entry == nullptr ? nullptr : entry->record});
}

Outcome ZoneControl::CheckRevision(const ZoneEntry* entry,
                                   std::optional<std::uint64_t> revision) const {
  if (!revision) return {};
  const std::uint64_t have = entry == nullptr ? 0 : entry->record->revision;
  if (have == *revision) return {};
  return {Failure::kPrecondition, have == 0 ? "the zone is not there any more"
                                            : "the zone was changed meanwhile: read it again"};
}

Outcome ZoneControl::CommitZone(ZoneRecord record, const Actor& who, std::string what,
                                std::string detail) {
  record.changed = Now();
  const std::string name = record.name;
  Change change;
  change.history.push_back({0, record.changed, name, who.name, what, detail, who.reason});
  change.put.push_back(std::move(record));
  change.as_leader = fleet_ != nullptr && who.name == kSelf && Leads();
  if (const CommitStatus status = parts_.registry.Commit(change); !status.ok()) {
    Log(LogLevel::kError, "store-failed", {{"zone", name}, {"error", status.error()}});
    return OutcomeOf(status);
  }
  Log(LogLevel::kInfo, what,
      {{"zone", name}, {"who", who.name}, {"detail", detail.empty() ? "-" : detail}});
  Emit(std::move(what), name);
  return {};
}

void ZoneControl::PutZone(const std::string& name, const BackendSpec& backend,
                          const std::string& policy, std::optional<std::uint64_t> revision,
                          const Actor& who, PutDone done) {
  ZoneEntry* entry = parts_.registry.Find(name);
  if (Outcome outcome = CheckRevision(entry, revision); !outcome.ok()) return done(outcome, false);
  if (!parts_.registry.HasPolicy(policy)) {
    return done({Failure::kInvalid, fmt::format("there is no policy '{}'", policy)}, false);
  }
  if (entry == nullptr && parts_.registry.size() >= kMaxZones) {
    return done({Failure::kConflict, "no more zones fit into this node"}, false);
  }
  for (const Secondary& each : backend.secondaries) {
    if (!each.tsig.empty() && !parts_.registry.tsig_keys().Find(each.tsig)) {
      return done(
          {Failure::kInvalid,
           fmt::format("there is no TSIG key '{}': add it to tsig in the configuration file",
                       each.tsig)},
          false);
    }
  }
  ZoneRecord wanted;
  wanted.name = name;
  wanted.backend = backend;
  wanted.policy = policy;
  if (!backend.tsig.empty() && !parts_.registry.tsig_keys().Find(backend.tsig)) {
    return done({Failure::kInvalid,
                 fmt::format("there is no TSIG key '{}': add it to tsig in the configuration file",
                             backend.tsig)},
                false);
  }
  if (backend.kind == BackendKind::kForward) {
    Content content;
    content.forward = parts_.registry.ForwardTo(backend);
    return FinishPut(std::move(wanted), revision, content, who, done);
  }
  if (backend.members && !parts_.registry.HasPolicy(backend.members->policy)) {
    return done(
        {Failure::kInvalid, fmt::format("there is no policy '{}'", backend.members->policy)},
        false);
  }
  if (backend.kind == BackendKind::kTransfer) {
    // What was served before goes on being served until the first transfer.
    return FinishPut(std::move(wanted), revision, entry == nullptr ? Content{} : entry->content,
                     who, done);
  }
  parts_.file_work.Run([this, wanted, revision, who, done]() -> Executor::Completion {
    auto content = ReadContent(wanted.backend.path, wanted.apex());
    return [this, wanted, revision, who, done, content = std::move(content)] {
      if (!content.ok()) return done({Failure::kInvalid, content.error()}, false);
      FinishPut(wanted, revision, *content, who, done);
    };
  });
}

void ZoneControl::FinishPut(ZoneRecord wanted, std::optional<std::uint64_t> revision,
                            const Content& content, const Actor& who, const PutDone& done) {
  ZoneEntry* entry = parts_.registry.Find(wanted.name);
  if (Outcome outcome = CheckRevision(entry, revision); !outcome.ok()) return done(outcome, false);
  const bool created = entry == nullptr;
  ZoneRecord record;
  if (created) {
    record = wanted;
    record.id = parts_.registry.store().NextZoneId();
    record.created = record.status_since = Now();
  } else {
    record = *entry->record;
    record.backend = wanted.backend;
    record.policy = wanted.policy;
  }
  // What is there already is not written again: PUT may be repeated.
  if (created || !(record == *entry->record)) {
    Outcome outcome = CommitZone(record, who, created ? "zone-created" : "zone-changed",
                                 DescribeBackend(record.backend));
    if (!outcome.ok()) return done(outcome, false);
  }
  entry = parts_.registry.Find(wanted.name);
  entry->content = content;
  entry->content_problem.clear();
  if (transfers_ != nullptr) transfers_->Adopt(wanted.name);
  if (IsSigned(*entry->record)) {
    entry->roll_at = Now();  // another policy has other TTLs and lifetimes
    Schedule(wanted.name);
  }
  parts_.registry.Touch(wanted.name);
  parts_.registry.Publish();
  done({}, created);
}

Outcome ZoneControl::RemoveZone(const std::string& name, std::optional<std::uint64_t> revision,
                                const Actor& who) {
  ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return NotFound(name);
  if (Outcome outcome = CheckRevision(entry, revision); !outcome.ok()) return outcome;
  if (!IsIdle(*entry->record) || entry->key_work_runs) {
    return {Failure::kConflict,
            fmt::format("'{}' is signed ({}): turn DNSSEC off and wait until it is disabled", name,
                        ToText(entry->record->status))};
  }
  auto keys = parts_.registry.store().ReadKeys(name);
  if (!keys.ok()) return {Failure::kInternal, keys.error()};
  queue_.erase({entry->due, name});
  Change change;
  change.removed.push_back(name);
  key_load_.Close(*entry);
  change.history.push_back({0, Now(), name, who.name, "zone-removed", "", who.reason});
  if (const CommitStatus status = parts_.registry.Commit(change); !status.ok()) {
    return OutcomeOf(status);
  }
  if (transfers_ != nullptr) transfers_->Forget(name);
  Log(LogLevel::kInfo, "zone-removed", {{"zone", name}, {"who", who.name}});
  Emit("zone-removed", name);
  parts_.registry.Publish();
  // Only now: a removal that could not be stored must leave the keys.
  DestroyKeys(name, *std::move(keys));
  return {};
}

Outcome ZoneControl::SetDnssec(const std::string& name, bool enabled,
                               std::string_view override_name,
                               std::optional<std::uint64_t> revision, const Actor& who) {
  ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return NotFound(name);
  if (Outcome outcome = CheckRevision(entry, revision); !outcome.ok()) return outcome;
  ZoneRecord record = *entry->record;
  if (enabled && override_name == kOverrideIgnoreCanary) return IgnoreCanary(*entry, who);
  const bool forced = !override_name.empty();
  if (forced && (enabled || override_name != kOverrideStopSigning)) {
    return {Failure::kInvalid,
            fmt::format("the overrides are \"{}\" with \"enabled\":false, and \"{}\" with "
                        "\"enabled\":true",
                        kOverrideStopSigning, kOverrideIgnoreCanary)};
  }
  if (forced) {
    ForceOff(record, Now());
  } else if (enabled) {
    TurnOn(record, Now());
  } else {
    TurnOff(record, Now());
  }
  if (record == *entry->record) return {};
  Outcome outcome = CommitZone(record, who,
                               enabled  ? "dnssec-on"
                               : forced ? "dnssec-forced-off"
                                        : "dnssec-off",
                               forced ? std::string(override_name) : "");
  if (!outcome.ok()) return outcome;
  entry->key_retry_at = 0;
  entry->key_failures = 0;
  entry->key_problem.clear();
  if (entry->key_place == KeyPlace::kFailed) entry->key_place = KeyPlace::kNone;
  entry->check_at = 0;
  if (!IsSigned(*entry->record)) key_load_.Close(*entry);
  parts_.registry.Touch(name);
  parts_.registry.Publish();
  Schedule(name);
  return {};
}

Outcome ZoneControl::SetDnssecOfMany(const std::vector<std::string>& names, bool enabled,
                                     const std::string& operation_id, const Actor& who) {
  Change change;
  const std::int64_t now = Now();
  for (const std::string& name : names) {
    const ZoneEntry* entry = parts_.registry.Find(name);
    if (entry == nullptr) return NotFound(name);
    ZoneRecord record = *entry->record;
    if (enabled) {
      TurnOn(record, now);
    } else {
      TurnOff(record, now);
    }
    if (record == *entry->record) continue;
    record.changed = now;
    change.history.push_back(
        {0, now, name, who.name, enabled ? "dnssec-on" : "dnssec-off", operation_id, who.reason});
    change.put.push_back(std::move(record));
  }
  change.operations.push_back({operation_id, now, enabled, names});
  if (const CommitStatus status = parts_.registry.Commit(change); !status.ok()) {
    return OutcomeOf(status);
  }
  for (const HistoryRow& row : change.history) {
    ZoneEntry* entry = parts_.registry.Find(row.zone);
    entry->key_retry_at = entry->check_at = 0;
    if (!IsSigned(*entry->record)) key_load_.Close(*entry);
    parts_.registry.Touch(row.zone);
    Schedule(row.zone);
    Emit(row.what, row.zone);
  }
  Log(LogLevel::kInfo, enabled ? "dnssec-on" : "dnssec-off",
      {{"zones", std::to_string(names.size())}, {"operation", operation_id}, {"who", who.name}});
  parts_.registry.Publish();
  return {};
}

Outcome ZoneControl::SetFlattenAlias(const std::string& name, bool flatten,
                                     std::optional<std::uint64_t> revision, const Actor& who) {
  ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return NotFound(name);
  if (Outcome outcome = CheckRevision(entry, revision); !outcome.ok()) return outcome;
  if (entry->record->backend.kind == BackendKind::kForward) {
    return {Failure::kConflict,
            fmt::format("the answers of '{}' are made by its backend: it has no ALIAS records here",
                        name)};
  }
  if (entry->record->flatten_alias == flatten) return {};
  ZoneRecord record = *entry->record;
  record.flatten_alias = flatten;
  Outcome outcome = CommitZone(std::move(record), who, "synthesis-changed",
                               flatten ? "ALIAS is flattened" : "ALIAS is not flattened");
  if (!outcome.ok()) return outcome;
  parts_.registry.Touch(name);
  parts_.registry.Publish();
  return {};
}

Outcome ZoneControl::ForgetKeys(const std::string& name, std::optional<std::uint64_t> revision,
                                const Actor& who) {
  ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return NotFound(name);
  if (Outcome outcome = CheckRevision(entry, revision); !outcome.ok()) return outcome;
  if (entry->record->status != ZoneStatus::kDisabled || entry->key_work_runs) {
    return {Failure::kConflict,
            fmt::format(
                "the keys of '{}' are in use ({}): turn DNSSEC off and wait until it is disabled",
                name, ToText(entry->record->status))};
  }
  if (!entry->record->has_keys) return {};
  auto keys = parts_.registry.store().ReadKeys(name);
  if (!keys.ok()) return {Failure::kInternal, keys.error()};
  ZoneRecord record = *entry->record;
  record.has_keys = false;
  record.changed = Now();
  record.parent = {};
  Change change;
  change.put.push_back(std::move(record));
  change.keys.push_back({name, {}});
  change.history.push_back({0, Now(), name, who.name, "keys-forgotten", "", who.reason});
  if (const CommitStatus status = parts_.registry.Commit(change); !status.ok()) {
    return OutcomeOf(status);
  }
  key_load_.Close(*entry);
  ++entry->key_changes;
  Log(LogLevel::kInfo, "keys-forgotten", {{"zone", name}, {"who", who.name}});
  Emit("keys-forgotten", name);
  DestroyKeys(name, *std::move(keys));
  return {};
}

}  // namespace sealwire::control
