#include "signer/openssl_signer.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "signer/sha256.h"
#include "tests/signer/text_vectors.h"

namespace sealwire::signer {
namespace {

// RFC 6605 section 6.1.
const auto kRfc6605Scalar = FromBase64<32>("GU6SnQ/Ou+xC5RumuIUIuJZteXT2z0O/ok1s38Et6mQ=");
const auto kRfc6605PublicKey = FromBase64<64>(
    "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+"
    "e+MAnLr+Wi9xMWyQLc8NAA==");
// n, and n-1.
const auto kOrder = FromHex<32>("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
const auto kLargestScalar =
    FromHex<32>("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550");

Digest SomeDigest(std::uint8_t fill) {
  Digest digest;
  digest.fill(fill);
  return digest;
}

SigningKey KeyOf(const std::array<std::uint8_t, 32>& scalar) {
  return {scalar.data(), 1, 0};
}

TEST(OpensslSigner, Rfc6605Section6_1_PublicKeyOfThePrivateKey) {
  PublicKey public_key;
  ASSERT_TRUE(DerivePublicKey(kRfc6605Scalar, public_key));
  EXPECT_EQ(public_key, kRfc6605PublicKey);
}

TEST(OpensslSigner, SignaturesVerifyUnderTheDerivedKey) {
  OpensslSigner signer;
  for (int i = 0; i < 50; ++i) {
    const Digest digest = SomeDigest(static_cast<std::uint8_t>(i));
    Signature signature;
    ASSERT_TRUE(signer.Sign(KeyOf(kRfc6605Scalar), digest, signature));
    EXPECT_TRUE(Verify(kRfc6605PublicKey, digest, signature));
    EXPECT_FALSE(Verify(kRfc6605PublicKey, SomeDigest(0xee), signature));
  }
}

TEST(OpensslSigner, OneSignerServesManyKeysInTurn) {
  OpensslSigner signer;
  std::array<std::array<std::uint8_t, 32>, 8> scalars;
  std::array<PublicKey, 8> public_keys;
  for (std::size_t i = 0; i < scalars.size(); ++i) {
    ASSERT_TRUE(GenerateKeyPair(scalars[i], public_keys[i]));
  }
  const Digest digest = SomeDigest(7);
  for (std::size_t round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < scalars.size(); ++i) {
      Signature signature;
      ASSERT_TRUE(signer.Sign(KeyOf(scalars[i]), digest, signature));
      EXPECT_TRUE(Verify(public_keys[i], digest, signature));
      EXPECT_FALSE(Verify(public_keys[(i + 1) % public_keys.size()], digest, signature));
    }
  }
}

TEST(OpensslSigner, TwoSignaturesOfOneDigestDiffer) {
  OpensslSigner signer;
  Signature first;
  Signature second;
  ASSERT_TRUE(signer.Sign(KeyOf(kRfc6605Scalar), SomeDigest(1), first));
  ASSERT_TRUE(signer.Sign(KeyOf(kRfc6605Scalar), SomeDigest(1), second));
  EXPECT_FALSE(std::equal(first.begin(), first.begin() + 32, second.begin()))
      << "r must never come twice";
}

TEST(OpensslSigner, ScalarsOutOfRangeSignNothing) {
  OpensslSigner signer;
  const std::array<std::uint8_t, 32> zero{};
  std::array<std::uint8_t, 32> all_ones;
  all_ones.fill(0xff);
  for (const auto& scalar : {zero, kOrder, all_ones}) {
    Signature signature;
    signature.fill(0x55);
    const Signature before = signature;
    EXPECT_FALSE(signer.Sign(KeyOf(scalar), SomeDigest(1), signature));
    EXPECT_EQ(signature, before);
    PublicKey public_key;
    EXPECT_FALSE(DerivePublicKey(scalar, public_key));
  }
  Signature signature;
  EXPECT_FALSE(signer.Sign(SigningKey{}, SomeDigest(1), signature));
  // After refusals it still signs, also with the smallest and the largest scalar.
  std::array<std::uint8_t, 32> one{};
  one[31] = 1;
  for (const auto& scalar : {one, kLargestScalar}) {
    PublicKey public_key;
    ASSERT_TRUE(DerivePublicKey(scalar, public_key));
    ASSERT_TRUE(signer.Sign(KeyOf(scalar), SomeDigest(1), signature));
    EXPECT_TRUE(Verify(public_key, SomeDigest(1), signature));
  }
}

TEST(OpensslSigner, GeneratedPairsBelongTogetherAndDiffer) {
  std::array<std::uint8_t, 32> first;
  std::array<std::uint8_t, 32> second;
  PublicKey first_public;
  PublicKey second_public;
  ASSERT_TRUE(GenerateKeyPair(first, first_public));
  ASSERT_TRUE(GenerateKeyPair(second, second_public));
  EXPECT_NE(first, second);
  PublicKey derived;
  ASSERT_TRUE(DerivePublicKey(first, derived));
  EXPECT_EQ(derived, first_public);
}

TEST(Verify, RefusesWhatIsNoSignatureOrNoPoint) {
  OpensslSigner signer;
  const Digest digest = SomeDigest(3);
  Signature good;
  ASSERT_TRUE(signer.Sign(KeyOf(kRfc6605Scalar), digest, good));
  EXPECT_FALSE(Verify(kRfc6605PublicKey, digest, Signature{}));
  Signature s_is_order = good;
  std::copy(kOrder.begin(), kOrder.end(), s_is_order.begin() + 32);
  EXPECT_FALSE(Verify(kRfc6605PublicKey, digest, s_is_order));
  PublicKey off_curve = kRfc6605PublicKey;
  off_curve[63] ^= 1;
  EXPECT_FALSE(Verify(off_curve, digest, good));
  EXPECT_FALSE(Verify(PublicKey{}, digest, good));
}

TEST(Verify, NoFlippedBitGoesUnnoticed) {
  OpensslSigner signer;
  const Digest digest = SomeDigest(4);
  Signature good;
  ASSERT_TRUE(signer.Sign(KeyOf(kRfc6605Scalar), digest, good));
  for (std::size_t octet = 0; octet < good.size(); ++octet) {
    Signature bad = good;
    bad[octet] ^= 0x10;
    EXPECT_FALSE(Verify(kRfc6605PublicKey, digest, bad)) << "octet " << octet;
  }
}

}  // namespace
}  // namespace sealwire::signer
