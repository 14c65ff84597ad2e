#include "control/canary.h"

#include <gmock/gmock.h>

#include "control/lifecycle.h"
#include "tests/control/control_fixture.h"

namespace sealwire::control {
namespace {

using keycache::Role;
using keycache::RollCause;
using testing::ElementsAre;
using testing::HasSubstr;
using State = ProbeVerdict::State;

class CanaryTest : public ControlFixture {
 protected:
  void SetUp() override {
    policies_["default"].life.zsk_lifetime = 0;
    ControlFixture::SetUp();
    canary_ = std::make_unique<Canary>(
        Canary::Parts{*registry_, [this](Executor::Work work) { here_.Run(std::move(work)); },
                      *net::Endpoint::FromText("127.0.0.1:5300"), 1, [this] { return now_; },
                      [this](const ProbeOrder& order, const std::atomic<bool>&) {
                        if (meanwhile_) meanwhile_();
                        asked_.push_back(order.apex.ToText());
                        anchors_ = order.ds;
                        return verdict_;
                      },
                      [this](const std::string& what, const std::string& zone) {
                        zones_->ReconsiderKeys(zone);
                        told_.push_back(what);
                      }});
    zones_->UseHolds({[this](const std::string& zone) { return canary_->HeldBecause(zone); },
                      [this](const std::string& zone) { return canary_->Ignore(zone); },
                      [this](const std::string& zone) { return canary_->IsIgnored(zone); },
                      [this] { return canary_->Held(); }});
    for (const char* name : {"a.com", "b.com", "unsigned.com"}) Add(name);
    for (const char* name : {"a.com", "b.com"}) Toggle(name, true);
    Settle();
  }
  void Tick(int times = 1) {
    for (int i = 0; i < times; ++i) {
      Pass(1);
      canary_->Tick();
    }
  }
  void TickUntilAsked(const std::string& zone) {
    asked_.clear();
    for (int i = 0; i < 100 && (asked_.empty() || asked_.back() != zone); ++i) Tick();
    ASSERT_EQ(asked_.back(), zone);
  }
  keycache::ZoneKeyRecord Keys() {
    return *keycache::ZoneKeyRecord::Decode(*store_->ReadKeys("a.com"));
  }
  RollDecision Next() {
    const auto keys = Keys();
    const ZoneEntry& entry = *registry_->Find("a.com");
    return Decide(keys, keys.rollovers.front(), zones_->LifeOf(entry), zones_->FactsOf(entry),
                  now_);
  }
  void Roll() {
    zones_->RollKeys("a.com", Role::kZsk, RollCause::kAsked, "test", [](const Outcome&) {});
    Settle();
  }

  std::unique_ptr<Canary> canary_;
  std::function<void()> meanwhile_;  // happens while a zone is asked about
  ProbeVerdict verdict_{State::kSecure, ""};
  std::vector<std::string> asked_, anchors_, told_;
};

TEST_F(CanaryTest, AsksOneSignedZoneAfterAnotherWithItsOwnDs) {
  Tick(8);
  EXPECT_EQ(std::count(asked_.begin(), asked_.end(), "unsigned.com."), 0);
  EXPECT_GE(std::count(asked_.begin(), asked_.end(), "a.com."), 2);
  EXPECT_GE(std::count(asked_.begin(), asked_.end(), "b.com."), 2);
  const auto keys = keycache::ZoneKeyRecord::Decode(
      *store_->ReadKeys(asked_.back() == "a.com." ? "a.com" : "b.com"));
  EXPECT_THAT(anchors_, ElementsAre(keys->DsRecords().front().ToText()));
  EXPECT_TRUE(told_.empty());
}

TEST_F(CanaryTest, NothingRunsWhereNoZoneIsSigned) {
  for (const char* name : {"a.com", "b.com"}) Toggle(name, false);
  Settle();
  for (int i = 0; i < 20; ++i) Pass(86400);
  ASSERT_EQ(registry_->CountOf(ZoneStatus::kDisabled), 3u);
  asked_.clear();
  Tick(20);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(CanaryTest, OneBogusAnswerHoldsTheKeysUntilACleanRun) {
  Roll();
  const auto held_at = Keys().rollovers.front().step;
  verdict_ = {State::kBogus, "a.com. SOA: signature crypto failed"};
  TickUntilAsked("a.com.");
  EXPECT_EQ(Next().code, "held");
  EXPECT_THAT(Next().reason, HasSubstr("signature crypto failed"));
  for (int i = 0; i < 100; ++i) Pass(3600);
  EXPECT_EQ(Keys().rollovers.front().step, held_at);
  EXPECT_GE(canary_->counts().held, 1u);

  verdict_ = {State::kUnknown, "no answer in time"};
  TickUntilAsked("a.com.");
  EXPECT_EQ(Next().code, "held") << "silence is no clean run";
  verdict_ = {State::kSecure, ""};
  Tick(100);
  EXPECT_EQ(canary_->counts().held, 0u);
  EXPECT_EQ(told_.front(), "canary-bogus");
  EXPECT_EQ(told_.back(), "canary-clean");
  Settle();
  EXPECT_NE(Keys().rollovers.front().step, held_at) << "and the rollover goes on by itself";
}

TEST_F(CanaryTest, SilenceHoldsNothing) {
  verdict_ = {State::kUnknown, "no answer in time"};
  Tick(20);
  EXPECT_GE(canary_->counts().unknown, 5u);
  EXPECT_EQ(canary_->counts().held, 0u);
  EXPECT_TRUE(told_.empty());
  Roll();
  EXPECT_EQ(Keys().rollovers.size(), 1u);
  EXPECT_NE(Next().code, "held");
}

TEST_F(CanaryTest, AnAnswerFromBeforeAChangeOfKeysSaysNothing) {
  verdict_ = {State::kBogus, "bogus"};
  meanwhile_ = [this] {
    for (const char* name : {"a.com", "b.com"}) ++registry_->Find(name)->key_changes;
  };
  Tick(5);
  EXPECT_GE(asked_.size(), 4u);
  EXPECT_EQ(canary_->counts().bogus, 0u);
  meanwhile_ = nullptr;
  TickUntilAsked("a.com.");
  EXPECT_FALSE(canary_->HeldBecause("a.com").empty());
}

TEST_F(CanaryTest, AZoneWhoseKeysChangedIsAskedBeforeOthers) {
  for (int i = 0; i < 5; ++i) {
    canary_->Watch("b.com");
    asked_.clear();
    Tick(3);  // one of three turns is theirs
    EXPECT_THAT(asked_, testing::Contains("b.com."));
  }
}

TEST_F(CanaryTest, HeldZonesLeaveOthersTheirTurn) {
  verdict_ = {State::kBogus, "bogus"};
  Tick(10);
  ASSERT_EQ(canary_->counts().held, 2u);
  Add("new.com");
  Toggle("new.com", true);
  Settle();
  asked_.clear();
  Tick(6);
  EXPECT_THAT(asked_, testing::Contains("new.com."));
}

TEST_F(CanaryTest, KeysOfAHeldZoneBeginToRollInAnEmergencyOnly) {
  verdict_ = {State::kBogus, "bogus"};
  TickUntilAsked("a.com.");
  std::vector<Failure> failures;
  const auto done = [&](const Outcome& outcome) { failures.push_back(outcome.failure); };
  zones_->RollKeys("a.com", Role::kZsk, RollCause::kAsked, "test", done);
  zones_->RollKeys("a.com", Role::kZsk, RollCause::kEmergency, "test", done);
  Settle();
  EXPECT_THAT(failures, ElementsAre(Failure::kConflict, Outcome{}.failure));
  EXPECT_EQ(Keys().rollovers.size(), 1u);
}

TEST_F(CanaryTest, ANamedOverrideLetsKeysChangeForADay) {
  Roll();
  EXPECT_EQ(Toggle("a.com", true, kOverrideIgnoreCanary).failure, Failure::kConflict);
  verdict_ = {State::kBogus, "bogus"};
  TickUntilAsked("a.com.");
  EXPECT_EQ(Next().code, "held");
  EXPECT_TRUE(Toggle("a.com", true, kOverrideIgnoreCanary).ok());
  EXPECT_NE(Next().code, "held");
  Tick(60);
  EXPECT_TRUE(canary_->HeldBecause("a.com").empty()) << "it is still seen, and still ignored";
  Pass(86400);
  EXPECT_FALSE(canary_->HeldBecause("a.com").empty());
}

}  // namespace
}  // namespace sealwire::control
