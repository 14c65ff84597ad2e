#include "proxy/local_zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "proxy/local_zone_builder.h"
#include "proxy/owner_order_key.h"

namespace sealwire::proxy {
namespace {

using dns::Name;
using dns::RRType;
using Match = LocalZone::Match;
using Octets = std::vector<std::uint8_t>;

Name N(std::string_view text) {
  auto name = Name::FromText(text);
  EXPECT_TRUE(name.ok()) << text;
  return name.ok() ? *name : Name();
}

Octets NameRdata(std::string_view text) {
  const Name name = N(text);
  return {name.wire().begin(), name.wire().end()};
}

Octets Soa(std::uint8_t serial) {
  Octets rdata = NameRdata("ns.example.");
  const Octets mailbox = NameRdata("hostmaster.example.");
  rdata.insert(rdata.end(), mailbox.begin(), mailbox.end());
  rdata.insert(rdata.end(), {0, 0, 0, serial, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5});
  return rdata;
}

struct Line {
  const char* owner;
  RRType type;
  Octets rdata;
  std::uint32_t ttl = 300;
};

const Octets kAddress = {192, 0, 2, 1};

// "example." with a SOA and an NS record, and `lines`.
Result<std::shared_ptr<const LocalZone>> Build(const std::vector<Line>& lines) {
  LocalZoneBuilder builder(N("example."), 42);
  std::vector<Line> all = lines;
  all.push_back({"example.", RRType::kSOA, Soa(7)});
  all.push_back({"example.", RRType::kNS, NameRdata("ns.example.")});
  std::uint32_t number = 0;
  for (const Line& line : all) {
    if (const Status s = builder.Add(N(line.owner), line.type, line.ttl, line.rdata, ++number);
        !s) {
      return Error{s.error()};
    }
  }
  return builder.Build();
}

std::shared_ptr<const LocalZone> Zone(const std::vector<Line>& lines) {
  auto zone = Build(lines);
  EXPECT_TRUE(zone.ok()) << (zone.ok() ? "" : zone.error());
  return zone.ok() ? *zone : nullptr;
}

std::string ErrorOf(const std::vector<Line>& lines) {
  const auto zone = Build(lines);
  return zone.ok() ? "accepted" : zone.error();
}

// "kind node encloser" in words.
std::string Find(const LocalZone& zone, std::string_view qname) {
  static constexpr const char* kKinds[] = {"node", "ent", "wildcard", "cut", "dname", "none"};
  const LocalZone::Found found = zone.Find(N(qname));
  std::string text = kKinds[static_cast<int>(found.match)];
  if (found.node != nullptr) text += " " + found.node->owner().ToText();
  if (found.closest_encloser != nullptr) text += " ce " + found.closest_encloser->owner().ToText();
  return text;
}

TEST(LocalZoneFind, Rfc1034Section432_ExactNamesWithoutRegardToCase) {
  const auto zone = Zone({{"WWW.example.", RRType::kA, kAddress}});
  EXPECT_EQ(Find(*zone, "www.EXAMPLE."), "node WWW.example.");
  EXPECT_EQ(Find(*zone, "example."), "node example.");
  EXPECT_EQ(Find(*zone, "nx.example."), "none ce example.");
  EXPECT_EQ(Find(*zone, "a.b.www.example."), "none ce WWW.example.");
  EXPECT_EQ(zone->serial(), 7u);
}

TEST(LocalZoneFind, Rfc4592Section222_EmptyNonTerminalsExist) {
  const auto zone = Zone({{"a.b.c.example.", RRType::kA, kAddress}});
  EXPECT_EQ(Find(*zone, "b.c.example."), "ent b.c.example.");
  EXPECT_EQ(Find(*zone, "c.example."), "ent c.example.");
  EXPECT_EQ(Find(*zone, "x.c.example."), "none ce c.example.");
  EXPECT_EQ(zone->node_count(), 4u);
}

TEST(LocalZoneFind, Rfc4592Section221_TheExampleZone) {
  const auto zone = Zone({{"*.example.", RRType::kTXT, {1, 'w'}},
                          {"*.example.", RRType::kMX, Octets{0, 10, 1, 'h', 0}},
                          {"sub.*.example.", RRType::kTXT, {1, 's'}},
                          {"host1.example.", RRType::kA, kAddress},
                          {"_ssh._tcp.host1.example.", RRType::kSRV, Octets{0, 0, 0, 0, 0, 22, 0}},
                          {"_ssh._tcp.host2.example.", RRType::kSRV, Octets{0, 0, 0, 0, 0, 22, 0}},
                          {"subdel.example.", RRType::kNS, NameRdata("ns.example.com.")}});
  EXPECT_EQ(Find(*zone, "host3.example."), "wildcard *.example. ce example.");
  EXPECT_EQ(Find(*zone, "foo.bar.example."), "wildcard *.example. ce example.");
  EXPECT_EQ(Find(*zone, "host1.example."), "node host1.example.");
  EXPECT_EQ(Find(*zone, "sub.*.example."), "node sub.*.example.");
  EXPECT_EQ(Find(*zone, "_telnet._tcp.host1.example."), "none ce _tcp.host1.example.");
  EXPECT_EQ(Find(*zone, "host.subdel.example."), "cut subdel.example.");
  EXPECT_EQ(Find(*zone, "ghost.*.example."), "none ce *.example.");
  EXPECT_EQ(Find(*zone, "_tcp.host2.example."), "ent _tcp.host2.example.");
}

TEST(LocalZoneFind, Rfc4592Section42_WildcardWithoutDataIsASourceStill) {
  const auto zone = Zone({{"x.*.example.", RRType::kA, kAddress}});
  const auto found = zone->Find(N("q.example."));
  EXPECT_EQ(found.match, Match::kWildcard);
  EXPECT_TRUE(found.node->IsEmptyNonTerminal());
}

TEST(LocalZoneFind, Rfc2181Section6_NamesAtAndBelowACutAreDelegated) {
  const auto zone = Zone({{"sub.example.", RRType::kNS, NameRdata("ns.sub.example.")},
                          {"sub.example.", RRType::kDS, Octets(36, 1)},
                          {"sub.example.", RRType::kA, kAddress},
                          {"ns.sub.example.", RRType::kA, kAddress},
                          {"deep.sub.example.", RRType::kNS, NameRdata("ns.deep.sub.example.")},
                          {"ns.deep.sub.example.", RRType::kA, kAddress}});
  for (const char* name :
       {"sub.example.", "ns.sub.example.", "nx.sub.example.", "deep.sub.example.",
        "ns.deep.sub.example.", "x.y.ns.deep.sub.example."}) {
    EXPECT_EQ(Find(*zone, name), "cut sub.example.") << name;
  }
  // Glue is there for whoever asks by name.
  ASSERT_NE(zone->Exact(N("ns.sub.example.")), nullptr);
  EXPECT_TRUE(zone->Exact(N("ns.sub.example."))->IsOccluded());
  EXPECT_EQ(zone->Exact(N("nx.sub.example.")), nullptr);
}

TEST(LocalZoneFind, Rfc4035Section23_BitmapAtACutIsNsAndDs) {
  const auto zone = Zone({{"sub.example.", RRType::kNS, NameRdata("ns.sub.example.")},
                          {"sub.example.", RRType::kDS, Octets(36, 1)},
                          {"sub.example.", RRType::kA, kAddress}});
  const dns::TypeBitmap types = zone->Exact(N("sub.example."))->types();
  EXPECT_EQ(types.size(), 2u);
  EXPECT_TRUE(types.Has(RRType::kNS) && types.Has(RRType::kDS));
  EXPECT_EQ(zone->apex().types().size(), 2u);
}

TEST(LocalZoneFind, Rfc6672Section32_DnameRedirectsWhatIsBelowAndNotItself) {
  const auto zone = Zone({{"old.example.", RRType::kDNAME, NameRdata("new.example.")},
                          {"old.example.", RRType::kTXT, {1, 't'}},
                          {"a.b.old.example.", RRType::kA, kAddress}});
  EXPECT_EQ(Find(*zone, "old.example."), "node old.example.");
  EXPECT_EQ(Find(*zone, "x.old.example."), "dname old.example.");
  EXPECT_EQ(Find(*zone, "a.b.old.example."), "dname old.example.");
  EXPECT_EQ(Find(*zone, "b.old.example."), "dname old.example.");
}

TEST(LocalZoneFind, Rfc6672Section23_DnameAtTheApexStandsBesideNs) {
  const auto zone = Zone({{"example.", RRType::kDNAME, NameRdata("example.net.")}});
  EXPECT_EQ(Find(*zone, "example."), "node example.");
  EXPECT_EQ(Find(*zone, "a.example."), "dname example.");
}

TEST(LocalZoneFind, BisectionFindsTheClosestEncloserAtEveryDepth) {
  std::string name = "example.";
  for (int i = 0; i < 100; ++i) name = "x." + name;
  const auto zone = Zone({{name.c_str(), RRType::kA, kAddress}});
  EXPECT_EQ(zone->node_count(), 101u);
  for (int depth = 0; depth <= 100; ++depth) {
    const Name encloser(N(name).view().Suffix(depth + 1));
    std::string qname = "y." + encloser.ToText();
    for (int i = 0; i < 15; ++i) qname = "x." + qname;
    const auto found = zone->Find(N(qname));
    EXPECT_EQ(found.match, Match::kNone);
    ASSERT_NE(found.closest_encloser, nullptr);
    EXPECT_EQ(found.closest_encloser->owner(), encloser) << depth;
  }
}

TEST(LocalZoneNodes, Rfc4034Section61_NodesComeInCanonicalOrder) {
  const char* owners[] = {"example.",         "a.example.",      "yljkjljk.a.example.",
                          "Z.a.example.",     "zABC.a.EXAMPLE.", "z.example.",
                          "\\001.z.example.", "*.z.example.",    "\\200.z.example."};
  std::vector<Line> lines;
  for (const char* owner : owners) lines.push_back({owner, RRType::kTXT, {1, 't'}});
  std::shuffle(lines.begin(), lines.end(), std::mt19937(1));
  const auto zone = Zone(lines);
  std::size_t at = 0;
  zone->ForEachNode([&](const LocalZone::Node& node) { EXPECT_EQ(node.owner(), N(owners[at++])); });
  EXPECT_EQ(at, std::size(owners));
}

TEST(LocalZoneNodes, OrderKeysSortLikeNames) {
  std::mt19937 random(7);
  const Name apex = N("example.");
  const char* labels[] = {"a",     "A",     "ab", "a\\000", "a\\001", "\\000",
                          "\\001", "\\002", "*",  "\\255",  "b"};
  const auto any_name = [&] {
    std::string text = "example.";
    for (unsigned depth = random() % 4; depth > 0; --depth) {
      text = std::string(labels[random() % std::size(labels)]) + "." + text;
    }
    return N(text);
  };
  for (int i = 0; i < 20000; ++i) {
    const Name a = any_name();
    const Name b = any_name();
    Octets x;
    Octets y;
    AppendOwnerOrderKey(a, apex, x);
    AppendOwnerOrderKey(b, apex, y);
    ASSERT_EQ(x < y, CanonicalCompare(a, b) < 0) << a.ToText() << " " << b.ToText();
    ASSERT_EQ(x == y, a == b);
  }
}

TEST(LocalZoneBuilding, Rfc2181Section52_DifferentTtlsBecomeTheLeast) {
  const auto zone = Zone({{"a.example.", RRType::kA, {1, 1, 1, 1}, 600},
                          {"a.example.", RRType::kA, {2, 2, 2, 2}, 60},
                          {"a.example.", RRType::kTXT, {1, 't'}, 900}});
  const auto* node = zone->Exact(N("a.example."));
  EXPECT_EQ(node->Find(RRType::kA)->ttl, 60u);
  EXPECT_EQ(node->Find(RRType::kTXT)->ttl, 900u);
  EXPECT_FALSE(node->Find(RRType::kAAAA));
}

TEST(LocalZoneBuilding, Rfc2181Section8_TtlWithTheTopBitIsZero) {
  const auto zone = Zone({{"a.example.", RRType::kA, kAddress, 0x80000000}});
  EXPECT_EQ(zone->Exact(N("a.example."))->Find(RRType::kA)->ttl, 0u);
}

TEST(LocalZoneBuilding, Rfc2181Section5_DuplicatesAreDroppedAlsoWhenTheirCaseDiffers) {
  const auto zone = Zone({{"A.example.", RRType::kNS, NameRdata("X.example."), 5},
                          {"a.example.", RRType::kNS, NameRdata("x.example."), 4},
                          {"a.example.", RRType::kTXT, {1, 'T'}},
                          {"a.example.", RRType::kTXT, {1, 't'}}});
  const auto* node = zone->Exact(N("a.example."));
  EXPECT_EQ(node->Find(RRType::kNS)->count, 1);
  EXPECT_EQ(node->Find(RRType::kNS)->ttl, 4u);
  EXPECT_EQ(node->Find(RRType::kTXT)->count, 2);
}

TEST(LocalZoneBuilding, Rfc4034Section63_RecordsAreKeptInCanonicalOrder) {
  const auto zone =
      Zone({{"a.example.", RRType::kA, {9, 0, 0, 1}}, {"a.example.", RRType::kA, {1, 0, 0, 9}}});
  EXPECT_TRUE(
      dns::Equal(zone->Exact(N("a.example."))->Find(RRType::kA)->First(), Octets{1, 0, 0, 9}));
}

TEST(LocalZoneBuilding, RecordsOfAnotherSignerAreLeftOut) {
  LocalZoneBuilder builder(N("example."), 1);
  ASSERT_TRUE(builder.Add(N("example."), RRType::kSOA, 1, Soa(1)).ok());
  ASSERT_TRUE(builder.Add(N("example."), RRType::kNS, 1, NameRdata("ns.example.")).ok());
  Octets nsec = NameRdata("example.");
  ASSERT_TRUE(builder.Add(N("example."), RRType::kNSEC, 1, nsec).ok());
  ASSERT_TRUE(builder.Add(N("0abc.example."), RRType::kNSEC3, 1, Octets{1, 0, 0, 0, 0}).ok());
  const auto zone = builder.Build();
  ASSERT_TRUE(zone.ok());
  EXPECT_EQ(builder.left_out(), 2u);
  EXPECT_EQ((*zone)->node_count(), 1u);
  EXPECT_EQ((*zone)->record_count(), 2u);
}

TEST(LocalZoneRules, Rfc1035Section52_OneSoaAtTheApex) {
  LocalZoneBuilder none(N("example."), 1);
  ASSERT_TRUE(none.Add(N("example."), RRType::kNS, 1, NameRdata("ns.example.")).ok());
  EXPECT_THAT(none.Build().error(), testing::HasSubstr("no SOA"));
  EXPECT_THAT(LocalZoneBuilder(N("example.")).Build().error(), testing::HasSubstr("no SOA"));
  EXPECT_THAT(ErrorOf({{"example.", RRType::kSOA, Soa(8)}}),
              testing::HasSubstr("more than one SOA"));
  EXPECT_THAT(ErrorOf({{"sub.example.", RRType::kSOA, Soa(8)}}),
              testing::HasSubstr("below the apex"));
  EXPECT_EQ(ErrorOf({{"example.", RRType::kSOA, Soa(7)}}), "accepted");  // as at both ends of AXFR
}

TEST(LocalZoneRules, Rfc1034Section421_NsAtTheApex) {
  LocalZoneBuilder builder(N("example."), 1);
  ASSERT_TRUE(builder.Add(N("example."), RRType::kSOA, 1, Soa(1)).ok());
  EXPECT_THAT(builder.Build().error(), testing::HasSubstr("no NS"));
}

TEST(LocalZoneRules, Rfc2181Section101_CnameStandsAlone) {
  const Line cname{"a.example.", RRType::kCNAME, NameRdata("b.example.")};
  EXPECT_EQ(ErrorOf({cname}), "accepted");
  EXPECT_THAT(ErrorOf({cname, {"a.example.", RRType::kA, kAddress}}),
              testing::HasSubstr("beside other data"));
  EXPECT_THAT(ErrorOf({cname, {"a.example.", RRType::kCNAME, NameRdata("c.example.")}}),
              testing::HasSubstr("more than one CNAME"));
  EXPECT_THAT(ErrorOf({{"example.", RRType::kCNAME, NameRdata("b.example.")}}),
              testing::HasSubstr("ALIAS"));
}

TEST(LocalZoneRules, Rfc6672Section24_OneDnameAndNoNsBesideIt) {
  const Line dname{"a.example.", RRType::kDNAME, NameRdata("b.example.")};
  EXPECT_THAT(ErrorOf({dname, {"a.example.", RRType::kDNAME, NameRdata("c.example.")}}),
              testing::HasSubstr("more than one DNAME"));
  EXPECT_THAT(ErrorOf({dname, {"a.example.", RRType::kNS, NameRdata("c.example.")}}),
              testing::HasSubstr("beside NS"));
}

TEST(LocalZoneRules, Rfc4592Section4_WildcardsNeitherDelegateNorRedirect) {
  EXPECT_THAT(ErrorOf({{"*.example.", RRType::kNS, NameRdata("a.")}}),
              testing::HasSubstr("wildcard delegation"));
  EXPECT_THAT(ErrorOf({{"*.example.", RRType::kDNAME, NameRdata("a.")}}),
              testing::HasSubstr("wildcard DNAME"));
}

TEST(LocalZoneRules, RecordsThatAreNoDataOfThisZoneAreRefused) {
  EXPECT_THAT(ErrorOf({{"other.", RRType::kA, kAddress}}), testing::HasSubstr("not in the zone"));
  EXPECT_THAT(ErrorOf({{"a.example.", RRType::kANY, kAddress}}),
              testing::HasSubstr("never is data"));
  EXPECT_THAT(ErrorOf({{"a.example.", RRType::kA, {1, 2, 3}}}), testing::HasSubstr("malformed"));
  EXPECT_THAT(ErrorOf({{"example.", RRType::kDS, Octets(36, 1)}}), testing::HasSubstr("parent's"));
}

TEST(LocalZoneRules, SetsThatFitInNoMessageAreRefused) {
  std::vector<Line> lines;
  for (int i = 0; i < 300; ++i) {
    Octets text(250, static_cast<std::uint8_t>(i));
    text[0] = 249;
    text[1] = static_cast<std::uint8_t>(i >> 8);
    lines.push_back({"a.example.", RRType::kTXT, text});
  }
  EXPECT_THAT(ErrorOf(lines), testing::HasSubstr("fit in a message"));
  lines.resize(200);
  EXPECT_EQ(ErrorOf(lines), "accepted");
}

TEST(LocalZoneRules, MoreTypesThanABitmapHoldsAreRefused) {
  std::vector<Line> lines;
  for (unsigned i = 0; i < 16; ++i) {
    lines.push_back({"a.example.", static_cast<RRType>(256 + 256 * i), {1}});
  }
  EXPECT_THAT(ErrorOf(lines), testing::HasSubstr("types"));
  lines.pop_back();
  for (unsigned i = 0; i < 300; ++i) {
    lines.push_back({"a.example.", static_cast<RRType>(1000 + i), {1}});
  }
  const auto zone = Zone(lines);
  const dns::TypeBitmap types = zone->Exact(N("a.example."))->types();
  for (unsigned i = 0; i < 300; ++i) EXPECT_TRUE(types.Has(RRType(1000 + i)));
}

TEST(LocalZoneRules, ErrorsKnowTheLineOfTheirRecord) {
  LocalZoneBuilder builder(N("example."), 1);
  EXPECT_FALSE(builder.Add(N("other."), RRType::kA, 1, kAddress, 3).ok());
  EXPECT_EQ(builder.error_line(), 3u);
  ASSERT_TRUE(builder.Add(N("example."), RRType::kSOA, 1, Soa(1), 4).ok());
  ASSERT_TRUE(builder.Add(N("example."), RRType::kNS, 1, NameRdata("ns.example."), 5).ok());
  ASSERT_TRUE(builder.Add(N("a.example."), RRType::kA, 1, kAddress, 6).ok());
  ASSERT_TRUE(builder.Add(N("a.example."), RRType::kCNAME, 1, NameRdata("b.example."), 7).ok());
  EXPECT_FALSE(builder.Build().ok());
  EXPECT_EQ(builder.error_line(), 7u);
}

}  // namespace
}  // namespace sealwire::proxy
