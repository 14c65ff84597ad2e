#include "proxy/udp_path.h"

#include <set>

#include "net/random.h"
#include "tests/proxy/paths_fixture.h"

namespace sealwire::proxy {
namespace {

using namespace testing;

class UdpPathTest : public PathsFixture {
 protected:
  void Serve(const char* address = "127.0.0.1", const UdpPathOptions& options = {}) {
    path_ = std::make_unique<UdpPath>(
        *loop_, net::UdpSocket::Bind({net::IpAddress::FromText(address).value(), 0}).value(), 0,
        pipeline_, counters_, options);
    ASSERT_TRUE(path_->Open());
    deliver_ = [this](const ReplyRoute& route, dns::Bytes answer) {
      path_->Deliver(route, answer);
    };
    flush_ = [this] { path_->Flush(); };
  }
  bool RunUntilHeard(UdpClient& client, std::size_t count) {
    return RunUntil([&] { return client.Heard().size() >= count; });
  }

  UdpCounters counters_;
  std::unique_ptr<UdpPath> path_;
};

TEST_F(UdpPathTest, EachAskerGetsItsOwnAnswers) {
  Serve();
  std::deque<UdpClient> clients;
  for (int c = 0; c < 5; ++c) {
    UdpClient& client = clients.emplace_back(path_->local());
    for (int i = 0; i < 40; ++i) client.Send(Immediate(static_cast<std::uint16_t>(c * 100 + i)));
  }
  for (int c = 0; c < 5; ++c) {
    UdpClient& client = clients[static_cast<std::size_t>(c)];
    ASSERT_TRUE(RunUntilHeard(client, 40));
    std::set<std::uint16_t> ids;
    for (const Packet& answer : client.Heard()) {
      EXPECT_EQ(RcodeOf(answer), 5);
      ids.insert(IdOf(answer));
    }
    EXPECT_EQ(ids.size(), 40u);
    EXPECT_EQ(*ids.begin(), c * 100);
    EXPECT_EQ(*ids.rbegin(), c * 100 + 39);
  }
  EXPECT_EQ(counters_.queries.value(), 200u);
  EXPECT_EQ(counters_.answers.value(), 200u);
}

TEST_F(UdpPathTest, ATrustedProxyNamesTheClientAndGetsTheAnswer) {
  UdpPathOptions options;
  options.proxies = Loopback();
  Serve("127.0.0.1", options);
  UdpClient client(path_->local());
  client.Send(Waiting(5));  // no header
  client.Send(Proxied(Waiting(6), net::ProxiedTransport::kDatagram));
  ASSERT_TRUE(RunUntil([&] { return backend_.held.size() == 1; }));
  EXPECT_EQ(backend_.held[0].client.ToText(), "192.0.2.1:4053");
  Release();
  ASSERT_TRUE(RunUntilHeard(client, 1));
  EXPECT_EQ(IdOf(client.Heard()[0]), 6);
  EXPECT_EQ(counters_.bad_proxy.value(), 1u);
}

TEST_F(UdpPathTest, NobodyElseIsBelievedWhatHeSaysOfAClient) {
  UdpPathOptions options;
  options.proxies = {net::Prefix::FromText("10.0.0.0/8").value()};
  Serve("127.0.0.1", options);
  UdpClient client(path_->local());
  client.Send(Proxied(Waiting(6), net::ProxiedTransport::kDatagram));
  client.Send(Waiting(7));
  ASSERT_TRUE(RunUntil([&] { return backend_.held.size() == 1; }));
  EXPECT_EQ(backend_.held[0].client.address.ToText(), "127.0.0.1");
}

TEST_F(UdpPathTest, Ipv6AndWildcardAddresses) {
  for (const auto& [bound, asked] :
       {std::pair{"::1", "::1"}, std::pair{"::", "::1"}, std::pair{"0.0.0.0", "127.0.0.9"}}) {
    Serve(bound);
    UdpClient client({net::IpAddress::FromText(asked).value(), path_->local().port});
    client.Send(Immediate(7));
    EXPECT_TRUE(RunUntilHeard(client, 1)) << bound;
    client.Send(Waiting(8));
    ASSERT_TRUE(RunUntil([&] { return backend_.held.size() == 1; }));
    Release();
    EXPECT_TRUE(RunUntilHeard(client, 2)) << bound;
  }
}

TEST_F(UdpPathTest, AQueryThatWaitsIsAnsweredLaterAndHoldsUpNobody) {
  Serve();
  UdpClient client(path_->local());
  client.Send(Waiting(1));
  client.Send(Immediate(2));
  ASSERT_TRUE(RunUntilHeard(client, 1));
  EXPECT_EQ(IdOf(client.Heard()[0]), 2);
  Release();
  ASSERT_TRUE(RunUntilHeard(client, 2));
  EXPECT_EQ(IdOf(client.Heard()[1]), 1);
  EXPECT_EQ(RcodeOf(client.Heard()[1]), 0);
  EXPECT_EQ(counters_.deferred.value(), 1u);
}

TEST_F(UdpPathTest, MoreAnswersThanABatchBecomeReadyAtOnce) {
  Serve();
  UdpClient client(path_->local());
  for (std::uint16_t i = 0; i < 150; ++i) client.Send(Waiting(i, "host" + std::to_string(i)));
  ASSERT_TRUE(RunUntil([&] { return backend_.held.size() == 150; }));
  flush_ = [] {};
  for (int i = 0; i < 150; ++i) Release();
  path_->Flush();
  ASSERT_TRUE(RunUntilHeard(client, 150));
}

TEST_F(UdpPathTest, EmptyAndOversizedDatagramsAreDropped) {
  Serve();
  UdpClient client(path_->local());
  client.Send({});
  client.Send(Packet(5000, 1));
  client.Send(Immediate(3));
  ASSERT_TRUE(RunUntilHeard(client, 1));
  EXPECT_EQ(IdOf(client.Heard()[0]), 3);
  EXPECT_EQ(counters_.oversized.value(), 2u);
}

TEST_F(UdpPathTest, WithoutDeferringOnlyImmediateAnswersLeave) {
  Serve();
  path_->StopDeferring();
  UdpClient client(path_->local());
  client.Send(Waiting(1));
  client.Send(Immediate(2));
  ASSERT_TRUE(RunUntilHeard(client, 1));
  EXPECT_EQ(IdOf(client.Heard()[0]), 2);
  EXPECT_TRUE(backend_.held.empty());
  EXPECT_EQ(counters_.turned_away.value(), 1u);
}

TEST_F(UdpPathTest, ClosingAnswersWhatWasReceived) {
  Serve();
  UdpClient client(path_->local());
  for (std::uint16_t i = 0; i < 100; ++i) client.Send(Immediate(i));
  path_->Close();
  EXPECT_EQ(client.Heard().size(), 64u);  // one batch of the client's own
  EXPECT_EQ(client.Heard().size(), 100u);
  client.Send(Immediate(1));
  loop_->RunOnce(std::chrono::milliseconds(20));
  EXPECT_EQ(client.Heard().size(), 100u);
}

TEST_F(UdpPathTest, AFloodOfGarbageDoesNotStopTheService) {
  Serve();
  UdpClient attacker(path_->local());
  net::Random random;
  for (int i = 0; i < 3000; ++i) {
    Packet garbage(random.U16() % 600);
    random.Fill(garbage);
    attacker.Send(garbage);
    if (i % 50 == 0) loop_->RunOnce(std::chrono::milliseconds(0));
  }
  UdpClient client(path_->local());
  client.Send(Immediate(9));
  ASSERT_TRUE(RunUntilHeard(client, 1));
}

TEST_F(UdpPathTest, AnAnswerForNobodyIsDropped) {
  Serve();
  {
    UdpClient client(path_->local());
    client.Send(Waiting(1));
    ASSERT_TRUE(RunUntil([&] { return backend_.held.size() == 1; }));
  }
  Release();
  UdpClient client(path_->local());
  client.Send(Immediate(2));
  EXPECT_TRUE(RunUntilHeard(client, 1));
}

}  // namespace
}  // namespace sealwire::proxy
