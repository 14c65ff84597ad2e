#include "keycache/hsm_ceremony.h"

#include <gmock/gmock.h>

#include "keycache/token_setup.h"
#include "tests/keycache/softhsm_token.h"

namespace sealwire::keycache {
namespace {

using testing::HasSubstr;

class HsmCeremonyTest : public testing::Test {
 protected:
  TokenAddress address() const {
    return {"/usr/lib/softhsm/libsofthsm2.so", "test", token_.pin_file().string()};
  }
  std::unique_ptr<HsmCeremony> MustOpen() const {
    auto opened = HsmCeremony::Open(address());
    EXPECT_TRUE(opened) << opened.error();
    return opened ? std::move(opened).value() : nullptr;
  }

  SoftHsmToken token_;
};

TEST_F(HsmCeremonyTest, ARehearsalLeavesNothingInTheToken) {
  auto ceremony = MustOpen();
  const auto steps = ceremony->Rehearse();
  ASSERT_EQ(steps.size(), 6u);
  for (const CeremonyStep& step : steps) EXPECT_TRUE(step.ok) << step.what << ": " << step.detail;
  auto keys = ceremony->List();
  ASSERT_TRUE(keys) << keys.error();
  EXPECT_TRUE(keys->empty());
}

TEST_F(HsmCeremonyTest, ListsAndProvesWhatTheDaemonMade) {
  std::vector<HsmKey> made;
  {
    auto hsm = HsmClient::Start(token_.options());
    ASSERT_TRUE(hsm && (*hsm)->WaitUntilUp(std::chrono::seconds(5)));
    made.push_back((*hsm)->MakeKey("example.", KeyUse::kSign).value());
    made.push_back((*hsm)->MakeKey("wrapping", KeyUse::kDerive).value());
  }
  std::sort(made.begin(), made.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  auto ceremony = MustOpen();
  auto keys = ceremony->List();
  ASSERT_TRUE(keys) << keys.error();
  ASSERT_EQ(keys->size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    const ListedKey& key = (*keys)[i];
    EXPECT_EQ(key.key, made[i]);
    EXPECT_EQ(key.label, key.use == KeyUse::kSign ? "example." : "wrapping");
    const Status proved = ceremony->Prove(key);
    EXPECT_TRUE(proved) << proved.error();
  }
}

TEST_F(HsmCeremonyTest, AKeyThatIsNotThereOrIsAnotherIsNotProved) {
  HsmKey one, other;
  {
    auto hsm = HsmClient::Start(token_.options());
    ASSERT_TRUE(hsm && (*hsm)->WaitUntilUp(std::chrono::seconds(5)));
    one = (*hsm)->MakeKey("one.", KeyUse::kSign).value();
    other = (*hsm)->MakeKey("other.", KeyUse::kSign).value();
  }
  auto ceremony = MustOpen();
  const Status swapped = ceremony->Prove({{one.id, other.public_key}, KeyUse::kSign, ""});
  ASSERT_FALSE(swapped);
  EXPECT_THAT(swapped.error(), HasSubstr("does not verify"));
  HsmKey lost = one;
  lost.id[0] ^= 1;
  EXPECT_FALSE(ceremony->Prove({lost, KeyUse::kSign, ""}));
  EXPECT_FALSE(ceremony->Prove({one, KeyUse::kDerive, ""}));
}

TEST_F(HsmCeremonyTest, AWrongPinIsTriedOnce) {
  token_.WritePin("1111");
  auto opened = HsmCeremony::Open(address());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error(), HasSubstr("tried once"));
}

TEST_F(HsmCeremonyTest, ATokenIsSetUpInAFreeSlotAndNeverTwice) {
  const std::string module = address().module;
  Status made = SetUpToken(module, "fresh", "87654321", "2468");
  ASSERT_TRUE(made) << made.error();
  TokenAddress fresh = address();
  fresh.token = "fresh";
  {
    auto opened = HsmCeremony::Open(fresh);
    ASSERT_TRUE(opened) << opened.error();
    for (const CeremonyStep& step : (*opened)->Rehearse()) EXPECT_TRUE(step.ok) << step.detail;
  }
  made = SetUpToken(module, "test", "87654321", "2468");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error(), HasSubstr("already"));
  EXPECT_FALSE(SetUpToken(module, "", "87654321", "2468"));
  EXPECT_FALSE(SetUpToken("/usr/lib/x86_64-linux-gnu/libm.so.6", "x", "87654321", "2468"));
}

}  // namespace
}  // namespace sealwire::keycache
