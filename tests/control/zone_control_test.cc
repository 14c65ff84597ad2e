#include "control/zone_control.h"

#include <gmock/gmock.h>

#include <fstream>

#include "control/lifecycle.h"
#include "control_fixture.h"

namespace sealwire::control {
namespace {

using testing::HasSubstr;
using ZoneControlTest = ControlFixture;

TEST_F(ZoneControlTest, ZoneIsServedAsSoonAsItIsAdded) {
  ASSERT_TRUE(Add("example.com").ok());
  const proxy::Zone* zone = Served("example.com");
  ASSERT_NE(zone, nullptr);
  EXPECT_EQ(zone->keys, nullptr);
  ASSERT_NE(zone->forward, nullptr);
  EXPECT_EQ(zone->forward->endpoints[0].ToText(), "127.0.0.1:5301");
}

TEST_F(ZoneControlTest, ZonesWithTheSameServersShareOneForwardSet) {
  Add("a.example");
  Add("b.example");
  EXPECT_EQ(Served("a.example")->forward, Served("b.example")->forward);
}

TEST_F(ZoneControlTest, PuttingTheSameAgainChangesNothing) {
  Add("example.com");
  const auto revision = store_->revision();
  Add("example.com");
  EXPECT_EQ(store_->revision(), revision);
  EXPECT_EQ(store_->ReadHistory("example.com", 0, 10)->size(), 1u);
}

TEST_F(ZoneControlTest, OnGoesThroughDeployingToPendingToActive) {
  Add("example.com");
  workers_.prompt = false;
  ASSERT_TRUE(Toggle("example.com", true).ok());
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kDeploying);
  Settle();
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kDeploying)
      << "a worker answers from an older table";
  ASSERT_NE(Served("example.com")->keys, nullptr);
  workers_.served = workers_.published;
  Settle();
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kPending);
  EXPECT_EQ(Record("example.com").parent.state, ParentState::kMissing);
  EXPECT_FALSE(Served("example.com")->keys->cds.empty())
      << "RFC 7344: CDS once the keys are served";
  PublishDs("example.com");
  Pass(120);
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kActive);
}

TEST_F(ZoneControlTest, OffKeepsSigningUntilTheTtlOfTheDsHasRunOut) {
  Add("example.com");
  Toggle("example.com", true);
  Settle();
  PublishDs("example.com");
  Pass(120);
  ASSERT_TRUE(Toggle("example.com", false).ok());
  Pass(60);
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kPendingDisabled);
  ASSERT_NE(Served("example.com")->keys, nullptr);
  const auto cds = Served("example.com")->keys->cds.view().First();
  EXPECT_THAT(std::vector<std::uint8_t>(cds.begin(), cds.end()),
              testing::ElementsAre(0, 0, 0, 0, 0))
      << "RFC 8078 section 4";
  EXPECT_EQ(zones_->RemoveZone("example.com", std::nullopt, "test").failure, Failure::kConflict);
  EXPECT_EQ(zones_->ForgetKeys("example.com", std::nullopt, "test").failure, Failure::kConflict);
  parent_.ds.clear();
  Pass(120);
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kPendingDisabled);
  EXPECT_NE(Served("example.com")->keys, nullptr);
  Pass(3000);
  EXPECT_NE(Served("example.com")->keys, nullptr);
  Pass(1200);
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kDisabled);
  EXPECT_EQ(Served("example.com")->keys, nullptr);
  EXPECT_TRUE(Record("example.com").has_keys);
  EXPECT_EQ(key_maker_.destroyed, 0);
  EXPECT_TRUE(zones_->RemoveZone("example.com", std::nullopt, "test").ok());
  EXPECT_EQ(key_maker_.destroyed, 1);
  EXPECT_EQ(Served("example.com"), nullptr);
}

TEST_F(ZoneControlTest, OnAgainResumesWithTheSameKeys) {
  Add("example.com");
  Toggle("example.com", true);
  Settle();
  PublishDs("example.com");
  Pass(120);
  const auto keys = *store_->ReadKeys("example.com");
  Toggle("example.com", false);
  Pass(60);
  Toggle("example.com", true);
  Pass(120);
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kActive);
  EXPECT_EQ(key_maker_.made, 1);
}

TEST_F(ZoneControlTest, SilentParentKeepsTheZoneSigned) {
  Add("example.com");
  Toggle("example.com", true);
  Settle();
  parent_.silent = true;
  Toggle("example.com", false);
  for (int day = 0; day < 30; ++day) Pass(86400);
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kPendingDisabled);
  EXPECT_NE(Served("example.com")->keys, nullptr);
  EXPECT_EQ(Toggle("example.com", false, "please").failure, Failure::kInvalid);
  ASSERT_TRUE(Toggle("example.com", false, kOverrideStopSigning).ok());
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kDisabled);
  EXPECT_EQ(Served("example.com")->keys, nullptr);
  EXPECT_EQ((*store_->ReadHistory("example.com", 0, 1))[0].what, "dnssec-forced-off");
}

TEST_F(ZoneControlTest, HsmAwayAtToggleOnIsSaidAndTriedAgain) {
  Add("example.com");
  key_maker_.away = true;
  Toggle("example.com", true);
  Settle();
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kError);
  EXPECT_EQ(Record("example.com").problem, "the HSM is away");
  ASSERT_NE(Served("example.com"), nullptr) << "it is served unsigned, as before";
  key_maker_.away = false;
  Pass(120);
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kPending);
}

TEST_F(ZoneControlTest, SignedZonesGoOnWhileTheHsmIsAway) {
  Add("example.com");
  Toggle("example.com", true);
  Settle();
  key_maker_.away = true;
  for (int day = 0; day < 3; ++day) Pass(86400);
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kPending);
  EXPECT_NE(Served("example.com")->keys, nullptr);
}

TEST_F(ZoneControlTest, EverythingIsThereAgainAfterARestart) {
  Add("example.com");
  Toggle("example.com", true);
  Settle();
  PublishDs("example.com");
  Pass(120);
  const ZoneRecord before = Record("example.com");
  workers_.table = nullptr;
  Restart();
  EXPECT_EQ(Record("example.com").status, before.status);
  EXPECT_EQ(Record("example.com").parent.state, before.parent.state);
  ASSERT_NE(Served("example.com"), nullptr);
  EXPECT_NE(Served("example.com")->keys, nullptr) << "signed before the first query";
  EXPECT_EQ(key_maker_.made, 1);
}

TEST_F(ZoneControlTest, ToggleThatWasInterruptedIsTakenUpAgain) {
  Add("example.com");
  Toggle("example.com", true);
  Restart();  // before any work was done
  Settle();
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kPending);
}

TEST_F(ZoneControlTest, ZoneWithADsIsNotAnsweredUnsignedWhenItsKeysCannotBeOpened) {
  Add("example.com");
  Add("plain.example");
  Toggle("example.com", true);
  Settle();
  PublishDs("example.com");
  Pass(120);
  key_maker_.away = true;
  Restart();
  EXPECT_NE(Served("example.com")->key_wait, proxy::KeyWait::kNone);
  EXPECT_EQ(Served("plain.example")->key_wait, proxy::KeyWait::kNone);
  key_maker_.away = false;
  Pass(120);
  EXPECT_EQ(Served("example.com")->key_wait, proxy::KeyWait::kNone);
  EXPECT_NE(Served("example.com")->keys, nullptr);
}

TEST_F(ZoneControlTest, StaleRevisionIsRefused) {
  Add("example.com");
  const auto seen = Record("example.com").revision;
  Toggle("example.com", true);
  EXPECT_EQ(zones_->SetDnssec("example.com", false, {}, seen, "test").failure,
            Failure::kPrecondition);
  EXPECT_EQ(zones_->RemoveZone("example.com", seen, "test").failure, Failure::kPrecondition);
}

TEST_F(ZoneControlTest, ManyAreToggledInOneChangeOrNone) {
  Add("a.example");
  Add("b.example");
  EXPECT_EQ(zones_->SetDnssecOfMany({"a.example", "no.example"}, true, "op", "test").failure,
            Failure::kNotFound);
  EXPECT_FALSE(Record("a.example").dnssec);
  const auto revision = store_->revision();
  ASSERT_TRUE(zones_->SetDnssecOfMany({"a.example", "b.example"}, true, "op", "test").ok());
  EXPECT_EQ(store_->revision(), revision + 1);
  Settle();
  EXPECT_EQ(Record("a.example").status, ZoneStatus::kPending);
  EXPECT_EQ(Record("b.example").status, ZoneStatus::kPending);
}

TEST_F(ZoneControlTest, CheckAsksTheParentNow) {
  Add("example.com");
  Outcome outcome;
  zones_->CheckParent("example.com", [&](const Outcome& o) { outcome = o; });
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(Record("example.com").parent.state, ParentState::kUnknown) << "nothing to look for";
  Toggle("example.com", true);
  Settle();
  PublishDs("example.com");
  zones_->CheckParent("example.com", [&](const Outcome& o) { outcome = o; });
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(Record("example.com").status, ZoneStatus::kActive);
}

TEST_F(ZoneControlTest, ListPagesFiltersAndSearches) {
  for (const char* name : {"a.example", "b.example", "c.test"}) Add(name);
  Toggle("b.example", true);
  Settle();
  auto page = registry_->List("", 2, std::nullopt, "");
  ASSERT_EQ(page.zones.size(), 2u);
  EXPECT_TRUE(page.more);
  page = registry_->List(page.zones.back()->name, 2, std::nullopt, "");
  ASSERT_EQ(page.zones.size(), 1u);
  EXPECT_FALSE(page.more);
  EXPECT_EQ(registry_->List("", 9, ZoneStatus::kPending, "").zones[0]->name, "b.example");
  EXPECT_EQ(registry_->List("", 9, std::nullopt, ".test").zones[0]->name, "c.test");
  EXPECT_EQ(registry_->CountOf(ZoneStatus::kDisabled), 2u);
}

class ZoneFileTest : public ControlFixture {
 protected:
  std::string Write(const std::string& address) {
    const std::string path = folder_ / "z.example.zone";
    std::ofstream(path) << "$ORIGIN z.example.\n$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A "
                        << address << "\n";
    return path;
  }
  Outcome AddFile(const std::string& path) {
    BackendSpec backend{BackendKind::kFile, {}, path};
    Outcome result;
    zones_->PutZone("z.example", backend, "default", std::nullopt, "test",
                    [&](const Outcome& outcome, bool) { result = outcome; });
    return result;
  }
};

TEST_F(ZoneFileTest, FileWithAFaultIsRefusedWithItsLine) {
  const std::string path = Write("not-an-address");
  const Outcome outcome = AddFile(path);
  EXPECT_EQ(outcome.failure, Failure::kInvalid);
  EXPECT_THAT(outcome.detail, HasSubstr(path + ":5"));
  EXPECT_EQ(registry_->Find("z.example"), nullptr);
}

TEST_F(ZoneFileTest, FileThatChangedIsReadAgainAndABadOneKeepsTheOld) {
  const std::string path = Write("192.0.2.1");
  ASSERT_TRUE(AddFile(path).ok());
  const auto first = Served("z.example")->local;
  ASSERT_NE(first, nullptr);
  zones_->ReloadFiles(false);
  EXPECT_EQ(Served("z.example")->local, first) << "unchanged";
  Write("192.0.2.222");
  zones_->ReloadFiles(false);
  const auto second = Served("z.example")->local;
  EXPECT_NE(second, first);
  Write("broken");
  zones_->ReloadFiles(false);
  EXPECT_EQ(Served("z.example")->local, second);
  EXPECT_FALSE(registry_->Find("z.example")->content_problem.empty());
  std::filesystem::remove(path);
  zones_->ReloadFiles(true);
  EXPECT_EQ(Served("z.example")->local, second);
}

}  // namespace
}  // namespace sealwire::control
