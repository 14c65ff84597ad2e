#include "proxy/waiting.h"

#include <gtest/gtest.h>

#include <set>

namespace sealwire::proxy {
namespace {

TEST(WaitingTable, ATicketFindsItsEntryUntilAnotherIsIssued) {
  WaitingTable table(4);
  WaitingTable::Entry* entry = table.Open();
  const Ticket first = table.Issue(*entry);
  EXPECT_EQ(table.Find(first), entry);
  const Ticket second = table.Issue(*entry);
  EXPECT_EQ(table.Find(first), nullptr);
  EXPECT_EQ(table.Find(second), entry);
}

TEST(WaitingTable, AClosedEntryIsFoundNoMoreEvenWhenItsPlaceIsTakenAgain) {
  WaitingTable table(1);
  WaitingTable::Entry* entry = table.Open();
  const Ticket late = table.Issue(*entry);
  table.Close(*entry);
  EXPECT_EQ(table.Find(late), nullptr);
  WaitingTable::Entry* next = table.Open();
  ASSERT_EQ(next, entry);
  EXPECT_EQ(table.Find(late), nullptr);
  const Ticket current = table.Issue(*next);
  EXPECT_EQ(table.Find(late), nullptr);
  EXPECT_EQ(table.Find(current), next);
}

TEST(WaitingTable, RefusesWhenFullAndServesAgainWhenNot) {
  WaitingTable table(3);
  std::set<WaitingTable::Entry*> open;
  for (int i = 0; i < 3; ++i) open.insert(table.Open());
  EXPECT_EQ(open.size(), 3u);
  EXPECT_EQ(open.count(nullptr), 0u);
  EXPECT_EQ(table.Open(), nullptr);
  EXPECT_EQ(table.size(), 3u);
  table.Close(**open.begin());
  EXPECT_EQ(table.size(), 2u);
  EXPECT_NE(table.Open(), nullptr);
}

TEST(WaitingTable, TicketsNeverIssuedFindNothing) {
  WaitingTable table(2);
  for (const Ticket ticket : {0u, 1u, 2u, 0xffffu, 0xffffffffu}) {
    EXPECT_EQ(table.Find(ticket), nullptr);
  }
}

}  // namespace
}  // namespace sealwire::proxy
