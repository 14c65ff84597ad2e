#include "control/log.h"

#include <gtest/gtest.h>

namespace sealwire::control {
namespace {

constexpr std::int64_t kNow = 1795509000123;

TEST(Log, TextLineHasTimeLevelEventAndFields) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, kNow, LogLevel::kInfo, "ready",
                          {{"zones", "3"}, {"text", "two words"}}),
            "2026-11-24T08:30:00.123Z info ready zones=3 text=\"two words\"");
}

TEST(Log, JsonLineIsOneObject) {
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, kNow, LogLevel::kError, "hsm", {{"a", "b\"c"}}),
            R"({"time":"2026-11-24T08:30:00.123Z","level":"error","event":"hsm","a":"b\"c"})");
}

TEST(Log, WhatCameFromOutsideForgesNeitherLineNorField) {
  EXPECT_EQ(FormatLogLine(LogFormat::kText, kNow, LogLevel::kInfo, "e", {{"zone", "a\nb ready=1"}}),
            "2026-11-24T08:30:00.123Z info e zone=\"a\\u000ab ready=1\"");
}

TEST(Log, EventThatFloodsIsHeldBackAndCounted) {
  LogLimiter limiter;
  std::uint32_t suppressed = 0;
  for (int i = 0; i < kLogBurst; ++i) EXPECT_TRUE(limiter.Admit(7, 1000, suppressed));
  EXPECT_FALSE(limiter.Admit(7, 1000, suppressed));
  EXPECT_FALSE(limiter.Admit(7, 1000 + kLogWindowSeconds - 1, suppressed));
  EXPECT_TRUE(limiter.Admit(8, 1000, suppressed)) << "another event is not held back";
  ASSERT_TRUE(limiter.Admit(7, 1000 + kLogWindowSeconds, suppressed));
  EXPECT_EQ(suppressed, 2u);
}

}  // namespace
}  // namespace sealwire::control
