#include "dpdk/snapshot_mailbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace sealwire::dpdk {
namespace {

TEST(SnapshotMailbox, GivesTheNewestOnce) {
  SnapshotMailbox mailbox;
  EXPECT_EQ(mailbox.Take(), nullptr);
  mailbox.Put({nullptr, 1});
  mailbox.Put({nullptr, 2});
  const auto letter = mailbox.Take();
  ASSERT_NE(letter, nullptr);
  EXPECT_EQ(letter->number, 2u);
  EXPECT_EQ(mailbox.Take(), nullptr);
}

TEST(SnapshotMailbox, OvertakenSnapshotsAreFreedByWhoPuts) {
  SnapshotMailbox mailbox;
  auto zones = std::make_shared<const proxy::ZoneTable>();
  mailbox.Put({zones, 1});
  EXPECT_EQ(zones.use_count(), 2);
  mailbox.Put({nullptr, 2});
  EXPECT_EQ(zones.use_count(), 1);
}

TEST(SnapshotMailbox, ReaderSeesEveryNumberInOrderAndTheLastAlways) {
  constexpr std::uint64_t kLast = 20000;
  SnapshotMailbox mailbox;
  std::thread reader([&] {
    std::uint64_t seen = 0;
    while (seen < kLast) {
      if (const auto letter = mailbox.Take()) {
        EXPECT_GT(letter->number, seen);
        seen = letter->number;
        mailbox.Acknowledge(seen);
      }
    }
  });
  for (std::uint64_t number = 1; number <= kLast; ++number) mailbox.Put({nullptr, number});
  reader.join();
  EXPECT_EQ(mailbox.acknowledged(), kLast);
}

}  // namespace
}  // namespace sealwire::dpdk
