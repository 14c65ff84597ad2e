// Outages that others had, as far as the control plane must prevent them; those of keys and
// signatures are in tests/keycache/outages_test.cc, that of a denial in tests/proxy/.
#include <gmock/gmock.h>

#include "tests/control/control_fixture.h"

namespace sealwire::control {
namespace {

using keycache::Role;
using keycache::RollCause;
using keycache::RollStep;
using testing::HasSubstr;

constexpr char kZone[] = "example.com";

class Outage : public ControlFixture {
 protected:
  void SetUp() override {
    policies_["default"].life.zsk_lifetime = 0;
    policies_["default"].life.ksk = keycache::KeyHome::kSealed;
    policies_["default"].life.max_zone_ttl = 3600;
    ControlFixture::SetUp();
    Add(kZone);
    Toggle(kZone, true);
    Settle();
    PublishDs(kZone);
    Pass(3600);
    ASSERT_EQ(Record(kZone).status, ZoneStatus::kActive);
  }
  keycache::ZoneKeyRecord Keys() {
    return *keycache::ZoneKeyRecord::Decode(*store_->ReadKeys(kZone));
  }
  void Hours(int hours) {
    for (int i = 0; i < hours; ++i) Pass(3600);
  }
};

// .ru, 2024: two keys of a zone had one key tag, and validators tried the wrong one.
TEST_F(Outage, Ru2024_AKeyWithATagThatIsTakenIsRefused) {
  const auto ours = Keys().keys[0].Dnskey();
  auto twin = ours;
  std::swap(twin[4], twin[6]);  // the tag is a sum of 16-bit words: their order does not count
  ASSERT_NE(twin, ours);
  ASSERT_EQ(signer::KeyTag(twin), signer::KeyTag(ours));
  Outcome result;
  zones_->SetForeignKeys(kZone, {twin}, "test", [&](const Outcome& outcome) { result = outcome; });
  EXPECT_EQ(result.failure, Failure::kConflict);
  EXPECT_THAT(result.detail, HasSubstr("the tag"));
  EXPECT_EQ(Keys().DnskeyRRset().count(), 2);
}

// .nz, 2023: the old KSK went while the old DS was cached. Here the parent changed the DS at once.
TEST_F(Outage, Nz2023_OldKskStaysUntilTheOldDsIsForgotten) {
  const std::uint16_t old_tag = Keys().SigningKeyOf(Role::kKsk)->key_tag;
  parent_.ttl = 86400;
  zones_->CheckParent(kZone, [](const Outcome&) {});
  zones_->RollKeys(kZone, Role::kKsk, RollCause::kAsked, "test", [](const Outcome&) {});
  for (int i = 0; i < 100 && Keys().RolloverOf(Role::kKsk)->step != RollStep::kSubmitted; ++i) {
    Pass(600);
  }
  PublishDs(kZone);
  Hours(23);
  ASSERT_NE(Keys().Find(old_tag), nullptr);
  EXPECT_TRUE(Keys().Find(old_tag)->published && Keys().Find(old_tag)->signing);
  Hours(6);
  EXPECT_EQ(Keys().Find(old_tag), nullptr);
}

// The same where all keys go: the old algorithm signs until the old DS and DNSKEY are forgotten.
TEST_F(Outage, Nz2023_AnAlgorithmStaysUntilItsDsIsForgotten) {
  parent_.ttl = 86400;
  zones_->CheckParent(kZone, [](const Outcome&) {});
  policies_["default"].life.algorithm = signer::kAlgorithmEd25519;
  zones_->RefreshAll();
  zones_->RollKeys(kZone, std::nullopt, RollCause::kAsked, "test", [](const Outcome&) {});
  for (int i = 0; i < 200 && Keys().RolloverOf(Role::kKsk)->step != RollStep::kSubmitted; ++i) {
    Pass(600);
  }
  PublishDs(kZone);
  Hours(23);
  const auto signers = [this] {
    std::set<std::uint8_t> found;
    for (const auto& key : Keys().keys) {
      if (key.IsZsk() && key.signing) found.insert(key.algorithm);
    }
    return found;
  };
  EXPECT_EQ(signers(), (std::set<std::uint8_t>{13, 15}));
  EXPECT_EQ(Keys().DnskeyRRset().count(), 4);
  Hours(12);
  EXPECT_EQ(signers(), (std::set<std::uint8_t>{15}));
  EXPECT_EQ(Keys().DnskeyRRset().count(), 2);
}

// Slack, 2021: signing stopped while the DS was cached, and a day of failure followed.
TEST_F(Outage, Slack2021_OffGoesOnSigningUntilTheDsIsForgotten) {
  parent_.ttl = 86400;
  zones_->CheckParent(kZone, [](const Outcome&) {});
  Toggle(kZone, false);
  Settle();
  EXPECT_NE(Served(kZone)->keys, nullptr) << "the DS is at the parent";
  Hours(100);
  EXPECT_NE(Served(kZone)->keys, nullptr) << "it still is";
  parent_.ds.clear();
  Pass(3600);
  Hours(22);
  EXPECT_NE(Served(kZone)->keys, nullptr) << "caches have it";
  Hours(5);
  EXPECT_EQ(Record(kZone).status, ZoneStatus::kDisabled);
  EXPECT_EQ(Served(kZone)->keys, nullptr);
}

// Route 53's customers: the key in the KMS, or the right to use it, was removed.
TEST_F(Outage, Route53_AKeyServiceThatIsGoneStopsNothingThatIsAnswered) {
  const auto before = Served(kZone)->keys;
  key_maker_.away = true;
  Hours(24 * 5);
  EXPECT_EQ(Served(kZone)->keys, before);
  EXPECT_EQ(Record(kZone).status, ZoneStatus::kActive);
  EXPECT_THAT(registry_->Find(kZone)->key_problem, HasSubstr("away"));
  Outcome result;
  zones_->RollKeys(kZone, Role::kZsk, RollCause::kAsked, "test",
                   [&](const Outcome& outcome) { result = outcome; });
  EXPECT_EQ(result.failure, Failure::kConflict) << "and nothing is begun that cannot be ended";
  EXPECT_TRUE(Keys().rollovers.empty());
  key_maker_.away = false;
  Hours(2);
  EXPECT_EQ(registry_->Find(kZone)->key_problem, "");
}

// Many: the zone was taken away from its servers while the parent still had the DS.
TEST_F(Outage, Moved_AZoneIsNotRemovedWhileItsDsMayBeCached) {
  EXPECT_EQ(zones_->RemoveZone(kZone, std::nullopt, "test").failure, Failure::kConflict);
  EXPECT_EQ(zones_->ForgetKeys(kZone, std::nullopt, "test").failure, Failure::kConflict);
  Toggle(kZone, false);
  Hours(10);
  EXPECT_EQ(zones_->RemoveZone(kZone, std::nullopt, "test").failure, Failure::kConflict);
  parent_.ds.clear();
  Hours(30);
  EXPECT_TRUE(zones_->RemoveZone(kZone, std::nullopt, "test").ok());
}

}  // namespace
}  // namespace sealwire::control
