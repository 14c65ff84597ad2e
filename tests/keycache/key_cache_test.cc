#include "keycache/key_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <sstream>

#include "keycache/key_signatures.h"
#include "signer/openssl_signer.h"
#include "signer/rrsig.h"
#include "signer/sha256.h"
#include "tests/keycache/softhsm_token.h"

namespace sealwire::keycache {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kNow = 1790000000;  // September 2026
constexpr std::uint32_t kDay = 86400;

dns::Name NameOf(std::string_view text) {
  auto name = dns::Name::FromText(text);
  EXPECT_TRUE(name);
  return *name;
}

class KeyCacheTest : public WithHsm {
 protected:
  void SetUp() override {
    WithHsm::SetUp();
    if (hsm_ != nullptr) Restart();
  }
  // What a restart of the daemon leaves: the records and the token.
  void Restart() { cache_ = std::make_unique<KeyCache>(*hsm_, KeyCacheOptions{}); }

  ZoneKeyRecord MakeZone(std::string_view apex, KeyPolicy policy = {}) {
    auto record = cache_->MakeKeys(NameOf(apex), policy, kNow);
    EXPECT_TRUE(record) << record.error();
    return record ? *record : ZoneKeyRecord{};
  }

  // Takes the token away for good; returns when the client has noticed.
  void LoseHsm() {
    std::filesystem::rename(token_.tokens(), token_.tokens().string() + ".away");
    const int pid = hsm_->status().pid;
    if (pid > 0) kill(pid, SIGKILL);
    ASSERT_TRUE(WaitForState(HsmState::kAway));
  }
  void FindHsm() {
    std::filesystem::rename(token_.tokens().string() + ".away", token_.tokens());
    ASSERT_TRUE(WaitForState(HsmState::kUp));
  }

  std::unique_ptr<KeyCache> cache_;
};

TEST_F(KeyCacheTest, MakesKeysAndBuildsASnapshot) {
  const ZoneKeyRecord record = MakeZone("Example.NET.");
  EXPECT_EQ(record.apex.ToText(), "example.net.");
  ASSERT_EQ(record.keys.size(), 2u);
  EXPECT_EQ(record.keys[0].role, Role::kKsk);
  EXPECT_EQ(record.keys[0].home, KeyHome::kHsm);
  EXPECT_EQ(record.keys[1].role, Role::kZsk);
  EXPECT_EQ(record.keys[1].home, KeyHome::kSealed);
  EXPECT_NE(record.keys[0].key_tag, record.keys[1].key_tag);

  const Built built = cache_->Build(record, kNow);
  ASSERT_EQ(built.state, Built::State::kReady) << built.reason;
  EXPECT_EQ(built.keys->dnskey.count(), 2);
  EXPECT_EQ(built.keys->dnskey.ttl(), 3600u);
  EXPECT_TRUE(built.keys->cds.empty());
  EXPECT_EQ(built.keys->zsk.scalar, built.keys->zsk_slot->data());
  EXPECT_NE(FindPrepared(*built.keys, dns::RRType::kDNSKEY, kNow), nullptr);

  signer::OpensslSigner software;
  signer::Signature signature;
  const auto digest = signer::Sha256::Hash(record.apex.wire());
  ASSERT_TRUE(software.Sign(built.keys->zsk, digest, signature));
  EXPECT_TRUE(signer::Verify(record.keys[1].public_key.First<64>(), digest, signature));
}

TEST_F(KeyCacheTest, SealedKeysOfEveryAlgorithmSignAfterARestart) {
  for (const std::uint8_t algorithm : {signer::kAlgorithmP384, signer::kAlgorithmEd25519}) {
    for (const bool csk : {false, true}) {
      const ZoneKeyRecord record =
          MakeZone("example.net.", {KeyHome::kSealed, KeyHome::kSealed, algorithm, csk});
      ASSERT_EQ(record.keys.size(), csk ? 1u : 2u);
      Restart();
      const auto stored = ZoneKeyRecord::Decode(record.Encode());
      ASSERT_TRUE(stored) << stored.error();
      const Built built = cache_->Build(*stored, kNow);
      ASSERT_EQ(built.state, Built::State::kReady) << built.reason;
      EXPECT_EQ(built.keys->zsk.algorithm, algorithm);
      EXPECT_FALSE(built.keys->SignsTwice());
      const std::uint8_t message[] = {1, 2, 3};
      signer::SignatureOctets signature;
      ASSERT_TRUE(
          signer::SignMessage(algorithm, built.keys->zsk_slot->bytes(), message, signature));
      EXPECT_TRUE(
          signer::VerifyMessage(algorithm, record.keys.back().public_key, message, signature));
    }
  }
}

TEST_F(KeyCacheTest, HsmRefusesWhatItCannotHold) {
  const auto made =
      cache_->MakeKeys(NameOf("example.net."),
                       {KeyHome::kHsm, KeyHome::kSealed, signer::kAlgorithmEd25519, false}, kNow);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error(), HasSubstr("ED25519 must be sealed"));
}

TEST_F(KeyCacheTest, RecordSurvivesStorageAndRestart) {
  const auto stored = MakeZone("example.net.").Encode();
  Restart();
  auto record = ZoneKeyRecord::Decode(stored);
  ASSERT_TRUE(record) << record.error();
  const Built built = cache_->Build(*record, kNow + kDay);
  EXPECT_EQ(built.state, Built::State::kReady) << built.reason;
}

TEST_F(KeyCacheTest, SnapshotsOfOneKeyShareItsSecretAndItsId) {
  ZoneKeyRecord record = MakeZone("example.net.");
  const Built one = cache_->Build(record, kNow), two = cache_->Build(record, kNow);
  ASSERT_TRUE(one.keys && two.keys);
  EXPECT_EQ(one.keys->zsk_slot, two.keys->zsk_slot);
  EXPECT_EQ(one.keys->zsk.id, two.keys->zsk.id);
  const Built other = cache_->Build(MakeZone("example.org."), kNow);
  ASSERT_TRUE(other.keys);
  EXPECT_NE(one.keys->zsk.id, other.keys->zsk.id);
}

TEST_F(KeyCacheTest, SecretIsGoneWithItsLastSnapshot) {
  const ZoneKeyRecord record = MakeZone("example.net.");
  Built built = cache_->Build(record, kNow);
  ASSERT_TRUE(built.keys);
  const std::size_t open = cache_->status().secrets.used;
  built = {};
  EXPECT_EQ(cache_->status().secrets.used, open - 1);
}

TEST_F(KeyCacheTest, OneShardServesManyKeysAlsoAfterARestart) {
  const ZoneKeyRecord one = MakeZone("one.example."), two = MakeZone("two.example.");
  EXPECT_EQ(one.keys[1].sealed.header, two.keys[1].sealed.header);
  Restart();
  ASSERT_EQ(cache_->Build(one, kNow).state, Built::State::kReady);
  const ZoneKeyRecord three = MakeZone("three.example.");
  EXPECT_EQ(three.keys[1].sealed.header, one.keys[1].sealed.header);
  EXPECT_EQ(cache_->status().open_shards, 1u);
}

TEST_F(KeyCacheTest, HsmAwayWhatIsOpenGoesOn) {
  ZoneKeyRecord record = MakeZone("example.net.");
  const ZoneKeyRecord unopened = MakeZone("example.org.");
  const Built before = cache_->Build(record, kNow);
  ASSERT_TRUE(before.keys);
  LoseHsm();

  EXPECT_EQ(cache_->Build(record, kNow + kDay).state, Built::State::kReady);
  EXPECT_EQ(cache_->Build(unopened, kNow + kDay).state, Built::State::kReady)
      << "its shard is open";
  auto not_due = cache_->RefreshSignatures(record, kNow + kDay);
  ASSERT_TRUE(not_due);
  EXPECT_FALSE(*not_due);

  const auto untouched = record.Encode();
  EXPECT_FALSE(cache_->RefreshSignatures(record, kNow + 9 * kDay));
  EXPECT_EQ(record.Encode(), untouched);
  EXPECT_EQ(cache_->Build(record, kNow + 13 * kDay).state, Built::State::kReady);
  const Built too_late = cache_->Build(record, kNow + 15 * kDay);
  EXPECT_EQ(too_late.state, Built::State::kNotReady);
  EXPECT_THAT(too_late.reason, HasSubstr("the HSM must sign it again"));
}

TEST_F(KeyCacheTest, HsmAwayAfterARestartIsNotReadyAtOnceAndReadyLater) {
  const ZoneKeyRecord record = MakeZone("example.net.");
  LoseHsm();
  Restart();
  const auto before = std::chrono::steady_clock::now();
  for (int zone = 0; zone < 100; ++zone) {
    const Built built = cache_->Build(record, kNow);
    ASSERT_EQ(built.state, Built::State::kNotReady);
    ASSERT_THAT(built.reason, HasSubstr("the HSM is away"));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(1000))
      << "many zones do not each wait for a deadline";
  FindHsm();
  EXPECT_EQ(cache_->Build(record, kNow).state, Built::State::kReady);
}

TEST_F(KeyCacheTest, LeaseThatRunsOutWithTheHsmAwayGoesOnInGrace) {
  const ZoneKeyRecord record = MakeZone("example.net.");
  const Built built = cache_->Build(record, kNow);
  ASSERT_TRUE(built.keys);
  cache_->Maintain(kNow + kDay - 1);
  EXPECT_EQ(cache_->status().shards_in_grace, 0u);

  LoseHsm();
  cache_->Maintain(kNow + kDay);
  EXPECT_EQ(cache_->status().shards_in_grace, 1u);
  EXPECT_EQ(cache_->status().grace_since, kNow + kDay);
  cache_->Maintain(kNow + 2 * kDay);
  EXPECT_EQ(cache_->status().grace_since, kNow + kDay) << "since the first time";
  EXPECT_EQ(cache_->Build(record, kNow + 2 * kDay).state, Built::State::kReady);

  FindHsm();
  cache_->Maintain(kNow + 2 * kDay);
  EXPECT_EQ(cache_->status().shards_in_grace, 0u);
  EXPECT_EQ(cache_->status().leases, 1u);
  EXPECT_EQ(cache_->status().leases_renewed, 1u);
}

TEST_F(KeyCacheTest, LeaseOfAnUnusedShardEnds) {
  const ZoneKeyRecord record = MakeZone("example.net.");
  Restart();
  { ASSERT_EQ(cache_->Build(record, kNow).state, Built::State::kReady); }
  EXPECT_EQ(cache_->status().open_shards, 1u);
  cache_->Maintain(kNow + kDay);
  EXPECT_EQ(cache_->status().open_shards, 0u);
  EXPECT_EQ(cache_->status().leases_ended, 1u);
  EXPECT_EQ(cache_->status().secrets.used, 0u);
}

TEST_F(KeyCacheTest, HsmAwayForTenDaysIsAnAlarmAndNothingElse) {
  const ZoneKeyRecord record = MakeZone("example.net.");
  const Built built = cache_->Build(record, kNow);
  ASSERT_TRUE(built.keys);
  LoseHsm();
  for (std::uint32_t at = kNow; at < kNow + 10 * kDay; at += 3600) cache_->Maintain(at);
  EXPECT_EQ(cache_->status().shards_in_grace, 1u);
  EXPECT_EQ(cache_->status().grace_since, kNow + kDay);
  EXPECT_EQ(cache_->Load(record, kNow + 10 * kDay).state, Built::State::kReady);
  signer::OpensslSigner software;
  signer::Signature signature;
  EXPECT_TRUE(software.Sign(built.keys->zsk, signer::Digest{1}, signature));
}

TEST_F(KeyCacheTest, LoadTakesWhatWasStoredAndNotWhatWasExchanged) {
  const ZoneKeyRecord one = MakeZone("one.example."), two = MakeZone("two.example.");
  Restart();
  EXPECT_EQ(cache_->Load(one, kNow).state, Built::State::kReady);
  ZoneKeyRecord mixed = one;
  mixed.keys[1].sealed = two.keys[1].sealed;
  EXPECT_EQ(cache_->Load(mixed, kNow).state, Built::State::kRefused);
  EXPECT_EQ(cache_->Load(one, kNow + 15 * kDay).state, Built::State::kNotReady)
      << "no signature over its key RRset is valid";
}

TEST_F(KeyCacheTest, ImportedKeyIsSealedAndSigns) {
  ZoneKeyRecord record = MakeZone("example.net.");
  constexpr char kBind[] =
      "Private-key-format: v1.3\nAlgorithm: 13 (ECDSAP256SHA256)\n"
      "PrivateKey: +/qb4Wh2p0reESo7QeIBSoxnmGGTiIIyGFpSeG9OcTg=\n";
  ASSERT_TRUE(cache_->ImportKey(record, Role::kZsk, kBind, kNow));
  ASSERT_EQ(record.keys.size(), 3u);
  EXPECT_FALSE(cache_->ImportKey(record, Role::kZsk, kBind, kNow)) << "its tag is taken";
  EXPECT_EQ(record.keys.size(), 3u);
  record.keys[1].signing = false;
  record.keys[2].published = record.keys[2].signing = true;
  ASSERT_TRUE(cache_->SignAhead(record, kNow));
  Restart();
  auto stored = ZoneKeyRecord::Decode(record.Encode());
  ASSERT_TRUE(stored) << stored.error();
  EXPECT_EQ(cache_->Build(*stored, kNow).state, Built::State::kReady);
}

TEST_F(KeyCacheTest, KskOfAPkcs11UriStaysInTheToken) {
  const ZoneKeyRecord made = MakeZone("elsewhere.example.");
  ZoneKeyRecord record = MakeZone("example.net.");
  ASSERT_TRUE(cache_->ImportKey(record, Role::kKsk, "pkcs11:object=elsewhere.example.", kNow));
  EXPECT_EQ(record.keys.back().home, KeyHome::kHsm);
  EXPECT_EQ(record.keys.back().public_key, made.keys[0].public_key);
  EXPECT_FALSE(cache_->ImportKey(record, Role::kZsk, "pkcs11:object=elsewhere.example.", kNow));
  EXPECT_FALSE(cache_->ImportKey(record, Role::kKsk, "pkcs11:object=nobody", kNow));
  EXPECT_FALSE(cache_->ImportKey(record, Role::kKsk, "pkcs11:token=test", kNow));
}

TEST_F(KeyCacheTest, RefreshSignsAnew) {
  ZoneKeyRecord record = MakeZone("example.net.");
  const std::uint32_t later = kNow + 8 * kDay;
  auto refreshed = cache_->RefreshSignatures(record, later);
  ASSERT_TRUE(refreshed) << refreshed.error();
  EXPECT_TRUE(*refreshed);
  EXPECT_EQ(PreparedUntil(record), later + kPreparedTime);
  EXPECT_EQ(cache_->Build(record, later).state, Built::State::kReady);
}

TEST_F(KeyCacheTest, CdsIsPublishedDeletedAndTakenBack) {
  ZoneKeyRecord record = MakeZone("example.net.");
  ASSERT_TRUE(cache_->SetCds(record, CdsPublication::kPublish, kNow));
  Built built = cache_->Build(record, kNow);
  ASSERT_EQ(built.state, Built::State::kReady) << built.reason;
  EXPECT_TRUE(dns::Equal(built.keys->cds.view().First(), record.DsRecords().front().Rdata()));
  EXPECT_EQ(built.keys->cdnskey.count(), 1);
  EXPECT_NE(FindPrepared(*built.keys, dns::RRType::kCDNSKEY, kNow), nullptr);

  ASSERT_TRUE(cache_->SetCds(record, CdsPublication::kDelete, kNow));
  built = cache_->Build(record, kNow);
  ASSERT_EQ(built.state, Built::State::kReady) << built.reason;
  EXPECT_TRUE(dns::Equal(built.keys->cds.view().First(), kDeleteCds));

  ASSERT_TRUE(cache_->SetCds(record, CdsPublication::kNone, kNow));
  built = cache_->Build(record, kNow);
  ASSERT_EQ(built.state, Built::State::kReady) << built.reason;
  EXPECT_TRUE(built.keys->cds.empty());
}

TEST_F(KeyCacheTest, FailedChangeLeavesTheRecordAsItWas) {
  ZoneKeyRecord record = MakeZone("example.net.");
  const auto before = record.Encode();
  LoseHsm();
  EXPECT_FALSE(cache_->SetCds(record, CdsPublication::kPublish, kNow));
  EXPECT_EQ(record.Encode(), before);
}

TEST_F(KeyCacheTest, SealedKeyOfAnotherZoneIsRefused) {
  ZoneKeyRecord one = MakeZone("one.example.");
  const ZoneKeyRecord two = MakeZone("two.example.");
  ZoneKeyRecord mixed = one;
  mixed.keys[1].sealed = two.keys[1].sealed;
  const Built built = cache_->Build(mixed, kNow);
  EXPECT_EQ(built.state, Built::State::kRefused);
  EXPECT_EQ(built.keys, nullptr);
}

TEST_F(KeyCacheTest, PublishedKeyThatIsNotTheSealedOneIsRefused) {
  ZoneKeyRecord one = MakeZone("one.example.");
  const ZoneKeyRecord two = MakeZone("two.example.");
  one.keys[1].public_key = two.keys[1].public_key;
  EXPECT_EQ(cache_->Build(one, kNow).state, Built::State::kRefused);
}

TEST_F(KeyCacheTest, ZskThatIsNotPublishedNeverSigns) {
  ZoneKeyRecord record = MakeZone("example.net.");
  record.keys[1].published = false;
  EXPECT_EQ(cache_->Build(record, kNow).state, Built::State::kRefused);
}

TEST_F(KeyCacheTest, SignatureThatDoesNotVerifyIsNeverServed) {
  ZoneKeyRecord record = MakeZone("example.net.");
  for (PreparedSignature& each : record.prepared) each.rdata.back() ^= 1;
  const Built built = cache_->Build(record, kNow);
  EXPECT_EQ(built.state, Built::State::kRefused);
  EXPECT_THAT(built.reason, HasSubstr("does not verify"));
}

TEST_F(KeyCacheTest, DestroyedKskIsGoneFromTheToken) {
  const ZoneKeyRecord record = MakeZone("example.net.");
  ASSERT_TRUE(cache_->DestroyKeys(record));
  auto found = hsm_->FindKey(record.keys[0].hsm_id);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->has_value());
}

TEST_F(KeyCacheTest, WholeZoneMayBeSealed) {
  ZoneKeyRecord record = MakeZone("example.net.", {KeyHome::kSealed, KeyHome::kSealed});
  EXPECT_EQ(record.keys[0].home, KeyHome::kSealed);
  Restart();
  auto refreshed = cache_->RefreshSignatures(record, kNow + 8 * kDay);
  ASSERT_TRUE(refreshed) << refreshed.error();
  EXPECT_EQ(cache_->Build(record, kNow + 8 * kDay).state, Built::State::kReady);
}

TEST_F(KeyCacheTest, ZskInTheHsmIsNoPolicy) {
  EXPECT_FALSE(cache_->MakeKeys(NameOf("example.net."), {KeyHome::kHsm, KeyHome::kHsm}, kNow));
}

TEST_F(KeyCacheTest, ScalarIsNowhereInOrdinaryMemory) {
  const ZoneKeyRecord record = MakeZone("example.net.");
  const Built built = cache_->Build(record, kNow);
  ASSERT_TRUE(built.keys);
  // Compared octet by octet with a needle that is itself never copied out of its slot.
  const std::uint8_t* needle = built.keys->zsk.scalar;
  std::ifstream maps("/proc/self/maps");
  int found = 0;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t from = 0, to = 0;
    char dash = 0;
    std::string rights;
    std::istringstream fields(line);
    fields >> std::hex >> from >> dash >> to >> rights;
    if (rights.substr(0, 2) != "rw" || line.find("[heap]") == std::string::npos) continue;
    const std::span<const std::uint8_t> memory(reinterpret_cast<const std::uint8_t*>(from),
                                               to - from);
    auto at = memory.begin();
    while ((at = std::search(at, memory.end(), needle, needle + 32)) != memory.end()) {
      ++found;
      ++at;
    }
  }
  EXPECT_EQ(found, 0);
}

}  // namespace
}  // namespace sealwire::keycache
