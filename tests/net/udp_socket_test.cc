#include "net/udp_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <string>
#include <vector>

namespace sealwire::net {
namespace {

dns::Bytes Octets(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string Text(dns::Bytes octets) {
  return {octets.begin(), octets.end()};
}

Endpoint AnyPort(const char* address) {
  return {IpAddress::FromText(address).value(), 0};
}

UdpSocket MustBind(const Endpoint& endpoint) {
  auto socket = UdpSocket::Bind(endpoint);
  EXPECT_TRUE(socket.ok()) << socket.error();
  return std::move(socket).value();
}

UdpSocket MustConnect(const Endpoint& peer) {
  auto socket = UdpSocket::Connect(peer);
  EXPECT_TRUE(socket.ok()) << socket.error();
  return std::move(socket).value();
}

bool WaitReadable(const UdpSocket& socket) {
  pollfd wait{socket.fd(), POLLIN, 0};
  return ::poll(&wait, 1, 1000) == 1;
}

void Put(UdpOutbox& box, const std::string& text, const UdpPeer& to) {
  const dns::MutableBytes slot = box.Next();
  std::copy(text.begin(), text.end(), slot.begin());
  box.Commit(text.size(), to);
}

class UdpEcho : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

// The asker is connected, so that the kernel shows it only what comes from the address it asked.
TEST_P(UdpEcho, RepliesLeaveFromTheAddressThatWasAsked) {
  const auto [bound, asked] = GetParam();
  UdpSocket server = MustBind(AnyPort(bound));
  const Endpoint target{IpAddress::FromText(asked).value(), server.local().port};
  UdpSocket client = MustConnect(target);
  ASSERT_EQ(client.Send(Octets("ping")), UdpSocket::SendResult::kSent);
  ASSERT_TRUE(WaitReadable(server));

  UdpInbox in(4, 512);
  UdpOutbox out(4, 512);
  ASSERT_EQ(in.Receive(server).count, 1u);
  EXPECT_EQ(Text(in.payload(0)), "ping");
  EXPECT_EQ(in.peer(0).remote, client.local());
  Put(out, "pong", in.peer(0));
  EXPECT_EQ(out.Flush(server).sent, 1u);
  EXPECT_TRUE(out.empty());

  ASSERT_TRUE(WaitReadable(client));
  ASSERT_EQ(in.Receive(client).count, 1u);
  EXPECT_EQ(Text(in.payload(0)), "pong");
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, UdpEcho,
                         ::testing::Values(std::pair{"127.0.0.1", "127.0.0.1"},
                                           std::pair{"::1", "::1"},
                                           std::pair{"0.0.0.0", "127.0.0.7"},
                                           std::pair{"::", "::1"}));

TEST(UdpSocket, BothWildcardsShareAPort) {
  UdpSocket v4 = MustBind(AnyPort("0.0.0.0"));
  auto v6 = UdpSocket::Bind({IpAddress::FromText("::").value(), v4.local().port});
  EXPECT_TRUE(v6.ok()) << v6.error();
}

TEST(UdpSocket, ManySocketsShareAnEndpoint) {
  UdpSocket first = MustBind(AnyPort("127.0.0.1"));
  auto second = UdpSocket::Bind(first.local());
  EXPECT_TRUE(second.ok()) << second.error();
}

TEST(UdpSocket, AnErrorNamesTheEndpointAndTheRemedy) {
  auto socket = UdpSocket::Bind({IpAddress::FromText("192.0.2.1").value(), 5300});
  ASSERT_FALSE(socket.ok());
  EXPECT_NE(socket.error().find("192.0.2.1:5300"), std::string::npos);
  EXPECT_NE(socket.error().find("no interface has this address"), std::string::npos);
}

TEST(UdpBatch, ManyDatagramsInOneCall) {
  UdpSocket server = MustBind(AnyPort("127.0.0.1"));
  UdpSocket client = MustConnect(server.local());
  UdpInbox in(8, 512);
  UdpOutbox out(8, 512);
  for (int i = 0; i < 8; ++i) client.Send(Octets("q" + std::to_string(i)));
  ASSERT_TRUE(WaitReadable(server));
  ASSERT_EQ(in.Receive(server).count, 8u);
  for (std::size_t i = 0; i < 8; ++i) Put(out, "a" + Text(in.payload(i)), in.peer(i));
  EXPECT_TRUE(out.full());
  EXPECT_EQ(out.Flush(server).sent, 8u);
  ASSERT_EQ(in.Receive(client).count, 8u);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(Text(in.payload(i)), "aq" + std::to_string(i));
}

TEST(UdpBatch, SlotsAreReusedWholeAfterAShortDatagram) {
  UdpSocket server = MustBind(AnyPort("127.0.0.1"));
  UdpSocket client = MustConnect(server.local());
  UdpInbox in(2, 512);
  for (const std::string& text : {std::string("x"), std::string(400, 'y'), std::string("")}) {
    ASSERT_EQ(client.Send(Octets(text)), UdpSocket::SendResult::kSent);
    ASSERT_TRUE(WaitReadable(server));
    ASSERT_EQ(in.Receive(server).count, 1u);
    EXPECT_EQ(Text(in.payload(0)), text);
    EXPECT_EQ(in.peer(0).remote, client.local());
  }
}

TEST(UdpBatch, ADatagramLargerThanASlotIsSeenAsEmpty) {
  UdpSocket server = MustBind(AnyPort("127.0.0.1"));
  UdpSocket client = MustConnect(server.local());
  UdpInbox in(2, 512);
  client.Send(Octets(std::string(513, 'z')));
  ASSERT_TRUE(WaitReadable(server));
  ASSERT_EQ(in.Receive(server).count, 1u);
  EXPECT_TRUE(in.payload(0).empty());
}

TEST(UdpBatch, AnEmptySocketGivesNothingAndDoesNotBlock) {
  UdpSocket server = MustBind(AnyPort("127.0.0.1"));
  UdpInbox in(2, 512);
  EXPECT_EQ(in.Receive(server).count, 0u);
}

TEST(UdpBatch, OneUnreachableClientDoesNotCostTheOthersTheirAnswers) {
  UdpSocket server = MustBind(AnyPort("127.0.0.1"));
  UdpSocket client = MustConnect(server.local());
  UdpOutbox out(4, 512);
  Put(out, "one", {client.local(), {}, 0});
  Put(out, "lost",
      {{IpAddress::FromText("::1").value(), 9}, {}, 0});  // no IPv6 from an IPv4 socket
  Put(out, "two", {client.local(), {}, 0});
  const auto flushed = out.Flush(server);
  EXPECT_EQ(flushed.sent, 2u);
  EXPECT_EQ(flushed.dropped, 1u);
  UdpInbox in(4, 512);
  ASSERT_TRUE(WaitReadable(client));
  ASSERT_EQ(in.Receive(client).count, 2u);
  EXPECT_EQ(Text(in.payload(1)), "two");
}

TEST(UdpSocket, ARefusalByIcmpIsReported) {
  Endpoint nobody;
  {
    UdpSocket gone = MustBind(AnyPort("127.0.0.1"));
    nobody = gone.local();
  }
  UdpSocket client = MustConnect(nobody);
  ASSERT_EQ(client.Send(Octets("anyone?")), UdpSocket::SendResult::kSent);
  ASSERT_TRUE(WaitReadable(client));
  UdpInbox in(2, 512);
  const auto received = in.Receive(client);
  EXPECT_EQ(received.count, 0u);
  EXPECT_TRUE(received.refused);
}

TEST(UdpSocket, SourcePortsDiffer) {
  UdpSocket server = MustBind(AnyPort("127.0.0.1"));
  std::vector<std::uint16_t> ports;
  std::vector<UdpSocket> keep;
  for (int i = 0; i < 8; ++i) {
    keep.push_back(MustConnect(server.local()));
    ports.push_back(keep.back().local().port);
  }
  std::sort(ports.begin(), ports.end());
  EXPECT_EQ(std::unique(ports.begin(), ports.end()), ports.end());
}

// Two clients, two sizes each: four runs and one datagram alone, all told apart again.
TEST(UdpSocket, DatagramsOfOneSizeForOnePeerTravelInRuns) {
  UdpSocket server = MustBind(AnyPort("127.0.0.1"));
  std::array<UdpSocket, 2> clients{MustConnect(server.local()), MustConnect(server.local())};
  UdpOutbox out(32, 512);
  std::array<std::vector<std::string>, 2> expected;
  for (int i = 0; i < 16; ++i) {
    const std::size_t c = static_cast<std::size_t>(i % 2);
    expected[c].push_back(std::string(i % 3 == 0 ? 100 : 40, static_cast<char>('a' + i)));
    Put(out, expected[c].back(), {clients[c].local(), {}, 0});
  }
  expected[0].push_back("alone");
  Put(out, "alone", {clients[0].local(), {}, 0});
  const UdpOutbox::Flushed flushed = out.Flush(server);
  EXPECT_EQ(flushed.sent, 17u);
  EXPECT_EQ(flushed.in_runs, 16u);
  EXPECT_EQ(flushed.dropped, 0u);
  for (std::size_t c = 0; c < clients.size(); ++c) {
    UdpInbox in(32, 512);
    ASSERT_EQ(in.Receive(clients[c]).count, expected[c].size());
    std::vector<std::string> received;
    for (std::size_t i = 0; i < expected[c].size(); ++i) received.push_back(Text(in.payload(i)));
    EXPECT_THAT(received, ::testing::UnorderedElementsAreArray(expected[c]));
  }
}

TEST(UdpSocket, ARunIsNoLongerThanTheKernelTakes) {
  UdpSocket server = MustBind(AnyPort("::1"));
  UdpSocket client = MustConnect(server.local());
  UdpOutbox out(160, 1500);
  for (int i = 0; i < 160; ++i) Put(out, std::string(1400, 'x'), {client.local(), {}, 0});
  EXPECT_EQ(out.Flush(server).sent, 160u);
  UdpInbox in(160, 1500);
  EXPECT_EQ(in.Receive(client).count, 160u);
}

TEST(UdpSocket, RunsLeaveFromTheAddressThatWasAsked) {
  UdpSocket server = MustBind(AnyPort("0.0.0.0"));
  const IpAddress asked = IpAddress::FromText("127.0.0.9").value();
  UdpSocket client = MustConnect({asked, server.local().port});
  UdpOutbox out(8, 512);
  for (int i = 0; i < 8; ++i) Put(out, "same size", {client.local(), asked, 0});
  EXPECT_EQ(out.Flush(server).in_runs, 8u);
  UdpInbox in(8, 512);
  EXPECT_EQ(in.Receive(client).count, 8u);
}

// Port 0 cannot be sent to: the run fails whole and one by one, and the others go.
TEST(UdpSocket, ARunThatIsRefusedDropsNoOther) {
  UdpSocket server = MustBind(AnyPort("127.0.0.1"));
  UdpSocket client = MustConnect(server.local());
  UdpOutbox out(8, 512);
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 3; ++i) Put(out, "lost", {{client.local().address, 0}, {}, 0});
    for (int i = 0; i < 3; ++i) Put(out, "sent", {client.local(), {}, 0});
    const UdpOutbox::Flushed flushed = out.Flush(server);
    EXPECT_EQ(flushed.sent, 3u);
    EXPECT_EQ(flushed.dropped, 3u);
    // After eight refusals on end none is tried for a while.
    EXPECT_TRUE(flushed.in_runs == 3u || flushed.in_runs == 0u);
  }
}

TEST(UdpSocket, OfABatchWrittenAtOnceSomeAreLeftOut) {
  UdpSocket server = MustBind(AnyPort("127.0.0.1"));
  UdpSocket client = MustConnect(server.local());
  UdpOutbox out(8, 64);
  for (std::size_t i = 0; i < 8; ++i) out.slot(i)[0] = static_cast<std::uint8_t>('a' + i);
  for (std::size_t i = 1; i < 8; i += 2) out.CommitSlot(i, 1, {client.local(), {}, 0});
  EXPECT_EQ(out.Flush(server).sent, 4u);
  UdpInbox in(8, 64);
  ASSERT_EQ(in.Receive(client).count, 4u);
  std::string heard;
  for (std::size_t i = 0; i < 4; ++i) heard += Text(in.payload(i));
  EXPECT_EQ(heard, "bdfh");
  Put(out, "next", {client.local(), {}, 0});
  EXPECT_EQ(out.Flush(server).sent, 1u);
  ASSERT_EQ(in.Receive(client).count, 1u);
  EXPECT_EQ(Text(in.payload(0)), "next");
}

}  // namespace
}  // namespace sealwire::net
