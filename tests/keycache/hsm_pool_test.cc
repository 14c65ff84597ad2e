// Two tokens as a pool: each in a directory of its own, so that one can go while the other stays.
#include <gmock/gmock.h>

#include "keycache/hsm_client.h"
#include "signer/openssl_signer.h"
#include "tests/keycache/softhsm_token.h"

namespace sealwire::keycache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

class HsmPoolTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(SoftHsmToken::Run({"softhsm2-util", "--init-token", "--free", "--label", "second",
                                   "--pin", "2468", "--so-pin", "8642"}));
    StartPool();
  }
  void StartPool() {
    std::vector<HsmOptions> tokens(2, token_.options());
    tokens[1].token = "second";
    auto started = HsmClient::Start(std::move(tokens));
    ASSERT_TRUE(started) << started.error();
    pool_ = std::move(started).value();
    ASSERT_TRUE(Until([&] { return StateOf(0) == HsmState::kUp && StateOf(1) == HsmState::kUp; }));
  }
  HsmState StateOf(std::size_t i) const { return pool_->tokens()[i].state; }
  template <class Done>
  static bool Until(Done done) {
    for (int tries = 0; tries < 500; ++tries) {
      if (done()) return true;
      usleep(10000);
    }
    return false;
  }
  // Where SoftHSM keeps the token of this label: its directory holds the label.
  std::filesystem::path DirectoryOf(const std::string& label) const {
    for (const auto& entry : std::filesystem::directory_iterator(token_.tokens())) {
      std::ifstream object(entry.path() / "token.object", std::ios::binary);
      const std::string octets{std::istreambuf_iterator<char>(object), {}};
      if (octets.find(label) != std::string::npos) return entry.path();
    }
    return {};
  }
  void TakeAway(const std::string& label) {
    away_ = DirectoryOf(label);
    ASSERT_FALSE(away_.empty());
    std::filesystem::rename(away_, token_.tokens().parent_path() / "away");
    kill(pool_->tokens()[label == "test" ? 0 : 1].pid, SIGKILL);
  }
  void BringBack() { std::filesystem::rename(token_.tokens().parent_path() / "away", away_); }

  static signer::Digest DigestOf(std::uint8_t octet) {
    signer::Digest digest;
    digest.fill(octet);
    return digest;
  }

  SoftHsmToken token_;
  std::unique_ptr<HsmClient> pool_;
  std::filesystem::path away_;
};

TEST_F(HsmPoolTest, WhenTheFirstIsAwayTheSecondMakesAndSigns) {
  const auto in_first = pool_->MakeKey("one.", KeyUse::kSign);
  ASSERT_TRUE(in_first) << in_first.error();
  TakeAway("test");
  ASSERT_TRUE(Until([&] { return StateOf(0) != HsmState::kUp; }));
  EXPECT_EQ(pool_->status().token, "second");

  const auto in_second = pool_->MakeKey("two.", KeyUse::kSign);
  ASSERT_TRUE(in_second) << in_second.error();
  EXPECT_TRUE(pool_->Sign(*in_second, DigestOf(1)));
  // What lies in the first alone is away, and not absent.
  const auto missing = pool_->FindKey(in_first->id);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error(), HasSubstr("away"));
  EXPECT_FALSE(pool_->Sign(*in_first, DigestOf(1)));
  EXPECT_FALSE(pool_->DestroyKey(in_first->id));

  BringBack();
  ASSERT_TRUE(Until([&] { return StateOf(0) == HsmState::kUp; }));
  EXPECT_TRUE(pool_->Sign(*in_first, DigestOf(2)));
  EXPECT_TRUE(pool_->Sign(*in_second, DigestOf(2)));
  EXPECT_TRUE(pool_->DestroyKey(in_first->id));
  EXPECT_EQ(pool_->FindKey(in_first->id).value(), std::nullopt);
}

TEST_F(HsmPoolTest, ACopyServesWhileTheOriginalIsAway) {
  const auto wrapping = pool_->MakeKey("wrapping", KeyUse::kDerive);
  ASSERT_TRUE(wrapping) << wrapping.error();
  // The second becomes a copy of the first: same keys, its own label.
  pool_.reset();
  const auto key = DirectoryOf("test"), copy = DirectoryOf("second");
  for (const auto& entry : std::filesystem::directory_iterator(key)) {
    if (entry.path().filename() == "token.object" || entry.path().filename() == "token.lock" ||
        entry.path().filename() == "generation") {
      continue;
    }
    std::filesystem::copy_file(entry.path(), copy / entry.path().filename());
  }
  StartPool();
  auto found = pool_->FindKey(wrapping->id);
  ASSERT_TRUE(found) << found.error();
  TakeAway("test");
  ASSERT_TRUE(Until([&] { return StateOf(0) != HsmState::kUp; }));
  found = pool_->FindKey(wrapping->id);
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(*found, std::optional(*wrapping));
}

TEST_F(HsmPoolTest, AMemberThatHangsIsPassedOver) {
  const auto key = pool_->MakeKey("one.", KeyUse::kSign);
  ASSERT_TRUE(key) << key.error();
  kill(pool_->tokens()[0].pid, SIGSTOP);
  const auto made = pool_->MakeKey("two.", KeyUse::kSign);
  ASSERT_TRUE(made) << made.error();
  EXPECT_TRUE(pool_->Sign(*made, DigestOf(3)));
}

TEST_F(HsmPoolTest, ALabelNobodyHasIsAbsentThoughOneIsAway) {
  TakeAway("second");
  ASSERT_TRUE(Until([&] { return StateOf(1) != HsmState::kUp; }));
  const auto found = pool_->FindKeyByLabel("wrapping", KeyUse::kDerive);
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(*found, std::nullopt);
}

}  // namespace
}  // namespace sealwire::keycache
