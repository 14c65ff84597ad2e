#include "net/random.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>
#include <vector>

namespace sealwire::net {
namespace {

TEST(Random, FillsAcrossBlocks) {
  Random random;
  std::vector<std::uint8_t> octets(5000, 0);
  random.Fill(octets);
  int bits = 0;
  for (const std::uint8_t octet : octets) bits += std::popcount(octet);
  // 20,000 of 40,000 bits are expected; ten standard deviations are 1,000.
  EXPECT_NEAR(bits, 20000, 1000);
}

TEST(Random, NumbersDoNotRepeatAndTwoSourcesDiffer) {
  Random one;
  Random two;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(seen.insert(one.U64()).second);
    EXPECT_TRUE(seen.insert(two.U64()).second);
  }
}

TEST(Random, Rfc5452Section9_2_IdsUseTheWholeRange) {
  Random random;
  std::set<int> high_nibbles;
  for (int i = 0; i < 1000; ++i) high_nibbles.insert(random.U16() >> 12);
  EXPECT_EQ(high_nibbles.size(), 16u);
}

}  // namespace
}  // namespace sealwire::net
