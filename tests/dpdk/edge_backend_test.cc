// Queries that have to wait for a backend, on the whole way through DPDK.
#include <gtest/gtest.h>

#include "tests/dpdk/edge_fixture.h"
#include "tests/proxy/scripted_backend.h"

namespace sealwire::dpdk {
namespace {

using namespace std::chrono_literals;
using proxy::testing::Packet;
using proxy::testing::ScriptedBackend;
using testing::FrameBuilder;
using testing::Octets;
using testing::Query;

class EdgeBackendTest : public testing::EdgeFixture {
 protected:
  EdgeBackendTest() : loop_(std::move(net::EventLoop::Create().value())), backend_(*loop_) {}

  // example. is asked at the backend.
  std::shared_ptr<const proxy::ZoneTable> Forwarding() {
    auto zone = std::make_shared<proxy::Zone>();
    zone->apex = *dns::Name::FromText("example.");
    zone->id = 1;
    auto backends = std::make_shared<proxy::ForwardSet>();
    backends->id = 1;
    backends->endpoints = {backend_.endpoint()};
    zone->forward = backends;
    return proxy::ZoneTable::With(proxy::ZoneTable(), {zone});
  }
  bool Await(const std::function<bool()>& what) {
    for (int i = 0; i < 2000 && !what(); ++i) loop_->RunOnce(1ms);
    return what();
  }

  std::unique_ptr<net::EventLoop> loop_;
  ScriptedBackend backend_;
};

TEST_F(EdgeBackendTest, AnswersComeBackToWhoAsked) {
  backend_.OnQuery(
      [](const Packet& query) { return std::vector<Packet>{proxy::testing::AnswerTo(query)}; });
  std::vector<FrameBuilder> asked = {FrameBuilder::V4(Query("a.example")),
                                     FrameBuilder::V6(Query("b.example")),
                                     FrameBuilder::V4(Query("c.example", 1, true))};
  asked[2].tags = {{0x88a8, 6}, {0x8100, 7}};
  std::vector<Octets> frames;
  for (FrameBuilder& builder : asked) {
    builder.client_port = static_cast<std::uint16_t>(40000 + frames.size());
    frames.push_back(builder.Build());
  }
  auto edge = Start(frames);
  ASSERT_NE(edge, nullptr);
  edge->Publish(Forwarding());
  EXPECT_TRUE(Await([&] { return edge->counters(0).late_answers.value() == asked.size(); }));
  edge->Stop();
  edge.reset();

  const std::vector<Octets> replies = Sent();
  ASSERT_EQ(replies.size(), asked.size());
  for (const FrameBuilder& builder : asked) {
    const auto reply = std::find_if(replies.begin(), replies.end(), [&](const Octets& frame) {
      return PortTo(builder, frame) == builder.client_port;
    });
    ASSERT_NE(reply, replies.end());
    const Octets message = MessageTo(builder, *reply);
    EXPECT_EQ(message[3] & 0x0f, 0);
    EXPECT_EQ(message[7], 1) << "one answer record";
  }
}

TEST_F(EdgeBackendTest, SilentBackendStallsNobody) {
  backend_.OnQuery([](const Packet&) { return std::vector<Packet>{}; });
  std::vector<Octets> frames;
  for (int i = 0; i < 200; ++i) {
    frames.push_back(
        FrameBuilder::V4(Query("q" + std::to_string(i) + (i % 2 == 0 ? ".example" : ".elsewhere")))
            .Build());
  }
  auto edge = Start(frames);
  ASSERT_NE(edge, nullptr);
  edge->Publish(Forwarding());
  EXPECT_TRUE(Await([&] { return edge->counters(0).frames.value() == 200; }));
  EXPECT_EQ(edge->counters(0).answers.value(), 100u) << "what needs no backend is answered at once";
  // 64 may wait (options_.max_asks); who comes after is turned away, and buffers are free again.
  EXPECT_EQ(edge->counters(0).turned_away.value() + edge->counters(0).late_answers.value(), 36u);
  edge->Stop(0ms);
}

TEST_F(EdgeBackendTest, StopWithPatienceLetsAnswersCome) {
  backend_.OnQuery(
      [](const Packet& query) { return std::vector<Packet>{proxy::testing::AnswerTo(query)}; });
  auto edge = Start({FrameBuilder::V4(Query("late.example")).Build()});
  ASSERT_NE(edge, nullptr);
  edge->Publish(Forwarding());
  while (edge->counters(0).frames.value() == 0) std::this_thread::sleep_for(1ms);
  std::thread stopper([&] { edge->Stop(2000ms); });
  EXPECT_TRUE(Await([&] { return edge->counters(0).late_answers.value() == 1; }));
  stopper.join();
}

}  // namespace
}  // namespace sealwire::dpdk
