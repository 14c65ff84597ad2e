#include "signer/recent_signatures.h"

#include <gtest/gtest.h>

#include <vector>

namespace sealwire::signer {
namespace {

dns::RRset Soa(std::size_t rdata_size) {
  dns::RRset rrset(dns::Name::FromText("example.").value(), dns::RRType::kSOA, 300);
  rrset.Add(std::vector<std::uint8_t>(rdata_size, 7));
  return rrset;
}

TEST(RecentSignatures, FindsWhatWasInserted) {
  RecentSignatures recent;
  const dns::RRset soa = Soa(40);
  const std::vector<std::uint8_t> rrsig(91, 3);
  EXPECT_TRUE(recent.Find(0, {}, soa.view()).empty());
  recent.Insert(0, {1, 2}, soa.view(), rrsig);
  EXPECT_TRUE(dns::Equal(recent.Find(0, {1, 2}, soa.view()), rrsig));
  EXPECT_TRUE(recent.Find(0, {1, 3}, soa.view()).empty());
  EXPECT_TRUE(recent.Find(1, {1, 2}, soa.view()).empty());
  EXPECT_TRUE(recent.Find(0, {1, 2}, Soa(41).view()).empty());
}

TEST(RecentSignatures, AKeyThatTakesThePlaceOfAnotherIsTheOnlyOneFound) {
  RecentSignatures recent;
  const dns::RRset soa = Soa(40);
  for (std::uint64_t key = 0; key < 2000; ++key) {
    recent.Insert(key, {1, 2}, soa.view(), std::vector<std::uint8_t>(8, std::uint8_t(key)));
  }
  std::size_t found = 0;
  for (std::uint64_t key = 0; key < 2000; ++key) {
    const dns::Bytes rrsig = recent.Find(key, {1, 2}, soa.view());
    if (rrsig.empty()) continue;
    ++found;
    EXPECT_EQ(rrsig[0], std::uint8_t(key));
  }
  EXPECT_GT(found, 100u);
  EXPECT_LE(found, 256u);
}

TEST(RecentSignatures, ASetThatIsTooLargeIsNotKept) {
  RecentSignatures recent;
  const dns::RRset soa = Soa(600);
  recent.Insert(5, {1, 2}, soa.view(), std::vector<std::uint8_t>(91, 3));
  EXPECT_TRUE(recent.Find(5, {1, 2}, soa.view()).empty());
}

}  // namespace
}  // namespace sealwire::signer
