#include "dns/canonical.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/dns/message_fixture.h"

namespace sealwire::dns {
namespace {

using test::Build;
using test::N;
using test::Octets;
using test::Set;

Octets Canonical(RRType type, const Build& rdata) {
  Octets octets = rdata.Done();
  CanonicalizeRdata(type, octets);
  return octets;
}

Octets Signed(const RRsetView& set, NameView owner, std::uint32_t ttl, std::size_t room = 70000) {
  const auto scratch = std::make_unique<CanonicalScratch>();
  Octets out(room);
  out.resize(WriteCanonicalRRset(set, owner, ttl, *scratch, out));
  return out;
}

TEST(CanonicalRdata, Rfc4034Section62_NamesAreLowered) {
  EXPECT_EQ(Canonical(RRType::kNS, Build().Name("NS.Example")), Build().Name("ns.example").Done());
  EXPECT_EQ(Canonical(RRType::kMX, Build().U16(0x4142).Name("MX.Example")),
            Build().U16(0x4142).Name("mx.example").Done());
  EXPECT_EQ(Canonical(RRType::kSOA,
                      Build().Name("A.").Name("B.").U32(0x41414141).U32(0).U32(0).U32(0).U32(0)),
            Build().Name("a.").Name("b.").U32(0x41414141).U32(0).U32(0).U32(0).U32(0).Done());
  EXPECT_EQ(Canonical(RRType::kSRV, Build().U16(65).U16(66).U16(67).Name("T.")),
            Build().U16(65).U16(66).U16(67).Name("t.").Done());
  EXPECT_EQ(Canonical(RRType::kNAPTR,
                      Build().U16(1).U16(1).String("U").String("E2U").String("!X!").Name("R.")),
            Build().U16(1).U16(1).String("U").String("E2U").String("!X!").Name("r.").Done());
  EXPECT_EQ(Canonical(RRType::kDNAME, Build().Name("D.")), Build().Name("d.").Done());
  EXPECT_EQ(Canonical(RRType::kA6, Build().U8(64).U32(0x41414141).U32(0x41414141).Name("P.")),
            Build().U8(64).U32(0x41414141).U32(0x41414141).Name("p.").Done());
}

TEST(CanonicalRdata, Rfc6840Section51_NsecKeepsItsCaseAndRrsigDoesNot) {
  const Build nsec = Build().Name("Next.Example").Text(std::string_view("\0\1\100", 3));
  EXPECT_EQ(Canonical(RRType::kNSEC, nsec), nsec.Done());
  const Build rrsig =
      Build().U32(0x41414141).U32(0x41414141).U32(0x41414141).U32(0x41414141).U16(0x4141);
  EXPECT_EQ(Canonical(RRType::kRRSIG, Build(rrsig).Name("Signer.").Text("SIG")),
            Build(rrsig).Name("signer.").Text("SIG").Done());
}

TEST(CanonicalRdata, Rfc3597Section7_OtherTypesKeepTheirCase) {
  for (const RRType type : {RRType::kTXT, RRType::kHINFO, static_cast<RRType>(65280)}) {
    EXPECT_EQ(Canonical(type, Build().String("ABC")), Build().String("ABC").Done()) << ToText(type);
  }
  const Build svcb = Build().U16(1).Name("SVC.Example");
  EXPECT_EQ(Canonical(RRType::kSVCB, svcb), svcb.Done());
}

TEST(CanonicalRdata, MalformedRdataIsUntouched) {
  for (const Build& rdata :
       {Build().Text("\7ABC"), Build().Name("ABC.").U8('X'), Build().Pointer(0x41), Build()}) {
    EXPECT_EQ(Canonical(RRType::kNS, rdata), rdata.Done());
  }
}

TEST(CanonicalRRset, Rfc4034Section3181_OwnerLoweredTtlOriginalNothingCompressed) {
  const RRset set = Set("Www.Example", RRType::kNS, 60, {Build().Name("NS.Example").Done()});
  EXPECT_EQ(Signed(set.view(), set.owner(), 300),
            Build().Name("www.example").Fixed(RRType::kNS, 300, 12).Name("ns.example").Done());
}

TEST(CanonicalRRset, Rfc4034Section63_OrderedAsOctetStringsAbsenceBeforeZero) {
  const RRset set =
      Set("a.", RRType::kTXT, 1, {{1, 0}, {0}, {2, 0x80, 0}, {2, 0x7f, 0xff}, {}, {1}});
  Build expected;
  for (const Octets& rdata :
       {Octets{}, Octets{0}, Octets{1}, Octets{1, 0}, Octets{2, 0x7f, 0xff}, Octets{2, 0x80, 0}}) {
    expected.Name("a.").Fixed(RRType::kTXT, 1, rdata.size()).Raw(rdata);
  }
  EXPECT_EQ(Signed(set.view(), set.owner(), 1), expected.Done());
}

TEST(CanonicalRRset, Rfc4034Section63_DuplicatesAreDroppedAfterLowering) {
  const RRset set =
      Set("a.", RRType::kNS, 1, {Build().Name("X.").Done(), Build().Name("x.").Done()});
  ASSERT_EQ(set.count(), 2);
  EXPECT_EQ(Signed(set.view(), set.owner(), 1),
            Build().Name("a.").Fixed(RRType::kNS, 1, 3).Name("x.").Done());
}

TEST(CanonicalRRset, Rfc4035Section532_WildcardOwnerMayBeGiven) {
  const RRset set = Set("host.example", RRType::kA, 1, {{1, 2, 3, 4}});
  EXPECT_EQ(Signed(set.view(), N("*.Example"), 1),
            Build().Name("*.example").Fixed(RRType::kA, 1, 4).U32(0x01020304).Done());
}

TEST(CanonicalRRset, TooLittleRoomIsZero) {
  const RRset set = Set("a.", RRType::kA, 1, {{1, 2, 3, 4}});
  EXPECT_EQ(Signed(set.view(), set.owner(), 1, 17).size(), 17u);
  EXPECT_EQ(Signed(set.view(), set.owner(), 1, 16).size(), 0u);
}

TEST(CanonicalRRset, MoreThanTheScratchHoldsIsZero) {
  Octets rdata;
  const auto records = static_cast<std::uint16_t>(CanonicalScratch::kMaxRecords + 1);
  for (unsigned i = 0; i < records; ++i) {
    const Octets one = Build().U16(2).U16(i).Done();
    rdata.insert(rdata.end(), one.begin(), one.end());
  }
  RRsetView set;
  set.type = RRType::kTXT;
  set.count = records;
  set.rdata = rdata;
  EXPECT_TRUE(Signed(set, NameView(), 1, 200000).empty());
  set.count = records - 1;
  EXPECT_EQ(Signed(set, NameView(), 1, 200000).size(), CanonicalScratch::kMaxRecords * 13);
}

TEST(OwnedRRset, Rfc2181Section5_DuplicatesAreDropped) {
  const RRset set = Set("a.", RRType::kA, 1, {{1, 2, 3, 4}, {5, 6, 7, 8}, {1, 2, 3, 4}});
  EXPECT_EQ(set.count(), 2);
  EXPECT_TRUE(Equal(set.view().First(), Octets{1, 2, 3, 4}));
}

}  // namespace
}  // namespace sealwire::dns
