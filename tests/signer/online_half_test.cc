#include "signer/online_half.h"

#include <gtest/gtest.h>

#include "signer/openssl_signer.h"
#include "signer/p256_modular.h"
#include "tests/signer/p256_scalars.h"
#include "tests/signer/p256_vectors.h"

namespace sealwire::signer {
namespace {

ReadyPair PairOf(const Limbs& k) {
  ReadyPair pair;
  const auto batch = P256Batch::Make(P256Implementation::kPortable, 1);
  EXPECT_TRUE(batch->MakePairs({&k, 1}, {&pair, 1}));
  return pair;
}

TEST(OnlineHalf, CavpSigGenAndRfc6979Vectors) {
  for (const KnownSignature& known : kKnownSignatures) {
    const ReadyPair pair = PairOf(p256::LoadBigEndian(Octets32(known.k).data()));
    Signature signature{};
    ASSERT_TRUE(FinishSignature(Octets32(known.d).data(), Octets32(known.digest), pair, signature));
    const auto r = Octets32(known.r);
    const auto s = Octets32(known.s);
    EXPECT_TRUE(std::equal(r.begin(), r.end(), signature.begin()));
    EXPECT_TRUE(std::equal(s.begin(), s.end(), signature.begin() + 32));
  }
}

TEST(OnlineHalf, OpensslVerifiesWithDigestsAtTheirEnds) {
  SeededScalars source(1);
  std::array<std::uint8_t, 32> scalar{};
  PublicKey key{};
  for (int i = 0; i < 20; ++i) {
    p256::StoreBigEndian(i == 0   ? Limbs{1}
                         : i == 1 ? OrderLess({1})
                                  : source.Next(),
                         scalar.data());
    ASSERT_TRUE(DerivePublicKey(scalar, key));
    Digest zero{};
    Digest ones;
    ones.fill(0xff);  // above n
    Digest order{};
    p256::StoreBigEndian(kOrder, order.data());
    Digest any{};
    p256::StoreBigEndian(source.Next(), any.data());
    for (const Digest& digest : {zero, ones, order, any}) {
      Signature signature{};
      ASSERT_TRUE(FinishSignature(scalar.data(), digest, PairOf(source.Next()), signature));
      EXPECT_TRUE(Verify(key, digest, signature));
    }
  }
}

TEST(OnlineHalf, AnEmptyPairSignsNothing) {
  const auto scalar = Octets32(kKnownSignatures[0].d);
  Signature signature;
  signature.fill(0x5a);
  EXPECT_FALSE(FinishSignature(scalar.data(), Digest{}, ReadyPair{}, signature));
  for (const std::uint8_t octet : signature) EXPECT_EQ(octet, 0x5a);
}

// FIPS 186-5 section 6.4.1 step 11: s = 0 asks for another k.
TEST(OnlineHalf, AnSOfZeroIsRefused) {
  SeededScalars source(2);
  const ReadyPair pair = PairOf(source.Next());
  const Limbs d = source.Next();
  std::array<std::uint8_t, 32> scalar{};
  p256::StoreBigEndian(d, scalar.data());
  // The digest that makes h + r·d a multiple of n.
  const Bignum n = ToBignum(kOrder);
  const Bignum h(BN_new());
  BN_CTX* context = BN_CTX_new();
  BN_mod_mul(h.get(), ToBignum(pair.r).get(), ToBignum(d).get(), n.get(), context);
  BN_sub(h.get(), n.get(), h.get());
  BN_CTX_free(context);
  Digest digest{};
  p256::StoreBigEndian(ToLimbs(h.get()), digest.data());
  Signature signature{};
  EXPECT_FALSE(FinishSignature(scalar.data(), digest, pair, signature));
}

}  // namespace
}  // namespace sealwire::signer
