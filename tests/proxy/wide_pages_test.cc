#include "proxy/wide_pages.h"

#include <gtest/gtest.h>

namespace sealwire::proxy {
namespace {

TEST(WidePages, AreZeroAndAlignedWhateverTheirNumber) {
  constexpr std::size_t kWide = std::size_t{2} << 20;
  for (const std::size_t count : {std::size_t{1}, kWide / 8, kWide / 8 + 1, 3 * kWide / 8}) {
    WidePages<std::uint64_t> pages(count);
    ASSERT_EQ(pages.size(), count);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&pages[0]) % kWide, 0u);
    for (std::size_t i = 0; i < count; ++i) ASSERT_EQ(pages[i], 0u) << i;
    pages[0] = 1;
    pages[count - 1] = 2;
    EXPECT_EQ(pages[count - 1], 2u);
  }
}

}  // namespace
}  // namespace sealwire::proxy
