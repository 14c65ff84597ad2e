#include "control/rollover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/control/control_fixture.h"
#include "tests/control/rollover_world.h"

namespace sealwire::control {
namespace {

using keycache::Role;
using keycache::RollCause;
using keycache::RollMethod;
using keycache::RollStep;
using testing::HasSubstr;

KeyLife Hours() {
  KeyLife life;
  life.dnskey_ttl = 3600;
  life.max_zone_ttl = 7200;
  life.propagation_delay = 0;
  life.parent_propagation_delay = 0;
  life.zsk_lifetime = 0;
  return life;
}

// One zone whose steps are walked through by hand; the parent is told what it shows.
class RolloverTest : public testing::Test {
 protected:
  RolloverTest() {
    record_ = *maker_.MakeKeys(*dns::Name::FromText("example.net."), {}, kStart);
    record_.key_ttl = life_.dnskey_ttl;
    record_.zone_ttl = life_.max_zone_ttl;
    record_.cds = keycache::CdsPublication::kPublish;
    facts_.may_move = facts_.secured = true;
    facts_.ds_ttl = 86400;
    Serve();
  }
  // Every worker answers from the record.
  void Serve() {
    facts_.served = true;
    Observe(record_, facts_, now_);
    facts_.served = false;
  }
  // Two servers; `with` shows how many of them have a DS of a key.
  void Look(std::vector<DsSeen> with) {
    facts_.parent = {};
    facts_.parent.checked_at = now_;
    facts_.parent.servers = facts_.parent.answered = 2;
    for (const DsSeen& seen : with) {
      facts_.parent.with_ds = std::max(facts_.parent.with_ds, seen.servers);
    }
    facts_.parent.ours = std::move(with);
    Observe(record_, facts_, now_);
  }
  void Begin(Role role) {
    ASSERT_TRUE(BeginRollover(record_, role, life_, RollCause::kAsked, maker_, now_).ok());
  }
  RollDecision Next(Role role) {
    return Decide(record_, *record_.RolloverOf(role), life_, facts_, now_);
  }
  // The earliest time that is told is the time at which it happens, not a second before.
  void StepAt(Role role, std::int64_t at, RollStep expected) {
    const RollDecision waiting = Next(role);
    ASSERT_EQ(waiting.kind, RollDecision::Kind::kWait) << waiting.reason;
    EXPECT_EQ(waiting.not_before, at) << waiting.reason;
    now_ = at - 1;
    EXPECT_EQ(Next(role).kind, RollDecision::Kind::kWait);
    now_ = at;
    const RollDecision due = Next(role);
    ASSERT_EQ(due.kind, RollDecision::Kind::kStep) << due.reason;
    ASSERT_EQ(due.next, expected);
    TakeStep(record_, role, due.next, now_);
  }

  static constexpr std::int64_t kStart = 1790000000;
  std::int64_t now_ = kStart;
  KeyLife life_ = Hours();
  FakeKeyMaker maker_;
  keycache::ZoneKeyRecord record_;
  RollFacts facts_;
};

TEST_F(RolloverTest, Rfc7583Section3_2_1_ZskIsPrePublishedThenSignsThenGoes) {
  const std::uint16_t old_tag = record_.SigningKeyOf(Role::kZsk)->key_tag;
  Begin(Role::kZsk);
  EXPECT_EQ(record_.DnskeyRRset().count(), 3);
  EXPECT_EQ(record_.SigningKeyOf(Role::kZsk)->key_tag, old_tag);
  EXPECT_EQ(Next(Role::kZsk).code, "wait-workers");
  now_ += 10;
  Serve();
  StepAt(Role::kZsk, kStart + 10 + 3600 + 1, RollStep::kSwitched);
  EXPECT_NE(record_.SigningKeyOf(Role::kZsk)->key_tag, old_tag);
  EXPECT_EQ(record_.DnskeyRRset().count(), 3) << "signatures of the old key are cached";
  Serve();
  StepAt(Role::kZsk, now_ + 7200 + 1, RollStep::kWithdrawn);
  EXPECT_EQ(record_.DnskeyRRset().count(), 2);
  EXPECT_EQ(Next(Role::kZsk).kind, RollDecision::Kind::kWait) << "a worker may still sign with it";
  Serve();
  EXPECT_EQ(Next(Role::kZsk).kind, RollDecision::Kind::kFinish);
}

TEST_F(RolloverTest, WaitsForTheTtlThatWasServedNotForTheOneInForce) {
  life_.dnskey_ttl = 5;
  EXPECT_TRUE(UseTtls(record_, life_));
  Begin(Role::kZsk);
  Serve();
  EXPECT_GE(Next(Role::kZsk).not_before, kStart + 3600);
}

TEST_F(RolloverTest, Rfc7583Section3_3_1_DoubleKskChangesTheDsBetweenTwoWaits) {
  const std::uint16_t old_tag = record_.keys[0].key_tag;
  Begin(Role::kKsk);
  const std::uint16_t new_tag = record_.RolloverOf(Role::kKsk)->new_tag;
  EXPECT_TRUE(record_.Find(new_tag)->signing) << "both sign the DNSKEY RRset";
  EXPECT_EQ(record_.DsRecords().front().key_tag, old_tag) << "the parent is told nothing yet";
  Serve();
  StepAt(Role::kKsk, now_ + 3600 + 1, RollStep::kSubmitted);
  ASSERT_EQ(record_.CdsRRset().count(), 1);
  EXPECT_EQ(record_.DsRecords().front().key_tag, new_tag);
  EXPECT_TRUE(record_.Find(old_tag)->signing);
  Serve();
  now_ += 60;
  Look({{old_tag, 1}, {new_tag, 1}});
  EXPECT_EQ(Next(Role::kKsk).code, "wait-parent") << "one server is behind";
  EXPECT_EQ(Next(Role::kKsk).not_before, 0);
  now_ += 60;
  Look({{old_tag, 0}, {new_tag, 2}});
  const std::int64_t seen = now_;
  EXPECT_EQ(Next(Role::kKsk).not_before, seen + 86400 + 1);
  now_ = seen + 86400 + 1;
  EXPECT_EQ(Next(Role::kKsk).code, "wait-parent") << "it is looked at once more";
  Look({{old_tag, 0}, {new_tag, 2}});
  ASSERT_EQ(Next(Role::kKsk).kind, RollDecision::Kind::kStep);
  EXPECT_EQ(Next(Role::kKsk).next, RollStep::kWithdrawn);
}

// .nz, 2023: the old KSK was removed while the old DS was still cached.
TEST_F(RolloverTest, Nz2023_OldKskStaysWhileTheOldDsMayBeCached) {
  const std::uint16_t old_tag = record_.keys[0].key_tag;
  Begin(Role::kKsk);
  const std::uint16_t new_tag = record_.RolloverOf(Role::kKsk)->new_tag;
  Serve();
  now_ += 3601;
  TakeStep(record_, Role::kKsk, RollStep::kSubmitted, now_);
  Serve();
  now_ += 1;
  Look({{old_tag, 0}, {new_tag, 2}});
  now_ += 86000;
  Look({{old_tag, 1}, {new_tag, 2}});  // a server fell back to an older zone
  EXPECT_EQ(Next(Role::kKsk).code, "wait-parent");
  now_ += 1000000;
  EXPECT_EQ(Next(Role::kKsk).kind, RollDecision::Kind::kWait) << "no time makes up for the look";
  Look({{old_tag, 0}, {new_tag, 2}});
  EXPECT_EQ(Next(Role::kKsk).not_before, now_ + 86400 + 1) << "the wait begins anew";
}

TEST_F(RolloverTest, SilentServersOfTheParentProveNothing) {
  const std::uint16_t old_tag = record_.keys[0].key_tag;
  Begin(Role::kKsk);
  const std::uint16_t new_tag = record_.RolloverOf(Role::kKsk)->new_tag;
  TakeStep(record_, Role::kKsk, RollStep::kSubmitted, now_);
  Serve();
  now_ += 5;
  Look({{old_tag, 0}, {new_tag, 1}});
  facts_.parent.answered = 1;
  Observe(record_, facts_, now_);
  EXPECT_EQ(record_.RolloverOf(Role::kKsk)->parent_at, 0u);
  now_ += 10000000;
  EXPECT_EQ(Next(Role::kKsk).kind, RollDecision::Kind::kWait);
}

TEST_F(RolloverTest, Rfc7583Section3_3_2_DoubleDsChangesTheKeyBetweenTwoDsChanges) {
  life_.ksk_roll = RollMethod::kDoubleDs;
  const std::uint16_t old_tag = record_.keys[0].key_tag;
  Begin(Role::kKsk);
  const std::uint16_t new_tag = record_.RolloverOf(Role::kKsk)->new_tag;
  EXPECT_EQ(record_.DnskeyRRset().count(), 2);
  EXPECT_EQ(record_.CdsRRset().count(), 2);
  Serve();
  now_ += 10;
  Look({{old_tag, 2}, {new_tag, 2}});
  const std::int64_t safe = now_ + 86400 + 1;
  EXPECT_EQ(Next(Role::kKsk).not_before, safe);
  now_ = safe;
  Look({{old_tag, 2}, {new_tag, 2}});
  ASSERT_EQ(Next(Role::kKsk).next, RollStep::kSwitched);
  TakeStep(record_, Role::kKsk, RollStep::kSwitched, now_);
  EXPECT_EQ(record_.DnskeyRRset().count(), 2);
  EXPECT_EQ(record_.CdsRRset().count(), 2);
  Serve();
  StepAt(Role::kKsk, now_ + 3600 + 1, RollStep::kReplaced);
  EXPECT_EQ(record_.CdsRRset().count(), 1);
  Serve();
  now_ += 10;
  Look({{old_tag, 0}, {new_tag, 2}});
  EXPECT_EQ(Next(Role::kKsk).next, RollStep::kWithdrawn);
}

TEST_F(RolloverTest, StandbyKeyTakesOverAtOnce) {
  for (const Role role : {Role::kZsk, Role::kKsk}) {
    ASSERT_TRUE(AddStandby(record_, role, life_, maker_, now_).ok());
  }
  Serve();
  EXPECT_EQ(record_.DsRecords().size(), 1u);
  now_ += 3601;
  const int made = maker_.made;
  for (const Role role : {Role::kZsk, Role::kKsk}) {
    const std::uint16_t standby = StandbyOf(record_, role)->key_tag;
    ASSERT_TRUE(BeginRollover(record_, role, life_, RollCause::kEmergency, maker_, now_).ok());
    EXPECT_EQ(record_.RolloverOf(role)->new_tag, standby);
    EXPECT_EQ(Next(role).kind, RollDecision::Kind::kStep);
    EXPECT_EQ(StandbyOf(record_, role), nullptr);
  }
  EXPECT_EQ(maker_.made, made);
}

TEST_F(RolloverTest, CancelIsPossibleUntilTheNewKeyIsInUse) {
  Begin(Role::kZsk);
  EXPECT_TRUE(CancelRollover(record_, Role::kZsk, facts_, now_).ok());
  EXPECT_EQ(record_.DnskeyRRset().count(), 2);
  EXPECT_EQ(LeavingTag(*record_.RolloverOf(Role::kZsk)), record_.RolloverOf(Role::kZsk)->new_tag);
  EXPECT_FALSE(CancelRollover(record_, Role::kKsk, facts_, now_).ok()) << "there is none";

  Begin(Role::kKsk);
  TakeStep(record_, Role::kKsk, RollStep::kSubmitted, now_);
  const Status late = CancelRollover(record_, Role::kKsk, facts_, now_);
  ASSERT_FALSE(late.ok());
  EXPECT_THAT(late.error(), HasSubstr("in use already"));
}

TEST_F(RolloverTest, SecondRolloverOfOneRoleIsRefused) {
  Begin(Role::kZsk);
  const auto before = record_.Encode();
  EXPECT_FALSE(BeginRollover(record_, Role::kZsk, life_, RollCause::kAsked, maker_, now_).ok());
  EXPECT_EQ(record_.Encode(), before);
  Begin(Role::kKsk);  // of the other role it may run beside
}

TEST_F(RolloverTest, NothingMovesWhileDnssecIsTurnedOff) {
  Begin(Role::kZsk);
  Serve();
  now_ += 1000000;
  facts_.may_move = false;
  EXPECT_EQ(Next(Role::kZsk).kind, RollDecision::Kind::kWait);
  facts_.may_move = true;
  EXPECT_EQ(Next(Role::kZsk).kind, RollDecision::Kind::kStep);
}

TEST_F(RolloverTest, ScheduledByLifetimeAndSpreadOverItsLastTenth) {
  life_.zsk_lifetime = 1000000;
  const std::int64_t due = RolloverDue(record_, Role::kZsk, life_);
  EXPECT_GT(due, kStart + 900000 - 1);
  EXPECT_LE(due, kStart + 1000000);
  EXPECT_EQ(RolloverDue(record_, Role::kKsk, life_), 0) << "off";
  Begin(Role::kZsk);
  EXPECT_EQ(RolloverDue(record_, Role::kZsk, life_), 0) << "one is under way";
}

// Every validator, with whatever it may have cached, finds a chain at every moment: over random
// TTLs, delays of workers and parent, changed policies, and ends of the process between any two
// steps.
class EveryCache : public testing::TestWithParam<RollMethod> {};

TEST_P(EveryCache, FindsAChainAtEveryMoment) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    RolloverWorld world(seed, GetParam());
    world.Run();
    ASSERT_GE(world.finished(), 2) << "seed " << seed << ": rollovers end";
    ASSERT_EQ(world.FirstBrokenChain(), "") << "seed " << seed;
  }
}

using KindChange = std::pair<KeyKind, KeyKind>;
class EveryCacheOfAWholeSet : public testing::TestWithParam<KindChange> {};

TEST_P(EveryCacheOfAWholeSet, Rfc4035Section2_2_FindsEveryAlgorithmAtEveryMoment) {
  const auto [one, other] = GetParam();
  for (unsigned seed = 0; seed < 30; ++seed) {
    RolloverWorld world(seed, one, other);
    world.Run();
    ASSERT_GE(world.finished(), 2) << "seed " << seed << ": rollovers end";
    ASSERT_EQ(world.FirstBrokenChain(), "") << "seed " << seed;
  }
}

// There and back again: all six directions between the algorithms, one key and two.
INSTANTIATE_TEST_SUITE_P(
    Kinds, EveryCacheOfAWholeSet,
    testing::Values(KindChange{{13, false}, {15, false}}, KindChange{{13, false}, {14, false}},
                    KindChange{{14, false}, {15, false}}, KindChange{{13, false}, {13, true}},
                    KindChange{{13, true}, {15, true}}, KindChange{{15, true}, {15, true}},
                    KindChange{{13, false}, {15, true}}));

INSTANTIATE_TEST_SUITE_P(Methods, EveryCache,
                         testing::Values(RollMethod::kPrePublish, RollMethod::kDoubleKsk,
                                         RollMethod::kDoubleDs));

}  // namespace
}  // namespace sealwire::control
