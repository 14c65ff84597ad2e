#include "proxy/outstanding_questions.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace sealwire::proxy {
namespace {

TEST(OutstandingQuestions, HoldsAsManyAsItsLimitAndReusesPlaces) {
  OutstandingQuestions table(3);
  Question* first = table.Add();
  ASSERT_NE(first, nullptr);
  ASSERT_NE(table.Add(), nullptr);
  ASSERT_NE(table.Add(), nullptr);
  EXPECT_EQ(table.Add(), nullptr);
  table.Remove(*first);
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(table.Add(), first);
}

TEST(OutstandingQuestions, IdsAreUniqueOnAChannelAndFound) {
  OutstandingQuestions table(2000);
  net::Random random;
  std::map<std::uint16_t, Question*> asked;
  for (int i = 0; i < 2000; ++i) {
    Question* question = table.Add();
    Attempt* attempt = table.Start(*question, 7, random);
    ASSERT_NE(attempt, nullptr);
    EXPECT_TRUE(asked.emplace(attempt->id, question).second);
  }
  for (const auto& [id, question] : asked) {
    EXPECT_EQ(table.Find(7, id).question, question);
    EXPECT_EQ(table.Find(8, id).question, nullptr);
  }
}

TEST(OutstandingQuestions, AnEndedAttemptIsNotFoundAndTheOthersAre) {
  OutstandingQuestions table(64);
  net::Random random;
  std::vector<Attempt*> attempts;
  for (int i = 0; i < 64; ++i) {
    Question* question = table.Add();
    attempts.push_back(table.Start(*question, 1, random));
  }
  for (std::size_t i = 0; i < attempts.size(); i += 2) {
    table.End(*attempts[i]);
    table.End(*attempts[i]);  // a second time changes nothing
  }
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    EXPECT_EQ(table.Find(1, attempts[i]->id).attempt, i % 2 == 0 ? nullptr : attempts[i]);
  }
}

TEST(OutstandingQuestions, RemovingEndsAllAttempts) {
  OutstandingQuestions table(4);
  net::Random random;
  Question* question = table.Add();
  const std::uint16_t one = table.Start(*question, 1, random)->id;
  const std::uint16_t two = table.Start(*question, 2, random)->id;
  EXPECT_TRUE(question->HasLiveAttempt());
  table.Remove(*question);
  EXPECT_EQ(table.Find(1, one).question, nullptr);
  EXPECT_EQ(table.Find(2, two).question, nullptr);
}

TEST(OutstandingQuestions, AttemptsOfAQuestionAreBounded) {
  OutstandingQuestions table(1);
  net::Random random;
  Question* question = table.Add();
  for (std::size_t i = 0; i < Question::kMaxAttempts; ++i) {
    EXPECT_NE(table.Start(*question, 1, random), nullptr);
  }
  EXPECT_EQ(table.Start(*question, 1, random), nullptr);
}

TEST(OutstandingQuestions, TimersFireInTheirTimeAndOnce) {
  constexpr std::uint64_t kStart = 5'000'000'000;
  OutstandingQuestions table(100);
  std::map<Question*, std::uint64_t> due;
  ASSERT_EQ(table.NextDue(kStart), nullptr);
  for (std::uint64_t i = 0; i < 100; ++i) {
    Question* question = table.Add();
    // Some beyond the wheel's 4 s.
    due[question] = kStart + 1 + i * 97'003;
    table.SetTimer(*question, due[question]);
  }
  for (std::uint64_t now = kStart; now < kStart + 10'000'000; now += 8'000) {
    while (Question* question = table.NextDue(now)) {
      ASSERT_TRUE(due.contains(question));
      EXPECT_LE(due[question], now);
      EXPECT_LE(now - due[question], 16'000u);
      due.erase(question);
    }
  }
  EXPECT_TRUE(due.empty());
}

TEST(OutstandingQuestions, ATimerIsSetAnew) {
  OutstandingQuestions table(2);
  Question* question = table.Add();
  Question* other = table.Add();
  EXPECT_EQ(table.NextDue(1'000'000), nullptr);
  table.SetTimer(*question, 1'100'000);
  table.SetTimer(*other, 1'100'000);
  table.SetTimer(*question, 1'500'000);
  EXPECT_EQ(table.NextDue(1'200'000), other);
  EXPECT_EQ(table.NextDue(1'200'000), nullptr);
  EXPECT_EQ(table.NextDue(1'510'000), question);
}

TEST(OutstandingQuestions, TheWheelCatchesUpAfterAStandstill) {
  OutstandingQuestions table(2);
  Question* question = table.Add();
  table.SetTimer(*question, 1'000'000);
  EXPECT_EQ(table.NextDue(3'600'000'000'000), question);
  Question* later = table.Add();
  table.SetTimer(*later, 3'600'000'100'000);
  EXPECT_EQ(table.NextDue(3'600'000'050'000), nullptr);
  EXPECT_EQ(table.NextDue(3'600'000'120'000), later);
}

TEST(OutstandingQuestions, VisitingAChannelMayRemoveAndAdd) {
  OutstandingQuestions table(20);
  net::Random random;
  for (int i = 0; i < 10; ++i) table.Start(*table.Add(), i % 2 == 0 ? 1 : 2, random);
  int visited = 0;
  table.ForEachOn(1, [&](Question& question, Attempt&) {
    ++visited;
    table.Remove(question);
    table.Start(*table.Add(), 3, random);
  });
  EXPECT_EQ(visited, 5);
  EXPECT_EQ(table.size(), 10u);
}

}  // namespace
}  // namespace sealwire::proxy
