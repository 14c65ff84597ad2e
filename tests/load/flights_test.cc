#include "apps/load/flights.h"

#include <gtest/gtest.h>

#include <set>

namespace sealwire::load {
namespace {

TEST(Flights, AReplyTellsSinceWhenItsQuestionWaited) {
  Flights flights(4);
  const auto id = flights.Start(100, 110, 7);
  EXPECT_EQ(flights.size(), 1u);
  EXPECT_EQ(flights.Finish(id, 7), 100u);
  EXPECT_EQ(flights.size(), 0u);
}

TEST(Flights, ASecondReplyIsUnexpected) {
  Flights flights(4);
  const auto id = flights.Start(100, 100, 7);
  ASSERT_TRUE(flights.Finish(id, 7));
  EXPECT_FALSE(flights.Finish(id, 7));
}

TEST(Flights, AReplyToAnotherQuestionIsUnexpected) {
  Flights flights(4);
  const auto id = flights.Start(100, 100, 7);
  EXPECT_FALSE(flights.Finish(id, 8));
  EXPECT_FALSE(flights.Finish(static_cast<std::uint16_t>(id + 1), 7));
  EXPECT_TRUE(flights.Finish(id, 7));
}

TEST(Flights, ALateReplyIsNotTakenForThePresentQuestion) {
  Flights flights(1);
  const auto first = flights.Start(100, 100, 7);
  EXPECT_EQ(flights.Expire(200), 1u);
  const auto second = flights.Start(300, 300, 7);
  EXPECT_NE(first, second);
  EXPECT_FALSE(flights.Finish(first, 7));
  EXPECT_EQ(flights.Finish(second, 7), 300u);
}

TEST(Flights, HoldsExactlyItsCapacity) {
  for (const std::size_t capacity : {1u, 3u, 25u, 64u}) {
    Flights flights(capacity);
    std::set<std::uint16_t> ids;
    while (!flights.full()) ids.insert(flights.Start(1, 1, 1));
    EXPECT_EQ(ids.size(), capacity);
    EXPECT_EQ(flights.size(), capacity);
  }
}

TEST(Flights, OnlyWhatWasSentBeforeTheLimitExpires) {
  Flights flights(4);
  flights.Start(0, 100, 1);
  const auto kept = flights.Start(0, 200, 1);
  EXPECT_EQ(flights.Expire(200), 1u);
  EXPECT_EQ(flights.size(), 1u);
  EXPECT_TRUE(flights.Finish(kept, 1));
}

}  // namespace
}  // namespace sealwire::load
