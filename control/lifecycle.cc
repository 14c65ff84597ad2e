#include "control/lifecycle.h"

#include <algorithm>

namespace sealwire::control {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 86400;

void Enter(ZoneRecord& zone, ZoneStatus status, std::int64_t now) {
  if (zone.status == status) return;
  zone.status = status;
  zone.status_since = now;
}

// How long a DS that is gone from the parent may live in caches. A DS that no look ever showed left
// nothing behind, as far as the servers themselves were asked. The clock counts whole seconds: one
// more makes sure that the TTL is over.
std::int64_t CacheLifetime(const ZoneRecord& zone, const ParentObservation& seen) {
  const auto ttl = std::max<std::int64_t>(seen.hold, zone.ds_last_seen == 0 ? 0 : zone.ds_ttl_max);
  return ttl == 0 ? 0 : ttl + 1;
}

void ObservedWhileOff(ZoneRecord& zone, const ParentObservation& seen, std::int64_t now) {
  if (seen.with_ds > 0) {
    zone.signing_until = 0;
    return;
  }
  if (seen.state != ParentState::kMissing) return;  // silence proves nothing
  if (zone.signing_until == 0) zone.signing_until = now + CacheLifetime(zone, seen);
  if (now >= zone.signing_until) Enter(zone, ZoneStatus::kDisabled, now);
}

}  // namespace

void TurnOn(ZoneRecord& zone, std::int64_t now) {
  if (zone.dnssec) return;
  zone.dnssec = true;
  zone.signing_until = 0;
  if (zone.status == ZoneStatus::kPendingDisabled) {
    // Never stopped being signed: only the parent's view has to be seen anew.
    const bool published = zone.parent.state == ParentState::kPublished;
    Enter(zone, published ? ZoneStatus::kActive : ZoneStatus::kPending, now);
    return;
  }
  zone.parent = {};
  zone.ds_last_seen = 0;
  zone.ds_ttl_max = 0;
  Enter(zone, ZoneStatus::kDeploying, now);
}

void TurnOff(ZoneRecord& zone, std::int64_t now) {
  if (!zone.dnssec) return;
  zone.dnssec = false;
  zone.problem.clear();
  zone.signing_until = 0;
  Enter(zone, zone.has_keys ? ZoneStatus::kPendingDisabled : ZoneStatus::kDisabled, now);
}

void ForceOff(ZoneRecord& zone, std::int64_t now) {
  zone.dnssec = false;
  zone.problem.clear();
  zone.signing_until = 0;
  Enter(zone, ZoneStatus::kDisabled, now);
}

void KeysFailed(ZoneRecord& zone, std::string problem, std::int64_t now) {
  zone.problem = std::move(problem);
  Enter(zone, ZoneStatus::kError, now);
}

void KeysMade(ZoneRecord& zone, std::int64_t now) {
  zone.has_keys = true;
  zone.problem.clear();
  if (zone.dnssec) Enter(zone, ZoneStatus::kDeploying, now);
}

void Deployed(ZoneRecord& zone, std::int64_t now) {
  if (zone.status == ZoneStatus::kDeploying) Enter(zone, ZoneStatus::kPending, now);
}

void Observed(ZoneRecord& zone, const ParentObservation& seen, std::int64_t now) {
  zone.parent = seen;
  if (seen.with_ds > 0) {
    zone.ds_last_seen = now;
    zone.ds_ttl_max = std::max(zone.ds_ttl_max, seen.ds_ttl);
  }
  if (zone.status == ZoneStatus::kPendingDisabled) {
    ObservedWhileOff(zone, seen, now);
  } else if (zone.status == ZoneStatus::kPending || zone.status == ZoneStatus::kActive) {
    if (seen.state == ParentState::kPublished) {
      Enter(zone, ZoneStatus::kActive, now);
    } else if (seen.state != ParentState::kUnreachable) {
      Enter(zone, ZoneStatus::kPending, now);
    }
  }
}

bool IsSigned(const ZoneRecord& zone) noexcept {
  return zone.has_keys && zone.status != ZoneStatus::kDisabled && zone.status != ZoneStatus::kError;
}

bool ShowsDs(const ZoneRecord& zone) noexcept {
  return zone.status == ZoneStatus::kPending || zone.status == ZoneStatus::kActive ||
         zone.status == ZoneStatus::kPendingDisabled;
}

bool IsWatched(const ZoneRecord& zone) noexcept {
  return ShowsDs(zone);
}

bool IsIdle(const ZoneRecord& zone) noexcept {
  return !zone.has_keys || zone.status == ZoneStatus::kDisabled;
}

keycache::CdsPublication WantedCds(const ZoneRecord& zone) noexcept {
  switch (zone.status) {
    case ZoneStatus::kPending:
    case ZoneStatus::kActive:
      return keycache::CdsPublication::kPublish;
    case ZoneStatus::kPendingDisabled:
      return keycache::CdsPublication::kDelete;
    default:
      return keycache::CdsPublication::kNone;
  }
}

std::int64_t CheckInterval(const ZoneRecord& zone, std::int64_t now) noexcept {
  if (zone.status == ZoneStatus::kActive) return 6 * kHour;
  if (zone.status == ZoneStatus::kPendingDisabled && zone.signing_until > now) {
    return std::min(zone.signing_until - now, kHour);
  }
  const std::int64_t age = now - zone.status_since;
  if (age < kHour) return kMinute;
  return age < kDay ? 10 * kMinute : kHour;
}

namespace {

NextStep PendingStep(const ZoneRecord& zone) {
  switch (zone.parent.state) {
    case ParentState::kPublished:
      return {"none", "Nothing to do."};
    case ParentState::kPartial:
      return {"wait", "Some servers of the parent have the DS record; wait for the others."};
    case ParentState::kMismatch:
      return {"fix-ds",
              "The parent holds a DS record that is not of these keys: validators refuse the zone. "
              "Replace it by the DS record shown here."};
    case ParentState::kUnreachable:
      return {"check-parent",
              "Publish the DS record at the parent. Whether it is there could not be seen: " +
                  zone.parent.detail};
    default:
      return {"publish-ds", "Give the DS record to the parent, usually at your registrar."};
  }
}

NextStep PendingDisabledStep(const ZoneRecord& zone) {
  if (zone.signing_until != 0) {
    return {"wait",
            "The DS record is gone from the parent. The zone stays signed until no resolver can "
            "have it any more.",
            zone.signing_until};
  }
  if (zone.parent.state == ParentState::kUnreachable) {
    return {"check-parent",
            "Remove the DS record at the parent. The zone stays signed because nobody could say "
            "that it is gone: " +
                zone.parent.detail};
  }
  return {"remove-ds",
          "Remove the DS record at the parent, usually at your registrar. The zone stays signed "
          "until it is gone."};
}

}  // namespace

NextStep NextStepOf(const ZoneRecord& zone) {
  switch (zone.status) {
    case ZoneStatus::kDisabled:
      return {"none", "The zone is not signed."};
    case ZoneStatus::kDeploying:
      return {"wait", "Keys are being made and brought to every worker."};
    case ZoneStatus::kPending:
      return PendingStep(zone);
    case ZoneStatus::kActive:
      return {"none", "Nothing to do."};
    case ZoneStatus::kPendingDisabled:
      return PendingDisabledStep(zone);
    case ZoneStatus::kError:
      break;
  }
  return {"check-hsm", zone.problem + ". It is tried again by itself."};
}

}  // namespace sealwire::control
