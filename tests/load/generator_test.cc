#include "apps/load/generator.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "apps/load/process_cpu.h"
#include "net/udp_socket.h"

namespace sealwire::load {
namespace {

// A name server on loopback that answers what `answer` makes of a query, in place.
class FakeServer {
 public:
  // Returns how many times the query, now a reply, is sent back.
  using Answer = std::function<int(dns::MutableBytes)>;

  explicit FakeServer(Answer answer)
      : answer_(std::move(answer)),
        socket_(
            net::UdpSocket::Bind(net::Endpoint{net::IpAddress::FromText("127.0.0.1").value(), 0})
                .value()),
        thread_([this] { Serve(); }) {}
  ~FakeServer() {
    stop_ = true;
    thread_.join();
  }
  const net::Endpoint& endpoint() const { return socket_.local(); }

 private:
  void Serve() {
    net::UdpInbox inbox;
    net::UdpOutbox outbox(128);
    while (!stop_) {
      pollfd ready{socket_.fd(), POLLIN, 0};
      poll(&ready, 1, 5);
      const auto received = inbox.Receive(socket_);
      for (std::size_t i = 0; i < received.count; ++i) {
        const dns::MutableBytes query = inbox.mutable_payload(i);
        const int times = answer_(query);
        for (int n = 0; n < times; ++n) {
          std::copy(query.begin(), query.end(), outbox.Next().begin());
          outbox.Commit(query.size(), inbox.peer(i));
        }
      }
      outbox.Flush(socket_);
    }
  }

  Answer answer_;
  std::atomic<bool> stop_{false};
  net::UdpSocket socket_;
  std::thread thread_;
};

int Reply(dns::MutableBytes query, std::uint8_t rcode) {
  query[2] |= 0x80;
  query[3] = rcode;
  return 1;
}

const SourceMaker kUnique = [](unsigned index) {
  return Unique(dns::Name::FromText("example.").value(), dns::RRType::kA, index, {});
};

LoadPlan PlanFor(const FakeServer& server) {
  LoadPlan plan;
  plan.target = server.endpoint();
  plan.seconds = 0.3;
  plan.timeout_ms = 100;
  plan.sockets = 2;
  plan.outstanding = 20;
  return plan;
}

LoadCounts Load(const LoadPlan& plan, const SourceMaker& maker = kUnique) {
  static const std::atomic<bool> never{false};
  return RunLoad(plan, maker, never).value();
}

TEST(Generator, EveryAnswerIsCountedWithItsRcode) {
  FakeServer server([](dns::MutableBytes query) { return Reply(query, 3); });
  LoadPlan plan = PlanFor(server);
  plan.threads = 2;
  plan.timeout_ms = 1000;
  const LoadCounts counts = Load(plan);
  EXPECT_GT(counts.answered, 100u);
  EXPECT_EQ(counts.sent, counts.answered);
  EXPECT_EQ(counts.lost, 0u);
  EXPECT_EQ(counts.unexpected, 0u);
  EXPECT_EQ(counts.rcodes.at(3), counts.answered);
  EXPECT_EQ(counts.latency.count(), counts.answered);
}

TEST(Generator, TheNumberOfQuestionsCanBeLimited) {
  FakeServer server([](dns::MutableBytes query) { return Reply(query, 0); });
  LoadPlan plan = PlanFor(server);
  plan.seconds = 5;
  plan.max_questions = 50;
  const LoadCounts counts = Load(plan);
  EXPECT_EQ(counts.sent, 50u);
  EXPECT_EQ(counts.answered, 50u);
  EXPECT_LT(counts.seconds, 4);
}

TEST(Generator, AFileThatEndsEndsTheRun) {
  FakeServer server([](dns::MutableBytes query) { return Reply(query, 0); });
  LoadPlan plan = PlanFor(server);
  plan.seconds = 5;
  const auto list =
      std::make_shared<const QuestionList>(QuestionList::Parse("a. A\nb. A\nc. A\n", {}).value());
  const LoadCounts counts = Load(plan, [list](unsigned) -> Result<std::unique_ptr<QuestionSource>> {
    return InOrder(list, 0, 1, true);
  });
  EXPECT_EQ(counts.answered, 3u);
  EXPECT_LT(counts.seconds, 4);
}

TEST(Generator, AnOpenLoopKeepsItsRate) {
  FakeServer server([](dns::MutableBytes query) { return Reply(query, 0); });
  LoadPlan plan = PlanFor(server);
  plan.rate = 500;
  plan.seconds = 0.4;
  const LoadCounts counts = Load(plan);
  EXPECT_EQ(counts.sent + counts.unsent, 200u);
  EXPECT_LE(counts.unsent, 40u);
}

// One stall of 150 ms: a loop that waits for answers would count one slow question.
TEST(Generator, AnOpenLoopChargesAStallToAllWhoWouldHaveWaited) {
  bool stalled = false;
  FakeServer server([&](dns::MutableBytes query) {
    if (!stalled) std::this_thread::sleep_for(std::chrono::milliseconds(150));
    stalled = true;
    return Reply(query, 0);
  });
  LoadPlan plan = PlanFor(server);
  plan.rate = 1000;
  plan.outstanding = 4;  // so that the loop cannot even send them in time
  plan.timeout_ms = 1000;
  const LoadCounts counts = Load(plan);
  ASSERT_GT(counts.answered, 200u);
  EXPECT_GT(counts.latency.Percentile(80), 20'000'000u)
      << "a third of the questions fell into the stall";
}

TEST(Generator, SilenceIsLoss) {
  FakeServer server([](dns::MutableBytes) { return 0; });
  LoadPlan plan = PlanFor(server);
  plan.max_questions = 10;
  const LoadCounts counts = Load(plan);
  EXPECT_EQ(counts.answered, 0u);
  EXPECT_EQ(counts.lost, 10u);
}

TEST(Generator, RepliesToNoQuestionDoNotCount) {
  int number = 0;
  FakeServer server([&](dns::MutableBytes query) {
    Reply(query, 0);
    ++number;
    if (number % 4 == 1) return 2;        // twice
    if (number % 4 == 2) query[14] ^= 1;  // for another name
    if (number % 4 == 3) query[2] = 0;    // not a reply
    return 1;
  });
  LoadPlan plan = PlanFor(server);
  plan.max_questions = 40;
  plan.outstanding = 40;
  plan.seconds = 2;
  plan.timeout_ms = 500;
  const LoadCounts counts = Load(plan);
  EXPECT_EQ(counts.sent, 40u);
  EXPECT_EQ(counts.answered, 20u);
  EXPECT_EQ(counts.lost, 20u);
  EXPECT_EQ(counts.unexpected, 30u);
}

TEST(Generator, AnswersAreCountedBySecond) {
  FakeServer server([](dns::MutableBytes query) { return Reply(query, 0); });
  LoadPlan plan = PlanFor(server);
  plan.rate = 200;
  plan.seconds = 1.0;
  const LoadCounts counts = Load(plan);
  ASSERT_EQ(counts.per_second.size(), 1u);
  EXPECT_LE(counts.per_second[0], counts.answered);
  EXPECT_GE(counts.per_second[0] + 40, counts.answered);
}

TEST(Generator, StopsWhenAsked) {
  FakeServer server([](dns::MutableBytes query) { return Reply(query, 0); });
  LoadPlan plan = PlanFor(server);
  plan.seconds = 30;
  const std::atomic<bool> now{true};
  EXPECT_LT(RunLoad(plan, kUnique, now).value().seconds, 5);
}

TEST(IsLocal, LoopbackPrivateAndLinkLocalOnly) {
  for (const char* text : {"127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.255",
                           "192.168.1.1", "169.254.1.1", "::1", "fd00::1", "fe80::1"}) {
    EXPECT_TRUE(IsLocal(net::IpAddress::FromText(text).value())) << text;
  }
  for (const char* text : {"9.9.9.9", "172.15.0.1", "172.32.0.1", "192.169.0.1", "0.0.0.0",
                           "::", "2001:db8::1", "::2", "ff02::1"}) {
    EXPECT_FALSE(IsLocal(net::IpAddress::FromText(text).value())) << text;
  }
}

TEST(ProcessCpu, GrowsWithWorkAndKnowsItsProcesses) {
  const auto before = ProcessCpuSeconds(getpid());
  ASSERT_TRUE(before.ok());
  volatile unsigned x = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  while (std::chrono::steady_clock::now() < end) x = x + 1;
  EXPECT_GT(*ProcessCpuSeconds(getpid()), *before);
  EXPECT_FALSE(ProcessCpuSeconds(0x7ffffff0).ok());
}

}  // namespace
}  // namespace sealwire::load
