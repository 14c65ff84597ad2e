#include "control/lifecycle.h"

#include <gtest/gtest.h>

namespace sealwire::control {
namespace {

constexpr std::int64_t kT = 1795509000;

ParentObservation Missing() {
  return {ParentState::kMissing, 0, 2, 2, 0, 0, 0, ""};
}
ParentObservation Published(std::uint32_t ttl) {
  return {ParentState::kPublished, 0, 2, 2, 2, ttl, 0, ""};
}
ParentObservation Partial(std::uint32_t ttl) {
  return {ParentState::kPartial, 0, 2, 2, 1, ttl, 0, ""};
}
ParentObservation Unreachable() {
  return {ParentState::kUnreachable, 0, 2, 1, 0, 0, 0, "one is silent"};
}

ZoneRecord Deploying() {
  ZoneRecord zone;
  zone.name = "example.com";
  TurnOn(zone, kT);
  KeysMade(zone, kT);
  return zone;
}
ZoneRecord Pending() {
  ZoneRecord zone = Deploying();
  Deployed(zone, kT);
  return zone;
}
ZoneRecord Active(std::uint32_t ttl = 3600) {
  ZoneRecord zone = Pending();
  Observed(zone, Published(ttl), kT);
  return zone;
}

TEST(Lifecycle, DsIsShownOnlyWhenEveryWorkerServesTheKeys) {
  ZoneRecord zone = Deploying();
  EXPECT_EQ(zone.status, ZoneStatus::kDeploying);
  EXPECT_TRUE(IsSigned(zone));
  EXPECT_FALSE(ShowsDs(zone));
  EXPECT_EQ(WantedCds(zone), keycache::CdsPublication::kNone);
  Deployed(zone, kT + 1);
  EXPECT_EQ(zone.status, ZoneStatus::kPending);
  EXPECT_TRUE(ShowsDs(zone));
  EXPECT_EQ(WantedCds(zone), keycache::CdsPublication::kPublish);
  EXPECT_EQ(NextStepOf(zone).code, "publish-ds");
}

TEST(Lifecycle, ActiveOnlyWhenEveryServerOfTheParentShowsOurDs) {
  ZoneRecord zone = Pending();
  Observed(zone, Partial(3600), kT);
  EXPECT_EQ(zone.status, ZoneStatus::kPending);
  Observed(zone, Published(3600), kT + 60);
  EXPECT_EQ(zone.status, ZoneStatus::kActive);
  EXPECT_EQ(zone.status_since, kT + 60);
  Observed(zone, Unreachable(), kT + 120);
  EXPECT_EQ(zone.status, ZoneStatus::kActive) << "silence changes nothing";
  Observed(zone, Missing(), kT + 180);
  EXPECT_EQ(zone.status, ZoneStatus::kPending);
}

TEST(Lifecycle, OffKeepsSigningWhileTheParentHasTheDs) {
  ZoneRecord zone = Active();
  TurnOff(zone, kT + 10);
  EXPECT_EQ(zone.status, ZoneStatus::kPendingDisabled);
  EXPECT_FALSE(zone.dnssec);
  EXPECT_EQ(WantedCds(zone), keycache::CdsPublication::kDelete);
  for (int i = 0; i < 1000; ++i)
    Observed(zone, i % 2 ? Published(3600) : Partial(3600), kT + 86400 * i);
  EXPECT_TRUE(IsSigned(zone));
  EXPECT_FALSE(IsIdle(zone));
  EXPECT_EQ(NextStepOf(zone).code, "remove-ds");
}

TEST(Lifecycle, OffKeepsSigningWhileTheParentCannotBeAsked) {
  ZoneRecord zone = Pending();
  TurnOff(zone, kT);
  for (int i = 0; i < 1000; ++i) Observed(zone, Unreachable(), kT + 86400 * i);
  EXPECT_EQ(zone.status, ZoneStatus::kPendingDisabled);
  EXPECT_TRUE(IsSigned(zone));
  EXPECT_EQ(NextStepOf(zone).code, "check-parent");
}

TEST(Lifecycle, OffEndsWhenTheDsIsGoneAndItsTtlHasRunOut) {
  ZoneRecord zone = Active(3600);
  TurnOff(zone, kT + 10);
  Observed(zone, Missing(), kT + 100);
  EXPECT_EQ(zone.status, ZoneStatus::kPendingDisabled);
  EXPECT_EQ(zone.signing_until, kT + 3701);
  EXPECT_EQ(NextStepOf(zone).not_before, kT + 3701);
  Observed(zone, Missing(), kT + 3699);
  EXPECT_TRUE(IsSigned(zone));
  Observed(zone, Unreachable(), kT + 3701);
  EXPECT_TRUE(IsSigned(zone)) << "the last look must show that it is gone";
  Observed(zone, Missing(), kT + 3702);
  EXPECT_EQ(zone.status, ZoneStatus::kDisabled);
  EXPECT_TRUE(zone.has_keys) << "keys are kept";
  EXPECT_FALSE(IsSigned(zone));
}

TEST(Lifecycle, DsThatComesBackStartsTheWaitAnew) {
  ZoneRecord zone = Active(100);
  TurnOff(zone, kT);
  Observed(zone, Missing(), kT + 10);
  Observed(zone, Partial(5000), kT + 50);
  EXPECT_EQ(zone.signing_until, 0);
  Observed(zone, Missing(), kT + 200);
  EXPECT_EQ(zone.signing_until, kT + 5201) << "the largest TTL seen counts";
}

TEST(Lifecycle, DsThatWasNeverSeenNeedsNoWaitWhenTheServersWereAsked) {
  ZoneRecord zone = Pending();
  TurnOff(zone, kT);
  Observed(zone, Missing(), kT + 1);
  EXPECT_EQ(zone.status, ZoneStatus::kDisabled);
}

TEST(Lifecycle, ResolversWordAloneIsHeldForTheAssumedTtl) {
  ZoneRecord zone = Pending();
  TurnOff(zone, kT);
  ParentObservation seen = Missing();
  seen.hold = 86400;
  Observed(zone, seen, kT);
  EXPECT_EQ(zone.signing_until, kT + 86401);
  Observed(zone, seen, kT + 86401);
  EXPECT_EQ(zone.status, ZoneStatus::kDisabled);
}

TEST(Lifecycle, OnWhilePendingDisabledResumes) {
  ZoneRecord zone = Active();
  TurnOff(zone, kT);
  Observed(zone, Missing(), kT + 10);
  TurnOn(zone, kT + 20);
  EXPECT_EQ(zone.status, ZoneStatus::kPending);
  EXPECT_EQ(zone.signing_until, 0);
  EXPECT_TRUE(zone.has_keys);
  EXPECT_EQ(zone.ds_ttl_max, 3600u) << "a DS of before may still be cached";
}

TEST(Lifecycle, ForceOffStopsAtOnce) {
  ZoneRecord zone = Active();
  ForceOff(zone, kT);
  EXPECT_EQ(zone.status, ZoneStatus::kDisabled);
  EXPECT_FALSE(IsSigned(zone));
}

TEST(Lifecycle, HsmAwayAtToggleOnIsAnErrorThatIsTriedAgain) {
  ZoneRecord zone;
  TurnOn(zone, kT);
  KeysFailed(zone, "the HSM is away", kT + 1);
  EXPECT_EQ(zone.status, ZoneStatus::kError);
  EXPECT_TRUE(zone.dnssec);
  EXPECT_FALSE(IsSigned(zone));
  EXPECT_EQ(NextStepOf(zone).code, "check-hsm");
  KeysMade(zone, kT + 60);
  EXPECT_EQ(zone.status, ZoneStatus::kDeploying);
  EXPECT_TRUE(zone.problem.empty());
}

TEST(Lifecycle, OffBeforeThereAreKeysIsOffAtOnce) {
  ZoneRecord zone;
  TurnOn(zone, kT);
  TurnOff(zone, kT + 1);
  EXPECT_EQ(zone.status, ZoneStatus::kDisabled);
}

TEST(Lifecycle, OffWhileKeysAreBroughtToTheWorkersKeepsRule5) {
  ZoneRecord zone = Deploying();
  TurnOff(zone, kT);
  EXPECT_EQ(zone.status, ZoneStatus::kPendingDisabled);
  Deployed(zone, kT + 1);
  EXPECT_EQ(zone.status, ZoneStatus::kPendingDisabled);
}

TEST(Lifecycle, AsksOftenWhileSomebodyWaitsAndSeldomAfterwards) {
  ZoneRecord zone = Pending();
  EXPECT_EQ(CheckInterval(zone, kT + 10), 60);
  EXPECT_EQ(CheckInterval(zone, kT + 7200), 600);
  EXPECT_EQ(CheckInterval(zone, kT + 90000), 3600);
  EXPECT_EQ(CheckInterval(Active(), kT), 21600);
  zone = Active(30);
  TurnOff(zone, kT);
  Observed(zone, Missing(), kT);
  EXPECT_EQ(CheckInterval(zone, kT), 31) << "not later than signing may end";
}

TEST(Lifecycle, MismatchIsSaidAloud) {
  ZoneRecord zone = Pending();
  Observed(zone, {ParentState::kMismatch, 0, 2, 2, 2, 60, 0, ""}, kT);
  EXPECT_EQ(zone.status, ZoneStatus::kPending);
  EXPECT_EQ(NextStepOf(zone).code, "fix-ds");
}

}  // namespace
}  // namespace sealwire::control
