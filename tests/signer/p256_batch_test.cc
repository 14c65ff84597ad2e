#include "signer/p256_batch.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/signer/p256_scalars.h"
#include "tests/signer/p256_vectors.h"

namespace sealwire::signer {
namespace {

// The pair that OpenSSL makes of one scalar.
class Oracle {
 public:
  Oracle()
      : group_(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)),
        point_(EC_POINT_new(group_)),
        context_(BN_CTX_new()) {}
  ~Oracle() {
    BN_CTX_free(context_);
    EC_POINT_free(point_);
    EC_GROUP_free(group_);
  }
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

  ReadyPair Pair(const Limbs& k) {
    const BIGNUM* n = EC_GROUP_get0_order(group_);
    const Bignum scalar = ToBignum(k);
    const Bignum x(BN_new());
    EC_POINT_mul(group_, point_, scalar.get(), nullptr, nullptr, context_);
    EC_POINT_get_affine_coordinates(group_, point_, x.get(), nullptr, context_);
    BN_nnmod(x.get(), x.get(), n, context_);
    ReadyPair pair;
    pair.r = ToLimbs(x.get());
    BN_mod_inverse(x.get(), scalar.get(), n, context_);
    BN_mod_lshift(x.get(), x.get(), 512, n, context_);
    pair.k_inverse = ToLimbs(x.get());
    return pair;
  }

 private:
  EC_GROUP* group_;
  EC_POINT* point_;
  BN_CTX* context_;
};

bool Same(const ReadyPair& a, const ReadyPair& b) {
  return a.r == b.r && a.k_inverse == b.k_inverse;
}
bool Empty(const ReadyPair& pair) {
  return pair.r == Limbs{};
}

// 1, 2, 3 and n less these; every digit of every window at its ends; the digits that select entry 0
// and entry 127 with either sign, which all ones, all zeros and 0x7f and 0x80 repeated do.
std::vector<Limbs> EdgeScalars() {
  std::vector<Limbs> out;
  const auto add = [&out](const Limbs& k) {
    Limbs unused{};
    if (p256::ZeroMask(k) != 0 || p256::Subtract(k, kOrder, unused) == 0) return;
    out.push_back(k);
    out.push_back(OrderLess(k));
  };
  for (std::uint64_t small = 1; small <= 20; ++small) add({small});
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Limbs power{};
    power[bit / 64] = std::uint64_t{1} << (bit % 64);
    add(power);
    Limbs below = power;  // all bits under `bit`
    for (std::size_t i = 0; i < bit / 64; ++i) below[i] = ~std::uint64_t{0};
    below[bit / 64] -= 1;
    add(below);
    power[0] |= 1;
    add(power);
  }
  for (const std::uint64_t octet : {0x01, 0x7f, 0x80, 0x81, 0xff}) {
    const std::uint64_t limb = octet * 0x0101010101010101;
    add({limb, limb, limb, limb});
    add({limb, limb, limb, limb >> 1});
  }
  for (std::size_t i = 0; i < 4; ++i) {
    Limbs one_limb{};
    one_limb[i] = ~std::uint64_t{0};
    add(one_limb);
  }
  return out;
}

class P256BatchOf : public testing::TestWithParam<P256Implementation> {
 protected:
  void SetUp() override {
    batch_ = P256Batch::Make(GetParam(), 512);
    if (GetParam() == P256Implementation::kIfma && !CpuHasIfma()) {
      EXPECT_EQ(batch_, nullptr);
      GTEST_SKIP() << "this CPU has no AVX-512 IFMA";
    }
    ASSERT_NE(batch_, nullptr);
    ASSERT_EQ(batch_->implementation(), GetParam());
  }

  std::vector<ReadyPair> Pairs(std::span<const Limbs> scalars) {
    std::vector<ReadyPair> pairs(scalars.size());
    for (std::size_t at = 0; at < scalars.size(); at += batch_->capacity()) {
      const std::size_t count = std::min(batch_->capacity(), scalars.size() - at);
      EXPECT_TRUE(
          batch_->MakePairs(scalars.subspan(at, count), std::span(pairs).subspan(at, count)));
    }
    return pairs;
  }

  void ExpectAsOpenssl(std::span<const Limbs> scalars) {
    const std::vector<ReadyPair> pairs = Pairs(scalars);
    for (std::size_t i = 0; i < scalars.size(); ++i) {
      ASSERT_TRUE(Same(pairs[i], oracle_.Pair(scalars[i])))
          << "scalar " << std::hex << scalars[i][3] << ' ' << scalars[i][2] << ' ' << scalars[i][1]
          << ' ' << scalars[i][0];
    }
  }

  std::unique_ptr<P256Batch> batch_;
  Oracle oracle_;
};

TEST_P(P256BatchOf, CavpSigGenAndRfc6979VectorsGiveTheirR) {
  std::vector<Limbs> scalars;
  for (const KnownSignature& known : kKnownSignatures) {
    scalars.push_back(p256::LoadBigEndian(Octets32(known.k).data()));
  }
  const std::vector<ReadyPair> pairs = Pairs(scalars);
  for (std::size_t i = 0; i < scalars.size(); ++i) {
    EXPECT_EQ(pairs[i].r, p256::LoadBigEndian(Octets32(kKnownSignatures[i].r).data()));
  }
}

TEST_P(P256BatchOf, EdgeScalarsAsOpenssl) {
  const std::vector<Limbs> scalars = EdgeScalars();
  ASSERT_GT(scalars.size(), 1000u);
  ExpectAsOpenssl(scalars);
}

TEST_P(P256BatchOf, RandomScalarsAsOpenssl) {
  SeededScalars source(20);
  std::vector<Limbs> scalars(3000);
  for (Limbs& k : scalars) k = source.Next();
  ExpectAsOpenssl(scalars);
}

TEST_P(P256BatchOf, EqualAndOppositeLanesDoNotDisturbEachOther) {
  SeededScalars source(21);
  const Limbs k = source.Next();
  std::vector<Limbs> scalars(48, k);
  for (std::size_t i = 0; i < 16; ++i) scalars[i] = OrderLess(k);
  ExpectAsOpenssl(scalars);
}

TEST_P(P256BatchOf, EverySizeOfBatch) {
  SeededScalars source(22);
  for (std::size_t count = 1; count <= 50; ++count) {
    std::vector<Limbs> scalars(count);
    for (Limbs& k : scalars) k = source.Next();
    ExpectAsOpenssl(scalars);
  }
}

TEST_P(P256BatchOf, WritesNothingBehindTheBatch) {
  SeededScalars source(23);
  std::vector<Limbs> scalars(5);
  for (Limbs& k : scalars) k = source.Next();
  ReadyPair mark;
  mark.r = {1, 2, 3, 4};
  std::vector<ReadyPair> pairs(16, mark);
  ASSERT_TRUE(batch_->MakePairs(scalars, pairs));
  for (std::size_t i = 5; i < pairs.size(); ++i) EXPECT_TRUE(Same(pairs[i], mark));
}

TEST_P(P256BatchOf, RefusesABatchThatDoesNotFit) {
  std::vector<Limbs> scalars(batch_->capacity() + 1, Limbs{1});
  std::vector<ReadyPair> pairs(scalars.size());
  EXPECT_FALSE(batch_->MakePairs(scalars, pairs));
  EXPECT_FALSE(batch_->MakePairs(std::span(scalars).first(4), std::span(pairs).first(3)));
  EXPECT_FALSE(batch_->MakePairs({}, pairs));
}

// A scalar of 0 has no inverse and spoils the product that all share.
TEST_P(P256BatchOf, ItsOwnCheckRefusesABatchWithZero) {
  SeededScalars source(24);
  std::vector<Limbs> scalars(32);
  for (Limbs& k : scalars) k = source.Next();
  scalars[9] = {};
  std::vector<ReadyPair> pairs(scalars.size());
  EXPECT_FALSE(batch_->MakePairs(scalars, pairs));
  for (const ReadyPair& pair : pairs) EXPECT_TRUE(Same(pair, ReadyPair{}));
}

INSTANTIATE_TEST_SUITE_P(Implementations, P256BatchOf,
                         testing::Values(P256Implementation::kPortable, P256Implementation::kIfma),
                         [](const auto& which) { return std::string(ToText(which.param)); });

// 2·255·2²⁴⁸ - n: before the last window its sum equals the addend. It and its negative are the
// only scalars of which this holds (docs/ready-ink.md).
TEST(IfmaBatch, TheTwoExceptionalScalarsGetNoPairAndHarmNoOther) {
  const auto batch = P256Batch::Make(P256Implementation::kIfma, 64);
  if (batch == nullptr) GTEST_SKIP() << "this CPU has no AVX-512 IFMA";
  const Limbs exceptional =
      LimbsFromHex("fe000000ffffffff00000000000000004319055258e8617b0c46353d039cdaaf");
  SeededScalars source(25);
  std::vector<Limbs> scalars(64);
  for (Limbs& k : scalars) k = source.Next();
  scalars[3] = exceptional;
  scalars[40] = OrderLess(exceptional);
  std::vector<ReadyPair> pairs(scalars.size());
  ASSERT_TRUE(batch->MakePairs(scalars, pairs));
  Oracle oracle;
  for (std::size_t i = 0; i < scalars.size(); ++i) {
    if (i == 3 || i == 40) {
      EXPECT_TRUE(Empty(pairs[i]));
    } else {
      EXPECT_TRUE(Same(pairs[i], oracle.Pair(scalars[i]))) << i;
    }
  }
}

// The two next to them, on either side, are ordinary.
TEST(IfmaBatch, NeighboursOfTheExceptionalScalarsAreOrdinary) {
  const auto batch = P256Batch::Make(P256Implementation::kIfma, 64);
  if (batch == nullptr) GTEST_SKIP() << "this CPU has no AVX-512 IFMA";
  const Limbs exceptional =
      LimbsFromHex("fe000000ffffffff00000000000000004319055258e8617b0c46353d039cdaaf");
  std::vector<Limbs> scalars;
  for (std::uint64_t distance = 1; distance <= 8; ++distance) {
    Limbs below = exceptional;
    Limbs above = exceptional;
    below[0] -= distance;
    above[0] += distance;
    scalars.insert(scalars.end(), {below, above, OrderLess(below), OrderLess(above)});
  }
  std::vector<ReadyPair> pairs(scalars.size());
  ASSERT_TRUE(batch->MakePairs(scalars, pairs));
  Oracle oracle;
  for (std::size_t i = 0; i < scalars.size(); ++i) {
    EXPECT_TRUE(Same(pairs[i], oracle.Pair(scalars[i]))) << i;
  }
}

// Slow: run by tests/run and by `ctest -L slow`.
TEST(SlowIfmaBatch, TwoMillionRandomScalarsAsPortable) {
  const auto ifma = P256Batch::Make(P256Implementation::kIfma, 4096);
  if (ifma == nullptr) GTEST_SKIP() << "this CPU has no AVX-512 IFMA";
  const auto portable = P256Batch::Make(P256Implementation::kPortable, 4096);
  ASSERT_NE(portable, nullptr);
  SeededScalars source(26);
  std::vector<Limbs> scalars(4096);
  std::vector<ReadyPair> fast(4096);
  std::vector<ReadyPair> plain(4096);
  for (int round = 0; round < 512; ++round) {
    for (Limbs& k : scalars) k = source.Next();
    ASSERT_TRUE(ifma->MakePairs(scalars, fast));
    ASSERT_TRUE(portable->MakePairs(scalars, plain));
    for (std::size_t i = 0; i < scalars.size(); ++i) ASSERT_TRUE(Same(fast[i], plain[i]));
  }
}

}  // namespace
}  // namespace sealwire::signer
