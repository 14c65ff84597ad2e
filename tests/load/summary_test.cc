#include "apps/load/summary.h"

#include <gtest/gtest.h>

#include <sstream>

#include "apps/load/report.h"

namespace sealwire::load {
namespace {

Summary Example() {
  LoadPlan plan;
  plan.target = net::Endpoint::FromText("127.0.0.1:5300").value();
  plan.rate = 1000;
  LoadCounts counts;
  counts.sent = 101;
  counts.answered = 100;
  counts.lost = 1;
  counts.seconds = 2;
  counts.reply_octets = 16500;
  counts.rcodes = {{0, 90}, {3, 10}};
  counts.per_second = {60, 40};
  for (std::uint64_t i = 1; i <= 100; ++i) counts.latency.Record(i * 10'000);
  return Summarize(plan, "hot names", counts);
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(Summary, SaysWhatWasCounted) {
  const Summary s = Example();
  EXPECT_EQ(s.target, "127.0.0.1:5300");
  EXPECT_EQ(s.loop, "open, 1000/s");
  EXPECT_EQ(s.answers_per_second, 50);
  EXPECT_EQ(s.reply_octets, 165);
  EXPECT_EQ(s.rcodes.at("NXDOMAIN"), 10u);
  EXPECT_NEAR(s.p50_us, 500, 10);
  EXPECT_NEAR(s.p99_us, 990, 16);
  EXPECT_EQ(s.max_us, 1000);
}

TEST(Summary, SurvivesItsFile) {
  Summary s = Example();
  s.server_cpu_us = 1.25;
  const auto read = ParseSummary(ToJson(s));
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(ToJson(*read), ToJson(s));
  EXPECT_EQ(Report(*read), Report(s));
}

TEST(Summary, OtherFilesAreRefused) {
  for (const char* text : {"", "{", "[]", "{}", "{\"sealload\": 2}", "{\"sealload\": 1}",
                           "{\"sealload\": 1, \"target\": 5}"}) {
    EXPECT_FALSE(ParseSummary(text).ok()) << text;
  }
}

TEST(Report, ShowsRatesLossAndPercentiles) {
  const std::string text = Report(Example());
  for (const char* part :
       {"101 sent, 100 answered, 1 lost (0.990 %)", "50 answers a second; worst second 40, best 60",
        "NOERROR 90 (90.00 %), NXDOMAIN 10 (10.00 %)", "165 octets", "max 1.00 ms", "█"}) {
    EXPECT_TRUE(Contains(text, part)) << part << "\nin\n" << text;
  }
  EXPECT_FALSE(Contains(text, "CPU"));
  EXPECT_FALSE(Contains(text, "truncated"));
}

TEST(Report, TheHistogramHoldsEveryAnswer) {
  const std::string text = Report(Example());
  const std::size_t at = text.find("latency up to");
  ASSERT_NE(at, std::string::npos);
  std::istringstream lines(text.substr(text.find('\n', at) + 1));
  std::uint64_t sum = 0;
  std::string edge;
  std::string unit;
  for (std::uint64_t count; lines >> edge >> unit >> count;) {
    sum += count;
    lines.ignore(1000, '\n');
  }
  EXPECT_EQ(sum, 100u);
}

TEST(Report, ARunWithoutAnswersIsShownToo) {
  const Summary nothing = Summarize({}, "questions", {});
  EXPECT_TRUE(Contains(Report(nothing), "0 answered"));
  EXPECT_TRUE(Contains(Compare(nothing, nothing), "–"));
}

TEST(Compare, ShowsTheSecondAsAMultipleOfTheFirst) {
  const Summary a = Example();
  Summary b = a;
  b.answers_per_second = 150;
  b.p99_us = a.p99_us / 2;
  const std::string text = Compare(a, b);
  EXPECT_TRUE(Contains(text, "3.00 ×")) << text;
  EXPECT_TRUE(Contains(text, "0.50 ×")) << text;
}

}  // namespace
}  // namespace sealwire::load
