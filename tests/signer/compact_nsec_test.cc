#include "signer/compact_nsec.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "signer/denial_types.h"
#include "tests/signer/nsec_probe.h"

namespace sealwire::signer {
namespace {

using dns::Name;
using dns::NameView;

Name NameOf(const std::string& text) {
  return Name::FromText(text).value();
}

// A name of exactly `size` octets: the given first label, then labels of `filler`, then the apex.
Name NameOfSize(std::size_t size, const std::vector<std::uint8_t>& first, NameView apex,
                std::uint8_t filler = 'x') {
  std::size_t missing = size - apex.size() - first.size() - 1;
  Name name(apex);
  while (missing > 0) {
    std::size_t label = std::min<std::size_t>(missing - 1, 63);
    if (missing - 1 - label == 1) --label;  // one octet left over would be an empty label
    const std::vector<std::uint8_t> octets(label, filler);
    name = Name::Prepend(octets, name).value();
    missing -= label + 1;
  }
  name = Name::Prepend(first, name).value();
  EXPECT_EQ(name.size(), size);
  return name;
}

std::vector<std::uint8_t> Label(std::size_t size, std::uint8_t octet) {
  return std::vector<std::uint8_t>(size, octet);
}

const Name kApex = NameOf("example.");

TEST(CompactNsec, Rfc9824Section3_1_NextNameIsTheImmediateSuccessor) {
  EXPECT_EQ(NextName(NameOf("a.example."), kApex).ToText(), "\\000.a.example.");
  EXPECT_EQ(NextName(kApex, kApex).ToText(), "\\000.example.");
  EXPECT_EQ(NextName(NameOf("*.example."), kApex).ToText(), "\\000.*.example.");
}

TEST(CompactNsec, Rfc9824Section3_4_NextNameAtACutLeavesTheChildAlone) {
  EXPECT_EQ(NextNameAtCut(NameOf("sub.example."), kApex).ToText(), "sub\\000.example.");
}

// Askers who vary the case of a name (0x20) must share one signature.
TEST(CompactNsec, NextNamesAreInLowerCase) {
  EXPECT_TRUE(NameView::IdenticalCase(NextName(NameOf("WwW.ExAmPlE."), NameOf("EXAMPLE.")),
                                      NameOf("\\000.www.example.")));
  EXPECT_TRUE(NameView::IdenticalCase(NextNameAtCut(NameOf("SuB.ExAmPlE."), NameOf("EXAMPLE.")),
                                      NameOf("sub\\000.example.")));
  const Name last = NameOfSize(255, Label(53, 0xff), NameOf("EXAMPLE."), 0xff);
  EXPECT_TRUE(NameView::IdenticalCase(NextName(last, NameOf("EXAMPLE.")), kApex));
}

TEST(CompactNsec, Rfc4471Section3_1_2_TheLongestNameWithAChildHas253Octets) {
  const Name owner = NameOfSize(253, Label(5, 'a'), kApex);
  const Name next = NextName(owner, kApex);
  EXPECT_EQ(next.size(), 255u);
  EXPECT_TRUE(next.view().IsBelow(owner));
}

TEST(CompactNsec, Rfc4471Section3_1_2_AName254OctetsLongGrowsByAZeroOctet) {
  const Name owner = NameOfSize(254, Label(5, 'a'), kApex);
  const Name next = NextName(owner, kApex);
  EXPECT_EQ(next.size(), 255u);
  EXPECT_TRUE(
      dns::Equal(next.view().FirstLabel(), std::vector<std::uint8_t>{'a', 'a', 'a', 'a', 'a', 0}));
  EXPECT_EQ(next.view().Parent(), owner.view().Parent());
}

TEST(CompactNsec, Rfc4471Section3_1_2_AName255OctetsLongRaisesItsLastOctet) {
  const Name owner = NameOfSize(255, {'a', 'b'}, kApex);
  const Name next = NextName(owner, kApex);
  EXPECT_TRUE(dns::Equal(next.view().FirstLabel(), std::vector<std::uint8_t>{'a', 'c'}));
  EXPECT_EQ(next.view().Parent(), owner.view().Parent());
}

TEST(CompactNsec, Rfc4471Section3_1_2_OctetsThatCannotBeRaisedAreDropped) {
  const Name owner = NameOfSize(255, {'a', 'b', 0xff, 0xff}, kApex);
  EXPECT_TRUE(
      dns::Equal(NextName(owner, kApex).view().FirstLabel(), std::vector<std::uint8_t>{'a', 'c'}));
}

TEST(CompactNsec, Rfc4471Section3_1_2_TheLastLabelOfAllPassesToTheParent) {
  const Name owner = NameOfSize(255, Label(4, 0xff), kApex);
  const Name next = NextName(owner, kApex);
  EXPECT_EQ(next.view().LabelCount(), owner.view().LabelCount() - 1);
  EXPECT_EQ(next.view().Parent(), owner.view().Parent().Parent());
}

TEST(CompactNsec, Rfc4471Section4_2_CapitalsAreSkipped) {
  EXPECT_TRUE(dns::Equal(NextName(NameOfSize(255, {'a', '@'}, kApex), kApex).view().FirstLabel(),
                         std::vector<std::uint8_t>{'a', '['}));
  EXPECT_TRUE(dns::Equal(NextName(NameOfSize(255, {'a', '`'}, kApex), kApex).view().FirstLabel(),
                         std::vector<std::uint8_t>{'a', 'a'}));
  EXPECT_TRUE(dns::Equal(NextName(NameOfSize(255, {'a', 'Z'}, kApex), kApex).view().FirstLabel(),
                         std::vector<std::uint8_t>{'a', '{'}));
}

TEST(CompactNsec, Rfc4034Section4_1_1_TheVeryLastNamePointsToTheApex) {
  // Three full labels of 0xff and one of the 53 octets left: nothing in the zone sorts after it.
  const Name owner = NameOfSize(255, Label(53, 0xff), kApex, 0xff);
  EXPECT_EQ(NextName(owner, kApex), kApex);
}

TEST(CompactNsec, AnApexTooLongForChildrenPointsToItself) {
  const Name apex = NameOfSize(255, {'a', 'b'}, kApex);
  EXPECT_EQ(NextName(apex, apex), apex);
}

TEST(CompactNsec, ACutWithAFullLabelRaisesIt) {
  const Name cut = Name::Prepend(Label(63, 'a'), kApex).value();
  const Name next = NextNameAtCut(cut, kApex);
  auto raised = Label(63, 'a');
  raised[62] = 'b';
  EXPECT_TRUE(dns::Equal(next.view().FirstLabel(), raised));
}

std::vector<Name> OwnersOnTheEdges() {
  std::vector<Name> owners = {kApex,
                              NameOf("a.example."),
                              NameOf("*.example."),
                              NameOf("\\255.example."),
                              NameOf("\\000.example."),
                              NameOf("@.Z.example."),
                              NameOf("a.b.c.d.e.example.")};
  for (std::size_t size = 250; size <= 255; ++size) {
    for (const std::size_t first : {1u, 2u, 62u, 63u}) {
      for (const std::uint8_t octet : {0x00, 0x40, 0x41, 0x5a, 0x60, 0x7a, 0xfe, 0xff}) {
        for (const std::uint8_t filler : {'m', '\xff'}) {
          owners.push_back(NameOfSize(size, Label(first, octet), kApex, filler));
          auto label = Label(first, 'q');
          label.back() = octet;
          owners.push_back(NameOfSize(size, label, kApex, filler));
        }
      }
    }
  }
  return owners;
}

// Every name that differs from the owner by one octet, in any of its leftmost labels.
template <class Visit>
void ForEachNeighbour(NameView owner, std::mt19937& random, Visit&& visit) {
  const std::vector<std::uint8_t> octets = {0x00, 0x01, '*', '@', 'A', 'Z',  '[',
                                            '`',  'a',  'b', 'z', '{', 0xfe, 0xff};
  for (int label = 0; label < std::min(owner.LabelCount(), 3); ++label) {
    const std::size_t size = owner.Suffix(owner.LabelCount() - label).FirstLabel().size();
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{random() % (size + 1)}, size - 1, size}) {
      for (const auto mutation :
           {Mutation::kSet, Mutation::kInsert, Mutation::kErase, Mutation::kNewLabel}) {
        for (const std::uint8_t octet : octets) {
          if (const auto name = Mutate(owner, label, at, mutation, octet)) visit(*name);
        }
      }
    }
  }
}

TEST(CompactNsec, CoversNoNameAtAll) {
  std::mt19937 random(1);
  for (const Name& owner : OwnersOnTheEdges()) {
    const Name next = NextName(owner, kApex);
    ASSERT_TRUE(next.view().IsSubdomainOf(kApex));
    if (next != kApex) {
      ASSERT_TRUE(CanonicalCompare(owner, next) < 0) << owner.ToText();
    }
    ForEachNeighbour(owner, random, [&](const Name& name) {
      if (!name.view().IsSubdomainOf(kApex)) return;
      EXPECT_FALSE(Covers(owner, next, kApex, name))
          << owner.ToText() << " NSEC " << next.ToText() << " covers " << name.ToText();
    });
  }
}

TEST(CompactNsec, AtACutCoversOnlyWhatIsTheChilds) {
  std::mt19937 random(2);
  for (const Name& cut : OwnersOnTheEdges()) {
    if (cut == kApex) continue;
    const Name next = NextNameAtCut(cut, kApex);
    ASSERT_FALSE(next.view().IsSubdomainOf(cut));
    ForEachNeighbour(cut, random, [&](const Name& name) {
      if (!name.view().IsSubdomainOf(kApex)) return;
      EXPECT_EQ(Covers(cut, next, kApex, name), name.view().IsBelow(cut))
          << cut.ToText() << " NSEC " << next.ToText() << " and " << name.ToText();
    });
  }
}

TEST(CompactNsec, RdataOfOneNameHasItsNextName) {
  for (const Name& owner : OwnersOnTheEdges()) {
    std::uint8_t at_once[400];
    dns::Writer writer(at_once);
    WriteNsecOfOneName(owner, kApex, EmptyNonTerminalTypes(), writer);
    std::uint8_t by_next_name[400];
    dns::Writer expected(by_next_name);
    WriteNsec(NextName(owner, kApex), EmptyNonTerminalTypes(), expected);
    ASSERT_TRUE(writer.ok() && expected.ok());
    EXPECT_TRUE(dns::Equal(writer.written(), expected.written())) << owner.ToText();
  }
}

TEST(CompactNsec, Rfc4034Section4_1_RdataIsNextNameThenBitmap) {
  std::uint8_t out[300];
  dns::Writer writer(out);
  WriteNsec(NameOf("\\000.a.example."), NonexistentTypes(), writer);
  ASSERT_TRUE(writer.ok());
  const std::vector<std::uint8_t> expected = {
      1, 0,  1, 'a', 7, 'e', 'x', 'a',  'm', 'p', 'l', 'e', 0,  // \000.a.example.
      0, 17, 0, 0,   0, 0,   0,   0x03,                         // RRSIG 46, NSEC 47
      0, 0,  0, 0,   0, 0,   0,   0,    0,   0,   0x80};        // NXNAME 128
  EXPECT_TRUE(dns::Equal(writer.written(), expected));
}

}  // namespace
}  // namespace sealwire::signer
