// Work on the keys of a zone: commands, rollovers, CDS and signatures, done off the control thread
// and stored before anything of it is published.

#include <openssl/rand.h>

#include <algorithm>

#include "control/key_revocation.h"
#include "control/lifecycle.h"
#include "control/log.h"
#include "control/whole_set_rollover.h"
#include "control/zone_control.h"
#include "signer/rrsig.h"

namespace sealwire::control {
namespace {

constexpr const char* kSelf = "sealwired";
constexpr std::size_t kMaxCommands = 16;  // of one zone, that wait
constexpr std::int64_t kLeastRefresh = 1800;
constexpr std::int64_t kMostRefresh = 86400;  // a clock that was wrong does not put it off for ever
constexpr std::int64_t kMaxRetry = 60;
constexpr std::int64_t kFirstCheck = 10;  // after the parent was asked for something

std::int64_t RandomPart(std::int64_t span) {
  std::uint32_t random = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof random);
  return static_cast<std::int64_t>(random % static_cast<std::uint64_t>(span));
}

std::string ScopeText(std::optional<keycache::Role> role) {
  return role ? std::string(ToText(*role)) : "all";
}

bool MayMove(const ZoneRecord& zone) {
  return zone.dnssec && (zone.status == ZoneStatus::kPending || zone.status == ZoneStatus::kActive);
}

}  // namespace

RollFacts ZoneControl::FactsOf(const ZoneEntry& entry) const {
  const ZoneRecord& zone = *entry.record;
  RollFacts facts;
  facts.served = IsSigned(zone) && Leads() && ServedByAll(entry);
  facts.may_move = MayMove(zone);
  facts.secured = facts.may_move && zone.parent.state == ParentState::kPublished;
  facts.parent = zone.parent;
  facts.ds_ttl = zone.ds_ttl_max;
  facts.held = HeldBecause(zone.name);
  return facts;
}

bool ZoneControl::NeedsKeyWork(const ZoneEntry& entry, std::int64_t now) const {
  const ZoneRecord& zone = *entry.record;
  if (zone.dnssec && !zone.has_keys) return Leads();
  if (!IsSigned(zone) || entry.key_place == KeyPlace::kQueued) return false;
  if (!HasKeys(entry) || entry.stale || now >= entry.refresh_at) return true;
  if (!Leads()) return false;
  return entry.cds != WantedCds(zone) || (entry.roll_at != 0 && now >= entry.roll_at);
}

void ZoneControl::StartKeyWork(const std::string& name, ZoneEntry& entry) {
  auto encoded = parts_.registry.store().ReadKeys(name);
  if (!encoded.ok()) {
    entry.key_problem = encoded.error();
    entry.key_retry_at = Now() + kMaxRetry;
    return;
  }
  PendingCommand command;
  if (const auto waiting = commands_.find(name); waiting != commands_.end()) {
    command = std::move(waiting->second.front());
    waiting->second.pop_front();
    if (waiting->second.empty()) commands_.erase(waiting);
  }
  KeyWorkOrder order;
  order.apex = entry.record->apex();
  order.encoded = *std::move(encoded);
  order.cds = WantedCds(*entry.record);
  order.life = LifeOf(entry);
  order.facts = FactsOf(entry);
  order.command = command.change;
  order.first = command.first;
  order.open_only = !Leads() && !command.change && !command.first;
  entry.key_work_runs = true;
  entry.roll_at = 0;
  // What is read here is the newest; whatever comes meanwhile sets it again.
  const bool stale = std::exchange(entry.stale, false);
  ++key_works_running_;
  parts_.hsm_work.Run([this, name, id = entry.record->id, order = std::move(order), now = Now(),
                       stale, command = std::move(command)]() -> Executor::Completion {
    return [this, name, id, command, stale,
            result = BringKeysUpToDate(parts_.key_maker, order, now)]() mutable {
      result.reopened = stale;
      FinishKeyWork(name, id, std::move(result), command);
    };
  });
}

void ZoneControl::FinishKeyWork(const std::string& name, std::uint64_t id, KeyWorkResult result,
                                const PendingCommand& command) {
  --key_works_running_;
  ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr || entry->record->id != id) {
    if (command.done) command.done({Failure::kNotFound, "the zone '" + name + "' was removed"});
    return;
  }
  entry->key_work_runs = false;
  const Outcome outcome = StoreKeyWork(name, *entry, result, command);
  if (!result.keys && result.reopened) entry->stale = IsSigned(*entry->record);
  if (result.keys && IsSigned(*entry->record) && !entry->stale) {
    const bool news = result.republish || result.reopened || !entry->keys;
    entry->keys = std::move(result.keys);
    entry->cds = result.cds;
    key_load_.Opened(*entry);
    if (news) {
      parts_.registry.Touch(name);
      parts_.registry.Publish();
    }
  }
  if (!entry->keys && entry->key_place == KeyPlace::kNone) entry->key_place = KeyPlace::kFailed;
  PlanKeyWork(*entry, result);
  if (entry->record->status == ZoneStatus::kError) Emit("keys-failed", name);
  for (const KeyNote& note : result.notes) Emit(note.what, name);
  Schedule(name);
  if (command.done) command.done(outcome);
}

// Stored before anything of it is published. The outcome is the command's.
Outcome ZoneControl::StoreKeyWork(const std::string& name, ZoneEntry& entry, KeyWorkResult& result,
                                  const PendingCommand& command) {
  const std::int64_t now = Now();
  ZoneRecord record = *entry.record;
  const bool fresh = !record.has_keys && !result.changed.empty();
  if (fresh) KeysMade(record, now);
  if (!record.has_keys && record.dnssec && record.status != ZoneStatus::kDisabled) {
    KeysFailed(record, result.problem, now);
  }
  Change change;
  if (!(record == *entry.record)) {
    record.changed = now;
    if (!command.first) {
      change.history.push_back(
          {0, now, name, kSelf, fresh ? "keys-made" : "keys-failed", record.problem});
    }
    change.put.push_back(record);
  }
  const bool commanded = command.change || command.first;
  const bool carried_out = commanded && result.refused.empty();
  if (carried_out) {
    change.history.push_back({0, now, name, command.who.name, command.note.what,
                              command.note.detail, command.who.reason});
  }
  for (const KeyNote& note : result.notes) {
    change.history.push_back({0, now, name, kSelf, note.what, note.detail});
  }
  if (!result.changed.empty()) change.keys.push_back({name, result.changed});
  if (!change.put.empty() || !change.keys.empty()) {
    change.as_leader = fleet_ != nullptr && Leads() && !commanded;
    const CommitStatus status =
        entry.stale
            ? CommitStatus(CommitFailure::kConflict, {"another node changed the keys meanwhile"})
            : parts_.registry.Commit(change);
    if (!status.ok()) {
      result.problem = status.error();
      result.keys.reset();
      result.notes.clear();
      // It may have been stored after all: what is in use must not be destroyed.
      if (status.failure() == CommitFailure::kAway) return OutcomeOf(status);
      // Nobody knows of them: they would stay in the token for ever.
      if (fresh) DestroyKeys(name, std::move(result.changed));
      keycache::ZoneKeyRecord orphans;
      orphans.apex = record.apex();
      orphans.keys = result.made;
      if (!orphans.keys.empty()) DestroyKeys(name, orphans.Encode());
      return OutcomeOf(status);
    }
    ++entry.key_changes;
  }
  for (const HistoryRow& row : change.history) {
    if (row.what == "keys-failed") continue;  // told once, by PlanKeyWork()
    Log(LogLevel::kInfo, row.what,
        {{"zone", name}, {"who", row.who}, {"detail", row.detail.empty() ? "-" : row.detail}});
  }
  if (fresh) Emit("keys-made", name);
  if (commanded && !carried_out) return {Failure::kConflict, result.refused};
  return {};
}

void ZoneControl::PlanKeyWork(ZoneEntry& entry, const KeyWorkResult& result) {
  const std::int64_t now = Now();
  const bool news = entry.key_problem != result.problem;
  entry.key_problem = result.problem;
  entry.awaits_workers = result.awaits_workers;
  entry.awaits_parent = result.awaits_parent;
  entry.roll_at = result.look_at;
  if (result.awaits_parent) {
    entry.check_at =
        std::min(entry.check_at, std::max(now, entry.record->parent.checked_at + kFirstCheck));
  }
  if (result.problem.empty()) {
    entry.key_failures = 0;
    entry.key_retry_at = 0;
    const std::int64_t wait = std::clamp(result.refresh_at - now, kLeastRefresh, kMostRefresh);
    entry.refresh_at = now + wait - RandomPart(wait / 2);
    return;
  }
  entry.key_retry_at =
      now + std::min<std::int64_t>(kMaxRetry, 1ll << std::min(entry.key_failures, 6));
  ++entry.key_failures;
  if (news) {
    Log(LogLevel::kError, "keys-failed", {{"zone", entry.record->name}, {"error", result.problem}});
  }
}

void ZoneControl::CommandKeys(const std::string& name, KeyCommand change, KeyNote note,
                              const Actor& who, Done done) {
  ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return done({Failure::kNotFound, "there is no zone '" + name + "'"});
  CommandKeys(name, {std::move(change), std::move(note), who, std::move(done)});
}

void ZoneControl::CommandKeys(const std::string& name, PendingCommand command) {
  auto& waiting = commands_[name];
  if (waiting.size() >= kMaxCommands) {
    return command.done(
        {Failure::kConflict, "too many commands wait for the keys of '" + name + "'"});
  }
  waiting.push_back(std::move(command));
  Schedule(name);
  Tick();
}

void ZoneControl::RollKeys(const std::string& name, std::optional<keycache::Role> role,
                           keycache::RollCause cause, const Actor& who, Done done) {
  const ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return done({Failure::kNotFound, "there is no zone '" + name + "'"});
  if (!MayMove(*entry->record) || !entry->record->has_keys) {
    return done({Failure::kConflict, "'" + name + "' is " +
                                         std::string(ToText(entry->record->status)) +
                                         ": keys roll while DNSSEC is pending or active"});
  }
  const std::string held = FactsOf(*entry).held;
  if (!held.empty() && cause != keycache::RollCause::kEmergency) {
    return done({Failure::kConflict, held +
                                         ". An emergency rollover begins nevertheless, and the "
                                         "override \"" +
                                         std::string(kOverrideIgnoreCanary) +
                                         "\" lets keys change"});
  }
  CommandKeys(
      name,
      [role, cause, life = LifeOf(*entry)](keycache::ZoneKeyRecord& record, KeyMaker& maker,
                                           std::int64_t now) {
        return role ? BeginRollover(record, *role, life, cause, maker, now)
                    : BeginWholeSet(record, life, cause, maker, now);
      },
      {"rollover-started", ScopeText(role) + ", " + std::string(ToText(cause))}, who,
      std::move(done));
}

void ZoneControl::CancelRollover(const std::string& name, std::optional<keycache::Role> role,
                                 const Actor& who, Done done) {
  const ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return done({Failure::kNotFound, "there is no zone '" + name + "'"});
  CommandKeys(
      name,
      [role, facts = FactsOf(*entry)](keycache::ZoneKeyRecord& record, KeyMaker&,
                                      std::int64_t now) {
        return role ? control::CancelRollover(record, *role, facts, now)
                    : CancelWholeSet(record, now);
      },
      {"rollover-cancelling", ScopeText(role)}, who, std::move(done));
}

void ZoneControl::SetForeignKeys(const std::string& name, std::vector<keycache::DnskeyRdata> keys,
                                 const Actor& who, Done done) {
  const ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return done({Failure::kNotFound, "there is no zone '" + name + "'"});
  if (!IsSigned(*entry->record)) {
    return done({Failure::kConflict, "'" + name + "' is not signed: turn DNSSEC on first"});
  }
  const KeyNote note{"foreign-keys-set", std::to_string(keys.size()) + " keys"};
  CommandKeys(
      name,
      [keys = std::move(keys)](keycache::ZoneKeyRecord& record, KeyMaker&, std::int64_t) {
        record.foreign.clear();
        for (const keycache::DnskeyRdata& key : keys) {
          const std::uint16_t key_tag = signer::KeyTag(key);
          // Answers of one provider would lack the signatures that the other's keys announce.
          const bool ours =
              std::any_of(record.keys.begin(), record.keys.end(), [&](const auto& own) {
                return own.signing && own.published && own.algorithm == keycache::AlgorithmOf(key);
              });
          if (!ours || record.WholeSetRollover() != nullptr) {
            return Status(Error{"key " + std::to_string(key_tag) +
                                " is not of the one algorithm that this zone is signed with: both "
                                "providers must use the same (RFC 8901 section 4)"});
          }
          // Two keys with one tag have cost others their zone (.ru, 2024).
          if (record.HasTag(key_tag)) {
            return Status(Error{"the zone has a key with the tag " + std::to_string(key_tag) +
                                " already: one of the two must be rolled first"});
          }
          record.foreign.push_back(key);
        }
        return Status::Ok();
      },
      note, who, std::move(done));
}

void ZoneControl::ImportKeys(const std::string& name, std::shared_ptr<const ImportedKeys> keys,
                             const Actor& who, Done done) {
  const ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return done({Failure::kNotFound, "there is no zone '" + name + "'"});
  const KeyNote note{"keys-imported", std::to_string(keys->size()) + " keys"};
  if (entry->record->has_keys) {
    return CommandKeys(
        name,
        [keys](keycache::ZoneKeyRecord& record, KeyMaker& maker, std::int64_t now) {
          return ImportStandbyKeys(record, *keys, maker, now);
        },
        note, who, std::move(done));
  }
  if (entry->record->dnssec) {
    return done({Failure::kConflict, "keys are being made for '" + name +
                                         "': turn DNSSEC off before its first keys are imported"});
  }
  PendingCommand command{nullptr, note, who, std::move(done)};
  command.first = [keys, apex = entry->record->apex()](KeyMaker& maker, std::int64_t now) {
    return ImportFirstKeys(apex, *keys, maker, now);
  };
  CommandKeys(name, std::move(command));
}

void ZoneControl::RevokeKey(const std::string& name, std::uint16_t key_tag,
                            std::string_view override_name, const Actor& who, Done done) {
  const ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr) return done({Failure::kNotFound, "there is no zone '" + name + "'"});
  if (!entry->record->has_keys) {
    return done({Failure::kConflict, "'" + name + "' has no keys"});
  }
  if (!override_name.empty() && override_name != kOverrideRevoke) {
    return done({Failure::kInvalid, "the only override is '" + std::string(kOverrideRevoke) + "'"});
  }
  CommandKeys(
      name,
      [key_tag, forced = !override_name.empty(), facts = FactsOf(*entry)](
          keycache::ZoneKeyRecord& record, KeyMaker& maker, std::int64_t now) {
        const std::string harm = HarmOfRevoking(record, key_tag, facts, now);
        if (!harm.empty() && !forced) {
          return Status(Error{harm + ". Roll the key instead, or repeat this with the override \"" +
                              std::string(kOverrideRevoke) + "\""});
        }
        return control::RevokeKey(record, key_tag, maker, now);
      },
      {"key-revoked", std::to_string(key_tag)}, who, std::move(done));
}

void ZoneControl::DestroyKeys(const std::string& name, std::vector<std::uint8_t> encoded) {
  if (encoded.empty()) return;
  parts_.hsm_work.Run([this, name, encoded = std::move(encoded)]() -> Executor::Completion {
    const auto record = keycache::ZoneKeyRecord::Decode(encoded);
    const Status status =
        record.ok() ? parts_.key_maker.DestroyKeys(*record) : Status(Error{record.error()});
    return [name, error = status.error()] {
      // Nothing depends on it any more: the operator may remove it from the token.
      if (!error.empty()) {
        Log(LogLevel::kWarning, "keys-left-in-token", {{"zone", name}, {"error", error}});
      }
    };
  });
}

}  // namespace sealwire::control
