// SOA records that are copied into denials: as good as those written anew, and never the wrong
// ones.
#include "proxy/soa_stencil.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;
using ::testing::Contains;

// Names of the SOA that point into the question, to one another, and nowhere.
constexpr char kInside[] =
    "@ 3600 IN SOA ns hostmaster 7 3600 600 604800 120\n@ 3600 IN NS ns\nns IN A 192.0.2.1\n";
constexpr char kOutside[] =
    "@ 3600 IN SOA ns.dns.example.net. hostmaster.dns.example.net. 7 3600 600 604800 120\n"
    "@ 3600 IN NS ns.dns.example.net.\n";
constexpr char kApart[] =
    "@ 3600 IN SOA ns.one.net. hostmaster.two.org. 7 3600 600 604800 120\n"
    "@ 3600 IN NS ns.one.net.\n";

class SoaStencilsInAnswers : public PipelineFixture,
                             public ::testing::WithParamInterface<const char*> {
 protected:
  SoaStencilsInAnswers() {
    Serve(LocalZoneOf("stencil.example.", std::string("$TTL 300\n") + GetParam()));
  }
  Reply Missing(const std::string& name) {
    return Get(Ask(name + ".stencil.example.", RRType::kA).Dnssec());
  }
  // What stands behind header and question, but for the NSEC and what it is signed with.
  static Packet SoaOf(const Reply& reply, std::size_t name_size) {
    const std::size_t begin = 12 + name_size + 4;
    const auto& wire = reply.wire();
    return {wire.begin() + static_cast<std::ptrdiff_t>(begin),
            wire.begin() + static_cast<std::ptrdiff_t>(begin + 100)};
  }
};

// Names of one length, so that pointers are the same: the first answers are written record by
// record, those from the third on are copied.
TEST_P(SoaStencilsInAnswers, HaveTheOctetsThatWouldHaveBeenWritten) {
  const std::size_t name_size = N("aa.stencil.example.").size();
  const Packet written = SoaOf(Missing("aa"), name_size);
  for (const char* name : {"bb", "cc", "dd"}) {
    const Reply reply = Missing(name);
    EXPECT_TRUE(Believed(reply)) << name;
    EXPECT_EQ(SoaOf(reply, name_size), written) << name;
  }
}

TEST_P(SoaStencilsInAnswers, PointToTheApexWhereverItStands) {
  const auto soa = Missing("first").Authority();
  for (const char* name : {"second", "third", "a", "a.b.c", "a-much-longer-name.below.another"}) {
    const Reply reply = Missing(name);
    EXPECT_TRUE(Believed(reply)) << name;
    EXPECT_THAT(reply.Authority(), Contains(soa.front())) << name;
    EXPECT_EQ(reply.Rrsigs(), 2u) << name;
  }
}

// Names are compressed against identical octets only: another spelling is written as it always was.
TEST_P(SoaStencilsInAnswers, AreForTheSpellingTheyWereCutWith) {
  for (const char* name : {"one", "two", "three"}) (void)Missing(name);
  const Reply reply = Get(Ask("four.sTenCil.Example.", RRType::kA).Dnssec());
  EXPECT_TRUE(Believed(reply));
  EXPECT_EQ(reply.Rrsigs(), 2u);
  EXPECT_TRUE(Believed(Missing("five")));
}

TEST_P(SoaStencilsInAnswers, GiveWayToTheNextWindow) {
  for (const char* name : {"one", "two", "three"}) (void)Missing(name);
  // Three quarters of the validity later the signature of then would soon be none.
  for (std::uint32_t days = 1; days <= 6; ++days) {
    MoveTo(kNow + days * 86400);
    EXPECT_TRUE(Believed(Missing("day" + std::to_string(days)))) << days;
  }
}

TEST_P(SoaStencilsInAnswers, GiveWayToTheNextVersionOfTheZone) {
  for (const char* name : {"one", "two", "three"}) (void)Missing(name);
  Serve(LocalZoneOf("stencil.example.",
                    "$TTL 300\n@ 3600 IN SOA ns other 8 3600 600 604800 60\n@ IN NS ns\nns IN A "
                    "192.0.2.1\n"));
  const Reply reply = Missing("four");
  EXPECT_TRUE(Believed(reply));
  EXPECT_THAT(reply.Authority(), Contains("stencil.example. 60 IN SOA ns.stencil.example. "
                                          "other.stencil.example. 8 3600 600 604800 60"));
}

TEST_P(SoaStencilsInAnswers, Rfc2181Section9_AreNotCutInTwo) {
  for (const char* name : {"one", "two", "three"}) (void)Missing(name);
  Ask ask("four.stencil.example.", RRType::kA);
  const Reply reply = Get(ask.Dnssec(512));
  EXPECT_FALSE(reply.tc());
  const std::string longest(60, 'x');
  const Reply cut = Get(
      Ask(longest + "." + longest + "." + longest + ".stencil.example.", RRType::kA).Dnssec(512));
  EXPECT_TRUE(cut.parsed());
  EXPECT_TRUE(cut.tc());
}

INSTANTIATE_TEST_SUITE_P(Zones, SoaStencilsInAnswers, ::testing::Values(kInside, kOutside, kApart));

// By itself: a zone has a stencil from the second time on.
TEST(SoaStencils, AreCutOnSecondSight) {
  const auto zone = LocalZoneOf("example.", std::string("$TTL 300\n") + kInside);
  zone->keys = MakeKeys("example.", 1'790'000'000);
  const Packet packet = Ask("nowhere.example.", RRType::kA).Dnssec().Bytes();
  Query query;
  ASSERT_EQ(query.Parse(packet), QueryError::kNone);
  AnswerItem item;
  item.section = dns::Section::kAuthority;
  item.rrset = zone->local->soa();
  item.ttl = 120;
  item.signed_by = zone.get();
  ASSERT_TRUE(SoaStencils::Concerns(item));

  SoaStencils stencils;
  SoaStencils::Stencil found;
  const std::vector<std::uint8_t> rrsig(100, 1);
  EXPECT_FALSE(stencils.Find(item, query, 1000, found));
  stencils.Keep(item, rrsig, 1000, 5000);
  EXPECT_FALSE(stencils.Find(item, query, 1000, found));
  stencils.Keep(item, rrsig, 1000, 5000);
  ASSERT_TRUE(stencils.Find(item, query, 1000, found));
  EXPECT_EQ(found.until_ms, 5000u);
  EXPECT_EQ(found.records.records, 2u);

  EXPECT_TRUE(stencils.Find(item, query, 4999, found));
  EXPECT_FALSE(stencils.Find(item, query, 5000, found)) << "its window has ended";
  EXPECT_FALSE(stencils.Find(item, query, 999, found)) << "the clock went back";
  item.ttl = 60;
  EXPECT_FALSE(stencils.Find(item, query, 1000, found)) << "another TTL";
}

TEST(SoaStencils, AreForSignedSoaOfZonesHeldWhole) {
  const auto zone = LocalZoneOf("example.", std::string("$TTL 300\n") + kInside);
  AnswerItem item;
  item.section = dns::Section::kAuthority;
  item.rrset = zone->local->soa();
  item.signed_by = zone.get();
  EXPECT_FALSE(SoaStencils::Concerns(item)) << "no keys";
  zone->keys = MakeKeys("example.", 1'790'000'000);
  EXPECT_TRUE(SoaStencils::Concerns(item));
  item.section = dns::Section::kAnswer;
  EXPECT_FALSE(SoaStencils::Concerns(item)) << "asked for, not in a denial";
  item.section = dns::Section::kAuthority;
  const auto asked = std::make_shared<Zone>();
  asked->keys = zone->keys;
  item.signed_by = asked.get();
  EXPECT_FALSE(SoaStencils::Concerns(item)) << "a backend's";
}

}  // namespace
}  // namespace sealwire::proxy::testing
