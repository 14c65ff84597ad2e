// That an answer from the cache is the answer that would have been made, and that nothing stays in
// it for too long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;
using ::testing::ElementsAre;
using ::testing::SizeIs;

std::shared_ptr<Zone> Shop(const std::string& address, int texts = 1) {
  std::string text = "$TTL 300\n@ IN SOA ns h 1 2 3 4 60\n@ IN NS ns\nwww IN A " + address + "\n";
  for (int i = 0; i < texts; ++i) {
    text += "big IN TXT \"" + std::to_string(i) + std::string(200, 'x') + "\"\n";
  }
  return LocalZoneOf("shop.net.", text);
}

class CachedAnswersTest : public PipelineFixture {
 protected:
  CachedAnswersTest() { Serve(Shop("192.0.2.1")); }
  // Asks until the answer must be in the cache.
  void Warm(const Ask& ask) {
    Get(ask);
    Get(ask);
  }
  bool Hit(const Ask& ask) {
    const std::uint64_t before = Counted(Count::kCacheHits);
    last_ = Get(ask);
    return Counted(Count::kCacheHits) > before;
  }
  Reply last_;
};

TEST_F(CachedAnswersTest, TheThirdAskerGetsACopyOfTheSecondsAnswer) {
  const Ask ask = Ask("www.shop.net.", RRType::kA).Dnssec();
  EXPECT_FALSE(Hit(ask));
  EXPECT_FALSE(Hit(ask));
  const Reply made = last_;
  EXPECT_TRUE(Hit(ask));
  EXPECT_EQ(last_.wire(), made.wire());
}

TEST_F(CachedAnswersTest, IdFlagsAndSpellingAreTheAskersOwn) {
  Warm(Ask("www.shop.net.", RRType::kA).Dnssec());
  ASSERT_TRUE(
      Hit(Ask("wWw.sHoP.nEt.", RRType::kA).Dnssec().Id(77).RecursionDesired().CheckingDisabled()));
  EXPECT_EQ(ldns_pkt_id(last_.packet()), 77);
  EXPECT_TRUE(ldns_pkt_rd(last_.packet()));
  EXPECT_TRUE(ldns_pkt_cd(last_.packet()));
  EXPECT_THAT(last_.Answer(), ElementsAre("wWw.sHoP.nEt. 300 IN A 192.0.2.1"));
  EXPECT_TRUE(Believed(last_));
  ASSERT_TRUE(Hit(Ask("www.shop.net.", RRType::kA).Dnssec()));
  EXPECT_FALSE(ldns_pkt_rd(last_.packet()));
  EXPECT_FALSE(ldns_pkt_cd(last_.packet()));
}

TEST_F(CachedAnswersTest, AskersWithOtherNeedsDoNotShareAnswers) {
  Warm(Ask("nope.shop.net.", RRType::kA).Dnssec());
  EXPECT_TRUE(Hit(Ask("nope.shop.net.", RRType::kA).Dnssec()));
  EXPECT_EQ(last_.rcode(), 0);
  EXPECT_FALSE(Hit(Ask("nope.shop.net.", RRType::kA).Dnssec().CompactOk()));
  EXPECT_EQ(last_.rcode(), 3);
  EXPECT_FALSE(Hit(Ask("nope.shop.net.", RRType::kA).Edns()));
  EXPECT_EQ(last_.rcode(), 3);
  EXPECT_FALSE(Hit(Ask("nope.shop.net.", RRType::kA)));
  EXPECT_FALSE(last_.has_edns());
  EXPECT_FALSE(Hit(Ask("nope.shop.net.", RRType::kAAAA).Dnssec()));
}

TEST_F(CachedAnswersTest, ANewSnapshotOfTheZoneEndsItsAnswersAtOnce) {
  Warm(Ask("www.shop.net.", RRType::kA).Dnssec());
  Serve(Shop("192.0.2.2"));
  EXPECT_FALSE(Hit(Ask("www.shop.net.", RRType::kA).Dnssec()));
  EXPECT_THAT(last_.Answer(), ElementsAre("www.shop.net. 300 IN A 192.0.2.2"));
  EXPECT_TRUE(Believed(last_));
}

TEST_F(CachedAnswersTest, AChangeElsewhereCostsTheOthersNothing) {
  Warm(Ask("www.shop.net.", RRType::kA).Dnssec());
  Serve(LocalZoneOf("other.net.", "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n"));
  EXPECT_TRUE(Hit(Ask("www.shop.net.", RRType::kA).Dnssec()));
}

TEST_F(CachedAnswersTest, AZoneThatComesBetweenTakesItsNamesOver) {
  Warm(Ask("www.shop.net.", RRType::kA).Dnssec());
  Serve(LocalZoneOf("www.shop.net.",
                    "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n@ IN A 192.0.2.9\n"));
  EXPECT_FALSE(Hit(Ask("www.shop.net.", RRType::kA).Dnssec()));
  EXPECT_THAT(last_.Answer(), ElementsAre("www.shop.net. 60 IN A 192.0.2.9"));
}

TEST_F(CachedAnswersTest, AChainThroughTwoZonesHoldsForOneTableOnly) {
  Serve(LocalZoneOf("one.net.",
                    "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n"
                    "www IN CNAME www.shop.net.\n"));
  Warm(Ask("www.one.net.", RRType::kA).Dnssec());
  EXPECT_TRUE(Hit(Ask("www.one.net.", RRType::kA).Dnssec()));
  Serve(Shop("192.0.2.2"));
  EXPECT_FALSE(Hit(Ask("www.one.net.", RRType::kA).Dnssec()));
  EXPECT_TRUE(Believed(last_));
  EXPECT_THAT(last_.Answer(), ElementsAre("www.one.net. 60 IN CNAME www.shop.net.",
                                          "www.shop.net. 300 IN A 192.0.2.2"));
}

TEST_F(CachedAnswersTest, SignaturesAreMadeAnewBeforeTheyAreOld) {
  const Ask ask = Ask("www.shop.net.", RRType::kA).Dnssec();
  Warm(ask);
  for (std::uint32_t hour = 0; hour < 24 * 14; ++hour) {
    MoveTo(kNow + hour * 3600);
    const Reply reply = Get(ask);
    ASSERT_TRUE(Believed(reply)) << hour;
    const ldns_rr* rrsig = ldns_rr_list_rr(ldns_pkt_answer(reply.packet()), 1);
    const std::uint32_t left =
        ldns_rdf2native_int32(ldns_rr_rrsig_expiration(rrsig)) - (kNow + hour * 3600);
    ASSERT_GE(left, 3u * 86400 * 3 / 4) << hour;
  }
}

TEST_F(CachedAnswersTest, AnAnswerTooLongForTheAskerIsATruncatedOneFromTheCacheToo) {
  Serve(Shop("192.0.2.1", 4));
  const Ask wide = Ask("big.shop.net.", RRType::kTXT).Dnssec(1232);
  Warm(wide);
  ASSERT_TRUE(Hit(wide));
  EXPECT_FALSE(last_.tc());
  ASSERT_TRUE(Hit(Ask("big.shop.net.", RRType::kTXT).Dnssec(512)));
  EXPECT_TRUE(last_.tc());
  EXPECT_LE(last_.wire().size(), 512u);
  EXPECT_TRUE(last_.dnssec_ok());
}

TEST_F(CachedAnswersTest, Rfc2181Section9_WhatDoesNotFitSetsTc) {
  Serve(Shop("192.0.2.1", 8));
  const Reply udp = Get(Ask("big.shop.net.", RRType::kTXT).Dnssec(4096));
  EXPECT_TRUE(udp.tc());
  EXPECT_LE(udp.wire().size(), 1232u);
  const Reply tcp = Get(Ask("big.shop.net.", RRType::kTXT).Dnssec(), Transport::kTcp);
  EXPECT_FALSE(tcp.tc());
  EXPECT_THAT(tcp.Answer(), SizeIs(8));
  EXPECT_TRUE(Believed(tcp));
  const Reply classic = Get(Ask("big.shop.net.", RRType::kTXT));
  EXPECT_TRUE(classic.tc());
  EXPECT_LE(classic.wire().size(), 512u);
}

TEST_F(CachedAnswersTest, ClocksThatGoBackBringNoAnswerFromTheFuture) {
  Warm(Ask("www.shop.net.", RRType::kA).Dnssec());
  MoveTo(kNow - 30 * 86400);
  EXPECT_FALSE(Hit(Ask("www.shop.net.", RRType::kA).Dnssec()));
  EXPECT_TRUE(Believed(last_));
}

TEST_F(CachedAnswersTest, ABatchIsAnsweredAsItsQueriesWouldBe) {
  Warm(Ask("www.shop.net.", RRType::kA).Dnssec());
  std::vector<Packet> queries;
  for (int i = 0; i < 70; ++i) {  // more than are staged at a time
    // Denials unsigned: a signature of a name that does not exist is another each time.
    queries.push_back(
        i % 3 == 0 ? Ask("www.shop.net.", RRType::kA).Dnssec().Id(i).Bytes()
                   : Ask("nope" + std::to_string(i) + ".shop.net.", RRType::kA).Id(i).Bytes());
    if (i % 7 == 0) queries.back().resize(5);    // no header
    if (i % 11 == 1) queries.back().resize(20);  // no whole question
  }
  std::vector<Packet> outs(queries.size(), Packet(1232));
  std::vector<Arrival> batch;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    batch.push_back({queries[i], Asker{}, outs[i], {}});
  }
  pipeline_.Handle(batch);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    Packet alone(1232);
    const Outcome expected = pipeline_.Handle(queries[i], Asker{}, alone);
    const Outcome& got = batch[i].outcome;
    ASSERT_EQ(got.verdict, expected.verdict) << i;
    if (got.verdict != Verdict::kAnswer) continue;
    alone.resize(expected.size);
    outs[i].resize(got.size);
    EXPECT_EQ(outs[i], alone) << i;
  }
}

}  // namespace
}  // namespace sealwire::proxy::testing
