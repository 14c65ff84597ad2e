#include "proxy/notices.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace sealwire::proxy {
namespace {

TEST(Notices, ComeOutInTheirOrderAndAFullRingRefuses) {
  Notices ring(4);
  EXPECT_FALSE(ring.Take());
  for (std::uint64_t round = 0; round < 3; ++round) {
    for (std::uint64_t i = 1; i <= 4; ++i) EXPECT_TRUE(ring.Put(round * 10 + i));
    EXPECT_FALSE(ring.Put(99));
    for (std::uint64_t i = 1; i <= 4; ++i) EXPECT_EQ(ring.Take(), round * 10 + i);
    EXPECT_FALSE(ring.Take());
  }
}

TEST(Notices, OfManyThreadsAllArrive) {
  Notices ring(64);
  constexpr std::uint64_t kEach = 2000;
  std::vector<std::thread> writers;
  for (int w = 0; w < 3; ++w) {
    writers.emplace_back([&ring] {
      for (std::uint64_t i = 1; i <= kEach; ++i) {
        while (!ring.Put(i)) std::this_thread::yield();
      }
    });
  }
  std::uint64_t sum = 0;
  for (std::uint64_t taken = 0; taken < 3 * kEach;) {
    if (const auto value = ring.Take()) {
      sum += *value;
      ++taken;
    } else {
      std::this_thread::yield();
    }
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(sum, 3 * kEach * (kEach + 1) / 2);
}

}  // namespace
}  // namespace sealwire::proxy
