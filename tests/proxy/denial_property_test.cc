// Any zone, any zones of ours below it, any question, each way of denial: no record denies what is
// there (rule 1). tests/proxy/fuzz/denial_fuzz.cc asks the same of zones of the fuzzer's making.
#include <gtest/gtest.h>

#include <random>

#include "tests/proxy/denied.h"
#include "tests/proxy/pipeline_fixture.h"
#include "tests/proxy/random_zone.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;

constexpr RRType kTypes[] = {RRType::kA,     RRType::kTXT, RRType::kNS,    RRType::kDS,
                             RRType::kCNAME, RRType::kSOA, RRType::kDNAME, RRType::kNSEC,
                             RRType::kRRSIG, RRType{65280}};

class AnyDenial : public PipelineFixture {};

TEST_F(AnyDenial, Rule1_NothingThatExistsIsDenied) {
  std::mt19937 engine(20261124);
  const auto draw = [&](std::size_t below) { return static_cast<int>(engine() % below); };
  const dns::Name apex = N("example.");
  RandomZone random(apex, draw);
  const auto keys = MakeKeys("example.", kNow);
  int denied = 0;
  int hashed = 0;
  for (int round = 0; round < 60; ++round) {
    auto zone = std::make_shared<Zone>();
    zone->apex = apex;
    zone->id = NextZoneId();
    zone->keys = keys;
    zone->local = random.Grow(12);
    zone->policy.denial = static_cast<DenialMode>(round % 3);
    std::vector<Existing> there = AllOf(*zone->local);
    zones_ = ZoneTable::With(ZoneTable(), {zone});
    for (int below = draw(3); below > 0; --below) {
      auto child = std::make_shared<Zone>(*zone);
      child->apex = random.NameBelow(3);
      child->id = NextZoneId();
      child->keys = nullptr;
      child->local = RandomZone(child->apex, draw).Grow(0);
      if (!child->local) continue;  // no zone begins at a wildcard
      AddZoneBelow(there, child->apex, apex);
      zones_ = ZoneTable::With(*zones_, {child});
    }
    pipeline_.UseZones(zones_);
    for (int question = 0; question < 40; ++question) {
      // Near to what is there, or there.
      const std::string name =
          draw(2) == 0 ? there[static_cast<std::size_t>(draw(there.size()))].name.ToText()
                       : random.NameBelow(5).ToText();
      const RRType type = kTypes[draw(std::size(kTypes))];
      const Reply reply = Get(Ask(name, type).Dnssec(), Transport::kTcp);
      ASSERT_TRUE(reply.parsed());
      ASSERT_EQ(DenialReader::Denies(reply.wire(), there), "")
          << name << " " << dns::ToText(type) << " in round " << round;
      denied += reply.rcode() == 3;
      hashed += !reply.Authority().empty() && zone->policy.denial == DenialMode::kNsec3;
    }
  }
  EXPECT_GT(denied, 100);
  EXPECT_GT(hashed, 100);
}

// The reader finds what it looks for.
TEST_F(AnyDenial, TheReaderFindsADenialOfWhatIsThere) {
  for (const DenialMode mode : {DenialMode::kCompact, DenialMode::kWhiteLies, DenialMode::kNsec3}) {
    auto zone =
        LocalZoneOf("example.", "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\nw A 192.0.2.1\n");
    zone->policy.denial = mode;
    Serve(zone);
    const Reply name = Get(Ask("gone.example.", RRType::kA).Dnssec());
    const Reply type = Get(Ask("w.example.", RRType::kTXT).Dnssec());
    EXPECT_NE(DenialReader::Denies(name.wire(), {ExistingName(N("gone.example."), {})}), "");
    EXPECT_EQ(DenialReader::Denies(name.wire(), {ExistingName(N("w.example."), {RRType::kA})}), "");
    EXPECT_NE(DenialReader::Denies(type.wire(), {ExistingName(N("w.example."), {RRType::kTXT})}),
              "");
    if (mode == DenialMode::kCompact) continue;
    EXPECT_NE(DenialReader::Denies(name.wire(), {ExistingName(N("*.example."), {})}), "");
  }
}

}  // namespace
}  // namespace sealwire::proxy::testing
