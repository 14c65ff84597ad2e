#include "keycache/hsm_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "keycache/ecdh.h"
#include "signer/openssl_signer.h"
#include "signer/sha256.h"
#include "tests/keycache/softhsm_token.h"

namespace sealwire::keycache {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

signer::Digest DigestOf(int number) {
  const std::uint8_t octet = static_cast<std::uint8_t>(number);
  return signer::Sha256::Hash({&octet, 1});
}

using HsmClientTest = WithHsm;

TEST_F(HsmClientTest, MakesFindsSignsAndDestroys) {
  auto key = hsm_->MakeKey("example.", KeyUse::kSign);
  ASSERT_TRUE(key) << key.error();
  EXPECT_TRUE(IsPoint(key->public_key));

  auto found = hsm_->FindKey(key->id);
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(*found, std::optional(*key));

  auto signature = hsm_->Sign(*key, DigestOf(1));
  ASSERT_TRUE(signature) << signature.error();
  EXPECT_TRUE(signer::Verify(key->public_key, DigestOf(1), *signature));

  ASSERT_TRUE(hsm_->DestroyKey(key->id));
  EXPECT_TRUE(hsm_->DestroyKey(key->id)) << "a key that is not there is done already";
  found = hsm_->FindKey(key->id);
  ASSERT_TRUE(found) << found.error();
  EXPECT_FALSE(found->has_value());
  EXPECT_FALSE(hsm_->Sign(*key, DigestOf(1)));
  EXPECT_EQ(hsm_->status().starts, 1u) << "a missing key is no fault of the module";
}

TEST_F(HsmClientTest, KeysCannotLeaveTheToken) {
  ASSERT_TRUE(hsm_->MakeKey("example.", KeyUse::kSign));
  const std::string listing = (token_.tokens() / "listing").string();
  const std::string command =
      "pkcs11-tool --module /usr/lib/softhsm/libsofthsm2.so --token-label test --login --pin 2468 "
      "--list-objects --type privkey > " +
      listing + " 2>/dev/null";
  ASSERT_TRUE(SoftHsmToken::Run({"sh", "-c", command}));
  std::stringstream text;
  text << std::ifstream(listing).rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("never extractable"));
  EXPECT_THAT(text.str(), HasSubstr("sensitive"));
  EXPECT_THAT(text.str(), HasSubstr("label:      example."));
  EXPECT_THAT(text.str(), HasSubstr("Usage:      sign\n"));
}

TEST_F(HsmClientTest, DerivesWhatSoftwareDerives) {
  auto key = hsm_->MakeKey("sealwire wrapping key", KeyUse::kDerive);
  ASSERT_TRUE(key) << key.error();
  // Enough of them that some secrets begin with an octet of zero.
  for (int i = 0; i < 600; ++i) {
    signer::PublicKey ephemeral;
    std::array<std::uint8_t, 32> here{}, there{};
    ASSERT_TRUE(MakeEphemeral(key->public_key, ephemeral, here));
    const Status derived = hsm_->Derive(key->id, ephemeral, there);
    ASSERT_TRUE(derived) << derived.error();
    ASSERT_EQ(here, there);
  }
}

TEST_F(HsmClientTest, KeepsUsesApart) {
  auto signing = hsm_->MakeKey("example.", KeyUse::kSign);
  auto wrapping = hsm_->MakeKey("example.", KeyUse::kDerive);
  ASSERT_TRUE(signing && wrapping);
  EXPECT_FALSE(hsm_->Sign(*wrapping, DigestOf(1)));
  std::array<std::uint8_t, 32> secret{};
  EXPECT_FALSE(hsm_->Derive(signing->id, wrapping->public_key, secret));
  auto found = hsm_->FindKeyByLabel("example.", KeyUse::kDerive);
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(*found, std::optional(*wrapping));
}

TEST_F(HsmClientTest, OfManyKeysWithOneLabelTheLowestIdIsFound) {
  std::set<KeyId> ids;
  for (int i = 0; i < 5; ++i) {
    auto key = hsm_->MakeKey("shared", KeyUse::kDerive);
    ASSERT_TRUE(key);
    ids.insert(key->id);
  }
  auto found = hsm_->FindKeyByLabel("shared", KeyUse::kDerive);
  ASSERT_TRUE(found && found->has_value());
  EXPECT_EQ((*found)->id, *ids.begin());
  auto none = hsm_->FindKeyByLabel("other", KeyUse::kDerive);
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
}

TEST_F(HsmClientTest, RefusesAPeerOffTheCurve) {
  auto key = hsm_->MakeKey("wrap", KeyUse::kDerive);
  ASSERT_TRUE(key);
  signer::PublicKey off = key->public_key;
  off[63] ^= 1;
  std::array<std::uint8_t, 32> secret{};
  const Status derived = hsm_->Derive(key->id, off, secret);
  ASSERT_FALSE(derived);
  EXPECT_THAT(derived.error(), HasSubstr("not a point"));
  EXPECT_EQ(hsm_->status().starts, 1u);
}

TEST_F(HsmClientTest, SignatureOfAnotherKeyIsNotReturned) {
  auto one = hsm_->MakeKey("one.", KeyUse::kSign);
  auto two = hsm_->MakeKey("two.", KeyUse::kSign);
  ASSERT_TRUE(one && two);
  const auto signature = hsm_->Sign({one->id, two->public_key}, DigestOf(1));
  ASSERT_FALSE(signature);
  EXPECT_THAT(signature.error(), HasSubstr("does not verify"));
}

TEST_F(HsmClientTest, KilledProcessIsReplacedAndCallsGoOn) {
  auto key = hsm_->MakeKey("example.", KeyUse::kSign);
  ASSERT_TRUE(key);
  for (int round = 0; round < 3; ++round) {
    const int pid = hsm_->status().pid;
    ASSERT_EQ(kill(pid, SIGKILL), 0);
    const auto signature = hsm_->Sign(*key, DigestOf(round));
    EXPECT_TRUE(signature) << signature.error();
    ASSERT_TRUE(WaitForRestart(pid));
  }
  EXPECT_GE(hsm_->status().starts, 4u);
}

TEST_F(HsmClientTest, HungProcessIsKilledInTimeAndReplaced) {
  auto key = hsm_->MakeKey("example.", KeyUse::kSign);
  ASSERT_TRUE(key);
  const int pid = hsm_->status().pid;
  ASSERT_EQ(kill(pid, SIGSTOP), 0);
  const auto before = std::chrono::steady_clock::now();
  const auto hanging = hsm_->Sign(*key, DigestOf(1));
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_LT(took, milliseconds(1500)) << "a call never outlasts its deadline";
  // The watchdog's ping may have found out first: then the call went to the next process.
  if (!hanging) {
    EXPECT_THAT(hanging.error(), HasSubstr("away"));
  }
  ASSERT_TRUE(WaitForRestart(pid));
  EXPECT_TRUE(hsm_->Sign(*key, DigestOf(2)));
  EXPECT_EQ(kill(pid, 0), -1) << "the hung process is gone";
}

TEST_F(HsmClientTest, WatchdogFindsAHangWithoutACall) {
  const int pid = hsm_->status().pid;
  ASSERT_EQ(kill(pid, SIGSTOP), 0);
  EXPECT_TRUE(WaitForRestart(pid));
  EXPECT_THAT(hsm_->status().last_error, HasSubstr("hangs"));
}

TEST_F(HsmClientTest, CallsFromManyThreadsSurviveKills) {
  auto key = hsm_->MakeKey("example.", KeyUse::kSign);
  ASSERT_TRUE(key);
  std::atomic<bool> stop{false};
  std::atomic<int> good{0}, bad{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] {
      while (!stop) (hsm_->Sign(*key, DigestOf(7)) ? good : bad) += 1;
    });
  }
  for (int round = 0; round < 3; ++round) {
    usleep(100000);
    const int pid = hsm_->status().pid;
    if (pid > 0) kill(pid, SIGKILL);
  }
  usleep(300000);
  const int before_end = good;
  usleep(200000);
  stop = true;
  for (auto& caller : callers) caller.join();
  EXPECT_GT(good, before_end) << "calls went on after the last kill";
  EXPECT_LE(bad, 12) << "a call fails only when two processes died under it";
}

TEST_F(HsmClientTest, TokenDirectoryGoneAndRestored) {
  auto key = hsm_->MakeKey("example.", KeyUse::kSign);
  ASSERT_TRUE(key);
  const auto away = token_.tokens().string() + ".away";
  std::filesystem::rename(token_.tokens(), away);
  const int pid = hsm_->status().pid;
  kill(pid, SIGKILL);
  ASSERT_TRUE(WaitForState(HsmState::kAway));
  const auto signature = hsm_->Sign(*key, DigestOf(1));
  ASSERT_FALSE(signature);
  EXPECT_THAT(signature.error(), HasSubstr("away"));

  std::filesystem::rename(away, token_.tokens());
  ASSERT_TRUE(WaitForRestart(pid));
  EXPECT_TRUE(hsm_->Sign(*key, DigestOf(1)));
}

TEST_F(HsmClientTest, ProcessKeepsNothingItDoesNotNeed) {
  const std::string proc = "/proc/" + std::to_string(hsm_->status().pid);
  std::set<std::string> descriptors;
  for (const auto& entry : std::filesystem::directory_iterator(proc + "/fd")) {
    const auto name = entry.path().filename().string();
    if (std::stoi(name) > 3)
      descriptors.insert(std::filesystem::read_symlink(entry.path()).string());
  }
  for (const std::string& open : descriptors) {
    EXPECT_THAT(open, HasSubstr(token_.tokens().string())) << "only the module's own files";
  }
  std::stringstream text;
  text << std::ifstream(proc + "/status").rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("NoNewPrivs:\t1"));
  const auto at = text.str().find("CapEff:\t");
  ASSERT_NE(at, std::string::npos);
  const auto effective = std::stoull(text.str().substr(at + 8, 16), nullptr, 16);
  EXPECT_EQ(effective & ~((1ull << 1) | (1ull << 14)), 0u) << "CAP_DAC_OVERRIDE, CAP_IPC_LOCK";
}

TEST(HsmClientPin, WrongPinIsTriedOnceUntilTheFileChanges) {
  const SoftHsmToken token;
  ASSERT_TRUE(token.made());
  token.WritePin("1111");
  auto started = HsmClient::Start(token.options());
  ASSERT_TRUE(started) << started.error();
  HsmClient& hsm = **started;
  EXPECT_FALSE(hsm.WaitUntilUp(seconds(5)));
  EXPECT_EQ(hsm.status().state, HsmState::kWrongPin);
  EXPECT_THAT(hsm.status().last_error, HasSubstr("CKR_PIN_INCORRECT"));

  usleep(700000);
  EXPECT_EQ(hsm.status().starts, 1u) << "a second try would go towards locking the token";
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(hsm.MakeKey("example.", KeyUse::kSign));
  EXPECT_LT(std::chrono::steady_clock::now() - before, milliseconds(200)) << "fails at once";

  token.WritePin("2468");
  for (int tries = 0; tries < 300 && hsm.status().state != HsmState::kUp; ++tries) usleep(10000);
  EXPECT_EQ(hsm.status().state, HsmState::kUp);
}

TEST(HsmClientPin, FileThatAnybodyMayReadIsRefused) {
  const SoftHsmToken token;
  ASSERT_TRUE(token.made());
  chmod(token.pin_file().c_str(), 0644);
  auto started = HsmClient::Start(token.options());
  ASSERT_TRUE(started);
  EXPECT_FALSE((*started)->WaitUntilUp(milliseconds(500)));
  EXPECT_THAT((*started)->status().last_error, HasSubstr("chmod o-rwx"));
}

TEST(HsmClientStart, SaysWhatIsMissing) {
  const SoftHsmToken token;
  auto options = token.options();
  options.module = "/nowhere/module.so";
  auto started = HsmClient::Start(options);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error(), HasSubstr("/nowhere/module.so"));

  options = token.options();
  options.helper_path = "/nowhere/sealwire-hsm";
  started = HsmClient::Start(options);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error(), HasSubstr("/nowhere/sealwire-hsm"));
}

TEST(HsmClientStart, UnknownTokenAndForeignLibraryAreSaid) {
  const SoftHsmToken token;
  auto options = token.options();
  options.token = "other";
  auto started = HsmClient::Start(options);
  ASSERT_TRUE(started);
  EXPECT_FALSE((*started)->WaitUntilUp(milliseconds(500)));
  EXPECT_THAT((*started)->status().last_error, HasSubstr("no token with the label \"other\""));

  options = token.options();
  options.module = "/lib/x86_64-linux-gnu/libz.so.1";
  started = HsmClient::Start(options);
  ASSERT_TRUE(started);
  EXPECT_FALSE((*started)->WaitUntilUp(milliseconds(500)));
  EXPECT_THAT((*started)->status().last_error, HasSubstr("cannot load the PKCS#11 module"));
}

TEST(HsmClientStart, ProcessEndsWithItsClient) {
  const SoftHsmToken token;
  int pid = 0;
  {
    auto started = HsmClient::Start(token.options());
    ASSERT_TRUE(started);
    ASSERT_TRUE((*started)->WaitUntilUp(seconds(5)));
    pid = (*started)->status().pid;
    ASSERT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

}  // namespace
}  // namespace sealwire::keycache
