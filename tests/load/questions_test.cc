#include "apps/load/questions.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "dns/message_view.h"

namespace sealwire::load {
namespace {

// "NAME TYPE" of a query, or what is wrong with it.
std::string TextOf(dns::Bytes query) {
  dns::MessageView view;
  if (view.Parse(query) != dns::ParseError::kNone) return "malformed";
  return view.question().name.ToText() + " " + dns::ToText(view.question().type);
}

std::vector<std::string> Take(QuestionSource& source, std::size_t count) {
  std::vector<std::string> taken;
  std::array<std::uint8_t, kMaxQuerySize> out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t size = source.Next(out);
    if (size == 0) break;
    taken.push_back(TextOf(dns::Bytes(out).first(size)));
  }
  return taken;
}

std::shared_ptr<const QuestionList> ListOf(std::string_view text) {
  return std::make_shared<const QuestionList>(QuestionList::Parse(text, {}).value());
}

TEST(Questions, LinesOfNameAndType) {
  const auto list =
      ListOf("; a comment\nwww.example. A\r\n\n  mail.example\tMX\n#another\nx.example. TYPE65280");
  ASSERT_EQ(list->size(), 3u);
  EXPECT_EQ(TextOf((*list)[0]), "www.example. A");
  EXPECT_EQ(TextOf((*list)[1]), "mail.example. MX");
  EXPECT_EQ(TextOf((*list)[2]), "x.example. TYPE65280");
}

TEST(Questions, AnErrorNamesItsLine) {
  for (const auto& [text, words] : std::initializer_list<std::pair<const char*, const char*>>{
           {"a.example. A\nb.example.\n", "line 2: no type"},
           {"a.example. NOTYPE\n", "line 1: no type 'NOTYPE'"},
           {"a..example. A\n", "line 1: "},
           {"; nothing\n", "no questions"}}) {
    const auto list = QuestionList::Parse(text, {});
    ASSERT_FALSE(list.ok()) << text;
    EXPECT_NE(list.error().find(words), std::string::npos) << list.error();
  }
}

TEST(Questions, TheFormDecidesOnEdnsAndFlags) {
  std::array<std::uint8_t, kMaxQuerySize> out;
  const dns::Name name = dns::Name::FromText("www.example.").value();
  const auto parsed = [&](const QuestionForm& form) {
    dns::MessageView view;
    const std::size_t size = WriteQuery(name, dns::RRType::kA, form, out);
    EXPECT_EQ(view.Parse(dns::Bytes(out).first(size)), dns::ParseError::kNone);
    return view;
  };
  QuestionForm plain;
  EXPECT_FALSE(parsed(plain).edns()->dnssec_ok);
  plain.edns = false;
  EXPECT_FALSE(parsed(plain).edns().has_value());
  QuestionForm full;
  full.dnssec_ok = true;
  full.compact_ok = true;
  full.udp_size = 4000;
  const auto view = parsed(full);
  EXPECT_TRUE(view.edns()->dnssec_ok);
  EXPECT_TRUE(view.edns()->compact_ok);
  EXPECT_EQ(view.edns()->udp_size, 4000);
  EXPECT_FALSE(view.header().rd);
}

TEST(Questions, InOrderStartsAnewOrEnds) {
  const auto list = ListOf("a. A\nb. A\nc. A\n");
  EXPECT_EQ(Take(*InOrder(list, 0, 1, /*once=*/true), 9),
            (std::vector<std::string>{"a. A", "b. A", "c. A"}));
  EXPECT_EQ(Take(*InOrder(list, 0, 1, /*once=*/false), 4),
            (std::vector<std::string>{"a. A", "b. A", "c. A", "a. A"}));
}

TEST(Questions, ThreadsShareAFileWithoutAskingTwice) {
  const auto list = ListOf("a. A\nb. A\nc. A\n");
  EXPECT_EQ(Take(*InOrder(list, 0, 2, true), 9), (std::vector<std::string>{"a. A", "c. A"}));
  EXPECT_EQ(Take(*InOrder(list, 1, 2, true), 9), (std::vector<std::string>{"b. A"}));
  EXPECT_TRUE(Take(*InOrder(list, 5, 6, false), 9).empty()) << "more threads than questions";
}

TEST(Questions, AtRandomAsksTheHotOnesOnly) {
  const auto list = ListOf("a. A\nb. A\nc. A\n");
  const auto taken = Take(*AtRandom(list, 2, 1), 200);
  EXPECT_EQ(std::set<std::string>(taken.begin(), taken.end()),
            (std::set<std::string>{"a. A", "b. A"}));
}

TEST(Questions, UniqueNamesNeverRepeatAcrossRuns) {
  const dns::Name zone = dns::Name::FromText("example.").value();
  std::set<std::string> seen;
  for (const std::uint64_t run : {1u, 2u}) {
    const auto source = Unique(zone, dns::RRType::kAAAA, run, {}).value();
    for (const std::string& text : Take(*source, 500)) {
      EXPECT_TRUE(seen.insert(text).second) << text;
      EXPECT_NE(text.find(".example. AAAA"), std::string::npos);
    }
  }
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(Questions, UniqueNamesNeedRoomBelowTheZone) {
  const std::string label(63, 'a');
  const std::string zone = label + "." + label + "." + label + "." + std::string(50, 'b') + ".";
  EXPECT_FALSE(Unique(dns::Name::FromText(zone).value(), dns::RRType::kA, 1, {}).ok());
}

}  // namespace
}  // namespace sealwire::load
