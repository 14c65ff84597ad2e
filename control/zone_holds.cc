// What holds the keys of a zone as they are: this node's canary, or that of another node of the
// fleet; and the override of both.

#include "control/fleet.h"
#include "control/lifecycle.h"
#include "control/zone_control.h"

namespace sealwire::control {

void ZoneControl::UseHolds(KeyHolds holds) {
  holds_ = std::move(holds);
  if (fleet_ != nullptr) fleet_->UseHolds(holds_.all);
}

std::string ZoneControl::HeldBecause(const std::string& name) const {
  if (holds_.is_ignored && holds_.is_ignored(name)) return "";
  if (fleet_ != nullptr && fleet_->Overruled(name)) return "";
  if (holds_.why) {
    if (std::string why = holds_.why(name); !why.empty()) return why;
  }
  return fleet_ != nullptr ? fleet_->HeldBecause(name) : "";
}

void ZoneControl::ReconsiderKeys(const std::string& name) {
  if (fleet_ != nullptr) fleet_->HoldsChanged();
  ZoneEntry* entry = parts_.registry.Find(name);
  if (entry == nullptr || !IsSigned(*entry->record)) return;
  entry->roll_at = Now();
  Schedule(name);
}

void ZoneControl::ReconsiderHeldElsewhere() {
  const HeldDifference difference = fleet_->TakeHoldDifference();
  const auto look = [this](const std::string& name, ZoneEntry& entry) {
    if (!IsSigned(*entry.record)) return;
    entry.roll_at = Now();
    Schedule(name);
  };
  if (difference.all) return parts_.registry.ForEach(look);
  for (const std::string& name : difference.zones) {
    if (ZoneEntry* entry = parts_.registry.Find(name)) look(name, *entry);
  }
}

Outcome ZoneControl::IgnoreCanary(const ZoneEntry& entry, const Actor& who) {
  const std::string name = entry.record->name;
  if (!entry.record->dnssec || HeldBecause(name).empty()) {
    return {Failure::kConflict, "nothing holds the keys of '" + name + "'"};
  }
  if (!holds_.ignore || !holds_.ignore(name)) {
    return {Failure::kConflict, "this node has no canary that could ignore what is seen of '" +
                                    name + "': give the override at another"};
  }
  Outcome outcome = CommitZone(*entry.record, who, "canary-ignored");
  if (outcome.ok()) ReconsiderKeys(name);
  return outcome;
}

}  // namespace sealwire::control
