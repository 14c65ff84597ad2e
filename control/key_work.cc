#include "control/key_work.h"

#include <algorithm>
#include <utility>

#include "control/whole_set_rollover.h"

namespace sealwire::control {

using keycache::Built;
using keycache::CdsPublication;
using keycache::KeyRecord;
using keycache::Role;
using keycache::RollCause;
using keycache::RollMethod;
using keycache::Rollover;
using keycache::ZoneKeyRecord;

namespace {

constexpr Role kRoles[] = {Role::kZsk, Role::kKsk};

// The record as it would become, and what is to be told of it. Nothing of it counts before it was
// signed and opened.
class Draft {
 public:
  Draft(KeyMaker& maker, const KeyWorkOrder& order, ZoneKeyRecord record, std::int64_t now)
      : maker_(maker), order_(order), before_(record), record_(std::move(record)), now_(now) {
    // First of all: what is begun below is not served yet.
    Observe(record_, order_.facts, now_);
  }

  // Each notes what it could not do in `result.problem`, and leaves the rest to the others.
  void Command(KeyWorkResult& result);
  void MoveRollovers(KeyWorkResult& result);
  void BeginWhatIsDue(KeyWorkResult& result);
  void FollowPolicy();

  // Signs when what is published changed, and opens the keys. False: nothing may be kept.
  bool Settle(KeyWorkResult& result);
  void Plan(KeyWorkResult& result) const;

  const ZoneKeyRecord& record() const { return record_; }
  const ZoneKeyRecord& before() const { return before_; }
  std::vector<KeyRecord> Made() const;

 private:
  void Finish(Role role, KeyWorkResult& result);
  void BeginWholeSetIfDue(KeyWorkResult& result);

  KeyMaker& maker_;
  const KeyWorkOrder& order_;
  const ZoneKeyRecord before_;
  ZoneKeyRecord record_;
  const std::int64_t now_;
  bool published_changed_ = false;
  bool refreshed_ = false;
};

std::string Describe(const Rollover& roll) {
  return std::string(WhatRolls(roll)) + " " + std::to_string(roll.old_tag) + " to " +
         std::to_string(roll.new_tag) + ", " + std::string(ToText(roll.method));
}

void Draft::Command(KeyWorkResult& result) {
  if (!order_.command) return;
  ZoneKeyRecord changed = record_;
  if (const Status done = order_.command(changed, maker_, now_); done.ok()) {
    record_ = std::move(changed);
    published_changed_ = true;
  } else {
    result.refused = done.error();
  }
}

void Draft::FollowPolicy() {
  published_changed_ |= UseTtls(record_, order_.life);
  published_changed_ |= std::exchange(record_.cds, order_.cds) != order_.cds;
}

void Draft::MoveRollovers(KeyWorkResult& result) {
  for (const Role role : kRoles) {
    const Rollover* roll = record_.RolloverOf(role);
    if (roll == nullptr) continue;
    const RollDecision decision = Decide(record_, *roll, order_.life, order_.facts, now_);
    if (decision.kind == RollDecision::Kind::kStep) {
      TakeStep(record_, role, decision.next, now_);
      published_changed_ = true;
      result.notes.push_back({"rollover-step", Describe(*record_.RolloverOf(role)) + ": " +
                                                   std::string(ToText(decision.next)) + ". " +
                                                   decision.reason});
    } else if (decision.kind == RollDecision::Kind::kFinish) {
      Finish(role, result);
    }
  }
}

// The key is withdrawn already; a crash between its end in the token and that of its record makes
// this be done again, which does no harm.
void Draft::Finish(Role role, KeyWorkResult& result) {
  const Rollover roll = *record_.RolloverOf(role);
  const KeyRecord leaving = *record_.Find(LeavingTag(roll));
  const auto goes = [&](const KeyRecord& key) {
    return roll.method == RollMethod::kWholeSet ? key.set == leaving.set
                                                : key.key_tag == leaving.key_tag;
  };
  for (const KeyRecord& key : record_.keys) {
    if (!goes(key)) continue;
    if (key.published || key.signing) return;
    if (const Status done = maker_.DestroyKey(key); !done.ok()) {
      result.problem = done.error();
      return;
    }
  }
  std::erase_if(record_.keys, goes);
  std::erase(record_.rollovers, roll);
  result.notes.push_back({roll.cancelled ? "rollover-cancelled" : "rollover-done", Describe(roll)});
}

// To what the policy asks for now, or because the one key that signs all is due.
void Draft::BeginWholeSetIfDue(KeyWorkResult& result) {
  const KeyRecord* key = record_.SigningKeyOf(Role::kKsk);
  const bool csk = key != nullptr && key->signs_data;
  const std::int64_t due = csk ? RolloverDue(record_, Role::kKsk, order_.life) : 0;
  if (!WholeSetIsDue(record_, order_.life) && (due == 0 || now_ < due)) return;
  if (const Status begun = BeginWholeSet(record_, order_.life, RollCause::kScheduled, maker_, now_);
      !begun.ok()) {
    result.problem = begun.error();
    return;
  }
  published_changed_ = true;
  result.notes.push_back(
      {"rollover-started", Describe(*record_.WholeSetRollover()) + ", scheduled"});
}

void Draft::BeginWhatIsDue(KeyWorkResult& result) {
  if (!order_.facts.may_move || !order_.facts.secured || !order_.facts.held.empty()) return;
  BeginWholeSetIfDue(result);
  const KeyRecord* ksk = record_.SigningKeyOf(Role::kKsk);
  if (record_.WholeSetRollover() != nullptr || (ksk != nullptr && ksk->signs_data)) return;
  for (const Role role : kRoles) {
    const std::int64_t due = RolloverDue(record_, role, order_.life);
    if (due != 0 && now_ >= due) {
      if (const Status begun =
              BeginRollover(record_, role, order_.life, RollCause::kScheduled, maker_, now_);
          !begun.ok()) {
        result.problem = begun.error();
        continue;
      }
      published_changed_ = true;
      result.notes.push_back(
          {"rollover-started", Describe(*record_.RolloverOf(role)) + ", scheduled"});
    }
    if (!order_.life.standby || StandbyOf(record_, role) != nullptr ||
        record_.RolloverOf(role) != nullptr) {
      continue;
    }
    if (const Status added = AddStandby(record_, role, order_.life, maker_, now_); !added.ok()) {
      result.problem = added.error();
      continue;
    }
    published_changed_ = true;
    result.notes.push_back({"standby-key-made", std::string(ToText(role)) + " " +
                                                    std::to_string(record_.keys.back().key_tag)});
  }
}

bool Draft::Settle(KeyWorkResult& result) {
  const auto now = static_cast<std::uint32_t>(now_);
  if (published_changed_) {
    if (const Status done = maker_.SignAhead(record_, now); !done.ok()) {
      result.problem = done.error();
      return false;
    }
  } else if (const auto refreshed = maker_.RefreshSignatures(record_, now); !refreshed.ok()) {
    result.problem = refreshed.error();
  } else {
    refreshed_ = *refreshed;
  }
  Built built = maker_.Build(record_, now);
  if (built.state != Built::State::kReady) {
    result.problem = built.reason;
    return false;
  }
  result.republish = published_changed_ || refreshed_;
  result.keys = std::move(built.keys);
  return true;
}

std::vector<KeyRecord> Draft::Made() const {
  std::vector<KeyRecord> made;
  for (const KeyRecord& key : record_.keys) {
    if (before_.Find(key.key_tag) == nullptr) made.push_back(key);
  }
  return made;
}

void Draft::Plan(KeyWorkResult& result) const {
  result.refresh_at = keycache::RefreshAt(record_);
  const auto consider = [&](std::int64_t at) {
    if (at != 0) result.look_at = result.look_at == 0 ? at : std::min(result.look_at, at);
  };
  const bool moves = order_.facts.may_move;
  result.awaits_workers =
      std::any_of(record_.keys.begin(), record_.keys.end(),
                  [](const KeyRecord& key) { return key.published && key.served_since == 0; });
  for (const Rollover& roll : record_.rollovers) {
    result.awaits_workers |= roll.served_at == 0;
    if (!moves || roll.served_at == 0) continue;
    RollFacts served = order_.facts;
    served.served = false;
    const RollDecision next = Decide(record_, roll, order_.life, served, now_);
    if (next.kind != RollDecision::Kind::kWait) {
      consider(now_ + 1);
    } else {
      consider(next.not_before > now_ ? next.not_before : 0);
      result.awaits_parent |= next.code == "wait-parent" || roll.parent_at != 0;
    }
  }
  if (!moves || !order_.facts.secured) return;
  for (const Role role : kRoles) consider(RolloverDue(record_, role, order_.life));
}

// Opens them, and looks what there will be to do for whoever leads then.
KeyWorkResult OpenKeys(KeyMaker& maker, const KeyWorkOrder& order, std::int64_t now) {
  KeyWorkResult result;
  const auto record = ZoneKeyRecord::Decode(order.encoded);
  if (!record.ok()) {
    result.problem = record.error();
    return result;
  }
  Built built = maker.Build(*record, static_cast<std::uint32_t>(now));
  if (built.state == Built::State::kReady) {
    result.keys = std::move(built.keys);
  } else {
    result.problem = built.reason;
  }
  result.cds = record->cds;
  Draft(maker, order, *record, now).Plan(result);
  return result;
}

}  // namespace

KeyWorkResult BringKeysUpToDate(KeyMaker& maker, const KeyWorkOrder& order, std::int64_t now) {
  if (order.open_only) return OpenKeys(maker, order, now);
  KeyWorkResult result;
  const bool fresh = order.encoded.empty();
  const keycache::KeyPolicy policy{order.life.ksk, keycache::KeyHome::kSealed, order.life.algorithm,
                                   order.life.csk};
  auto record = !fresh        ? ZoneKeyRecord::Decode(order.encoded)
                : order.first ? order.first(maker, now)
                              : maker.MakeKeys(order.apex, policy, static_cast<std::uint32_t>(now));
  if (!record.ok()) {
    result.problem = result.refused = record.error();
    return result;
  }
  Draft draft(maker, order, *record, now);
  // What the facts say is said of the record as it is stored: it is judged before it changes.
  draft.MoveRollovers(result);
  draft.Command(result);
  draft.FollowPolicy();
  draft.BeginWhatIsDue(result);
  if (draft.Settle(result)) {
    auto encoded = draft.record().Encode();
    if (fresh || encoded != order.encoded) result.changed = std::move(encoded);
    result.made = draft.Made();
    result.cds = draft.record().cds;
    draft.Plan(result);
    return result;
  }
  // What is stored stays as it is, and what was made for nothing goes.
  for (const KeyRecord& key : draft.Made()) (void)maker.DestroyKey(key);
  result.notes.clear();
  if ((order.command || order.first) && result.refused.empty()) result.refused = result.problem;
  if (fresh && order.first) return result;  // nobody depends on them yet
  if (fresh) result.changed = record->Encode();
  result.cds = record->cds;
  if (Built built = maker.Build(*record, static_cast<std::uint32_t>(now));
      built.state == Built::State::kReady) {
    result.keys = std::move(built.keys);
  }
  return result;
}

}  // namespace sealwire::control
