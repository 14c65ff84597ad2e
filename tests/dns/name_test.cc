#include "dns/name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

namespace sealwire::dns {
namespace {

Name N(std::string_view text) {
  auto name = Name::FromText(text);
  EXPECT_TRUE(name.ok()) << text << ": " << (name.ok() ? "" : name.error());
  return name.ok() ? *name : Name();
}

Bytes Of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(NameText, Rfc1035Section51_AbsoluteWithOrWithoutFinalDot) {
  EXPECT_EQ(N("www.example.com.").wire().size(), 17u);
  EXPECT_EQ(N("www.example.com"), N("www.example.com."));
  EXPECT_TRUE(N(".").view().IsRoot());
  EXPECT_EQ(N(".").ToText(), ".");
}

TEST(NameText, Rfc4343Section21_EscapesAreReadAndWritten) {
  EXPECT_TRUE(Equal(N("a\\.b.\\000\\255x").wire(), Of(std::string_view("\3a.b\3\0\377x\0", 9))));
  for (const char* text :
       {"a\\.b.example.", "\\000\\255.", "\\032\\@\\$\\(\\)\\;\\\"\\\\.", "*.x."}) {
    EXPECT_EQ(N(text).ToText(), text);
  }
  EXPECT_EQ(N("\\097\\b.").ToText(), "ab.");
}

TEST(NameText, ErrorsSayWhatIsWrong) {
  const auto why = [](std::string_view text) {
    const auto name = Name::FromText(text);
    return name.ok() ? std::string("accepted") : name.error();
  };
  EXPECT_THAT(why(""), testing::HasSubstr("missing"));
  EXPECT_THAT(why("a..b"), testing::HasSubstr("label is empty"));
  EXPECT_THAT(why(".a"), testing::HasSubstr("label is empty"));
  EXPECT_THAT(why(".."), testing::HasSubstr("label is empty"));
  EXPECT_THAT(why(std::string(64, 'a')), testing::HasSubstr("63 octets"));
  EXPECT_THAT(why("a\\25"), testing::HasSubstr("escape"));
  EXPECT_THAT(why("a\\256"), testing::HasSubstr("escape"));
  EXPECT_THAT(why("a\\"), testing::HasSubstr("escape"));
}

TEST(NameText, Rfc1035Section234_LimitsAre63And255) {
  const std::string label(63, 'a');
  EXPECT_TRUE(Name::FromText(label).ok());
  const std::string three = label + "." + label + "." + label + ".";
  EXPECT_EQ(N(three + std::string(61, 'b')).size(), 255u);
  EXPECT_EQ(N(three + std::string(61, 'b') + ".").size(), 255u);
  EXPECT_FALSE(Name::FromText(three + std::string(62, 'b')).ok());
  EXPECT_FALSE(Name::FromText(three + std::string(61, 'b') + ".c").ok());
  std::string ones;
  for (int i = 0; i < kMaxLabels; ++i) ones += "x.";
  EXPECT_EQ(N(ones).size(), 255u);
  EXPECT_EQ(N(ones).view().LabelCount(), kMaxLabels);
  EXPECT_FALSE(Name::FromText(ones + "x").ok());
}

TEST(NameWire, Rfc1035Section31_MalformedNamesAreRefused) {
  EXPECT_FALSE(NameView::Parse({}));
  EXPECT_FALSE(NameView::Parse(Of("\3www")));                         // no root label
  EXPECT_FALSE(NameView::Parse(Of(std::string_view("\5www\0", 5))));  // cut short
  EXPECT_FALSE(
      NameView::Parse(Of(std::string_view("\100"
                                          "a\0",
                                          3))));                     // label type 01
  EXPECT_FALSE(NameView::Parse(Of(std::string_view("\300\0", 2))));  // compressed
  std::string long_name;
  for (int i = 0; i < 127; ++i) long_name += "\1x";
  EXPECT_TRUE(NameView::Parse(Of(long_name + '\0')));  // 255 octets
  EXPECT_FALSE(NameView::Parse(Of("\1x" + long_name + '\0')));
}

TEST(NameWire, OctetsAfterTheRootLabelAreIgnored) {
  const auto name = NameView::Parse(Of(std::string_view("\1a\0rest", 7)));
  ASSERT_TRUE(name);
  EXPECT_EQ(name->size(), 3u);
}

TEST(NameCompare, Rfc4343Section3_CaseOfAsciiLettersOnlyIsIgnored) {
  EXPECT_EQ(N("WwW.ExAmPlE.cOm"), N("wWw.eXaMpLe.CoM"));
  EXPECT_FALSE(NameView::IdenticalCase(N("A."), N("a.")));
  // Neighbours of the letters in ASCII, and letters with the high bit set, have no case.
  EXPECT_FALSE(N("@.") == N("`."));
  EXPECT_FALSE(N("[.") == N("{."));
  EXPECT_FALSE(N("\\193.") == N("\\225."));
  EXPECT_FALSE(N("ab.c") == N("a.bc"));
}

TEST(NameCompare, FoldingEightOctetsAgreesWithFoldingOne) {
  for (int c = 0; c < 256; ++c) {
    const std::uint64_t word = static_cast<std::uint64_t>(c) * 0x0101010101010101;
    const std::uint64_t folded = ToLower(static_cast<std::uint8_t>(c)) * 0x0101010101010101u;
    EXPECT_EQ(FoldWord(word), folded) << c;
    // No octet may carry into its neighbour.
    const std::uint64_t alone = FoldWord(static_cast<std::uint64_t>(c) << 24 | 0xff5a410000000000);
    EXPECT_EQ(alone >> 24 & 0xff, ToLower(static_cast<std::uint8_t>(c)));
    EXPECT_EQ(alone & 0xffffff, 0u);
  }
}

TEST(NameCompare, EveryOctetOfEveryLengthCounts) {
  for (std::size_t size = 1; size <= 63; ++size) {
    const std::string label(size, 'q');
    for (std::size_t i = 0; i < size; ++i) {
      std::string other = label;
      other[i] = 'Q';
      EXPECT_EQ(N(label), N(other));
      EXPECT_EQ(N(label).view().Hash(7), N(other).view().Hash(7));
      other[i] = 'r';
      EXPECT_FALSE(N(label) == N(other)) << size << ' ' << i;
      EXPECT_NE(N(label).view().Hash(7), N(other).view().Hash(7)) << size << ' ' << i;
    }
  }
}

TEST(NameCompare, Rfc4034Section61_CanonicalOrder) {
  const std::vector<Name> order = {
      N("example"),         N("a.example"),      N("yljkjljk.a.example"),
      N("Z.a.example"),     N("zABC.a.EXAMPLE"), N("z.example"),
      N("\\001.z.example"), N("*.z.example"),    N("\\200.z.example")};
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t j = 0; j < order.size(); ++j) {
      EXPECT_EQ(CanonicalCompare(order[i], order[j]), i <=> j)
          << order[i].ToText() << " and " << order[j].ToText();
    }
  }
  EXPECT_EQ(CanonicalCompare(N("A.b"), N("a.B")), std::weak_ordering::equivalent);
  EXPECT_EQ(CanonicalCompare(N("."), N("a.")), std::weak_ordering::less);
}

TEST(NameHash, DependsOnTheSeed) {
  std::set<std::uint64_t> values;
  for (std::uint64_t seed = 0; seed < 1000; ++seed)
    values.insert(N("example.com").view().Hash(seed));
  EXPECT_EQ(values.size(), 1000u);
}

TEST(NameHash, CounterNamesSpreadOverLowAndHighBits) {
  std::set<std::uint64_t> low;
  std::set<std::uint64_t> high;
  for (int i = 0; i < 65536; ++i) {
    const std::uint64_t hash = N("host" + std::to_string(i) + ".example.com").view().Hash(42);
    low.insert(hash & 0xffff);
    high.insert(hash >> 48);
  }
  // A random function hits 1 - 1/e of the values: 41428, standard deviation about 104.
  EXPECT_NEAR(static_cast<double>(low.size()), 41428, 700);
  EXPECT_NEAR(static_cast<double>(high.size()), 41428, 700);
}

TEST(NameTree, ParentsAndSuffixes) {
  const Name name = N("a.b.c.example");
  EXPECT_EQ(name.view().Parent(), N("b.c.example"));
  EXPECT_EQ(name.view().Suffix(2), N("c.example"));
  EXPECT_TRUE(name.view().Suffix(0).IsRoot());
  EXPECT_EQ(name.view().Suffix(9), name);
  EXPECT_TRUE(NameView().Parent().IsRoot());
  EXPECT_TRUE(N("*.example").view().IsWildcard());
  EXPECT_FALSE(N("*a.example").view().IsWildcard());
  EXPECT_FALSE(N("a.*.example").view().IsWildcard());
}

TEST(NameTree, SubdomainsEndAtLabelBoundaries) {
  EXPECT_TRUE(N("www.EXAMPLE.com").view().IsSubdomainOf(N("example.com")));
  EXPECT_TRUE(N("example.com").view().IsSubdomainOf(N("example.com")));
  EXPECT_FALSE(N("example.com").view().IsBelow(N("example.com")));
  EXPECT_FALSE(N("badexample.com").view().IsSubdomainOf(N("example.com")));
  EXPECT_FALSE(N("com").view().IsSubdomainOf(N("example.com")));
  EXPECT_TRUE(N("com").view().IsBelow(NameView()));
  // The octets of "\3com\0" stand at the end of this name, but inside a label.
  EXPECT_FALSE(N("x\\003com.").view().IsSubdomainOf(N("com")));
}

TEST(NameTree, CommonLabels) {
  EXPECT_EQ(N("a.b.example").view().CommonLabels(N("x.B.Example")), 2);
  EXPECT_EQ(N("a.b.example").view().CommonLabels(N("b.example")), 2);
  EXPECT_EQ(N("a.").view().CommonLabels(N("b.")), 0);
  EXPECT_EQ(N("a.b").view().CommonLabels(N("a.b")), 2);
  EXPECT_EQ(N("a.x.b").view().CommonLabels(N("a.y.b")), 1);
}

TEST(NameMaking, PrependKeepsTheLimits) {
  const auto wild = Name::Prepend(Of("*"), N("example"));
  ASSERT_TRUE(wild);
  EXPECT_EQ(*wild, N("*.example"));
  EXPECT_FALSE(Name::Prepend({}, N("example")));
  EXPECT_FALSE(Name::Prepend(Of(std::string(64, 'a')), N("example")));
  std::string ones;
  for (int i = 0; i < 126; ++i) ones += "x.";
  EXPECT_TRUE(Name::Prepend(Of("y"), N(ones)));
  EXPECT_FALSE(Name::Prepend(Of("yy"), N(ones)));
}

TEST(NameMaking, Rfc6672Section22_DnameSubstitution) {
  const auto substitute = [](const char* name, const char* from, const char* to) {
    const auto result = Name::Substitute(N(name), N(from), N(to));
    return result ? result->ToText() : "none";
  };
  // The table of section 2.2; its rows without substitution give none.
  EXPECT_EQ(substitute("com.", "example.com.", "example.net."), "none");
  EXPECT_EQ(substitute("example.com.", "example.com.", "example.net."), "none");
  EXPECT_EQ(substitute("a.example.com.", "example.com.", "example.net."), "a.example.net.");
  EXPECT_EQ(substitute("a.b.example.com.", "example.com.", "example.net."), "a.b.example.net.");
  EXPECT_EQ(substitute("ab.example.com.", "b.example.com.", "example.net."), "none");
  EXPECT_EQ(substitute("foo.example.com.", "example.com.", "example.net."), "foo.example.net.");
  EXPECT_EQ(substitute("a.x.example.com.", "x.example.com.", "example.net."), "a.example.net.");
  EXPECT_EQ(substitute("a.example.com.", "example.com.", "y.example.net."), "a.y.example.net.");
  EXPECT_EQ(substitute("cyc.example.com.", "example.com.", "example.com."), "cyc.example.com.");
  EXPECT_EQ(substitute("cyc.example.com.", "example.com.", "c.example.com."), "cyc.c.example.com.");
  EXPECT_EQ(substitute("shortloop.x.x.", "x.", "."), "shortloop.x.");
  EXPECT_EQ(substitute("shortloop.x.", "x.", "."), "shortloop.");
}

TEST(NameMaking, Rfc6672Section22_SubstitutionMayBeTooLong) {
  std::string ones;
  for (int i = 0; i < 126; ++i) ones += "x.";
  EXPECT_TRUE(Name::Substitute(N("y.a."), N("a."), N(ones)));
  EXPECT_FALSE(Name::Substitute(N("yy.a."), N("a."), N(ones)));
}

TEST(NameMaking, LoweredKeepsOtherOctets) {
  EXPECT_TRUE(NameView::IdenticalCase(N("ABC\\193@.Z").Lowered(), N("abc\\193\\@.z")));
}

// Octets are folded eight at a time: every length has an end of its own.
TEST(NameMaking, LoweredFoldsNamesOfEveryLength) {
  for (std::size_t size = 1; size <= 63; ++size) {
    std::string mixed;
    std::string lower;
    for (std::size_t i = 0; i < size; ++i) {
      const char letter = static_cast<char>('a' + (i * 7 + size) % 26);
      lower += letter;
      mixed += i % 3 == 0 ? static_cast<char>(letter - 'a' + 'A') : letter;
    }
    const Name expected = N(lower + ".");
    EXPECT_TRUE(NameView::IdenticalCase(N(mixed + ".").Lowered(), expected)) << size;
    std::array<std::uint8_t, 80> octets;
    Writer writer(octets);
    N(mixed + ".").view().WriteLowered(writer);
    EXPECT_TRUE(Equal(writer.written(), expected.wire())) << size;
    Writer narrow(MutableBytes(octets).first(expected.size() - 1));
    N(mixed + ".").view().WriteLowered(narrow);
    EXPECT_FALSE(narrow.ok());
  }
}

TEST(NameMaking, CopiesOwnTheirOctets) {
  Name a = N("a.example");
  const Name b = a;
  a = N("other.");
  EXPECT_EQ(b, N("a.example"));
  a = *&a;
  EXPECT_EQ(a, N("other."));
}

}  // namespace
}  // namespace sealwire::dns
