#include "net/event_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <thread>

namespace sealwire::net {
namespace {

using namespace std::chrono_literals;

class EventLoopTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = EventLoop::Create();
    ASSERT_TRUE(made.ok()) << made.error();
    loop_ = std::move(made).value();
  }
  std::unique_ptr<EventLoop> loop_;
};

TEST_F(EventLoopTest, StopBeforeRunEndsTheRun) {
  loop_->Stop();
  loop_->Run();
}

TEST_F(EventLoopTest, AStopCountsOnce) {
  loop_->Stop();
  loop_->Run();
  bool ran = false;
  loop_->Post([&] {
    ran = true;
    loop_->Stop();
  });
  loop_->Run();
  EXPECT_TRUE(ran);
}

TEST_F(EventLoopTest, PostedWorkRunsInOrderInTheLoopsThread) {
  constexpr int kEach = 1000;
  std::vector<std::pair<int, int>> ran;
  bool in_loop = true;
  std::thread runner([&] { loop_->Run(); });
  auto post = [&](int who) {
    for (int i = 0; i < kEach; ++i) {
      loop_->Post([&, who, i] {
        in_loop = in_loop && loop_->InLoop();
        ran.emplace_back(who, i);
      });
    }
  };
  std::thread one(post, 1);
  std::thread two(post, 2);
  one.join();
  two.join();
  loop_->Stop();
  runner.join();
  ASSERT_EQ(ran.size(), 2u * kEach);
  EXPECT_TRUE(in_loop);
  EXPECT_FALSE(loop_->InLoop());
  std::array<int, 3> next{};
  for (const auto& [who, i] : ran) EXPECT_EQ(i, next[static_cast<std::size_t>(who)]++);
}

TEST_F(EventLoopTest, WorkMayPostWork) {
  int rounds = 0;
  std::function<void()> again = [&] {
    if (++rounds < 5) return loop_->Post(again);
    loop_->Stop();
  };
  loop_->Post(again);
  loop_->Run();
  EXPECT_EQ(rounds, 5);
}

TEST_F(EventLoopTest, ATimerFiresOnceAndNotBeforeItsTime) {
  int fired = 0;
  const auto start = std::chrono::steady_clock::now();
  Timer timer(*loop_, [&] {
    ++fired;
    loop_->Stop();
  });
  timer.Start(20ms);
  EXPECT_TRUE(timer.running());
  loop_->Run();
  EXPECT_GE(std::chrono::steady_clock::now() - start, 19ms);
  EXPECT_FALSE(timer.running());
  loop_->RunOnce(30ms);
  EXPECT_EQ(fired, 1);
}

TEST_F(EventLoopTest, ARepeatingTimerFiresUntilItIsStopped) {
  int fired = 0;
  Timer timer(*loop_, [&] {
    if (++fired == 3) timer.Stop();
  });
  timer.StartEvery(1ms);
  for (int i = 0; i < 50; ++i) loop_->RunOnce(2ms);
  EXPECT_EQ(fired, 3);
}

TEST_F(EventLoopTest, ATimerMayBeDestroyedInItsOwnCallback) {
  int fired = 0;
  std::unique_ptr<Timer> timer;
  timer = std::make_unique<Timer>(*loop_, [&fired, &timer, loop = loop_.get()] {
    timer.reset();
    ++fired;
    loop->Stop();
  });
  timer->StartEvery(1ms);
  loop_->Run();
  loop_->RunOnce(5ms);
  EXPECT_EQ(fired, 1);
}

TEST_F(EventLoopTest, AWatchReportsWhatIsReadyAndWhatIsWanted) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  int readable = 0;
  int writable = 0;
  FdWatch watch(*loop_, fds[0], [&](FdWatch::Ready ready) {
    readable += ready.readable;
    writable += ready.writable;
  });
  ASSERT_TRUE(watch.Watch(true, false));
  loop_->RunOnce(0ms);
  EXPECT_EQ(readable + writable, 0);

  ASSERT_EQ(::write(fds[1], "x", 1), 1);
  loop_->RunOnce(100ms);
  EXPECT_EQ(readable, 1);

  ASSERT_TRUE(watch.Watch(false, true));
  loop_->RunOnce(100ms);
  EXPECT_EQ(readable, 1);
  EXPECT_EQ(writable, 1);

  ASSERT_TRUE(watch.Watch(false, false));
  loop_->RunOnce(0ms);
  EXPECT_EQ(readable + writable, 2);
  ::close(fds[0]);
  ::close(fds[1]);
}

TEST_F(EventLoopTest, AWatchMayBeDestroyedInItsOwnCallback) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  int calls = 0;
  std::unique_ptr<FdWatch> watch;
  watch = std::make_unique<FdWatch>(*loop_, fds[0], [&calls, &watch](FdWatch::Ready) {
    watch.reset();
    ++calls;
  });
  ASSERT_TRUE(watch->Watch(true, false));
  ASSERT_EQ(::write(fds[1], "x", 1), 1);
  loop_->RunOnce(100ms);
  loop_->RunOnce(0ms);
  EXPECT_EQ(calls, 1);
  ::close(fds[0]);
  ::close(fds[1]);
}

TEST_F(EventLoopTest, ASignalIsSeenInTheLoop) {
  int seen = 0;
  SignalWatch watch(*loop_, SIGUSR1, [&] {
    ++seen;
    loop_->Stop();
  });
  ::raise(SIGUSR1);
  loop_->Run();
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace sealwire::net
