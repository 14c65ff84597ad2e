// Keys that come from elsewhere, and keys that go at once: through the control plane.

#include "control/key_revocation.h"

#include <gmock/gmock.h>

#include "tests/control/control_fixture.h"

namespace sealwire::control {
namespace {

using keycache::Role;
using keycache::RollCause;
using keycache::RollStep;
using testing::HasSubstr;

class KeyCommandTest : public ControlFixture {
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
  keycache::ZoneKeyRecord Keys(const std::string& name = "example.com") {
    return *keycache::ZoneKeyRecord::Decode(*store_->ReadKeys(name));
  }
  Outcome Revoke(std::uint16_t key_tag, std::string_view override_name = {}) {
    Outcome result{Failure::kInternal, "not done"};
    zones_->RevokeKey("example.com", key_tag, override_name, "test",
                      [&](const Outcome& outcome) { result = outcome; });
    return result;
  }
  Outcome Import(const std::string& name, std::initializer_list<std::pair<Role, const char*>> from,
                 std::optional<std::uint16_t> key_tag = std::nullopt) {
    auto keys = std::make_shared<ImportedKeys>();
    for (const auto& [role, source] : from) {
      ImportedKey& key = keys->emplace_back();
      key.role = role;
      key.source = source;
      key.key_tag = key_tag;
    }
    Outcome result{Failure::kInternal, "not done"};
    zones_->ImportKeys(name, keys, "test", [&](const Outcome& outcome) { result = outcome; });
    return result;
  }
  std::uint16_t TagOf(Role role) { return Keys().SigningKeyOf(role)->key_tag; }
  // A ZSK that every cache knows.
  std::uint16_t AddStandbyZsk() {
    EXPECT_TRUE(Import("example.com", {{Role::kZsk, "one"}}).ok());
    Settle();
    Pass(2 * 3600);
    return Keys().keys.back().key_tag;
  }
};

TEST_F(KeyCommandTest, ZskThatIsRevokedSignsNothingFromTheNextTableOn) {
  const std::uint16_t next = AddStandbyZsk(), lost = TagOf(Role::kZsk);
  ASSERT_TRUE(Revoke(lost).ok()) << "the standby key is in every cache: nobody is hurt";
  EXPECT_EQ(TagOf(Role::kZsk), next);
  EXPECT_FALSE(Keys().Find(lost)->published);
  EXPECT_EQ(Served("example.com")->keys->dnskey.count(), 2);
  const int destroyed = key_maker_.destroyed;
  Settle();
  EXPECT_EQ(Keys().Find(lost), nullptr);
  EXPECT_EQ(key_maker_.destroyed, destroyed + 1);
  EXPECT_TRUE(Keys().rollovers.empty());
}

TEST_F(KeyCommandTest, RevocationIsDurableBeforeItIsAcknowledged) {
  AddStandbyZsk();
  const std::uint16_t lost = TagOf(Role::kZsk);
  ASSERT_TRUE(Revoke(lost).ok());
  Restart();  // at once
  EXPECT_NE(TagOf(Role::kZsk), lost);
  EXPECT_EQ(Served("example.com")->keys->dnskey.count(), 2);
}

TEST_F(KeyCommandTest, Rfc6781Section4_2_WithoutAKeyThatCachesKnowItIsSaidWhatWillHappen) {
  const std::uint16_t lost = TagOf(Role::kZsk);
  const Outcome refused = Revoke(lost);
  EXPECT_EQ(refused.failure, Failure::kConflict);
  EXPECT_THAT(refused.detail, HasSubstr("refuses what it signs for up to 3600 seconds"));
  EXPECT_EQ(TagOf(Role::kZsk), lost);
  EXPECT_EQ(Revoke(lost, "no-such").failure, Failure::kInvalid);
  ASSERT_TRUE(Revoke(lost, kOverrideRevoke).ok());
  EXPECT_NE(TagOf(Role::kZsk), lost);
  Settle();
  EXPECT_EQ(Keys().Find(lost), nullptr);
}

TEST_F(KeyCommandTest, KskWhoseDsIsAtTheParentNeedsTheOverride) {
  const std::uint16_t lost = TagOf(Role::kKsk);
  const Outcome refused = Revoke(lost);
  EXPECT_EQ(refused.failure, Failure::kConflict);
  EXPECT_THAT(refused.detail, HasSubstr("bogus until the parent has the DS record"));
  ASSERT_TRUE(Revoke(lost, kOverrideRevoke).ok());
  const auto record = Keys();
  EXPECT_NE(record.DsRecords().front().key_tag, lost) << "the parent is told of the next key";
  EXPECT_EQ(record.DsRecords().size(), 1u);
}

TEST_F(KeyCommandTest, NewKeyOfARolloverIsRevokedAndTheOldOneStays) {
  const std::uint16_t old = TagOf(Role::kZsk);
  Outcome rolling;
  zones_->RollKeys("example.com", Role::kZsk, RollCause::kAsked, "test",
                   [&](const Outcome& outcome) { rolling = outcome; });
  ASSERT_TRUE(rolling.ok());
  const std::uint16_t lost = Keys().RolloverOf(Role::kZsk)->new_tag;
  ASSERT_TRUE(Revoke(lost).ok());
  Settle();
  EXPECT_EQ(Keys().Find(lost), nullptr);
  EXPECT_EQ(TagOf(Role::kZsk), old);
  EXPECT_TRUE(Keys().rollovers.empty());
}

TEST_F(KeyCommandTest, HsmAwayRefusesARevocationThatNeedsIt) {
  const std::uint16_t lost = TagOf(Role::kZsk);
  key_maker_.away = true;
  EXPECT_THAT(Revoke(lost, kOverrideRevoke).detail, HasSubstr("the HSM is away"));
  EXPECT_EQ(TagOf(Role::kZsk), lost);
  EXPECT_NE(Served("example.com")->keys, nullptr);
}

TEST_F(KeyCommandTest, UnknownAndWithdrawnKeysAreRefused) {
  EXPECT_THAT(Revoke(1, kOverrideRevoke).detail, HasSubstr("no key with the tag"));
}

TEST_F(KeyCommandTest, ZoneThatMovesInIsSignedWithTheKeysItBrings) {
  Add("moved.example");
  ASSERT_TRUE(Import("moved.example", {{Role::kZsk, "zsk"}, {Role::kKsk, "ksk"}}).ok());
  EXPECT_EQ(Record("moved.example").status, ZoneStatus::kDisabled) << "the toggle is another wish";
  const auto brought = Keys("moved.example");
  Toggle("moved.example", true);
  Settle();
  EXPECT_EQ(Record("moved.example").status, ZoneStatus::kPending);
  ASSERT_NE(Served("moved.example")->keys, nullptr);
  ASSERT_EQ(Keys("moved.example").keys.size(), 2u);
  EXPECT_EQ(Keys("moved.example").DsRecords().front().key_tag, brought.DsRecords().front().key_tag);
}

TEST_F(KeyCommandTest, HalfAPairIsNoBeginning) {
  Add("moved.example");
  EXPECT_THAT(Import("moved.example", {{Role::kKsk, "ksk"}}).detail, HasSubstr("together"));
  EXPECT_THAT(Import("moved.example", {{Role::kZsk, "a"}, {Role::kZsk, "b"}}).detail,
              HasSubstr("together"));
  EXPECT_TRUE(store_->ReadKeys("moved.example")->empty());
  EXPECT_FALSE(Record("moved.example").has_keys);
}

TEST_F(KeyCommandTest, Rfc7583Section3_2_1_ImportedKeySignsOnlyWhenItsRolloverSaysSo) {
  const std::uint16_t old = TagOf(Role::kZsk);
  ASSERT_TRUE(Import("example.com", {{Role::kZsk, "one"}}).ok());
  const std::uint16_t added = Keys().keys.back().key_tag;
  EXPECT_TRUE(Keys().Find(added)->published);
  EXPECT_FALSE(Keys().Find(added)->signing);
  EXPECT_THAT(Import("example.com", {{Role::kZsk, "two"}}).detail, HasSubstr("stands ready"));
  Outcome rolling;
  zones_->RollKeys("example.com", Role::kZsk, RollCause::kAsked, "test",
                   [&](const Outcome& outcome) { rolling = outcome; });
  ASSERT_TRUE(rolling.ok());
  EXPECT_EQ(Keys().RolloverOf(Role::kZsk)->new_tag, added);
  Settle();
  EXPECT_EQ(TagOf(Role::kZsk), old) << "caches may not know the key yet";
  Pass(2 * 3600);
  EXPECT_EQ(TagOf(Role::kZsk), added);
}

TEST_F(KeyCommandTest, TakenOrUnexpectedTagsAreRefusedAndChangeNothing) {
  const auto before = *store_->ReadKeys("example.com");
  EXPECT_FALSE(Import("example.com", {{Role::kZsk, "taken"}}).ok());
  const Outcome refused = Import("example.com", {{Role::kZsk, "one"}}, 7);
  EXPECT_THAT(refused.detail, HasSubstr("is it of this role?"));
  EXPECT_EQ(*store_->ReadKeys("example.com"), before);
}

}  // namespace
}  // namespace sealwire::control
