#include "control/duration.h"

#include <gtest/gtest.h>

namespace sealwire::control {
namespace {

TEST(Duration, ReadsUnitsLargestFirst) {
  EXPECT_EQ(*ParseDuration("3d"), 259200u);
  EXPECT_EQ(*ParseDuration("12h"), 43200u);
  EXPECT_EQ(*ParseDuration("30m"), 1800u);
  EXPECT_EQ(*ParseDuration("1d2h3m4s"), 93784u);
  EXPECT_EQ(*ParseDuration("0s"), 0u);
}

TEST(Duration, RefusesWhatIsNone) {
  for (const char* text : {"", "3", "d", "3x", "3d4", "2h1d", "1h1h", "-1h", " 1h", "1.5h",
                           "49711d", "99999999999d"}) {
    EXPECT_FALSE(ParseDuration(text).ok()) << text;
  }
}

TEST(Duration, FormatsWhatItReads) {
  for (const std::uint32_t seconds : {0u, 1u, 59u, 60u, 93784u, 86400u, 4294967295u}) {
    EXPECT_EQ(*ParseDuration(FormatDuration(seconds)), seconds);
  }
}

}  // namespace
}  // namespace sealwire::control
