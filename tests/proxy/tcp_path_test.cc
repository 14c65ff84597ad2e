#include "proxy/tcp_path.h"

#include <deque>
#include <set>

#include "net/random.h"
#include "tests/proxy/paths_fixture.h"

namespace sealwire::proxy {
namespace {

using namespace std::chrono_literals;
using namespace testing;

class TcpPathTest : public PathsFixture {
 protected:
  void Serve(const char* address = "127.0.0.1") {
    path_ = std::make_unique<TcpPath>(*loop_, pipeline_, counters_, limits_);
    auto listener = net::ListenTcp({net::IpAddress::FromText(address).value(), 0}, true);
    ASSERT_TRUE(listener.ok()) << listener.error();
    endpoint_ = net::LocalEndpoint(listener->get());
    path_->Listen(std::move(listener).value(), proxies_);
    deliver_ = [this](const ReplyRoute& route, dns::Bytes answer) {
      path_->Deliver(route, answer);
    };
    flush_ = [this] { path_->Flush(); };
  }
  bool RunUntilHeard(TcpClient& client, std::size_t count) {
    return RunUntil([&] { return client.Heard().size() >= count; });
  }
  bool RunUntilOpen(std::size_t count) {
    return RunUntil([&] { return path_->open() == count; });
  }

  TcpLimits limits_;
  std::vector<net::Prefix> proxies_;
  TcpCounters counters_;
  std::unique_ptr<TcpPath> path_;
  net::Endpoint endpoint_;
};

TEST_F(TcpPathTest, AQueryIsAnsweredInBothFamilies) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    Serve(address);
    TcpClient client(endpoint_);
    client.Send(Immediate(77));
    ASSERT_TRUE(RunUntilHeard(client, 1));
    EXPECT_EQ(IdOf(client.Heard()[0]), 77);
    EXPECT_EQ(RcodeOf(client.Heard()[0]), 5);
  }
}

TEST_F(TcpPathTest, ATrustedProxyNamesTheClientOnceAConnection) {
  proxies_ = Loopback();
  limits_.connections_per_client = 1;
  Serve();
  const Packet stream = Proxied(TcpClient::Framed(Waiting(5)), net::ProxiedTransport::kStream);
  TcpClient client(endpoint_);
  for (const std::uint8_t octet : stream) {
    client.SendRaw({octet});
    loop_->RunOnce(std::chrono::milliseconds(1));
  }
  client.Send(Waiting(6));
  TcpClient other(endpoint_);  // a proxy has as many connections as it has clients
  other.SendRaw(Proxied(TcpClient::Framed(Waiting(7)), net::ProxiedTransport::kStream));
  ASSERT_TRUE(RunUntil([&] { return backend_.held.size() == 3; }));
  for (const auto& held : backend_.held) EXPECT_EQ(held.client.ToText(), "192.0.2.1:4053");
  while (!backend_.held.empty()) Release();
  ASSERT_TRUE(RunUntilHeard(client, 2));
  ASSERT_TRUE(RunUntilHeard(other, 1));
}

TEST_F(TcpPathTest, ATrustedProxyWithoutAHeaderIsClosed) {
  proxies_ = Loopback();
  Serve();
  TcpClient client(endpoint_);
  client.Send(Waiting(5));
  ASSERT_TRUE(RunUntil([&] { return client.Closed(); }));
  EXPECT_EQ(counters_.bad_proxy_closed.value(), 1u);
  EXPECT_TRUE(backend_.held.empty());
}

TEST_F(TcpPathTest, Rfc7766Section6_2_1_1_QueriesArePipelined) {
  Serve();
  TcpClient client(endpoint_);
  Packet stream;
  for (std::uint16_t i = 0; i < 500; ++i) {
    const Packet framed = TcpClient::Framed(Immediate(i));
    stream.insert(stream.end(), framed.begin(), framed.end());
  }
  ASSERT_EQ(client.SendRaw(stream), stream.size());
  ASSERT_TRUE(RunUntilHeard(client, 500));
  for (std::uint16_t i = 0; i < 500; ++i) EXPECT_EQ(IdOf(client.Heard()[i]), i);
  EXPECT_EQ(counters_.queries.value(), 500u);
  EXPECT_EQ(counters_.answers.value(), 500u);
}

TEST_F(TcpPathTest, AQueryMayArriveOctetByOctet) {
  Serve();
  TcpClient client(endpoint_);
  for (const std::uint8_t octet : TcpClient::Framed(Immediate(5))) {
    client.SendRaw({octet});
    loop_->RunOnce(1ms);
  }
  EXPECT_TRUE(RunUntilHeard(client, 1));
}

TEST_F(TcpPathTest, Rfc7766Section7_AnswersLeaveAsTheyBecomeReady) {
  Serve();
  TcpClient client(endpoint_);
  client.Send(Waiting(1, "slow"));
  client.Send(Waiting(2, "slower"));
  client.Send(Immediate(3));
  ASSERT_TRUE(RunUntilHeard(client, 1));
  EXPECT_EQ(IdOf(client.Heard()[0]), 3);
  std::swap(backend_.held[0], backend_.held[1]);
  Release();
  Release();
  ASSERT_TRUE(RunUntilHeard(client, 3));
  EXPECT_EQ(IdOf(client.Heard()[1]), 2);
  EXPECT_EQ(IdOf(client.Heard()[2]), 1);
}

TEST_F(TcpPathTest, TooManyOutstandingQueriesWaitInTheConnection) {
  limits_.outstanding = 3;
  Serve();
  TcpClient client(endpoint_);
  for (std::uint16_t i = 0; i < 10; ++i) client.Send(Waiting(i, "host" + std::to_string(i)));
  ASSERT_TRUE(RunUntil([&] { return backend_.held.size() == 3; }));
  loop_->RunOnce(20ms);
  EXPECT_EQ(backend_.held.size(), 3u);
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(RunUntil([&] { return !backend_.held.empty(); })) << i;
    EXPECT_LE(backend_.held.size(), 3u);
    Release();
  }
  EXPECT_TRUE(RunUntilHeard(client, 10));
}

TEST_F(TcpPathTest, AHalfClosedClientStillGetsItsAnswers) {
  limits_.outstanding = 1;
  Serve();
  TcpClient client(endpoint_);
  client.Send(Waiting(1, "one"));
  client.Send(Waiting(2, "two"));
  client.HalfClose();
  ASSERT_TRUE(RunUntil([&] { return backend_.held.size() == 1; }));
  loop_->RunOnce(10ms);
  EXPECT_FALSE(client.Closed());
  Release();
  ASSERT_TRUE(RunUntil([&] { return backend_.held.size() == 1; }));
  Release();
  ASSERT_TRUE(RunUntil([&] { return client.Closed(); }));
  EXPECT_EQ(client.Heard().size(), 2u);
  EXPECT_EQ(path_->open(), 0u);
}

TEST_F(TcpPathTest, TheAnswerForAClosedConnectionGoesToNobody) {
  Serve();
  TcpClient client(endpoint_);
  client.Send(Waiting(1));
  ASSERT_TRUE(RunUntil([&] { return backend_.held.size() == 1; }));
  client.Send(Packet{0xff, 0xff});
  ASSERT_TRUE(RunUntilOpen(0));
  // The next client gets the place, not the answer.
  TcpClient next(endpoint_);
  next.Send(Immediate(2));
  ASSERT_TRUE(RunUntilHeard(next, 1));
  Release();
  loop_->RunOnce(10ms);
  EXPECT_EQ(next.Heard().size(), 1u);
}

TEST_F(TcpPathTest, AFrameNoQueryHasClosesTheConnection) {
  Serve();
  for (const Packet& bad : {Packet{0, 0}, Packet{0, 11}, Packet{0x10, 0x01}, Packet{0xff, 0xff}}) {
    TcpClient client(endpoint_);
    client.SendRaw(bad);
    EXPECT_TRUE(RunUntil([&] { return client.Closed(); })) << int{bad[0]};
  }
  EXPECT_EQ(counters_.bad_frame_closed.value(), 4u);
}

TEST_F(TcpPathTest, GarbageInFramesIsSurvived) {
  Serve();
  TcpClient client(endpoint_);
  net::Random random;
  for (int i = 0; i < 300; ++i) {
    Packet garbage(12 + random.U16() % 300);
    random.Fill(garbage);
    client.Send(garbage);
    loop_->RunOnce(0ms);
  }
  client.Send(Immediate(4711));
  ASSERT_TRUE(
      RunUntil([&] { return !client.Heard().empty() && IdOf(client.Heard().back()) == 4711; }));
}

TEST_F(TcpPathTest, Rfc7766Section6_2_3_AnIdleConnectionIsClosed) {
  limits_.idle = limits_.idle_under_pressure = 200ms;
  Serve();
  TcpClient client(endpoint_);
  client.Send(Immediate(1));
  ASSERT_TRUE(RunUntilHeard(client, 1));
  EXPECT_FALSE(client.Closed());
  EXPECT_TRUE(RunUntil([&] { return client.Closed(); }));
  EXPECT_EQ(counters_.idle_closed.value(), 1u);
}

TEST_F(TcpPathTest, AClientThatDribblesOctetsIsClosed) {
  limits_.idle = limits_.idle_under_pressure = 300ms;
  Serve();
  TcpClient client(endpoint_);
  const Packet query = TcpClient::Framed(Immediate(1));
  const auto start = std::chrono::steady_clock::now();
  std::size_t at = 0;
  while (!client.Closed() && std::chrono::steady_clock::now() < start + 2s) {
    if (at + 1 < query.size()) client.SendRaw({query[at++]});
    loop_->RunOnce(20ms);
  }
  EXPECT_TRUE(client.Closed());
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
}

TEST_F(TcpPathTest, AClientThatDoesNotReadIsNotReadAndThenClosed) {
  limits_.idle = limits_.idle_under_pressure = 400ms;
  Serve();
  TcpClient client(endpoint_);
  const Packet query = TcpClient::Framed(Immediate(1));
  Packet stream;
  for (int i = 0; i < 100; ++i) stream.insert(stream.end(), query.begin(), query.end());
  std::size_t at = 0;
  std::uint64_t answered = 0;
  ASSERT_TRUE(RunUntil(
      [&] {
        for (std::size_t n = 1; n != 0; at = (at + n) % stream.size()) {
          n = client.SendRaw(
              Packet(stream.begin() + static_cast<std::ptrdiff_t>(at), stream.end()));
        }
        answered = counters_.answers.value();
        return counters_.idle_closed.value() == 1;
      },
      10s));
  EXPECT_GT(answered, 100u);
  EXPECT_EQ(path_->open(), 0u);
}

TEST_F(TcpPathTest, AClientMayHoldSoManyConnections) {
  limits_.connections_per_client = 3;
  Serve();
  std::deque<TcpClient> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back(endpoint_);
  ASSERT_TRUE(RunUntil([&] { return counters_.refused_client.value() == 1; }));
  EXPECT_EQ(path_->open(), 3u);
  clients.pop_front();
  ASSERT_TRUE(RunUntilOpen(2));
  TcpClient again(endpoint_);
  again.Send(Immediate(1));
  EXPECT_TRUE(RunUntilHeard(again, 1));
}

TEST_F(TcpPathTest, Rfc7766Section6_2_3_TheLongestIdleMakesRoom) {
  limits_.connections = 3;
  Serve();
  std::deque<TcpClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(endpoint_);
    clients.back().Send(Immediate(1));
    ASSERT_TRUE(RunUntilHeard(clients.back(), 1));
    loop_->RunOnce(2ms);
  }
  clients[0].Send(Immediate(2));
  ASSERT_TRUE(RunUntilHeard(clients[0], 2));
  TcpClient next(endpoint_);
  next.Send(Immediate(3));
  ASSERT_TRUE(RunUntilHeard(next, 1));
  EXPECT_TRUE(clients[1].Closed());
  EXPECT_FALSE(clients[0].Closed());
  EXPECT_FALSE(clients[2].Closed());
  EXPECT_EQ(counters_.evicted.value(), 1u);
}

TEST_F(TcpPathTest, WhenAllAreBusyTheNextIsRefused) {
  limits_.connections = 2;
  Serve();
  std::deque<TcpClient> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back(endpoint_);
    clients.back().Send(Waiting(1, "host" + std::to_string(i)));
  }
  ASSERT_TRUE(RunUntil([&] { return backend_.held.size() == 2; }));
  TcpClient next(endpoint_);
  EXPECT_TRUE(RunUntil([&] { return next.Closed(); }));
  EXPECT_EQ(counters_.refused_total.value(), 1u);
  Release();
  EXPECT_TRUE(RunUntilHeard(clients[0], 1));
}

TEST_F(TcpPathTest, UnderPressureIdleConnectionsCloseEarlier) {
  limits_.connections = 8;
  limits_.idle = 10s;
  limits_.idle_under_pressure = 150ms;
  Serve();
  std::deque<TcpClient> clients;
  for (int i = 0; i < 6; ++i) clients.emplace_back(endpoint_);
  ASSERT_TRUE(RunUntilOpen(6));
  EXPECT_FALSE(RunUntil([&] { return path_->open() < 6; }, 600ms));
  clients.emplace_back(endpoint_);
  EXPECT_TRUE(RunUntil([&] { return counters_.idle_closed.value() > 0; }));
  // The pressure is gone before the last is closed.
  EXPECT_EQ(path_->open(), 6u);
}

TEST_F(TcpPathTest, DrainingAnswersWhatWaitsAndWhatWasSent) {
  Serve();
  TcpClient busy(endpoint_);
  busy.Send(Waiting(1));
  TcpClient idle(endpoint_);
  ASSERT_TRUE(RunUntil([&] { return backend_.held.size() == 1 && path_->open() == 2; }));
  busy.Send(Immediate(2));
  path_->Drain();
  EXPECT_EQ(path_->open(), 1u);
  EXPECT_TRUE(RunUntil([&] { return idle.Closed(); }));
  EXPECT_FALSE(TcpClient(endpoint_).connected());
  ASSERT_TRUE(RunUntilHeard(busy, 1));
  EXPECT_EQ(IdOf(busy.Heard()[0]), 2);
  Release();
  EXPECT_TRUE(RunUntil([&] { return busy.Closed(); }));
  EXPECT_EQ(busy.Heard().size(), 2u);
  EXPECT_EQ(path_->open(), 0u);
}

TEST_F(TcpPathTest, ConnectionsThatComeAndGoLeaveNothingBehind) {
  Serve();
  for (int i = 0; i < 300; ++i) {
    TcpClient client(endpoint_);
    client.Send(Immediate(1));
    if (i % 3 == 0) client.HalfClose();
    loop_->RunOnce(0ms);
  }
  EXPECT_TRUE(RunUntilOpen(0));
  EXPECT_EQ(counters_.accepted.value(), 300u);
  EXPECT_EQ(counters_.open.value(), 0u);
}

}  // namespace
}  // namespace sealwire::proxy
