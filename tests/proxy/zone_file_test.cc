#include "proxy/zone_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "proxy/zone_file_lines.h"

namespace sealwire::proxy {
namespace {

using dns::RRType;
using testing::HasSubstr;
using testing::StartsWith;

dns::Name N(std::string_view text) {
  auto name = dns::Name::FromText(text);
  EXPECT_TRUE(name.ok()) << text;
  return name.ok() ? *name : dns::Name();
}

constexpr const char* kHead =
    "$TTL 1h\n"
    "@ IN SOA ns hostmaster ( 7 ; serial\n"
    "   3600 900 1209600 300 )\n"
    "  IN NS ns\n";  // lines 1 to 4

std::shared_ptr<const LocalZone> Zone(const std::string& rest) {
  auto zone = ParseZoneText(kHead + rest, N("example."), "zone");
  EXPECT_TRUE(zone.ok()) << (zone.ok() ? "" : zone.error());
  return zone.ok() ? *zone : nullptr;
}

std::string ErrorOf(const std::string& rest) {
  const auto zone = ParseZoneText(kHead + rest, N("example."), "zone");
  return zone.ok() ? "accepted" : zone.error();
}

std::string Rdata(const LocalZone& zone, std::string_view owner, RRType type) {
  const auto* node = zone.Exact(N(owner));
  if (node == nullptr || !node->Has(type)) return "none";
  std::string text;
  for (const std::uint8_t octet : node->Find(type)->First()) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", octet);
    text += hex;
  }
  return text;
}

TEST(ZoneFile, Rfc1035Section51_OwnersOriginsAndContinuations) {
  const auto zone = Zone(
      "ns A 192.0.2.1\n"
      "   TXT \"a;b (c)\" ; comment\n"
      "$ORIGIN sub\n"
      "www A 192.0.2.2\n"
      "$ORIGIN other.example.\n"
      "@ A 192.0.2.3\n"
      "abs.example. A 192.0.2.4\n");
  EXPECT_EQ(zone->serial(), 7u);
  EXPECT_EQ(Rdata(*zone, "ns.example.", RRType::kA), "c0000201");
  EXPECT_EQ(Rdata(*zone, "ns.example.", RRType::kTXT), "07613b6220286329");
  EXPECT_EQ(Rdata(*zone, "www.sub.example.", RRType::kA), "c0000202");
  EXPECT_EQ(Rdata(*zone, "other.example.", RRType::kA), "c0000203");
  EXPECT_EQ(Rdata(*zone, "abs.example.", RRType::kA), "c0000204");
}

TEST(ZoneFile, Rfc2308Section4_TtlDirectiveAppliesToRecordsWithout) {
  const auto zone = Zone("a A 192.0.2.1\nb 60 IN A 192.0.2.1\n$TTL 5\nc A 192.0.2.1\n");
  EXPECT_EQ(zone->Exact(N("a.example."))->Find(RRType::kA)->ttl, 3600u);
  EXPECT_EQ(zone->Exact(N("b.example."))->Find(RRType::kA)->ttl, 60u);
  EXPECT_EQ(zone->Exact(N("c.example."))->Find(RRType::kA)->ttl, 5u);
}

TEST(ZoneFile, Rfc1035Section51_WithoutTtlDirectiveTheLastStatedTtlHolds) {
  const char* soa = "example. 77 IN SOA ns hostmaster 1 2 3 4 5\nexample. NS ns\n";
  const auto zone = ParseZoneText(soa, N("example."), "zone");
  ASSERT_TRUE(zone.ok()) << zone.error();
  EXPECT_EQ((*zone)->apex().Find(RRType::kNS)->ttl, 77u);
  const auto none = ParseZoneText("@ NS ns\n", N("example."), "zone");
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.error(), AllOf(StartsWith("zone:1: "), HasSubstr("$TTL")));
}

TEST(ZoneFile, Rfc3597Section5_UnknownTypesAndKnownTypesInGenericForm) {
  const auto zone = Zone("a TYPE65280 \\# 3 ab cdef\nb TYPE1 \\# 4 C0000201\nc TYPE65280 \\# 0\n");
  EXPECT_EQ(Rdata(*zone, "a.example.", static_cast<RRType>(65280)), "abcdef");
  EXPECT_EQ(Rdata(*zone, "b.example.", RRType::kA), "c0000201");
  EXPECT_EQ(Rdata(*zone, "c.example.", static_cast<RRType>(65280)), "");
}

TEST(ZoneFile, ModernTypesAreRead) {
  const auto zone = Zone(
      "@ CAA 0 issue \"ca.example\"\n"
      "@ HTTPS 1 . alpn=h2\n"
      "_443._tcp TLSA 3 1 1 " +
      std::string(64, 'a') + "\n");
  EXPECT_EQ(Rdata(*zone, "example.", RRType::kCAA),
            "000569737375656361"
            "2e6578616d706c65");
  EXPECT_EQ(Rdata(*zone, "example.", RRType::kHTTPS),
            "000100"
            "00010003"
            "026832");
  EXPECT_EQ(Rdata(*zone, "_443._tcp.example.", RRType::kTLSA).substr(0, 8), "030101aa");
}

TEST(ZoneFile, AliasIsReadLikeCname) {
  const auto zone = Zone("@ IN ALIAS www.cdn.net.\nlb 60 alias x\n");
  EXPECT_EQ(Rdata(*zone, "example.", RRType::kALIAS), "037777770363646e036e657400");
  EXPECT_EQ(Rdata(*zone, "lb.example.", RRType::kALIAS), "0178076578616d706c6500");
}

// RFC 1035 section 5.1: an escaped @ is that character, not the origin; rather refused than
// misread.
TEST(ZoneFile, Rfc1035Section5_1_AnEscapedAtIsNotTheOrigin) {
  for (const char* target : {"\\@", "\\@.x", "\\064"}) {
    EXPECT_THAT(ErrorOf("a CNAME " + std::string(target) + "\n"), HasSubstr("RFC 3597"));
    EXPECT_THAT(ErrorOf("a MX 10 " + std::string(target) + "\n"), HasSubstr("RFC 3597"));
  }
  const auto zone = Zone(
      "c CNAME @\n\\@.y CNAME @\n\\@ TXT \\@ \"\\@\"\nd CNAME x.\\@\n"
      "e TYPE5 \\# 11 0140076578616d706c6500\n");
  EXPECT_EQ(Rdata(*zone, "c.example.", RRType::kCNAME), "076578616d706c6500");
  EXPECT_EQ(Rdata(*zone, "\\@.y.example.", RRType::kCNAME), "076578616d706c6500");
  EXPECT_EQ(Rdata(*zone, "\\@.example.", RRType::kTXT), "01400140");
  EXPECT_EQ(Rdata(*zone, "d.example.", RRType::kCNAME), "01780140076578616d706c6500");
  EXPECT_EQ(Rdata(*zone, "e.example.", RRType::kCNAME), "0140076578616d706c6500");
}

TEST(ZoneFile, NamesKeepTheirCase) {
  const auto zone = Zone("WwW NS NS.Other.\n");
  EXPECT_TRUE(
      dns::NameView::IdenticalCase(zone->Exact(N("www.example."))->owner(), N("WwW.example.")));
  EXPECT_EQ(Rdata(*zone, "www.example.", RRType::kNS), "024e53054f7468657200");
}

TEST(ZoneFile, ErrorsGiveFileLineAndWhatToDo) {
  EXPECT_THAT(ErrorOf("\n; comment\na A 192.0.2.300\n"), StartsWith("zone:7: "));
  EXPECT_THAT(ErrorOf("a A (\n192.0.2.1\n"),
              AllOf(StartsWith("zone:5: "), HasSubstr("not closed")));
  EXPECT_THAT(ErrorOf("a A )\n"), HasSubstr("not opened"));
  EXPECT_THAT(ErrorOf("a TXT \"abc\n\"\n"), AllOf(StartsWith("zone:5: "), HasSubstr("quoted")));
  EXPECT_THAT(ErrorOf("a NOSUCHTYPE x\n"), AllOf(StartsWith("zone:5: "), HasSubstr("RFC 3597")));
  EXPECT_THAT(ErrorOf("$INCLUDE other\n"), AllOf(StartsWith("zone:5: "), HasSubstr("$INCLUDE")));
  EXPECT_THAT(ErrorOf("$GENERATE 1-2 a A 1.1.1.1\n"), HasSubstr("no directive"));
  EXPECT_THAT(ErrorOf("$TTL soon\n"), HasSubstr("no time"));
  EXPECT_THAT(ErrorOf("a CH TXT x\n"), HasSubstr("class"));
  EXPECT_THAT(ErrorOf("other.net. A 192.0.2.1\n"),
              AllOf(StartsWith("zone:5: "), HasSubstr("not in the zone")));
  EXPECT_THAT(ErrorOf("a A 192.0.2.1\na CNAME b\n"),
              AllOf(StartsWith("zone:6: "), HasSubstr("CNAME")));
  EXPECT_THAT(ErrorOf("@ SOA ns hostmaster 8 2 3 4 5\n"),
              AllOf(StartsWith("zone:5: "), HasSubstr("more than one SOA")));
  EXPECT_THAT(ErrorOf(std::string(64, 'a') + " A 192.0.2.1\n"), StartsWith("zone:5: "));
  EXPECT_THAT(ErrorOf(std::string("a A 192.0.2.1\0\n", 15)), HasSubstr("NUL"));
}

TEST(ZoneFile, TextWithoutRecordsHasNoSoa) {
  for (const char* text : {"", "\n\n", "; nothing\n", "   \n"}) {
    const auto zone = ParseZoneText(text, N("example."), "zone");
    ASSERT_FALSE(zone.ok());
    EXPECT_THAT(zone.error(), AllOf(StartsWith("zone: "), HasSubstr("no SOA")));
  }
}

TEST(ZoneFile, FilesAreReadByPath) {
  const std::string path = testing::TempDir() + "zone_file_test.zone";
  std::ofstream(path) << kHead;
  const auto zone = ReadZoneFile(path, N("example."));
  ASSERT_TRUE(zone.ok()) << zone.error();
  EXPECT_EQ((*zone)->record_count(), 2u);
  std::remove(path.c_str());
  const auto missing = ReadZoneFile(path, N("example."));
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error(), AllOf(StartsWith(path + ": "), HasSubstr("No such file")));
}

TEST(ZoneFile, LastLineNeedsNoNewline) {
  EXPECT_NE(Zone("a A 192.0.2.1")->Exact(N("a.example.")), nullptr);
}

TEST(ZoneFile, CarriageReturnsAreWhiteSpace) {
  EXPECT_EQ(Rdata(*Zone("a A 192.0.2.1\r\nb A 192.0.2.2\r\n"), "b.example.", RRType::kA),
            "c0000202");
}

TEST(ZoneFileLines, EntriesKnowTheirFirstLine) {
  ZoneFileLines lines("\n a ( b\n c ; d\n ) e\nf \\; g \"h\\\" ;\"\n");
  std::string entry;
  ASSERT_TRUE(*lines.Next(entry));
  EXPECT_EQ(lines.line(), 2u);
  EXPECT_EQ(entry, " a   b  c     e");
  ASSERT_TRUE(*lines.Next(entry));
  EXPECT_EQ(lines.line(), 5u);
  EXPECT_EQ(entry, "f \\; g \"h\\\" ;\"");
  EXPECT_FALSE(*lines.Next(entry));
}

}  // namespace
}  // namespace sealwire::proxy
