#include "signer/p256_modular.h"

#include <gtest/gtest.h>

#include <vector>

#include "tests/signer/p256_scalars.h"

namespace sealwire::signer {
namespace {

using p256::Field;
using p256::FieldPrime;
using p256::GroupOrder;
using p256::Modular;
using p256::Order;

template <class Prime>
class ModularOf : public testing::Test {
 protected:
  // a·b/2²⁵⁶ mod m by OpenSSL.
  static Limbs Expected(const Limbs& a, const Limbs& b) {
    BN_CTX* context = BN_CTX_new();
    const Bignum m = ToBignum(Prime::kValue);
    const Bignum product(BN_new());
    const Bignum r(BN_new());
    BN_mod_mul(product.get(), ToBignum(a).get(), ToBignum(b).get(), m.get(), context);
    BN_set_bit(r.get(), 256);
    BN_mod_inverse(r.get(), r.get(), m.get(), context);
    BN_mod_mul(product.get(), product.get(), r.get(), m.get(), context);
    BN_CTX_free(context);
    return ToLimbs(product.get());
  }
  static Limbs Less(std::uint64_t small) {
    Limbs out{};
    p256::Subtract(Prime::kValue, {small}, out);
    return out;
  }
  std::vector<Limbs> Interesting() {
    std::vector<Limbs> out = {
        {},     {1},       {2},          Less(1), Less(2),        Less(3),
        {0, 1}, {0, 0, 1}, {0, 0, 0, 1}, {~0ull}, {~0ull, ~0ull}, {~0ull, ~0ull, ~0ull}};
    SeededScalars scalars(7);
    for (int i = 0; i < 40; ++i) {
      const Limbs a = scalars.Next();
      Limbs unused{};
      if (p256::Subtract(a, Prime::kValue, unused) == 1) out.push_back(a);
    }
    return out;
  }
};
using Primes = testing::Types<FieldPrime, GroupOrder>;
TYPED_TEST_SUITE(ModularOf, Primes);

TYPED_TEST(ModularOf, MultipliesAsOpensslDoes) {
  for (const Limbs& a : this->Interesting()) {
    for (const Limbs& b : this->Interesting()) {
      ASSERT_EQ(Modular<TypeParam>::Multiply(a, b), this->Expected(a, b));
    }
  }
}

TYPED_TEST(ModularOf, TakesOneFactorOfAny256Bits) {
  const Limbs all_ones = {~0ull, ~0ull, ~0ull, ~0ull};
  for (const Limbs& a : this->Interesting()) {
    ASSERT_EQ(Modular<TypeParam>::Multiply(a, all_ones), this->Expected(a, all_ones));
  }
}

TYPED_TEST(ModularOf, InvertsEachAsOne) {
  std::vector<Limbs> in = this->Interesting();
  in.erase(in.begin());  // zero has no inverse
  std::vector<Limbs> out(in.size());
  Modular<TypeParam>::InvertAll(in, out);
  for (std::size_t i = 0; i < in.size(); ++i) {
    EXPECT_EQ(out[i], Modular<TypeParam>::Invert(in[i]));
    // a · R²/a / R = R, and R / R = 1.
    const Limbs r = Modular<TypeParam>::Multiply(in[i], out[i]);
    EXPECT_EQ(Modular<TypeParam>::Multiply(r, Limbs{1}), Limbs{1});
  }
}

TEST(Modular, BringsAnXToTheOrder) {
  EXPECT_EQ(p256::FieldToOrder(GroupOrder::kValue), Limbs{});
  EXPECT_EQ(p256::FieldToOrder(OrderLess({1})), OrderLess({1}));
  Limbs top{};
  p256::Subtract(FieldPrime::kValue, {1}, top);
  Limbs expected{};
  p256::Subtract(top, GroupOrder::kValue, expected);
  EXPECT_EQ(p256::FieldToOrder(top), expected);
}

TEST(Modular, ReadsAndWritesBigEndian) {
  std::uint8_t octets[32];
  for (std::uint8_t i = 0; i < 32; ++i) octets[i] = i;
  const Limbs a = p256::LoadBigEndian(octets);
  EXPECT_EQ(a[3], 0x0001020304050607u);
  EXPECT_EQ(a[0], 0x18191a1b1c1d1e1fu);
  std::uint8_t back[32] = {};
  p256::StoreBigEndian(a, back);
  EXPECT_TRUE(std::equal(octets, octets + 32, back));
}

}  // namespace
}  // namespace sealwire::signer
