#include "signer/ready_ink.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "tests/signer/p256_vectors.h"

namespace sealwire::signer {
namespace {

ReadyInkOptions Small(std::size_t workers = 1, unsigned threads = 1) {
  ReadyInkOptions options;
  options.workers = workers;
  options.pairs = workers * 4096;
  options.threads = threads;
  return options;
}

std::unique_ptr<ReadyInk> Started(const ReadyInkOptions& options, InkAlarm alarm = nullptr) {
  auto ink = ReadyInk::Start(options, std::move(alarm));
  EXPECT_TRUE(ink) << ink.error();
  return std::move(ink).value();
}

template <class Condition>
bool Eventually(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

template <class Body>
int ExitStatusOfChild(Body&& body) {
  const pid_t pid = fork();
  if (pid == 0) {
    signal(SIGSEGV, SIG_DFL);
    _exit(body());
  }
  int status = 0;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ReadyInk, FillsEveryRingToTheHighWaterMark) {
  ReadyInkOptions options = Small(2);
  options.low_water = 50;
  options.high_water = 75;
  const auto ink = Started(options);
  ASSERT_EQ(ink->capacity(), 8192u);
  EXPECT_TRUE(Eventually([&] { return ink->available(0) == 3072 && ink->available(1) == 3072; }));
  // Above the low-water mark nothing is done.
  ReadyPair pair;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(ink->TryTake(0, pair));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(ink->available(0), 2072u);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(ink->TryTake(0, pair));
  EXPECT_TRUE(Eventually([&] { return ink->available(0) == 3072; }));
}

TEST(ReadyInk, AMillionPairsTakeSixtyFourMegabytes) {
  EXPECT_EQ(ReadyInkOptions{}.pairs, std::size_t{1} << 20);
  EXPECT_LE(sizeof(ReadyPair) * 1000000, std::size_t{80} * 1000 * 1000);
}

TEST(ReadyInk, ExhaustedGivesNothingAndRecovers) {
  const auto ink = Started(Small(1, 0));
  ReadyPair pair;
  EXPECT_FALSE(ink->TryTake(0, pair));
  ASSERT_TRUE(ink->FillSome(0));
  const std::size_t there = ink->available(0);
  for (std::size_t i = 0; i < there; ++i) ASSERT_TRUE(ink->TryTake(0, pair));
  EXPECT_FALSE(ink->TryTake(0, pair));
  ASSERT_TRUE(ink->FillSome(0));
  EXPECT_TRUE(ink->TryTake(0, pair));
}

TEST(ReadyInk, FillSomeStopsAtTheMark) {
  const auto ink = Started(Small(1, 0));
  int batches = 0;
  while (ink->FillSome(0)) ++batches;
  EXPECT_GE(batches, 2);
  EXPECT_LE(ink->available(0), ink->capacity());
  EXPECT_GE(ink->available(0), ink->capacity() * 90 / 100);
}

// Every pair that is ever handed out, across threads, exhaustion, drops and a second store as after
// a reload, is another: r tells, since equal r means equal or opposite k.
TEST(ReadyInk, NoPairIsEverHandedOutTwice) {
  std::set<Limbs> seen;
  std::mutex seen_mutex;
  std::size_t taken = 0;
  for (int reload = 0; reload < 3; ++reload) {
    const auto ink = Started(Small(2, 2));
    std::vector<std::thread> threads;
    // Two takers per ring, although one is the rule.
    for (std::size_t i = 0; i < 4; ++i) {
      threads.emplace_back([&, i] {
        std::vector<Limbs> mine;
        ReadyPair pair;
        while (mine.size() < 1000) {
          if (ink->TryTake(i % 2, pair)) {
            mine.push_back(pair.r);
          } else {
            ink->FillSome(i % 2);
          }
        }
        const std::lock_guard lock(seen_mutex);
        taken += mine.size();
        seen.insert(mine.begin(), mine.end());
      });
    }
    for (int i = 0; i < 5; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ink->Drop();
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(seen.size(), taken);
}

TEST(ReadyInk, AForkedChildGetsNoPair) {
  const auto ink = Started(Small());
  ASSERT_TRUE(Eventually([&] { return ink->available(0) >= 1000; }));
  const int status = ExitStatusOfChild([&] {
    ReadyPair pair;
    if (ink->TryTake(0, pair)) return 1;
    if (ink->FillSome(0)) return 2;
    ink->Sample(0, nullptr, {}, {});
    ink->Drop();
    return 0;
  });
  EXPECT_EQ(status, 0);
  ReadyPair pair;
  EXPECT_TRUE(ink->TryTake(0, pair)) << "the parent keeps its own";
}

// A bare clone(2) runs no pthread_atfork handler.
TEST(ReadyInk, AChildOfABareCloneGetsNoPair) {
  const auto ink = Started(Small());
  ASSERT_TRUE(Eventually([&] { return ink->available(0) >= 1000; }));
  const long pid = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) {
    ReadyPair pair;
    _exit(ink->TryTake(0, pair) ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(static_cast<pid_t>(pid), &status, 0), pid);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ReadyInk, AForkedChildMayDestroyIt) {
  auto ink = Started(Small());
  EXPECT_EQ(ExitStatusOfChild([&] {
              ink.reset();
              return 7;
            }),
            7);
}

TEST(ReadyInk, DropLeavesNothingAndIsCounted) {
  const auto ink = Started(Small(1, 0));
  ASSERT_TRUE(ink->FillSome(0));
  const std::size_t there = ink->available(0);
  ink->Drop();
  EXPECT_EQ(ink->available(0), 0u);
  EXPECT_EQ(ink->counters().pairs_dropped, there);
  EXPECT_EQ(ink->counters().drops, 1u);
}

TEST(ReadyInk, AWrongSignatureStopsTheStoreAndAlarmsOnce) {
  std::atomic<int> alarms{0};
  const auto ink = Started(Small(), [&](std::string_view what) {
    EXPECT_FALSE(what.empty());
    ++alarms;
  });
  ASSERT_TRUE(Eventually([&] { return ink->available(0) >= 1000; }));
  const auto scalar = Octets32(kKnownSignatures[0].d);
  const Digest digest = Octets32(kKnownSignatures[0].digest);
  Signature wrong{};
  wrong.fill(3);
  ink->Sample(0, scalar.data(), digest, wrong);
  ink->Sample(0, scalar.data(), digest, wrong);
  ASSERT_TRUE(Eventually([&] { return ink->stopped(); }));
  ASSERT_TRUE(Eventually([&] { return ink->counters().verification_failures == 2; }));
  EXPECT_EQ(alarms, 1);
  ReadyPair pair;
  EXPECT_FALSE(ink->TryTake(0, pair));
  EXPECT_FALSE(ink->FillSome(0));
  EXPECT_TRUE(Eventually([&] { return ink->available(0) == 0; }));
}

TEST(ReadyInk, RefusesNonsense) {
  ReadyInkOptions none = Small();
  none.workers = 0;
  EXPECT_FALSE(ReadyInk::Start(none));
  ReadyInkOptions upside_down = Small();
  upside_down.low_water = 80;
  upside_down.high_water = 70;
  EXPECT_FALSE(ReadyInk::Start(upside_down));
  ReadyInkOptions too_high = Small();
  too_high.high_water = 101;
  EXPECT_FALSE(ReadyInk::Start(too_high));
}

// In a child, whose limit of locked memory is 2 MiB and which may not exceed it.
int StartWithTwoMegabytes(bool accept_fewer) {
  const rlimit low{2u << 20, 2u << 20};
  if (setrlimit(RLIMIT_MEMLOCK, &low) != 0) return 10;
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct no_capability[2] = {};
  if (syscall(SYS_capset, &header, no_capability) != 0) return 11;
  ReadyInkOptions options = Small(1, 0);
  options.pairs = 1u << 20;
  options.accept_fewer_pairs = accept_fewer;
  const auto ink = ReadyInk::Start(options);
  if (!accept_fewer) {
    if (ink) return 1;
    return ink.error().find("LimitMEMLOCK") != std::string::npos ? 0 : 2;
  }
  if (!ink) return 3;
  if ((*ink)->capacity() >= options.pairs || (*ink)->capacity() < 1024) return 4;
  if ((*ink)->shortage().find("LimitMEMLOCK") == std::string::npos) return 5;
  return (*ink)->FillSome(0) ? 0 : 6;
}

TEST(ReadyInk, StartsSmallerWhenTheLimitOfLockedMemoryIsLow) {
  EXPECT_EQ(ExitStatusOfChild([] { return StartWithTwoMegabytes(true); }), 0);
}

TEST(ReadyInk, OrRefusesToStartIfToldSo) {
  EXPECT_EQ(ExitStatusOfChild([] { return StartWithTwoMegabytes(false); }), 0);
}

}  // namespace
}  // namespace sealwire::signer
