// A zone of ours below another of ours, whether or not the one above delegates there: nothing that
// the zone above signs may make a validator believe that the zone below is not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proxy/name_hash.h"
#include "proxy/zone_ancestors.h"
#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::Rcode;
using dns::RRType;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kParent[] = R"($TTL 300
@ 3600 IN SOA ns.example. h.example. 7 3600 600 604800 120
@ 3600 IN NS ns.example.
www IN A 192.0.2.1
alias IN CNAME www.example.
*.wild IN A 192.0.2.2
keyed IN DS 12345 13 2 E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766
cut IN NS ns.outside.org.
)";
constexpr char kChild[] = "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\nwww IN A 192.0.2.9\n";
constexpr char kSoa[] = "example. 900 IN SOA ns.example. h.example. 1 2 3 4 60";

// Above a held zone and above one behind a backend the same must hold.
class ZonesBelow : public PipelineFixture, public ::testing::WithParamInterface<bool> {
 protected:
  bool held() const { return GetParam(); }

  void ServeParent() {
    Serve(held() ? LocalZoneOf("example.", kParent) : ForwardZoneOf("example."));
  }
  void ServeChild(const std::string& apex) { Serve(LocalZoneOf(apex, kChild)); }
  void BackendDenies(const std::string& name, RRType type) {
    Backend(name, type, BackendSays().Rcode(Rcode::kNXDomain).Authority(kSoa));
  }
  // DS of the zone below, as a validator asks for it on its way down.
  void ExpectInsecureCut(const std::string& apex) {
    const Reply reply = Get(Ask(apex, RRType::kDS).Dnssec());
    EXPECT_EQ(reply.rcode(), 0) << apex;
    EXPECT_TRUE(reply.aa());
    EXPECT_EQ(ProofIn(reply, apex, RRType::kDS), Proof::kUnsignedCut) << apex;
    EXPECT_TRUE(Believed(reply)) << apex;
    EXPECT_EQ(Get(Ask(apex, RRType::kDS)).rcode(), 0) << apex;
  }
  void ExpectEmptyNonTerminal(const std::string& name, RRType type) {
    const Reply reply = Get(Ask(name, type).Dnssec().CompactOk());
    EXPECT_EQ(reply.rcode(), 0) << name;
    const std::string nsec =
        name + (held() ? " 120" : " 60") + " IN NSEC \\000." + name + " RRSIG NSEC";
    EXPECT_THAT(reply.Authority(), Contains(nsec));
    EXPECT_TRUE(Believed(reply)) << name;
    EXPECT_EQ(Get(Ask(name, type)).rcode(), 0) << name;
  }
};
INSTANTIATE_TEST_SUITE_P(Parent, ZonesBelow, ::testing::Bool(),
                         [](const auto& held) { return held.param ? "Held" : "Asked"; });

TEST_P(ZonesBelow, Rule1_AZoneNotDelegatedIsAnUnsignedCut) {
  ServeParent();
  ServeChild("sub.example.");
  BackendDenies("sub.example.", RRType::kDS);
  ExpectInsecureCut("sub.example.");
  EXPECT_THAT(Get(Ask("www.sub.example.", RRType::kA).Dnssec()).Answer(), SizeIs(1));
}

TEST_P(ZonesBelow, Rule1_ItIsTheSameWhicheverZoneCameFirst) {
  ServeChild("sub.example.");
  ServeParent();
  BackendDenies("sub.example.", RRType::kDS);
  ExpectInsecureCut("sub.example.");
}

TEST_P(ZonesBelow, Rfc4592Section222_NamesBetweenAreEmptyNonTerminals) {
  ServeParent();
  ServeChild("deep.a.b.example.");
  for (const char* name : {"b.example.", "a.b.example.", "deep.a.b.example."}) {
    BackendDenies(name, RRType::kA);
    BackendDenies(name, RRType::kDS);
  }
  ExpectEmptyNonTerminal("b.example.", RRType::kA);
  ExpectEmptyNonTerminal("a.b.example.", RRType::kA);
  ExpectEmptyNonTerminal("a.b.example.", RRType::kDS);
  ExpectInsecureCut("deep.a.b.example.");
  // A name beside them is denied, and nothing more.
  BackendDenies("x.b.example.", RRType::kA);
  EXPECT_EQ(ProofIn(Get(Ask("x.b.example.", RRType::kA).Dnssec()), "x.b.example.", RRType::kA),
            Proof::kNoSuchName);
}

TEST_P(ZonesBelow, AZoneBetweenTakesTheNamesBelowIt) {
  ServeParent();
  ServeChild("low.mid.b.example.");
  ServeChild("mid.b.example.");
  for (const char* name : {"b.example.", "mid.b.example."}) {
    BackendDenies(name, RRType::kA);
    BackendDenies(name, RRType::kDS);
  }
  ExpectEmptyNonTerminal("b.example.", RRType::kA);
  ExpectInsecureCut("mid.b.example.");
  const Reply low = Get(Ask("low.mid.b.example.", RRType::kDS).Dnssec());
  EXPECT_THAT(low.Authority(),
              Contains("low.mid.b.example. 5 IN NSEC low\\000.mid.b.example. NS RRSIG NSEC"));
}

// What the source has at the apex below is no answer about DS: neither an alias nor addresses.
TEST_P(ZonesBelow, WhateverStandsThereItIsACut) {
  ServeParent();
  for (const char* apex : {"alias.example.", "www.example.", "any.wild.example."}) {
    ServeChild(apex);
    Backend(apex, RRType::kDS,
            BackendSays().Answer(std::string(apex) + " 60 IN CNAME www.elsewhere.org."));
    ExpectInsecureCut(apex);
  }
}

TEST_P(ZonesBelow, Rfc4035Section3141_TheDsThatTheSourceHasIsGiven) {
  ServeParent();
  ServeChild("keyed.example.");
  Backend("keyed.example.", RRType::kDS,
          BackendSays().Answer("keyed.example. 60 IN DS 12345 13 2 "
                               "E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766"));
  const Reply reply = Get(Ask("keyed.example.", RRType::kDS).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(1));
  EXPECT_TRUE(Believed(reply));
}

TEST_P(ZonesBelow, BelowACutOfTheSourceTheReferralStays) {
  ServeParent();
  ServeChild("low.cut.example.");
  const BackendSays referral =
      BackendSays().NotAuthoritative().Authority("cut.example. 60 IN NS ns.outside.org.");
  Backend("low.cut.example.", RRType::kDS, referral);
  Backend("cut.example.", RRType::kDS, BackendSays().Authority(kSoa));
  const Reply reply = Get(Ask("low.cut.example.", RRType::kDS).Dnssec());
  EXPECT_FALSE(reply.aa());
  EXPECT_THAT(reply.Authority(), SizeIs(2));
  EXPECT_TRUE(Believed(reply));
}

class ZonesBelowOnce : public PipelineFixture {
 protected:
  void ServeChild(const std::string& apex) { Serve(LocalZoneOf(apex, kChild)); }
};

// A source that may have a DS and cannot be asked must not be contradicted.
TEST_F(ZonesBelowOnce, ABackendThatFailsDeniesNoDs) {
  Serve(ForwardZoneOf("example."));
  ServeChild("sub.example.");
  Backend("sub.example.", RRType::kDS, BackendSays().Rcode(Rcode::kRefused));
  EXPECT_EQ(Get(Ask("sub.example.", RRType::kDS).Dnssec()).rcode(), 2);
}

TEST_F(ZonesBelowOnce, ADenialInTheCacheEndsWhenAZoneComesBelowIt) {
  Serve(LocalZoneOf("example.", kParent));
  const Ask ds = Ask("sub.b.example.", RRType::kDS).Dnssec();
  const Ask between = Ask("b.example.", RRType::kA).Dnssec();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(ProofIn(Get(ds), "sub.b.example.", RRType::kDS), Proof::kNoSuchName);
    EXPECT_EQ(ProofIn(Get(between), "b.example.", RRType::kA), Proof::kNoSuchName);
  }
  ServeChild("sub.b.example.");
  EXPECT_EQ(ProofIn(Get(ds), "sub.b.example.", RRType::kDS), Proof::kUnsignedCut);
  EXPECT_EQ(ProofIn(Get(between), "b.example.", RRType::kA), Proof::kNoSuchType);
  for (int i = 0; i < 3; ++i) Get(between);
  zones_ = ZoneTable::With(*zones_, {}, {N("sub.b.example.")});
  pipeline_.UseZones(zones_);
  EXPECT_EQ(ProofIn(Get(between), "b.example.", RRType::kA), Proof::kNoSuchName);
}

// Toggling a zone below is no change to the zone above: its answers stay in the cache.
TEST(ZonesBelowTable, OnlyComingAndGoingMarksTheZoneAbove) {
  const auto zone = [](const std::string& apex) {
    auto made = std::make_shared<Zone>();
    made->apex = N(apex);
    made->id = NextZoneId();
    return made;
  };
  auto table = ZoneTable::With(ZoneTable(), {zone("example."), zone("other.")});
  EXPECT_EQ(table->FindApex(N("example."))->zones_below, 0u);
  const std::uint64_t other = table->FindApex(N("other."))->version();
  table = ZoneTable::With(*table, {zone("a.b.example.")});
  const std::uint32_t first = table->FindApex(N("example."))->zones_below;
  EXPECT_NE(first, 0u);
  table = ZoneTable::With(*table, {zone("a.b.example.")});
  EXPECT_EQ(table->FindApex(N("example."))->zones_below, first);
  table = ZoneTable::With(*table, {zone("b.b.example.")});
  const std::uint32_t second = table->FindApex(N("example."))->zones_below;
  EXPECT_NE(second, first);
  // A new snapshot of the zone above knows of the zones below.
  table = ZoneTable::With(*table, {zone("example.")});
  EXPECT_NE(table->FindApex(N("example."))->zones_below, 0u);
  table = ZoneTable::With(*table, {}, {N("a.b.example."), N("b.b.example.")});
  EXPECT_EQ(table->FindApex(N("example."))->zones_below, 0u);
  EXPECT_EQ(table->FindApex(N("other."))->version(), other);
}

TEST(ZoneAncestors, CountsComingsAndGoings) {
  constexpr std::uint64_t kSeed = 7;
  const auto has = [](const ZoneAncestors& set, const std::string& name) {
    const dns::Name spelled = N(name);
    return set.Contains(NameHashes(spelled, kSeed));
  };
  ZoneAncestors set;
  EXPECT_FALSE(has(set, "example."));
  const ZoneAncestors::Change come[] = {{N("A.b.Example."), 1}, {N("c.b.example."), 1}};
  set.Apply(come, kSeed);
  const ZoneAncestors before = set;
  for (const char* name : {"example.", "B.EXAMPLE."}) EXPECT_TRUE(has(set, name)) << name;
  for (const char* name : {"a.b.example.", "x.example.", ".", "other."}) {
    EXPECT_FALSE(has(set, name)) << name;
  }
  const ZoneAncestors::Change one[] = {{N("a.b.example."), -1}};
  set.Apply(one, kSeed);
  EXPECT_TRUE(has(set, "b.example."));
  const ZoneAncestors::Change rest[] = {{N("c.b.example."), -1}, {N("example."), 1}};
  set.Apply(rest, kSeed);
  EXPECT_FALSE(has(set, "b.example."));
  EXPECT_FALSE(has(set, "example."));
  EXPECT_TRUE(has(before, "b.example."));
}

}  // namespace
}  // namespace sealwire::proxy::testing
