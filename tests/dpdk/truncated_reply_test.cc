#include "dpdk/truncated_reply.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/dpdk/frame_builder.h"

namespace sealwire::dpdk {
namespace {

using testing::Octets;
using testing::Query;

Octets Truncate(const Octets& start) {
  std::array<std::uint8_t, kMaxTruncatedReply> out;
  const std::size_t size = WriteTruncatedReply(start, 1232, out);
  return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)};
}

TEST(TruncatedReply, EchoesIdAndQuestionWithTc) {
  const Octets query = Query("www.example.com", 28);
  Octets expected = query;
  expected[2] = 0x83;  // QR, TC, RD
  expected[3] = 0x00;
  EXPECT_EQ(Truncate(query), expected);
}

TEST(TruncatedReply, Rfc6891Section611_QueryWithOptGetsOpt) {
  Octets query = Query("www.example.com", 1, true);
  Octets cut(query.begin(), query.end() - 11);  // the OPT record itself never arrived
  Octets expected = cut;
  expected[2] = 0x83;
  testing::Append(expected, {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(Truncate(cut), expected);
}

TEST(TruncatedReply, LongestNameFits) {
  std::string name;
  for (int i = 0; i < 3; ++i) name += std::string(63, 'a') + ".";
  name += std::string(61, 'a');
  EXPECT_EQ(Truncate(Query(name, 1, true)).size(), kMaxTruncatedReply);
  EXPECT_TRUE(Truncate(Query(name + "a", 1, true)).empty()) << "256 octets are no name";
}

TEST(TruncatedReply, NothingIsSaidToResponsesAndFragmentsOfQuestions) {
  Octets response = Query("www.example.com");
  response[2] |= 0x80;
  EXPECT_TRUE(Truncate(response).empty());
  Octets update = Query("www.example.com");
  update[2] = 0x28;
  EXPECT_TRUE(Truncate(update).empty());
  Octets two = Query("www.example.com");
  two[5] = 2;
  EXPECT_TRUE(Truncate(two).empty());
  Octets compressed = Query("www.example.com");
  compressed[12] = 0xc0;
  EXPECT_TRUE(Truncate(compressed).empty());
  const Octets query = Query("www.example.com");
  for (std::size_t size = 0; size < query.size(); ++size) {
    EXPECT_TRUE(
        Truncate({query.begin(), query.begin() + static_cast<std::ptrdiff_t>(size)}).empty())
        << size;
  }
}

}  // namespace
}  // namespace sealwire::dpdk
