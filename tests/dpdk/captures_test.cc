// Captures made without a line of ours (tests/dpdk/captures/make): what is asked there gets the
// answers there, octet for octet.
#include <gtest/gtest.h>

#include "tests/dpdk/edge_fixture.h"

namespace sealwire::dpdk {
namespace {

using testing::Octets;

class CapturesTest : public testing::EdgeFixture {};

std::vector<Octets> Capture(const std::string& name) {
  return testing::ReadCapture(SEALWIRE_CAPTURES "/" + name);
}

TEST_F(CapturesTest, AnswersAreThoseOfTheCaptureOctetForOctet) {
  const std::vector<Octets> asked = Capture("asked.pcap");
  std::vector<Octets> expected = Capture("answered.pcap");
  ASSERT_GT(asked.size(), expected.size());
  ASSERT_FALSE(expected.empty());
  std::vector<Octets> answered = Exchange(asked);
  // What is sent to TCP leaves before the rest of its burst.
  std::sort(answered.begin(), answered.end());
  std::sort(expected.begin(), expected.end());
  ASSERT_EQ(answered.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(answered[i], expected[i]) << "answer " << i;
  }
}

TEST_F(CapturesTest, EveryFrameThatGetsNoAnswerIsCounted) {
  const std::vector<Octets> asked = Capture("asked.pcap");
  const std::size_t answers = Capture("answered.pcap").size();
  Exchange(asked);
  EXPECT_EQ(counts_["answers"] + counts_["truncated"], answers);
  EXPECT_EQ(counts_["malformed"] + counts_["bad_checksum"] + counts_["dropped"] +
                counts_["not_to_kernel"],
            asked.size() - answers);
  EXPECT_EQ(counts_["bad_checksum"], 5u);
}

}  // namespace
}  // namespace sealwire::dpdk
