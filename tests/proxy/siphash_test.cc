#include "proxy/siphash.h"

#include <gtest/gtest.h>

#include <numeric>

namespace sealwire::proxy {
namespace {

// Of the paper's appendix A and its authors' reference code: key 00…0f, input 00 01 02 ….
TEST(SipHash24, VectorsOfItsAuthors) {
  SipKey key;
  std::iota(key.begin(), key.end(), std::uint8_t{0});
  std::array<std::uint8_t, 64> input;
  std::iota(input.begin(), input.end(), std::uint8_t{0});
  const dns::Bytes octets(input);
  EXPECT_EQ(SipHash24(key, octets.first(0)), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(SipHash24(key, octets.first(1)), 0x74f839c593dc67fdu);
  EXPECT_EQ(SipHash24(key, octets.first(7)), 0xab0200f58b01d137u);
  EXPECT_EQ(SipHash24(key, octets.first(8)), 0x93f5f5799a932462u);
  EXPECT_EQ(SipHash24(key, octets.first(15)), 0xa129ca6149be45e5u);
}

}  // namespace
}  // namespace sealwire::proxy
