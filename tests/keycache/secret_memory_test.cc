#include "keycache/secret_memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <set>
#include <thread>
#include <vector>

namespace sealwire::keycache {
namespace {

TEST(SecretPool, SlotsAreZeroDistinctAndOurs) {
  const auto pool = SecretPool::Make(10000);
  std::vector<SecretSlot> slots;
  std::set<const std::uint8_t*> places;
  for (int i = 0; i < 5000; ++i) {
    auto slot = pool->Take();
    ASSERT_TRUE(slot) << slot.error();
    ASSERT_TRUE(std::ranges::all_of(slot->bytes(), [](std::uint8_t octet) { return octet == 0; }));
    std::ranges::fill(slot->bytes(), static_cast<std::uint8_t>(i | 1));
    places.insert(slot->data());
    slots.push_back(std::move(slot).value());
  }
  EXPECT_EQ(places.size(), 5000u);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(slots[i].data()[31], static_cast<std::uint8_t>(i | 1));
  EXPECT_EQ(pool->usage().used, 5000u);
  EXPECT_GE(pool->usage().locked_bytes, 5000u * kSecretSize);
}

TEST(SecretPool, SmallUseLocksLittle) {
  const auto pool = SecretPool::Make(1u << 20);
  auto slot = pool->Take();
  ASSERT_TRUE(slot);
  EXPECT_LE(pool->usage().locked_bytes, 4096u);
}

TEST(SecretPool, SlotIsWipedWhenItDies) {
  const auto pool = SecretPool::Make(64);
  std::optional<SecretSlot> keeper, slot;
  for (auto* each : {&keeper, &slot}) {
    auto taken = pool->Take();
    ASSERT_TRUE(taken);
    each->emplace(std::move(taken).value());
  }
  std::ranges::fill(slot->bytes(), 0xa5);
  const std::uint8_t* where = slot->data();
  slot.reset();
  // The region stays mapped: what was there can be looked at.
  for (std::size_t i = 0; i < kSecretSize; ++i) ASSERT_EQ(where[i], 0);
  EXPECT_EQ(pool->usage().used, 1u);
}

TEST(SecretPool, BoundIsAnErrorAndSlotsAreUsedAgain) {
  const auto pool = SecretPool::Make(3);
  std::vector<SecretSlot> slots;
  for (int i = 0; i < 3; ++i) {
    auto slot = pool->Take();
    ASSERT_TRUE(slot);
    slots.push_back(std::move(slot).value());
  }
  auto none = pool->Take();
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error(), testing::HasSubstr("all 3 places"));
  slots.pop_back();
  EXPECT_TRUE(pool->Take());
}

TEST(SecretPool, SlotKeepsItsPool) {
  std::optional<SecretSlot> slot;
  {
    const auto pool = SecretPool::Make(8);
    auto taken = pool->Take();
    ASSERT_TRUE(taken);
    slot.emplace(std::move(taken).value());
  }
  std::ranges::fill(slot->bytes(), 1);
  EXPECT_EQ(slot->data()[0], 1);
}

TEST(SecretPool, MovedSlotGivesItsOldSecretBack) {
  const auto pool = SecretPool::Make(8);
  auto one = pool->Take(), two = pool->Take();
  ASSERT_TRUE(one && two);
  *one = std::move(*two);
  EXPECT_EQ(pool->usage().used, 1u);
}

TEST(SecretPool, ChildSeesNothingAndMayEndInPeace) {
  const auto pool = SecretPool::Make(8);
  auto slot = pool->Take();
  ASSERT_TRUE(slot);
  std::ranges::fill(slot->bytes(), 0xa5);
  const pid_t looker = fork();
  if (looker == 0) {
    signal(SIGSEGV, SIG_DFL);
    _exit(*static_cast<const volatile std::uint8_t*>(slot->data()) == 0 ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(looker, &status, 0), looker);
  EXPECT_TRUE((WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) ||
              (WIFEXITED(status) && WEXITSTATUS(status) == 0));

  const pid_t releaser = fork();
  if (releaser == 0) {
    { const SecretSlot released = std::move(slot).value(); }
    _exit(7);
  }
  ASSERT_EQ(waitpid(releaser, &status, 0), releaser);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST(SecretPool, ManyThreadsTakeAndRelease) {
  const auto pool = SecretPool::Make(4096);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2000; ++i) {
        auto slot = pool->Take();
        ASSERT_TRUE(slot);
        std::ranges::fill(slot->bytes(), static_cast<std::uint8_t>(t));
        ASSERT_EQ(slot->data()[16], t);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(pool->usage().used, 0u);
}

}  // namespace
}  // namespace sealwire::keycache
