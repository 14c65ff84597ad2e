#include "signer/ready_maker.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/signer/p256_scalars.h"

namespace sealwire::signer {
namespace {

bool Broken(std::uint8_t*, std::size_t) {
  return false;
}

class ReadyMakerOf : public testing::TestWithParam<P256Implementation> {};

TEST_P(ReadyMakerOf, MakesBatchesOfDifferentPairs) {
  if (GetParam() == P256Implementation::kIfma && !CpuHasIfma()) {
    GTEST_SKIP() << "this CPU has no AVX-512 IFMA";
  }
  const auto maker = ReadyMaker::Make(GetParam(), 64);
  ASSERT_NE(maker, nullptr);
  std::set<Limbs> seen;
  for (const std::size_t count : {64, 1, 17, 64}) {
    ASSERT_EQ(maker->MakeBatch(count), ReadyMaker::Outcome::kMade);
    ASSERT_EQ(maker->pairs().size(), count);
    for (const ReadyPair& pair : maker->pairs()) {
      EXPECT_TRUE(seen.insert(pair.r).second);
      EXPECT_NE(pair.k_inverse, Limbs{});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Implementations, ReadyMakerOf,
                         testing::Values(P256Implementation::kPortable, P256Implementation::kIfma),
                         [](const auto& which) { return std::string(ToText(which.param)); });

TEST(ReadyMaker, WithoutRandomnessThereIsNoPair) {
  const auto maker = ReadyMaker::Make(P256Implementation::kAuto, 16, &Broken);
  ASSERT_NE(maker, nullptr);
  EXPECT_EQ(maker->MakeBatch(16), ReadyMaker::Outcome::kNoRandomness);
  EXPECT_TRUE(maker->pairs().empty());
}

}  // namespace
}  // namespace sealwire::signer
