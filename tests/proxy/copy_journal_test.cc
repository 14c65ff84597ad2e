#include "proxy/copy_journal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "proxy/signed_copy.h"
#include "signer/openssl_signer.h"
#include "tests/proxy/random_zone.h"
#include "tests/proxy/signed_zone.h"

namespace sealwire::proxy {
namespace {

using Octets = std::vector<std::uint8_t>;

std::vector<Octets> RecordsIn(const Octets& records) {
  std::vector<Octets> found;
  dns::Reader reader(records);
  CopiedRecord record;
  for (std::size_t begin = 0; NextRecord(reader, records, record); begin = reader.position()) {
    found.emplace_back(records.begin() + static_cast<std::ptrdiff_t>(begin),
                       records.begin() + static_cast<std::ptrdiff_t>(reader.position()));
  }
  return found;
}

SignedCopy CopyOf(std::uint32_t serial, const std::string& text) {
  const auto apex = *dns::Name::FromText("z.example");
  const auto zone = *ParseZoneText("@ 300 SOA ns hostmaster " + std::to_string(serial) +
                                       " 3600 600 86400 60\n@ 300 NS ns\n" + text,
                                   apex, "test");
  signer::OpensslSigner signer;
  signer::SignatureMemo memo(8);
  signer::RRsetSigner rrsets(signer, memo);
  return **MakeSignedCopy(*zone, nullptr, {}, rrsets, 1700000000);
}

TEST(CopyDifference, Rfc1995Section4_OpensWithTheSoaOfEachVersion) {
  const auto difference = DifferenceOf(CopyOf(1, "a 60 A 192.0.2.1\nb 60 A 192.0.2.2\n"),
                                       CopyOf(5, "b 60 A 192.0.2.3\nc 60 A 192.0.2.2\n"));
  EXPECT_EQ(difference.from, 1u);
  EXPECT_EQ(difference.to, 5u);
  const auto removed = RecordsIn(difference.removed), added = RecordsIn(difference.added);
  ASSERT_EQ(removed.size(), 3u);  // SOA, a, b
  ASSERT_EQ(added.size(), 3u);    // SOA, b, c
  EXPECT_EQ(dns::Reader(dns::Bytes(removed[0]).last(20)).U32(), 1u);
  EXPECT_EQ(dns::Reader(dns::Bytes(added[0]).last(20)).U32(), 5u);
}

TEST(CopyDifference, AnotherTtlOrLetterCaseIsAChange) {
  const auto difference =
      DifferenceOf(CopyOf(1, "a 60 A 192.0.2.1\nb 60 A 192.0.2.2\nc 60 A 192.0.2.3\n"),
                   CopyOf(2, "a 61 A 192.0.2.1\nB 60 A 192.0.2.2\nc 60 A 192.0.2.3\n"));
  EXPECT_EQ(RecordsIn(difference.removed).size(), 3u);
  EXPECT_EQ(RecordsIn(difference.added).size(), 3u);
}

// Whatever two versions hold, the older one as changed is the newer one, with every signature and
// NSEC.
TEST(CopyDifference, AppliedToTheOlderVersionGivesTheNewer) {
  std::mt19937 random(1995);
  const auto draw = [&](std::size_t below) { return static_cast<int>(random() % below); };
  const dns::Name apex = *dns::Name::FromText("z.example");
  const auto keys = testing::MakeKeys("z.example", 1700000000, 7, {true});
  signer::OpensslSigner signer;
  signer::SignatureMemo memo(1024);
  signer::RRsetSigner rrsets(signer, memo);
  for (int round = 0; round < 40; ++round) {
    std::vector<std::shared_ptr<const SignedCopy>> copies;
    for (int version = 0; version < 2; ++version) {
      const auto zone = testing::RandomZone(apex, draw).Grow(20);
      copies.push_back(
          *MakeSignedCopy(*zone, version == 0 ? nullptr : keys.get(), {}, rrsets, 1700000000));
    }
    const auto difference = DifferenceOf(*copies[0], *copies[1]);
    const auto old_records = RecordsIn(copies[0]->records);
    const auto new_records = RecordsIn(copies[1]->records);
    std::multiset<Octets> held(old_records.begin(), old_records.end());
    for (const Octets& each : RecordsIn(difference.removed)) {
      ASSERT_EQ(held.count(each), 1u);
      held.erase(each);
    }
    for (const Octets& each : RecordsIn(difference.added)) {
      ASSERT_EQ(held.count(each), 0u);
      held.insert(each);
    }
    EXPECT_EQ(held, std::multiset<Octets>(new_records.begin(), new_records.end()));
  }
}

TEST(CopyJournal, LeadsFromEachVersionItKnowsToTheLast) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "n" + std::to_string(i) + " 60 A 192.0.2.1\n";
  std::shared_ptr<const CopyJournal> journal;
  SignedCopy last = CopyOf(1, text);
  for (std::uint32_t serial = 2; serial <= 4; ++serial) {
    text += "v" + std::to_string(serial) + " 60 A 192.0.2.1\n";
    const SignedCopy next = CopyOf(serial, text);
    journal = CopyJournal::Extend(journal.get(), last, next);
    last = next;
  }
  ASSERT_EQ(journal->Since(2).size(), 2u);
  EXPECT_EQ(journal->Since(2).front()->from, 2u);
  EXPECT_EQ(journal->Since(2).back()->to, 4u);
  EXPECT_EQ(journal->Since(1).size(), 3u);
  EXPECT_TRUE(journal->Since(4).empty());
  EXPECT_TRUE(journal->Since(9).empty());
}

TEST(CopyJournal, IsNeverLargerThanTheZone) {
  std::shared_ptr<const CopyJournal> journal;
  SignedCopy last = CopyOf(1, "a 60 TXT 1\n");
  for (std::uint32_t serial = 2; serial <= 400; ++serial) {
    const SignedCopy next = CopyOf(serial, "a 60 TXT " + std::to_string(serial) + "\n");
    journal = CopyJournal::Extend(journal.get(), last, next);
    EXPECT_LE(journal->octets(), next.records.size());
    last = next;
  }
  // A zone made anew from end to end is sent whole.
  std::string text;
  for (int i = 0; i < 50; ++i) text += "n" + std::to_string(i) + " 60 A 192.0.2.1\n";
  const SignedCopy before = CopyOf(500, text);
  const SignedCopy after = CopyOf(501, "other 60 A 192.0.2.1\n");
  EXPECT_TRUE(CopyJournal::Extend(nullptr, before, after)->Since(500).empty());
}

TEST(CopyJournal, KnowsAsManyVersionsAsItMay) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "n" + std::to_string(i) + " 60 A 192.0.2.1\n";
  const SignedCopy odd = CopyOf(1, text), even = CopyOf(2, text);
  std::shared_ptr<const CopyJournal> journal;
  for (std::size_t i = 0; i < CopyJournal::kMostVersions; ++i) {
    journal = CopyJournal::Extend(journal.get(), i % 2 == 0 ? odd : even, i % 2 == 0 ? even : odd);
  }
  EXPECT_EQ(journal->Since(1).size(), CopyJournal::kMostVersions);
  journal = CopyJournal::Extend(journal.get(), odd, even);
  EXPECT_EQ(journal->Since(2).size(), CopyJournal::kMostVersions);
}

}  // namespace
}  // namespace sealwire::proxy
