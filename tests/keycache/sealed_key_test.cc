#include "keycache/sealed_key.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "signer/openssl_signer.h"
#include "signer/rrsig.h"

namespace sealwire::keycache {
namespace {

// One sealed key and all that is needed to open it.
class SealedKeyTest : public testing::Test {
 protected:
  void SetUp() override {
    header_.wrapping_key.fill(0x11);
    header_.shard.fill(0x22);
    header_.ephemeral.fill(0x33);
    shard_key_.fill(0x44);
    ASSERT_TRUE(signer::GenerateKeyPair(scalar_, public_key_));
    key_tag_ = signer::KeyTag(MakeDnskey(Role::kZsk, public_key_));
    auto apex = dns::Name::FromText("example.net.");
    ASSERT_TRUE(apex);
    apex_ = *apex;
    auto sealed = Seal(header_, shard_key_, context(), scalar_);
    ASSERT_TRUE(sealed) << sealed.error();
    sealed_ = *sealed;
  }

  SealedKeyContext context() const { return {apex_, Role::kZsk, key_tag_, public_key_}; }

  // Opens; on a refusal the output must be wiped.
  bool Opens(const SealedKey& sealed, const SealedKeyContext& with) {
    std::array<std::uint8_t, 32> opened{};
    const Status done = Open(sealed, shard_key_, with, opened);
    if (done) {
      EXPECT_EQ(opened, scalar_);
    } else {
      EXPECT_TRUE(std::ranges::all_of(opened, [](std::uint8_t octet) { return octet == 0; }));
    }
    return done.ok();
  }

  ShardHeader header_;
  std::array<std::uint8_t, 32> shard_key_{};
  std::array<std::uint8_t, 32> scalar_{};
  signer::PublicKey public_key_{};
  std::uint16_t key_tag_ = 0;
  dns::Name apex_;
  SealedKey sealed_;
};

TEST_F(SealedKeyTest, OpensAgainAfterEncoding) {
  EXPECT_TRUE(Opens(sealed_, context()));
  const auto decoded = SealedKey::Decode(sealed_.Encode());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, sealed_);
  EXPECT_TRUE(Opens(*decoded, context()));
}

TEST_F(SealedKeyTest, CaseOfTheApexDoesNotMatter) {
  auto upper = dns::Name::FromText("EXAMPLE.net.");
  ASSERT_TRUE(upper);
  EXPECT_TRUE(Opens(sealed_, {*upper, Role::kZsk, key_tag_, public_key_}));
}

TEST_F(SealedKeyTest, DoesNotShowTheScalar) {
  const auto octets = sealed_.Encode();
  EXPECT_EQ(std::search(octets.begin(), octets.end(), scalar_.begin(), scalar_.end()),
            octets.end());
}

TEST_F(SealedKeyTest, IsBoundToTheZone) {
  auto other = dns::Name::FromText("example.org.");
  ASSERT_TRUE(other);
  EXPECT_FALSE(Opens(sealed_, {*other, Role::kZsk, key_tag_, public_key_}));
}

TEST_F(SealedKeyTest, IsBoundToTheRole) {
  SealedKeyContext as_ksk = context();
  as_ksk.role = Role::kKsk;
  EXPECT_FALSE(Opens(sealed_, as_ksk));
  SealedKey claims_ksk = sealed_;
  claims_ksk.role = Role::kKsk;
  EXPECT_FALSE(Opens(claims_ksk, as_ksk));
}

TEST_F(SealedKeyTest, IsBoundToTheKeyTag) {
  SealedKeyContext other = context();
  other.key_tag ^= 1;
  EXPECT_FALSE(Opens(sealed_, other));
  SealedKey claims_other = sealed_;
  claims_other.key_tag ^= 1;
  EXPECT_FALSE(Opens(claims_other, other));
}

TEST_F(SealedKeyTest, IsBoundToThePublicKey) {
  SealedKeyContext other = context();
  other.public_key[40] ^= 1;
  EXPECT_FALSE(Opens(sealed_, other));
}

TEST_F(SealedKeyTest, IsBoundToTheShard) {
  for (auto change : {+[](ShardHeader& header) { header.wrapping_key[0] ^= 1; },
                      +[](ShardHeader& header) { header.shard[15] ^= 1; },
                      +[](ShardHeader& header) { header.ephemeral[63] ^= 1; }}) {
    SealedKey changed = sealed_;
    change(changed.header);
    EXPECT_FALSE(Opens(changed, context()));
  }
}

TEST_F(SealedKeyTest, NoOctetCanBeChanged) {
  const auto octets = sealed_.Encode();
  for (std::size_t at = 0; at < octets.size(); ++at) {
    auto changed = octets;
    changed[at] ^= 0x80;
    const auto decoded = SealedKey::Decode(changed);
    EXPECT_TRUE(!decoded || !Opens(*decoded, context())) << "octet " << at;
  }
}

TEST_F(SealedKeyTest, OtherSizesVersionsAndAlgorithmsAreRefused) {
  const auto octets = sealed_.Encode();
  EXPECT_FALSE(SealedKey::Decode({}));
  EXPECT_FALSE(SealedKey::Decode(dns::Bytes(octets).first(165)));
  for (std::size_t at : {0u, 3u, 4u, 6u, 7u}) {  // magic, version, role, algorithm, reserved
    auto changed = octets;
    changed[at] += 3;  // 13, 14 and 15 are known
    EXPECT_FALSE(SealedKey::Decode(changed)) << "octet " << at;
  }
}

TEST_F(SealedKeyTest, SealingTwiceGivesTwoNonces) {
  auto again = Seal(header_, shard_key_, context(), scalar_);
  ASSERT_TRUE(again);
  EXPECT_NE(again->nonce, sealed_.nonce);
  EXPECT_NE(again->wrapped, sealed_.wrapped);
}

TEST(ShardKey, DependsOnEverythingItIsDerivedFrom) {
  ShardHeader header;
  std::array<std::uint8_t, 32> ecdh{}, first{};
  ASSERT_TRUE(DeriveShardKey(header, ecdh, first));
  const auto derive = [](const ShardHeader& from, std::array<std::uint8_t, 32> secret) {
    std::array<std::uint8_t, 32> key{};
    EXPECT_TRUE(DeriveShardKey(from, secret, key));
    return key;
  };
  EXPECT_EQ(derive(header, ecdh), first);
  ShardHeader other = header;
  other.wrapping_key[3] = 1;
  EXPECT_NE(derive(other, ecdh), first);
  other = header;
  other.shard[3] = 1;
  EXPECT_NE(derive(other, ecdh), first);
  other = header;
  other.ephemeral[3] = 1;
  EXPECT_NE(derive(other, ecdh), first);
  ecdh[3] = 1;
  EXPECT_NE(derive(header, ecdh), first);
}

}  // namespace
}  // namespace sealwire::keycache
