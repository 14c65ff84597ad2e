// Outages that others had, as far as keys and signatures must prevent them; the rest are in
// tests/control/outages_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "keycache/key_cache.h"
#include "keycache/key_signatures.h"
#include "tests/keycache/softhsm_token.h"
#include "tests/keycache/software_zone.h"

namespace sealwire::keycache {
namespace {

using testing::HasSubstr;

constexpr std::uint32_t kNow = 1790000000;  // September 2026
constexpr std::uint32_t kDay = 86400;

class KeyOutage : public WithHsm {
 protected:
  void SetUp() override {
    WithHsm::SetUp();
    if (hsm_ == nullptr) return;
    cache_ = std::make_unique<KeyCache>(*hsm_, KeyCacheOptions{});
    auto made = cache_->MakeKeys(*dns::Name::FromText("example.net."), {}, kNow);
    ASSERT_TRUE(made) << made.error();
    record_ = *made;
  }
  std::unique_ptr<KeyCache> cache_;
  ZoneKeyRecord record_;
};

// .de, 2026: each HSM had a key pair of its own under one tag, and one of the two was published.
TEST_F(KeyOutage, De2026_AKeyWhosePublicHalfIsNotPublishedSignsNothing) {
  ASSERT_EQ(cache_->Build(record_, kNow).state, Built::State::kReady);
  auto other = cache_->MakeKeys(record_.apex, {}, kNow);
  ASSERT_TRUE(other);
  ZoneKeyRecord mixed = record_;
  mixed.keys[1].sealed = other->keys[1].sealed;  // the other's private half under our public one
  mixed.keys[1].sealed.key_tag = mixed.keys[1].key_tag;
  // A restart: there is only what is stored.
  cache_ = std::make_unique<KeyCache>(*hsm_, KeyCacheOptions{});
  EXPECT_EQ(cache_->Build(mixed, kNow).state, Built::State::kRefused);

  mixed = record_;
  mixed.keys[0].hsm_id = other->keys[0].hsm_id;
  const Status wrong = cache_->SignAhead(mixed, kNow);
  EXPECT_FALSE(wrong.ok()) << "the HSM's signature is verified with the key that is published";
}

// .se, 2022: wrong signatures were published, six times over.
TEST_F(KeyOutage, Se2022_ASignatureThatDoesNotVerifyIsNotServed) {
  for (PreparedSignature& each : record_.prepared) each.rdata.back() ^= 1;
  const Built built = cache_->Build(record_, kNow);
  EXPECT_EQ(built.state, Built::State::kRefused);
  EXPECT_THAT(built.reason, HasSubstr("does not verify"));
}

// .mm, 2016: signatures expired.
TEST(SignatureOutage, Mm2016_SignaturesAreRenewedWithDaysToSpareAndNeverServedBehindTheirEnd) {
  SoftwareZone zone("example.net.");
  zone.SignAt(kNow);
  const std::uint32_t until = PreparedUntil(zone.record);
  std::uint32_t due = kNow;
  while (!RefreshDue(zone.record, due)) due += 3600;
  EXPECT_GE(until - due, 5 * kDay) << "for an HSM that is away to be brought back";
  ZoneKeys keys;
  keys.prepared = zone.record.prepared;
  for (std::uint32_t at = kNow; at <= until; at += 3600) {
    ASSERT_NE(FindPrepared(keys, dns::RRType::kDNSKEY, at), nullptr) << "no gap between windows";
  }
  EXPECT_EQ(FindPrepared(keys, dns::RRType::kDNSKEY, until + 1), nullptr);
}

}  // namespace
}  // namespace sealwire::keycache
