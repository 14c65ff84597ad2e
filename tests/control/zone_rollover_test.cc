// Rollovers through the control plane: commands, the store, restarts, the parent.

#include <gmock/gmock.h>

#include "tests/control/control_fixture.h"

namespace sealwire::control {
namespace {

using keycache::Role;
using keycache::RollCause;
using keycache::RollStep;
using testing::HasSubstr;

class ZoneRolloverTest : public ControlFixture {
 protected:
  void SetUp() override {
    policies_["default"].life.zsk_lifetime = 0;
    ControlFixture::SetUp();
    Add("example.com");
    Toggle("example.com", true);
    Settle();
    PublishDs("example.com");
    Pass(3600);
    ASSERT_EQ(Record("example.com").status, ZoneStatus::kActive);
  }
  Outcome Roll(Role role) {
    Outcome result{Failure::kInternal, "not done"};
    zones_->RollKeys("example.com", role, RollCause::kAsked, "test",
                     [&](const Outcome& outcome) { result = outcome; });
    return result;
  }
  keycache::ZoneKeyRecord Keys() {
    return *keycache::ZoneKeyRecord::Decode(*store_->ReadKeys("example.com"));
  }
  int ServedKeys() { return Served("example.com")->keys->dnskey.count(); }
  std::uint16_t ZskTag() { return Keys().SigningKeyOf(Role::kZsk)->key_tag; }
  void WalkUntil(RollStep step, Role role, std::int64_t stride = 600) {
    for (int i = 0; i < 1000; ++i) {
      const auto keys = Keys();
      const auto* roll = keys.RolloverOf(role);
      ASSERT_NE(roll, nullptr);
      if (roll->step == step && roll->served_at != 0) return;
      Pass(stride);
    }
    FAIL() << "the step is never reached";
  }
};

TEST_F(ZoneRolloverTest, ZskGoesThroughItsStepsAndARestartBetweenAnyTwoLosesNothing) {
  const std::uint16_t old_tag = ZskTag();
  ASSERT_TRUE(Roll(Role::kZsk).ok());
  EXPECT_EQ(Roll(Role::kZsk).failure, Failure::kConflict);
  Settle();
  EXPECT_EQ(ServedKeys(), 3);
  Restart();
  WalkUntil(RollStep::kSwitched, Role::kZsk);
  EXPECT_NE(ZskTag(), old_tag);
  EXPECT_EQ(ServedKeys(), 3);
  Restart();
  Settle();
  EXPECT_EQ(ServedKeys(), 3);
  for (int hours = 0; hours < 80; ++hours) Pass(3600);
  EXPECT_EQ(ServedKeys(), 2);
  EXPECT_EQ(Keys().keys.size(), 2u);
  EXPECT_TRUE(Keys().rollovers.empty());
  EXPECT_EQ(Keys().Find(old_tag), nullptr);
  EXPECT_EQ(key_maker_.destroyed, 1);
}

TEST_F(ZoneRolloverTest, NothingMovesWhileAWorkerIsBehind) {
  workers_.prompt = false;
  workers_.served = workers_.published;
  ASSERT_TRUE(Roll(Role::kZsk).ok());
  const std::uint16_t old_tag = ZskTag();
  for (int days = 0; days < 30; ++days) Pass(86400);
  EXPECT_EQ(ZskTag(), old_tag);
  workers_.prompt = true;
  WalkUntil(RollStep::kSwitched, Role::kZsk);
  EXPECT_NE(ZskTag(), old_tag);
}

TEST_F(ZoneRolloverTest, KskWaitsForTheParentAndItsCaches) {
  const std::uint16_t old_tag = Keys().keys[0].key_tag;
  ASSERT_TRUE(Roll(Role::kKsk).ok());
  WalkUntil(RollStep::kSubmitted, Role::kKsk);
  for (int days = 0; days < 10; ++days) Pass(86400);
  ASSERT_NE(Keys().Find(old_tag), nullptr) << "the parent has not changed the DS";
  EXPECT_EQ(Keys().DsRecords().size(), 1u);
  EXPECT_NE(Keys().DsRecords()[0].key_tag, old_tag);
  PublishDs("example.com");
  parent_.silent = true;
  for (int days = 0; days < 10; ++days) Pass(86400);
  EXPECT_TRUE(Keys().Find(old_tag)->signing) << "silence proves nothing";
  parent_.silent = false;
  for (int i = 0; i < 100; ++i) Pass(300);
  EXPECT_EQ(Keys().Find(old_tag), nullptr);
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kActive);
  EXPECT_EQ(ServedKeys(), 2);
}

TEST_F(ZoneRolloverTest, HsmAwayRefusesTheCommandAndTheZoneGoesOn) {
  key_maker_.away = true;
  const Outcome outcome = Roll(Role::kZsk);
  EXPECT_EQ(outcome.failure, Failure::kConflict);
  EXPECT_THAT(outcome.detail, HasSubstr("the HSM is away"));
  EXPECT_EQ(ServedKeys(), 2);
  key_maker_.away = false;
  EXPECT_TRUE(Roll(Role::kZsk).ok());
}

TEST_F(ZoneRolloverTest, OffInTheMiddleRestsAndOnAgainGoesOn) {
  ASSERT_TRUE(Roll(Role::kZsk).ok());
  WalkUntil(RollStep::kIntroduced, Role::kZsk);
  Toggle("example.com", false);
  for (int days = 0; days < 5; ++days) Pass(86400);
  EXPECT_EQ(Keys().RolloverOf(Role::kZsk)->step, RollStep::kIntroduced);
  EXPECT_EQ(Roll(Role::kKsk).failure, Failure::kConflict);
  Toggle("example.com", true);
  WalkUntil(RollStep::kSwitched, Role::kZsk);
}

TEST_F(ZoneRolloverTest, PolicyRollsByItselfAndKeepsAStandbyKey) {
  policies_["default"].life.zsk_lifetime = 30 * 86400;
  policies_["default"].life.standby = true;
  const std::uint16_t first = ZskTag();
  zones_->RefreshAll();
  Settle();
  EXPECT_EQ(ServedKeys(), 4) << "one standby key of each role";
  for (int hours = 0; hours < 27 * 24 - 2; ++hours) Pass(3600);
  EXPECT_EQ(ZskTag(), first);
  for (int hours = 0; hours < 5 * 24; ++hours) Pass(3600);
  EXPECT_NE(ZskTag(), first);
  EXPECT_EQ(ServedKeys(), 4);
}

TEST_F(ZoneRolloverTest, ForeignKeysAreServedUntilTheyAreTakenBack) {
  FakeKeyMaker other;
  const auto record = *other.MakeKeys(*dns::Name::FromText("example.com"), {}, 1);
  std::vector<keycache::DnskeyRdata> keys;
  for (const auto& key : record.keys) {
    keys.push_back(key.Dnskey());
    keys.back()[20] ^= 0x5a;  // another key, and another tag
  }
  Outcome result;
  const auto done = [&](const Outcome& outcome) { result = outcome; };
  zones_->SetForeignKeys("example.com", keys, "test", done);
  ASSERT_TRUE(result.ok()) << result.detail;
  EXPECT_EQ(ServedKeys(), 4);
  EXPECT_EQ(Served("example.com")->keys->cds.count(), 2);
  zones_->SetForeignKeys("example.com", {record.keys[0].Dnskey()}, "test", done);
  EXPECT_EQ(result.failure, Failure::kConflict) << "the same tag as a key of ours";
  EXPECT_EQ(ServedKeys(), 4);
  zones_->SetForeignKeys("example.com", {}, "test", done);
  EXPECT_EQ(ServedKeys(), 2);
}

}  // namespace
}  // namespace sealwire::control
