#include "control/key_load.h"

#include <gmock/gmock.h>

#include <deque>

#include "tests/control/control_fixture.h"

namespace sealwire::control {
namespace {

using proxy::KeyWait;
using testing::HasSubstr;

// Work that is done when the test says so.
class HeldExecutor : public Executor {
 public:
  void Run(Work work) override { held_.push_back(std::move(work)); }
  std::size_t size() const { return held_.size(); }
  void Do() {
    const Work work = std::move(held_.front());
    held_.pop_front();
    work()();
  }
  void DoAll() {
    while (!held_.empty()) Do();
  }
  void Drop() { held_.clear(); }

 private:
  std::deque<Work> held_;
};

class KeyLoadTest : public ControlFixture {
 protected:
  void TearDown() override {
    held_.Drop();
    ControlFixture::TearDown();
  }
  void BeforeRestore() override {
    held_.Drop();
    KeyLoad::Options options;
    options.cache = cache_;
    options.batch = 2;
    options.calls = &calls_;
    options.asked = [this](proxy::AudienceKey zone) { return asked_[zone.place]; };
    zones_->UseKeyLoad(held_, options);
  }

  // Zones that the parent has a DS of.
  void AddSigned(const std::string& name) {
    ASSERT_TRUE(Add(name).ok());
    ASSERT_TRUE(Toggle(name, true).ok());
    Settle();
    held_.DoAll();
    PublishDs(name);
    Pass(120);
    ASSERT_EQ(Record(name).status, ZoneStatus::kActive);
  }
  bool IsOpen(const std::string& name) { return Served(name)->keys != nullptr; }
  void Call(const std::string& name) { calls_.Put(Served(name)->key_call); }
  // As its workers count.
  void Query(const std::string& name) { ++asked_[registry_->Find(name)->audience.place]; }

  HeldExecutor held_;
  proxy::Notices calls_{64};
  std::map<std::uint32_t, std::uint64_t> asked_;
  std::size_t cache_ = 0;
};

TEST_F(KeyLoadTest, StartDoesNotWaitForKeysAndQueriesDo) {
  AddSigned("a.example");
  Add("plain.example");
  Restart();
  EXPECT_EQ(Served("a.example")->key_wait, KeyWait::kShort);
  EXPECT_EQ(Served("plain.example")->key_wait, KeyWait::kNone);
  EXPECT_EQ(zones_->key_load().queued, 1u);
  held_.DoAll();
  Settle();
  EXPECT_TRUE(IsOpen("a.example"));
  EXPECT_EQ(Served("a.example")->key_wait, KeyWait::kNone);
  EXPECT_EQ(zones_->key_load().queued, 0u);
  EXPECT_EQ(zones_->key_load().open, 1u);
}

TEST_F(KeyLoadTest, ZoneThatIsCalledComesBeforeItsTurn) {
  for (int zone = 10; zone < 19; ++zone) AddSigned("z" + std::to_string(zone) + ".example");
  Restart();
  ASSERT_FALSE(IsOpen("z18.example"));
  Call("z18.example");
  zones_->Settle();
  held_.Do();  // the batch that was under way
  held_.Do();
  EXPECT_TRUE(IsOpen("z18.example"));
  EXPECT_FALSE(IsOpen("z16.example"));
  EXPECT_EQ(zones_->key_load().called, 1u);
  held_.DoAll();
  Settle();
  EXPECT_TRUE(IsOpen("z16.example"));
  EXPECT_EQ(zones_->key_load().open, 9u);
}

TEST_F(KeyLoadTest, NothingIsTriedOneByOneWhileTheHsmIsAway) {
  AddSigned("a.example");
  AddSigned("b.example");
  Restart();
  key_maker_.away = true;
  held_.DoAll();
  EXPECT_THAT(zones_->key_load().waits_for, HasSubstr("the HSM is away"));
  EXPECT_EQ(zones_->key_load().queued, 2u);
  zones_->Settle();
  EXPECT_EQ(held_.size(), 0u) << "not before its time";
  // Whoever asks meanwhile is told at once.
  Call("a.example");
  zones_->Settle();
  EXPECT_EQ(Served("a.example")->key_wait, KeyWait::kLong);
  EXPECT_EQ(Served("b.example")->key_wait, KeyWait::kShort);

  key_maker_.away = false;
  now_ += 1;
  zones_->Settle();
  held_.DoAll();
  Pass(60);
  EXPECT_TRUE(IsOpen("a.example"));
  EXPECT_TRUE(IsOpen("b.example"));
  EXPECT_EQ(zones_->key_load().waits_for, "");
}

TEST_F(KeyLoadTest, RecordThatChangedMeanwhileIsReadAgain) {
  AddSigned("a.example");
  Restart();
  ASSERT_EQ(held_.size(), 1u);
  Outcome outcome{Failure::kInternal, "not done"};
  zones_->RollKeys("a.example", keycache::Role::kZsk, keycache::RollCause::kAsked, "test",
                   [&](const Outcome& done) { outcome = done; });
  ASSERT_TRUE(outcome.ok()) << outcome.detail;
  ASSERT_TRUE(IsOpen("a.example"));
  EXPECT_EQ(Served("a.example")->keys->dnskey.count(), 3);
  held_.DoAll();
  Settle();
  EXPECT_EQ(Served("a.example")->keys->dnskey.count(), 3) << "what was read before came too late";
}

TEST_F(KeyLoadTest, OtherWorkOnAZoneWaitsForItsTurn) {
  AddSigned("a.example");
  Restart();
  zones_->RefreshAll();  // as a reload does
  Settle();              // ends
  EXPECT_FALSE(IsOpen("a.example"));
  held_.DoAll();
  Settle();
  EXPECT_TRUE(IsOpen("a.example"));
}

class BoundedKeyLoadTest : public KeyLoadTest {
 protected:
  BoundedKeyLoadTest() { cache_ = 2; }
};

TEST_F(BoundedKeyLoadTest, NoMoreThanTheBoundAreOpenAndTheRestWaitForACall) {
  for (const char* name : {"a.example", "b.example", "c.example", "d.example"}) AddSigned(name);
  Settle();
  EXPECT_EQ(zones_->key_load().open, 2u);
  Restart();
  held_.DoAll();
  Settle();
  EXPECT_EQ(zones_->key_load().open, 2u);
  EXPECT_TRUE(IsOpen("a.example"));
  EXPECT_TRUE(IsOpen("b.example"));
  EXPECT_EQ(Served("c.example")->key_wait, KeyWait::kShort);
  EXPECT_EQ(registry_->Find("c.example")->key_place, KeyPlace::kStored);
}

TEST_F(BoundedKeyLoadTest, ZoneNobodyAsksForGoes) {
  for (const char* name : {"a.example", "b.example", "c.example"}) AddSigned(name);
  Restart();
  held_.DoAll();
  Settle();
  Query("a.example");
  Call("c.example");
  zones_->Settle();
  held_.DoAll();
  Settle();
  EXPECT_TRUE(IsOpen("a.example"));
  EXPECT_FALSE(IsOpen("b.example"));
  EXPECT_TRUE(IsOpen("c.example"));
  EXPECT_EQ(zones_->key_load().open, 2u);
  EXPECT_GE(zones_->key_load().evicted, 1u);
}

TEST_F(BoundedKeyLoadTest, ManyMoreZonesThanFitAreAllAnsweredInTheirTurn) {
  std::vector<std::string> names;
  for (int zone = 0; zone < 20; ++zone) {
    names.push_back("z" + std::to_string(zone) + ".example");
    AddSigned(names.back());
  }
  for (int round = 0; round < 3; ++round) {
    for (const std::string& name : names) {
      Query(name);
      if (!IsOpen(name)) Call(name);
      zones_->Settle();
      held_.DoAll();
      ASSERT_TRUE(IsOpen(name)) << name;
      Settle();
      ASSERT_LE(zones_->key_load().open, 2u);
    }
  }
}

TEST_F(BoundedKeyLoadTest, RolloverOfAZoneWhoseKeysAreClosedGoesOn) {
  AddSigned("a.example");
  AddSigned("b.example");
  AddSigned("c.example");
  Outcome outcome{Failure::kInternal, "not done"};
  zones_->RollKeys("a.example", keycache::Role::kZsk, keycache::RollCause::kAsked, "test",
                   [&](const Outcome& done) { outcome = done; });
  ASSERT_TRUE(outcome.ok()) << outcome.detail;
  for (int day = 0; day < 12; ++day) {
    Query("b.example");
    Query("c.example");
    Pass(86400);
    held_.DoAll();
  }
  const auto record = keycache::ZoneKeyRecord::Decode(*store_->ReadKeys("a.example"));
  ASSERT_TRUE(record.ok());
  EXPECT_TRUE(record->rollovers.empty());
  EXPECT_LE(zones_->key_load().open, 3u);
}

}  // namespace
}  // namespace sealwire::control
