#include "signer/ready_scalars.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <set>
#include <vector>

#include "tests/signer/p256_scalars.h"

namespace sealwire::signer {
namespace {

bool AlwaysFives(std::uint8_t* out, std::size_t size) {
  std::memset(out, 0x55, size);
  return true;
}
bool Broken(std::uint8_t*, std::size_t) {
  return false;
}

std::vector<Limbs> Drawn(std::size_t count, RandomFill random = &FillFromPrivateDrbg) {
  const auto scalars = ReadyScalars::Make(4096, random);
  std::vector<Limbs> out(count);
  for (std::size_t at = 0; at < count; at += 4096) {
    const std::size_t size = std::min<std::size_t>(4096, count - at);
    EXPECT_TRUE(scalars->Draw(std::span(out).subspan(at, size)));
  }
  return out;
}

// wide·2⁻²⁵⁶ mod n by OpenSSL.
Limbs Expected(const WideScalar& wide) {
  BN_CTX* context = BN_CTX_new();
  const Bignum n = ToBignum(kOrder);
  const Bignum value(
      BN_lebin2bn(reinterpret_cast<const unsigned char*>(wide.data()), kWideScalarSize, nullptr));
  const Bignum r(BN_new());
  BN_set_bit(r.get(), 256);
  BN_mod_inverse(r.get(), r.get(), n.get(), context);
  BN_mod_mul(value.get(), value.get(), r.get(), n.get(), context);
  BN_CTX_free(context);
  return ToLimbs(value.get());
}

TEST(ReadyScalars, ReducesWithoutBiasAtTheEnds) {
  constexpr std::uint64_t kOnes = ~std::uint64_t{0};
  const WideScalar wides[] = {
      {},
      {1},
      {kOnes, kOnes, kOnes, kOnes, kOnes, kOnes},
      {kOrder[0], kOrder[1], kOrder[2], kOrder[3], 0, 0},
      {kOrder[0] - 1, kOrder[1], kOrder[2], kOrder[3], 0, 0},
      {kOrder[0] + 1, kOrder[1], kOrder[2], kOrder[3], 0, 0},
      {0, 0, kOrder[0], kOrder[1], kOrder[2], kOrder[3]},
      {0, 0, 0, 0, 0, kOnes},
      {0, 0, 0, 0, 1, 0},
  };
  for (const WideScalar& wide : wides) EXPECT_EQ(ReduceWideScalar(wide), Expected(wide));
}

TEST(ReadyScalars, AreAllInRangeAndDifferent) {
  std::set<Limbs> seen;
  for (const Limbs& k : Drawn(20000)) {
    Limbs unused{};
    ASSERT_EQ(p256::Subtract(k, kOrder, unused), 1u) << "not below n";
    ASSERT_EQ(p256::ZeroMask(k), 0u);
    ASSERT_TRUE(seen.insert(k).second);
  }
}

// Chi-squared over each octet of k, 256 cells. For 255 degrees of freedom the statistic is above
// 400 once in 10⁸. n begins with 32 one bits, so the octets of a uniform k are uniform to 2⁻³².
// Lattice attacks feed on a single biased bit: every octet is looked at.
TEST(ReadyScalars, NoOctetIsBiased) {
  constexpr std::size_t kCount = 200000;
  std::array<std::array<std::uint32_t, 256>, 32> count{};
  for (const Limbs& k : Drawn(kCount)) {
    for (std::size_t i = 0; i < 32; ++i) ++count[i][(k[i / 8] >> (8 * (i % 8))) & 0xff];
  }
  for (std::size_t i = 0; i < 32; ++i) {
    double statistic = 0;
    constexpr double kExpected = kCount / 256.0;
    for (const std::uint32_t n : count[i])
      statistic += (n - kExpected) * (n - kExpected) / kExpected;
    EXPECT_LT(statistic, 400) << "octet " << i;
  }
}

// What a missing or half-done reduction would show: more in the lower half of 1 to n-1 than above.
TEST(ReadyScalars, HalfAreBelowHalfOfN) {
  constexpr double kCount = 200000;
  std::size_t below = 0;
  for (const Limbs& k : Drawn(static_cast<std::size_t>(kCount))) {
    Limbs unused{};
    below += p256::Subtract(k, OrderLess(k), unused);
  }
  // Six standard deviations of a fair coin.
  EXPECT_NEAR(static_cast<double>(below), kCount / 2, 6 * std::sqrt(kCount) / 2);
}

TEST(ReadyScalars, AWeakDrbgAloneFortellsNothing) {
  std::set<Limbs> seen;
  for (int source = 0; source < 4; ++source) {
    for (const Limbs& k : Drawn(500, &AlwaysFives)) ASSERT_TRUE(seen.insert(k).second);
  }
}

TEST(ReadyScalars, GivesNothingWhenTheDrbgFails) {
  const auto scalars = ReadyScalars::Make(8, &Broken);
  std::vector<Limbs> out(8, Limbs{1, 2, 3, 4});
  EXPECT_FALSE(scalars->Draw(out));
  for (const Limbs& k : out) EXPECT_EQ(k, Limbs{});
}

TEST(ReadyScalars, RefusesMoreThanItsCapacity) {
  const auto scalars = ReadyScalars::Make(8);
  std::vector<Limbs> out(9);
  EXPECT_FALSE(scalars->Draw(out));
  EXPECT_FALSE(scalars->Draw({}));
}

}  // namespace
}  // namespace sealwire::signer
