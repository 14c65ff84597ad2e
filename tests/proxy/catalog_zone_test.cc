#include "proxy/catalog_zone.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/zone_file.h"

namespace sealwire::proxy {
namespace {

Result<std::vector<CatalogMember>> Read(const std::string& records) {
  const dns::Name apex = *dns::Name::FromText("cat.example");
  const auto zone =
      ParseZoneText("$TTL 60\n@ SOA . . 1 60 60 60 60\n@ NS invalid.\n" + records, apex, "test");
  EXPECT_TRUE(zone.ok()) << zone.error();
  return ReadCatalog(**zone);
}

TEST(CatalogZone, Rfc9432Section4_1_MembersStandBelowZones) {
  const auto members = Read(
      "version TXT \"2\"\na.zones PTR Two.example.\nb.zones PTR one.example.\n"
      "group.a.zones TXT \"calm\"\ncoo.b.zones PTR other.example.\n"
      "deep.a.zones PTR three.example.\nelse PTR four.example.\n");
  ASSERT_TRUE(members.ok()) << members.error();
  ASSERT_EQ(members->size(), 2u);
  EXPECT_EQ((*members)[0].zone.ToText(), "one.example.");
  EXPECT_EQ((*members)[0].new_owner->ToText(), "other.example.");
  EXPECT_EQ((*members)[1].zone.ToText(), "two.example.");
  EXPECT_EQ((*members)[1].group, "calm");
  EXPECT_FALSE((*members)[1].new_owner);
}

TEST(CatalogZone, AnEmptyCatalogIsACatalog) {
  const auto members = Read("version TXT \"2\"\n");
  ASSERT_TRUE(members.ok());
  EXPECT_TRUE(members->empty());
}

TEST(CatalogZone, Rfc9432Section5_1_ABrokenCatalogHasNoMembers) {
  for (const char* broken : {
           "a.zones PTR one.example.\n",                                          // no version
           "version TXT \"1\"\n",                                                 // not ours
           "version TXT \"2\"\nversion TXT \"1\"\n",                              // two of them
           "version TXT \"2\" \"2\"\n",                                           // two strings
           "version TXT \"2\"\na.zones PTR x.\na.zones PTR y.\n",                 // two names
           "version TXT \"2\"\na.zones PTR x.example.\nb.zones PTR X.example.\n"  // named twice
       }) {
    EXPECT_FALSE(Read(broken).ok()) << broken;
  }
}

}  // namespace
}  // namespace sealwire::proxy
