#include <gtest/gtest.h>

#include "proxy/key_waiters.h"
#include "proxy/notices.h"
#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;

constexpr std::uint64_t kCall = 42;
const std::string kRecords =
    "$TTL 300\n@ IN SOA ns h 1 2 3 4 60\n@ IN NS ns\nns IN A 192.0.2.53\nwww IN A 192.0.2.1\n";

class KeyWait : public PipelineFixture {
 protected:
  KeyWait() : PipelineFixture(Options()) {}

  static Notices& Calls() {
    static Notices calls(64);
    return calls;
  }
  void SetUp() override {
    while (Calls().Take()) {
    }
  }

  // The zone as it is while its keys are closed.
  void ServeClosed(proxy::KeyWait wait, std::shared_ptr<Zone> zone) {
    zone->key_wait = wait;
    zone->key_call = kCall;
    Serve(std::move(zone), false);
  }
  // Sends a query that has to wait.
  void Send(const Packet& query) {
    Packet out(1232);
    const Asker asker{Transport::kUdp, client_};
    ASSERT_EQ(pipeline_.Handle(query, asker, out).verdict, Verdict::kWait);
    delivered_.reset();
    ASSERT_TRUE(pipeline_.Defer(query, asker, ReplyRoute{{7}}));
  }
  Reply Delivered() const { return delivered_ ? Reply(*delivered_) : Reply(); }

 private:
  static PipelineOptions Options() {
    PipelineOptions options = SmallPipeline();
    options.key_calls = &Calls();
    options.max_waiting_for_keys = 2;
    return options;
  }
};

TEST_F(KeyWait, QueryCallsForTheKeysAndIsAnsweredWhenTheyCome) {
  ServeClosed(proxy::KeyWait::kShort, LocalZoneOf("example.", kRecords));
  Send(Ask("www.example.", RRType::kA).Dnssec().Bytes());
  EXPECT_FALSE(delivered_);
  EXPECT_EQ(Calls().Take(), kCall);
  Serve(LocalZoneOf("example.", kRecords));
  ASSERT_TRUE(delivered_);
  EXPECT_EQ(Delivered().rcode(), 0);
  EXPECT_TRUE(Believed(Delivered()));
  EXPECT_EQ(Counted(Count::kKeyWaits), 1u);
  EXPECT_EQ(Counted(Count::kKeyWaitsFailed), 0u);
}

TEST_F(KeyWait, OtherZonesThatComeMeanwhileDoNotEndTheWait) {
  ServeClosed(proxy::KeyWait::kShort, LocalZoneOf("example.", kRecords));
  Send(Ask("www.example.", RRType::kA).Dnssec().Bytes());
  Serve(LocalZoneOf("example.net.", kRecords));
  EXPECT_FALSE(delivered_);
  Serve(LocalZoneOf("example.", kRecords));
  EXPECT_TRUE(Believed(Delivered()));
}

TEST_F(KeyWait, WhoWantsNoSignaturesDoesNotWait) {
  ServeClosed(proxy::KeyWait::kShort, LocalZoneOf("example.", kRecords));
  EXPECT_EQ(Get(Ask("www.example.", RRType::kA)).rcode(), 0);
  EXPECT_EQ(Get(Ask("no.example.", RRType::kA)).rcode(), 3);
  EXPECT_FALSE(Calls().Take());
}

TEST_F(KeyWait, KeysAreNotDeniedToWhoWantsNoSignatures) {
  ServeClosed(proxy::KeyWait::kShort, LocalZoneOf("example.", kRecords));
  Send(Ask("example.", RRType::kDNSKEY).Bytes());
  Serve(LocalZoneOf("example.", kRecords));
  EXPECT_EQ(Delivered().rcode(), 0);
  EXPECT_EQ(Delivered().Answer().size(), 2u);
}

TEST_F(KeyWait, Rfc8914Section4_15_NobodyWaitsForKeysThatCannotBeOpened) {
  ServeClosed(proxy::KeyWait::kLong, LocalZoneOf("example.", kRecords));
  const Reply reply = Get(Ask("www.example.", RRType::kA).Dnssec());
  EXPECT_EQ(reply.rcode(), 2);
  EXPECT_EQ(reply.ExtendedError(), 14);
  EXPECT_FALSE(Calls().Take());
  EXPECT_EQ(Get(Ask("www.example.", RRType::kA)).rcode(), 0);
}

TEST_F(KeyWait, OneTooManyIsToldSo) {
  ServeClosed(proxy::KeyWait::kShort, LocalZoneOf("example.", kRecords));
  Send(Ask("www.example.", RRType::kA).Dnssec().Bytes());
  Send(Ask("www.example.", RRType::kA).Dnssec().Bytes());
  EXPECT_FALSE(delivered_);
  Send(Ask("www.example.", RRType::kA).Dnssec().Bytes());
  EXPECT_EQ(Delivered().rcode(), 2);
  EXPECT_EQ(Delivered().ExtendedError(), 14);
  EXPECT_EQ(Counted(Count::kKeyWaitsFailed), 1u);
}

TEST_F(KeyWait, KeysThatGoWhileABackendIsAskedAreWaitedForToo) {
  Serve(ForwardZoneOf("example."));
  Send(Ask("www.example.", RRType::kA).Dnssec().Bytes());
  ServeClosed(proxy::KeyWait::kShort, ForwardZoneOf("example."));
  const BackendSays says = BackendSays().Answer("www.example. 300 IN A 192.0.2.1");
  const auto reply = [&] {
    ASSERT_FALSE(backend_.held.empty());
    const auto held = backend_.held.front();
    backend_.held.pop_front();
    pipeline_.OnBackendReply(held.ticket, says.To(held.name, held.type));
  };
  reply();
  EXPECT_FALSE(delivered_) << "unsigned, to one who validates";
  Serve(ForwardZoneOf("example."));
  reply();
  ASSERT_TRUE(delivered_);
  EXPECT_TRUE(Believed(Delivered()));
}

TEST(KeyWaiters, PatienceIsCountedFromTheQuery) {
  constexpr std::uint64_t kPatience = kKeyPatienceMs * 1'000'000;
  Notices calls(8);
  KeyWaiters waiters(&calls, 4);
  std::vector<Ticket> out;
  const auto take = [&](Ticket ticket) { out.push_back(ticket); };
  ASSERT_TRUE(waiters.Add(1, 1000, 1000, 7));
  ASSERT_TRUE(waiters.Add(2, 2000, 2000, 7));
  waiters.GiveUp(kPatience + 999, take);
  EXPECT_TRUE(out.empty());
  waiters.GiveUp(kPatience + 1000, take);
  EXPECT_EQ(out, std::vector<Ticket>{1});
  waiters.Resume(take);
  EXPECT_EQ(out, (std::vector<Ticket>{1, 2}));
  EXPECT_EQ(waiters.size(), 0u);
  EXPECT_FALSE(waiters.Add(2, 2000, 2000 + kPatience, 7)) << "it has waited long enough";
}

TEST(KeyWaiters, NobodyWaitsWhenNobodyHears) {
  KeyWaiters deaf(nullptr, 4);
  EXPECT_FALSE(deaf.Add(1, 0, 0, 7));
  Notices calls(2);
  KeyWaiters waiters(&calls, 4);
  EXPECT_TRUE(waiters.Add(1, 0, 0, 7));
  EXPECT_TRUE(waiters.Add(2, 0, 0, 7));
  EXPECT_FALSE(waiters.Add(3, 0, 0, 7)) << "the ring is full";
}

}  // namespace
}  // namespace sealwire::proxy::testing
