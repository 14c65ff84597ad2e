#include "proxy/kernel_worker.h"

#include "tests/proxy/paths_fixture.h"

namespace sealwire::proxy {
namespace {

using namespace std::chrono_literals;
using namespace testing;

SignerFactory MakeSigner() {
  return [] { return std::make_unique<NeverSigns>(); };
}

// The worker has its own thread; backend and clients live in the test's loop.
class KernelWorkerTest : public ::testing::Test {
 protected:
  KernelWorkerTest() {
    options_.listen.push_back({{net::IpAddress::V4({127, 0, 0, 1}), 0}, true, true});
    options_.forward.total_timeout = 500ms;
  }
  KernelWorker& Start() {
    auto made = KernelWorker::Create(options_, MakeSigner());
    EXPECT_TRUE(made.ok()) << made.error();
    worker_ = std::move(made).value();
    worker_->Start();
    return *worker_;
  }
  net::Endpoint endpoint() const { return worker_->listening()[0].endpoint; }
  template <class Done>
  bool RunUntil(Done done, std::chrono::milliseconds patience = 2s) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop_->RunOnce(1ms);
    }
    return true;
  }
  bool RunUntilServes(const net::Endpoint& backend, const std::string& apex = "example.") {
    const std::uint64_t number = worker_->Publish(ForwardZone(apex, backend));
    return RunUntil([&] { return worker_->published() >= number; });
  }

  std::unique_ptr<net::EventLoop> loop_ = net::EventLoop::Create().value();
  KernelWorkerOptions options_;
  std::unique_ptr<KernelWorker> worker_;
};

TEST_F(KernelWorkerTest, UdpAndTcpShareAFreePort) {
  Start();
  ASSERT_EQ(worker_->listening().size(), 1u);
  EXPECT_NE(endpoint().port, 0);
  UdpClient udp(endpoint());
  TcpClient tcp(endpoint());
  udp.Send(Immediate(1));
  tcp.Send(Immediate(2));
  ASSERT_TRUE(RunUntil([&] { return udp.Heard().size() == 1 && tcp.Heard().size() == 1; }));
  EXPECT_EQ(RcodeOf(udp.Heard()[0]), 5);
  EXPECT_EQ(RcodeOf(tcp.Heard()[0]), 5);
  EXPECT_EQ(worker_->counters().udp.answers.value(), 1u);
  EXPECT_EQ(worker_->counters().tcp.answers.value(), 1u);
}

TEST_F(KernelWorkerTest, ZonesPublishedBeforeTheStartServeTheFirstQuery) {
  ScriptedBackend backend(*loop_);
  auto made = KernelWorker::Create(options_, MakeSigner());
  ASSERT_TRUE(made.ok()) << made.error();
  worker_ = std::move(made).value();
  worker_->Publish(ForwardZone("example.", backend.endpoint()));
  UdpClient client(endpoint());
  client.Send(Waiting(1));
  worker_->Start();
  ASSERT_TRUE(RunUntil([&] { return client.Heard().size() == 1; }));
  EXPECT_EQ(RcodeOf(client.Heard()[0]), 0);
}

TEST_F(KernelWorkerTest, AForwardedZoneIsAnsweredOverBothTransports) {
  ScriptedBackend backend(*loop_);
  Start();
  ASSERT_TRUE(RunUntilServes(backend.endpoint()));
  UdpClient udp(endpoint());
  TcpClient tcp(endpoint());
  udp.Send(Waiting(1));
  tcp.Send(Waiting(2));
  ASSERT_TRUE(RunUntil([&] { return udp.Heard().size() == 1 && tcp.Heard().size() == 1; }));
  for (const Packet& answer : {udp.Heard()[0], tcp.Heard()[0]}) {
    dns::MessageView view;
    ASSERT_EQ(view.Parse(answer), dns::ParseError::kNone);
    EXPECT_EQ(view.header().ancount, 1);
    EXPECT_TRUE(view.header().aa);
  }
  const auto backends = worker_->Backends();
  ASSERT_EQ(backends.size(), 1u);
  EXPECT_EQ(backends[0].endpoint, backend.endpoint());
  EXPECT_EQ(backends[0].answers, 2u);
}

TEST_F(KernelWorkerTest, ABackendThatIsGoneGivesServfail) {
  net::Endpoint nobody;
  {
    ScriptedBackend gone(*loop_);
    nobody = gone.endpoint();
  }
  Start();
  ASSERT_TRUE(RunUntilServes(nobody));
  UdpClient client(endpoint());
  for (std::uint16_t i = 0; i < 20; ++i) {
    client.Send(Waiting(i));
    ASSERT_TRUE(RunUntil([&] { return client.Heard().size() == i + 1u; })) << i;
    EXPECT_EQ(RcodeOf(client.Heard().back()), 2);
  }
}

TEST_F(KernelWorkerTest, NoQueryIsLostWhileZonesChange) {
  ScriptedBackend backend(*loop_);
  Start();
  ASSERT_TRUE(RunUntilServes(backend.endpoint()));
  UdpClient client(endpoint());
  std::uint64_t number = 0;
  for (std::uint16_t i = 0; i < 400; ++i) {
    number = worker_->Publish(ForwardZone("example.", backend.endpoint(), 2u + i));
    client.Send(Waiting(i, "host" + std::to_string(i)));
    ASSERT_TRUE(RunUntil([&] { return client.Heard().size() == i + 1u; })) << i;
    EXPECT_EQ(IdOf(client.Heard().back()), i);
    EXPECT_EQ(RcodeOf(client.Heard().back()), 0);
  }
  ASSERT_TRUE(RunUntil([&] { return worker_->published() == number; }));
}

TEST_F(KernelWorkerTest, TheLastOfManySnapshotsCounts) {
  Start();
  std::vector<std::thread> publishers;
  for (int t = 0; t < 3; ++t) {
    publishers.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        worker_->Publish(
            ForwardZone("zone" + std::to_string(t * 100 + i) + ".test.", net::Endpoint(), 1));
      }
    });
  }
  for (auto& publisher : publishers) publisher.join();
  const std::uint64_t number = worker_->Publish(std::make_shared<const ZoneTable>());
  EXPECT_EQ(number, 301u);
  ASSERT_TRUE(RunUntil([&] { return worker_->published() == number; }));
  UdpClient client(endpoint());
  client.Send(Waiting(1));
  ASSERT_TRUE(RunUntil([&] { return client.Heard().size() == 1; }));
  EXPECT_EQ(RcodeOf(client.Heard()[0]), 5);
}

TEST_F(KernelWorkerTest, ManyWorkersShareAnEndpoint) {
  Start();
  KernelWorkerOptions more = options_;
  more.listen = worker_->listening();
  auto second = KernelWorker::Create(more, MakeSigner());
  ASSERT_TRUE(second.ok()) << second.error();
  (*second)->Start();
  std::deque<UdpClient> clients;
  for (std::uint16_t i = 0; i < 50; ++i) {
    clients.emplace_back(endpoint());
    clients.back().Send(Immediate(i));
  }
  for (UdpClient& client : clients) {
    EXPECT_TRUE(RunUntil([&] { return client.Heard().size() == 1; }));
  }
  const std::uint64_t one = worker_->counters().udp.queries.value();
  const std::uint64_t two = (*second)->counters().udp.queries.value();
  EXPECT_EQ(one + two, 50u);
  EXPECT_GT(one, 0u);
  EXPECT_GT(two, 0u);
}

TEST_F(KernelWorkerTest, AnAddressInUseIsNamedWithTheRemedy) {
  auto taken = net::ListenTcp({net::IpAddress::V4({127, 0, 0, 1}), 0}, false);
  ASSERT_TRUE(taken.ok());
  options_.listen[0].endpoint = net::LocalEndpoint(taken->get());
  auto made = KernelWorker::Create(options_, MakeSigner());
  ASSERT_FALSE(made.ok());
  EXPECT_NE(made.error().find(options_.listen[0].endpoint.ToText()), std::string::npos);
  EXPECT_NE(made.error().find("TCP"), std::string::npos);
  EXPECT_NE(made.error().find("stop the program"), std::string::npos);
}

TEST_F(KernelWorkerTest, AnAddressMayServeOneTransportOnly) {
  options_.listen[0].udp = false;
  Start();
  TcpClient tcp(endpoint());
  tcp.Send(Immediate(1));
  EXPECT_TRUE(RunUntil([&] { return tcp.Heard().size() == 1; }));
  // UDP is free: even a socket that shares with nobody may have the port.
  const net::FileDescriptor udp(::socket(AF_INET, SOCK_DGRAM, 0));
  const net::SocketAddress address(endpoint());
  EXPECT_EQ(::bind(udp.get(), address.get(), address.size), 0);
}

TEST_F(KernelWorkerTest, DrainingAnswersWhatWaitsAndEnds) {
  ScriptedBackend backend(*loop_);
  std::optional<std::pair<Packet, net::UdpPeer>> waiting;
  backend.OnQueryFrom([&](const Packet& query, const net::UdpPeer& from) {
    waiting = {query, from};
    return std::vector<Packet>{};
  });
  options_.forward.total_timeout = 3s;
  options_.forward.first_timeout = 3s;
  Start();
  ASSERT_TRUE(RunUntilServes(backend.endpoint()));
  UdpClient client(endpoint());
  TcpClient idle(endpoint());
  client.Send(Waiting(1));
  ASSERT_TRUE(RunUntil([&] { return waiting.has_value(); }));
  worker_->Drain();
  ASSERT_TRUE(RunUntil([&] { return idle.Closed(); }));
  client.Send(Immediate(2));  // still answered while something waits
  ASSERT_TRUE(RunUntil([&] { return client.Heard().size() == 1; }));
  backend.Send(AnswerTo(waiting->first), waiting->second);
  ASSERT_TRUE(RunUntil([&] { return client.Heard().size() == 2; }));
  const auto start = std::chrono::steady_clock::now();
  worker_->Join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 500ms);
}

TEST_F(KernelWorkerTest, DrainingHasAnEndWhateverWaits) {
  ScriptedBackend silent(*loop_);
  silent.OnQuery([](const Packet&) { return std::vector<Packet>{}; });
  options_.forward.total_timeout = 60s;
  options_.drain = 100ms;
  Start();
  ASSERT_TRUE(RunUntilServes(silent.endpoint()));
  UdpClient client(endpoint());
  client.Send(Waiting(1));
  ASSERT_TRUE(RunUntil([&] { return silent.queries().size() == 1; }));
  const auto start = std::chrono::steady_clock::now();
  worker_->Drain();
  worker_->Join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
}

TEST_F(KernelWorkerTest, DestructionEndsARunningWorker) {
  options_.drain = 60s;
  Start();
  TcpClient client(endpoint());
  worker_->Drain();
  const auto start = std::chrono::steady_clock::now();
  worker_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
}

}  // namespace
}  // namespace sealwire::proxy
