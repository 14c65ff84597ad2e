#include "proxy/zone.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace sealwire::proxy {
namespace {

dns::Name N(const std::string& text) {
  return dns::Name::FromText(text).value();
}

std::shared_ptr<const Zone> MakeZone(const std::string& apex, std::uint64_t id = 1) {
  auto zone = std::make_shared<Zone>();
  zone->apex = N(apex);
  zone->id = id;
  return zone;
}

std::shared_ptr<const ZoneTable> TableOf(const std::vector<std::string>& apexes) {
  std::vector<std::shared_ptr<const Zone>> zones;
  for (const auto& apex : apexes) zones.push_back(MakeZone(apex));
  return ZoneTable::With(ZoneTable(), zones);
}

std::string ApexOf(const Zone* zone) {
  return zone == nullptr ? "none" : zone->apex.ToText();
}

TEST(ZoneTable, Rfc1034Section432_NearestAncestorZoneAnswers) {
  const auto table = TableOf({"example.", "sub.example.", "a.b.sub.example."});
  EXPECT_EQ(ApexOf(table->Find(N("www.example."))), "example.");
  EXPECT_EQ(ApexOf(table->Find(N("www.sub.example."))), "sub.example.");
  EXPECT_EQ(ApexOf(table->Find(N("b.sub.example."))), "sub.example.");
  EXPECT_EQ(ApexOf(table->Find(N("x.y.a.b.sub.example."))), "a.b.sub.example.");
  EXPECT_EQ(ApexOf(table->Find(N("example."))), "example.");
  EXPECT_EQ(ApexOf(table->Find(N("example.org."))), "none");
  EXPECT_EQ(ApexOf(table->Find(N("."))), "none");
}

TEST(ZoneTable, Rfc4343_LetterCaseDoesNotMatter) {
  const auto table = TableOf({"ExAmPlE."});
  EXPECT_EQ(ApexOf(table->Find(N("WWW.eXaMpLe."))), "ExAmPlE.");
  EXPECT_NE(table->FindApex(N("EXAMPLE.")), nullptr);
}

TEST(ZoneTable, LabelBoundariesAreNoPartOfNames) {
  const auto table = TableOf({"ample."});
  EXPECT_EQ(table->Find(N("example.")), nullptr);
  EXPECT_EQ(table->Find(N("ex\\.ample.")), nullptr);
}

TEST(ZoneTable, Rfc4035Section3141_DsIsFoundOnTheParentSide) {
  const auto table = TableOf({"example.", "sub.example."});
  EXPECT_EQ(ApexOf(table->Find(N("sub.example."), true)), "example.");
  EXPECT_EQ(ApexOf(table->Find(N("www.sub.example."), true)), "sub.example.");
  // Without the parent here the zone itself is all there is to ask.
  EXPECT_EQ(ApexOf(table->Find(N("example."), true)), "example.");
}

TEST(ZoneTable, TheRootMayBeAZone) {
  const auto table = TableOf({".", "example."});
  EXPECT_EQ(ApexOf(table->Find(N("www.org."))), ".");
  EXPECT_EQ(ApexOf(table->Find(N("example."), true)), ".");
  EXPECT_EQ(ApexOf(table->Find(N("."))), ".");
}

TEST(ZoneTable, OldTablesStayAsTheyWere) {
  const auto before = TableOf({"example.", "example.org."});
  const auto after = ZoneTable::With(*before, {MakeZone("example.", 2), MakeZone("new.example.")},
                                     {N("example.org.")});
  EXPECT_EQ(before->size(), 2u);
  EXPECT_EQ(before->FindApex(N("example."))->id, 1u);
  EXPECT_EQ(ApexOf(before->Find(N("new.example."))), "example.");
  EXPECT_EQ(after->size(), 2u);
  EXPECT_EQ(after->FindApex(N("example."))->id, 2u);
  EXPECT_EQ(ApexOf(after->Find(N("new.example."))), "new.example.");
  EXPECT_EQ(after->FindApex(N("example.org.")), nullptr);
}

TEST(ZoneTable, TheLastOfTwoChangesToOneZoneCounts) {
  const auto table = ZoneTable::With(
      ZoneTable(), {MakeZone("example.", 1), MakeZone("example.", 2)}, {N("example.")});
  EXPECT_EQ(table->size(), 1u);
  EXPECT_EQ(table->FindApex(N("example."))->id, 2u);
}

TEST(ZoneTable, AgreesWithAPlainMapOverRandomChanges) {
  std::mt19937 random(7);
  std::map<std::string, std::uint64_t> plain;
  auto table = std::make_shared<const ZoneTable>();
  const auto name = [&] {
    std::string text;
    for (unsigned depth = 1 + random() % 4; depth > 0; --depth) {
      text += std::string(1, static_cast<char>('a' + random() % 6)) + ".";
    }
    return text;
  };
  for (std::uint64_t round = 1; round <= 400; ++round) {
    const std::string put = name();
    const std::string gone = name();
    table = ZoneTable::With(*table, {MakeZone(put, round)}, {N(gone)});
    plain.erase(gone);
    plain[put] = round;
    ASSERT_EQ(table->size(), plain.size());
    for (int i = 0; i < 20; ++i) {
      const std::string asked = name();
      std::string suffix = asked;
      while (!suffix.empty() && plain.count(suffix) == 0) suffix.erase(0, 2);
      const Zone* found = table->Find(N(asked));
      ASSERT_EQ(found == nullptr ? 0 : found->id, suffix.empty() ? 0 : plain[suffix]) << asked;
    }
  }
}

}  // namespace
}  // namespace sealwire::proxy
