// Who asks a zone, as the pipeline hears it.
#include "proxy/audience.h"

#include <gtest/gtest.h>

#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;

constexpr char kZone[] =
    "$TTL 300\n@ IN SOA ns.example. h.example. 1 2 3 4 60\n@ IN NS ns.example.\n"
    "www IN A 192.0.2.1\n";

class Audience : public PipelineFixture {
 protected:
  Audience() {
    PipelineOptions options;
    options.answer_cache_bytes = 1 << 20;
    options.signature_memo_entries = 1 << 12;
    options.max_waiting = 64;
    options.hash_seed = 99;
    options.audience_zones = 16;
    counting_ = std::make_unique<Pipeline>(options, signer_, &backend_, this);
    counting_->SetTime(std::uint64_t{kNow} * 1000);
    ServeCounted({3, 1});
  }
  void ServeCounted(AudienceKey key) {
    auto zone = LocalZoneOf("example.", kZone);
    zone->audience = key;
    Serve(std::move(zone));
    counting_->UseZones(zones_);
  }
  void Hear(const Ask& ask, std::uint8_t host = 1) {
    Packet out(1232);
    const Asker from{Transport::kUdp, {net::IpAddress::V4({192, 0, 2, host}), 53}};
    EXPECT_EQ(counting_->Handle(ask.Bytes(), from, out).verdict, Verdict::kAnswer);
  }
  AudienceTotals Of(AudienceKey key) const {
    AudienceTotals totals;
    counting_->audience().AddTo(totals, key);
    return totals;
  }
  std::unique_ptr<Pipeline> counting_;
};

TEST_F(Audience, CachedAnswersCountAsFreshOnesDo) {
  for (int i = 0; i < 5; ++i) Hear(Ask("www.example.", RRType::kA).Dnssec());
  Hear(Ask("www.example.", RRType::kA));
  Hear(Ask("www.example.", RRType::kA).Dnssec().CheckingDisabled());
  const PipelineCounters* one = &counting_->counters();
  EXPECT_GT(Sum({&one, 1})[Count::kCacheHits], 0u);
  const AudienceTotals heard = Of({3, 1});
  EXPECT_EQ(heard[Heard::kQueries], 7u);
  EXPECT_EQ(heard[Heard::kDnssecOk], 6u);
  EXPECT_EQ(heard[Heard::kCheckingDisabled], 1u);
  EXPECT_EQ(heard[Heard::kDnskey], 0u);
}

TEST_F(Audience, OnlyWhoAsksForKeysOrNamesThemValidates) {
  for (std::uint8_t host = 1; host <= 40; ++host) {
    Hear(Ask("www.example.", RRType::kA).Dnssec(), host);
    if (host <= 10) Hear(Ask("example.", RRType::kDNSKEY).Dnssec(), host);
  }
  const AudienceTotals heard = Of({3, 1});
  EXPECT_EQ(heard[Heard::kDnskey], 10u);
  EXPECT_NEAR(heard.askers.Estimate(), 40, 8);
  EXPECT_NEAR(heard.validating.Estimate(), 10, 2);
}

TEST_F(Audience, Rfc8145Section5KeyTagQueriesAreHeard) {
  Hear(Ask("_ta-4a5c.example.", RRType::kNULL).Dnssec());
  Hear(Ask("_TA-4a5c-4f66.example.", RRType::kNULL));
  Hear(Ask("_ta-4a5c.example.", RRType::kA));     // not NULL: no signal
  Hear(Ask("_tb-4a5c.example.", RRType::kNULL));  // not the label
  EXPECT_EQ(Of({3, 1})[Heard::kTrustAnchors], 2u);
}

TEST_F(Audience, Rfc8145Section4KeyTagOptionIsHeard) {
  Hear(Ask("example.", RRType::kDNSKEY).Dnssec().Option(14, "\x4a\x5c"));
  EXPECT_EQ(Of({3, 1})[Heard::kTrustAnchors], 1u);
}

TEST_F(Audience, Rfc6975Section3UnderstoodAlgorithmsAreHeard) {
  Hear(Ask("www.example.", RRType::kA).Dnssec().Option(5, "\x08\x0d\x0f"));
  Hear(Ask("www.example.", RRType::kA).Dnssec().Option(5, "\x08"));
  Hear(Ask("www.example.", RRType::kA).Dnssec().Option(6, "\x02"));
  const AudienceTotals heard = Of({3, 1});
  EXPECT_EQ(heard[Heard::kUnderstood], 3u);
  EXPECT_EQ(heard[Heard::kUnderstoodP256], 1u);
  EXPECT_NEAR(heard.validating.Estimate(), 1, 0.1);
}

TEST_F(Audience, APlaceThatIsUsedAgainBeginsAtZero) {
  Hear(Ask("www.example.", RRType::kA).Dnssec());
  EXPECT_EQ(Of({3, 1})[Heard::kQueries], 1u);
  ServeCounted({3, 2});
  EXPECT_EQ(Of({3, 2})[Heard::kQueries], 0u);
  Hear(Ask("www.example.", RRType::kA).Dnssec());
  EXPECT_EQ(Of({3, 2})[Heard::kQueries], 1u);
  EXPECT_EQ(Of({3, 1})[Heard::kQueries], 0u);
}

TEST_F(Audience, ZonesBeyondTheBookAreServedAndNotCounted) {
  ServeCounted({16, 9});
  Hear(Ask("www.example.", RRType::kA).Dnssec());
  EXPECT_EQ(Of({16, 9})[Heard::kQueries], 0u);
}

TEST(AskerSketch, EstimatesWithinThreeStandardErrors) {
  for (const double askers : {3.0, 100.0, 1000.0, 200'000.0}) {
    AskerSketch sketch;
    std::uint64_t state = 7;
    for (int i = 0; i < askers; ++i) {
      state += 0x9e3779b97f4a7c15u;  // splitmix64
      std::uint64_t hash = (state ^ state >> 30) * 0xbf58476d1ce4e5b9u;
      hash = (hash ^ hash >> 27) * 0x94d049bb133111ebu;
      sketch.Add(hash ^ hash >> 31);
    }
    MergedSketch merged;
    merged.Add(sketch);
    merged.Add(sketch);  // the same askers at another worker count once
    EXPECT_NEAR(merged.Estimate(), askers, askers * 0.28) << askers;
  }
}

}  // namespace
}  // namespace sealwire::proxy::testing
