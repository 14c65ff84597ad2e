#include "signer/ready_ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace sealwire::signer {
namespace {

constexpr std::size_t kSlots = 64;  // a page

SecretRegion Memory(std::size_t pairs) {
  return SecretRegion::Make(pairs * sizeof(ReadyPair)).value();
}

// A pair that says its number everywhere.
ReadyPair Numbered(std::uint64_t number) {
  ReadyPair pair;
  pair.r.fill(number);
  pair.k_inverse.fill(number);
  return pair;
}
std::vector<ReadyPair> Numbers(std::uint64_t first, std::size_t count) {
  std::vector<ReadyPair> pairs;
  for (std::size_t i = 0; i < count; ++i) pairs.push_back(Numbered(first + i));
  return pairs;
}

TEST(ReadyRing, GivesInOrderWhatWasPutAndThenNothing) {
  ReadyRing ring(Memory(kSlots));
  auto pairs = Numbers(1, 3);
  EXPECT_EQ(ring.Put(pairs), 3u);
  EXPECT_EQ(ring.size(), 3u);
  ReadyPair taken;
  for (std::uint64_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(ring.TryTake(taken));
    EXPECT_EQ(taken.r[0], i);
    EXPECT_EQ(taken.k_inverse[3], i);
  }
  EXPECT_FALSE(ring.TryTake(taken));
  EXPECT_EQ(ring.size(), 0u);
}

TEST(ReadyRing, WipesTheSlotAsItIsTaken) {
  SecretRegion memory = Memory(kSlots);
  const auto* slots = reinterpret_cast<const std::uint64_t*>(memory.data());
  ReadyRing ring(std::move(memory));
  auto pairs = Numbers(7, 2);
  ring.Put(pairs);
  ASSERT_EQ(slots[0], 7u);
  ReadyPair taken;
  ASSERT_TRUE(ring.TryTake(taken));
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(slots[i], 0u);
  EXPECT_EQ(slots[8], 8u) << "the next one is still there";
}

TEST(ReadyRing, WipesWhatItWasGiven) {
  ReadyRing ring(Memory(kSlots));
  auto pairs = Numbers(1, kSlots + 5);  // five more than fit
  EXPECT_EQ(ring.Put(pairs), kSlots);
  for (const ReadyPair& pair : pairs) EXPECT_EQ(pair.r, Limbs{});
}

TEST(ReadyRing, SkipsEmptyPairs) {
  ReadyRing ring(Memory(kSlots));
  auto pairs = Numbers(1, 4);
  pairs[1] = {};
  EXPECT_EQ(ring.Put(pairs), 3u);
  ReadyPair taken;
  ring.TryTake(taken);
  ring.TryTake(taken);
  EXPECT_EQ(taken.r[0], 3u);
}

TEST(ReadyRing, NeverOverwritesWhatIsThere) {
  ReadyRing ring(Memory(kSlots));
  std::uint64_t next_put = 1;
  std::uint64_t next_taken = 1;
  for (std::size_t round = 0; round < 200; ++round) {
    auto pairs = Numbers(next_put, 1 + round * 7 % kSlots);
    next_put += ring.Put(pairs);
    for (std::size_t i = 0; i < round * 5 % kSlots; ++i) {
      ReadyPair taken;
      if (!ring.TryTake(taken)) break;
      ASSERT_EQ(taken.r[0], next_taken++);
    }
  }
}

TEST(ReadyRing, DropWipesAllAndServesAgain) {
  SecretRegion memory = Memory(kSlots);
  const auto* slots = reinterpret_cast<const std::uint64_t*>(memory.data());
  ReadyRing ring(std::move(memory));
  auto pairs = Numbers(1, 20);
  ring.Put(pairs);
  EXPECT_EQ(ring.Drop(), 20u);
  for (std::size_t i = 0; i < kSlots * 8; ++i) ASSERT_EQ(slots[i], 0u);
  ReadyPair taken;
  EXPECT_FALSE(ring.TryTake(taken));
  auto more = Numbers(100, 1);
  ring.Put(more);
  ASSERT_TRUE(ring.TryTake(taken));
  EXPECT_EQ(taken.r[0], 100u);
}

// One thread puts, three take although only one should, one drops: no number may come twice.
TEST(ReadyRing, NoPairLeavesTwiceAcrossThreads) {
  constexpr std::uint64_t kLast = 60000;
  ReadyRing ring(Memory(kSlots));
  std::vector<std::atomic<int>> seen(kLast + 1);
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> torn{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      ReadyPair taken;
      while (!done || ring.size() != 0) {
        if (!ring.TryTake(taken)) continue;
        for (std::size_t j = 0; j < 4; ++j) {
          if (taken.r[j] != taken.r[0] || taken.k_inverse[j] != taken.r[0]) ++torn;
        }
        ++seen[taken.r[0]];
      }
    });
  }
  std::uint64_t dropped = 0;
  threads.emplace_back([&] {
    while (!done) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      dropped += ring.Drop();
    }
  });
  for (std::uint64_t next = 1; next <= kLast;) {
    auto pairs = Numbers(next, std::min<std::uint64_t>(9, kLast + 1 - next));
    const std::size_t put = ring.Put(pairs);
    next += put;
    if (put == 0) std::this_thread::yield();
  }
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(torn, 0u);
  std::uint64_t taken = 0;
  for (std::uint64_t i = 1; i <= kLast; ++i) {
    ASSERT_LE(seen[i], 1) << i;
    taken += static_cast<std::uint64_t>(seen[i]);
  }
  EXPECT_EQ(seen[0], 0);
  EXPECT_EQ(taken + dropped, kLast);
}

}  // namespace
}  // namespace sealwire::signer
