#include "signer/covering_nsec.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "signer/compact_nsec.h"
#include "tests/signer/nsec_probe.h"

namespace sealwire::signer {
namespace {

using dns::Name;

Name N(const std::string& text) {
  return Name::FromText(text).value();
}
std::string Fill(std::size_t octets) {
  std::string text;
  for (std::size_t i = 0; i < octets; ++i) text += "\\255";
  return text;
}

TEST(CoveringNsec, Rfc4471Section31_TheLabelBeforeWithNothingBehindIt) {
  EXPECT_EQ(NameBefore(N("b.example."))->ToText(), "a" + Fill(62) + ".example.");
  EXPECT_EQ(NameBefore(N("*.example."))->ToText(), "\\)" + Fill(62) + ".example.");
  EXPECT_EQ(NameBefore(N("a\\001.example."))->ToText(), "a\\000" + Fill(61) + ".example.");
}

// RFC 4471 section 4.2: capitals are no octets of their own.
TEST(CoveringNsec, Rfc4471Section42_CapitalsAreSkipped) {
  EXPECT_EQ(NameBefore(N("B.EXAMPLE."))->ToText(), "a" + Fill(62) + ".example.");
  EXPECT_EQ(NameBefore(N("\\091.example."))->ToText(), "\\@" + Fill(62) + ".example.");
}

TEST(CoveringNsec, BehindAZeroOctetComesWhatIsBelowTheShorterLabel) {
  EXPECT_EQ(NameBefore(N("a\\000.example."))->ToText(), Fill(63) + ".a.example.");
  EXPECT_FALSE(NameBefore(N("\\000.example.")));
  EXPECT_FALSE(NameBefore(N(".")));
}

TEST(CoveringNsec, LongNamesFillWhatRoomThereIs) {
  const std::string tail = std::string(63, 'x') + "." + std::string(63, 'x') + "." +
                           std::string(63, 'x') + "." + std::string(50, 'x') + ".";
  const Name name = N("abc." + tail);  // 251 octets
  EXPECT_EQ(name.size(), 248u);
  EXPECT_EQ(NameBefore(name)->size(), 255u);
  const Name full = N("abcdefghij." + tail);
  ASSERT_EQ(full.size(), 255u);
  EXPECT_EQ(NameBefore(full)->ToText(), "abcdefghii." + tail);
}

// Only what is below the owner lies in the gap, and what is below the name itself.
TEST(CoveringNsec, Rfc4470Section4_NothingElseIsCovered) {
  std::mt19937 random(20261124);
  const Name apex = N("example.");
  const auto draw = [&](std::size_t below) { return random() % below; };
  int covered = 0;
  for (int round = 0; round < 30000; ++round) {
    Name name(apex);
    const std::size_t labels = 1 + draw(3);
    for (std::size_t i = 0; i < labels; ++i) {
      static constexpr std::uint8_t kOctets[] = {0, 1, '@', 'A', 'Z', '[', 'a', 'z', 254, 255};
      std::uint8_t label[63];
      const std::size_t size = draw(4) == 0 ? 60 + draw(4) : 1 + draw(3);
      for (std::size_t at = 0; at < size; ++at) label[at] = kOctets[draw(std::size(kOctets))];
      name = Name::Prepend({label, size}, name).value_or(name);
    }
    const auto before = NameBefore(name);
    if (!before) continue;
    ASSERT_TRUE(CanonicalCompare(*before, name) < 0) << name.ToText();
    ASSERT_TRUE(before->view().IsBelow(name.view().Parent())) << name.ToText();
    const Name behind = NextNameAtCut(name, apex);
    for (int probe = 0; probe < 8; ++probe) {
      const auto near =
          Mutate(name, static_cast<int>(draw(labels)), draw(64), static_cast<Mutation>(draw(4)),
                 static_cast<std::uint8_t>(draw(256)));
      if (!near || !Covers(*before, behind, apex, *near)) continue;
      ++covered;
      ASSERT_TRUE(near->view().IsSubdomainOf(name) || near->view().IsBelow(*before))
          << near->ToText() << " by the NSEC for " << name.ToText();
    }
  }
  EXPECT_GT(covered, 1000);
}

}  // namespace
}  // namespace sealwire::signer
