#include "signer/ready_samples.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/signer/p256_vectors.h"

namespace sealwire::signer {
namespace {

using Verdict = ReadySamples::Verdict;

class ReadySamplesTest : public testing::Test {
 protected:
  ReadySamplesTest()
      : scalar_(Octets32(kKnownSignatures[0].d)), digest_(Octets32(kKnownSignatures[0].digest)) {
    const auto r = Octets32(kKnownSignatures[0].r);
    const auto s = Octets32(kKnownSignatures[0].s);
    std::copy(r.begin(), r.end(), signature_.begin());
    std::copy(s.begin(), s.end(), signature_.begin() + 32);
  }

  std::array<std::uint8_t, 32> scalar_;
  Digest digest_;
  Signature signature_;
};

TEST_F(ReadySamplesTest, JudgesEachOnce) {
  ReadySamples samples(SecretRegion::Make(ReadySamples::kSize).value());
  EXPECT_EQ(samples.Judge(), Verdict::kNone);
  samples.Put(scalar_.data(), digest_, signature_);
  signature_[63] ^= 1;
  samples.Put(scalar_.data(), digest_, signature_);
  EXPECT_EQ(samples.Judge(), Verdict::kGood);
  EXPECT_EQ(samples.Judge(), Verdict::kWrong);
  EXPECT_EQ(samples.Judge(), Verdict::kNone);
}

TEST_F(ReadySamplesTest, DropsWhatIsTooMuch) {
  ReadySamples samples(SecretRegion::Make(ReadySamples::kSize).value());
  for (int i = 0; i < 100; ++i) samples.Put(scalar_.data(), digest_, signature_);
  int judged = 0;
  while (samples.Judge() == Verdict::kGood) ++judged;
  EXPECT_EQ(judged, 16);
}

TEST_F(ReadySamplesTest, WipesWhatWasJudged) {
  SecretRegion memory = SecretRegion::Make(ReadySamples::kSize).value();
  const std::uint8_t* octets = memory.data();
  ReadySamples samples(std::move(memory));
  samples.Put(scalar_.data(), digest_, signature_);
  EXPECT_TRUE(std::equal(scalar_.begin(), scalar_.end(), octets));
  samples.Judge();
  EXPECT_TRUE(std::all_of(octets, octets + ReadySamples::kSize, [](auto o) { return o == 0; }));
}

}  // namespace
}  // namespace sealwire::signer
