#include "signer/ink_signer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <thread>

#include "signer/openssl_signer.h"
#include "tests/signer/p256_vectors.h"

namespace sealwire::signer {
namespace {

// Counts, and can be told to fail.
class WholeSigner final : public DigestSigner {
 public:
  bool Sign(const SigningKey& key, const Digest& digest, Signature& out) noexcept override {
    ++calls;
    return works && openssl_.Sign(key, digest, out);
  }
  int calls = 0;
  bool works = true;

 private:
  OpensslSigner openssl_;
};

class InkSignerTest : public testing::Test {
 protected:
  InkSignerTest() {
    EXPECT_TRUE(GenerateKeyPair(scalar_, public_key_));
    key_.scalar = scalar_.data();
  }
  std::unique_ptr<ReadyInk> Ink(std::uint32_t verify_one_in = 0) {
    ReadyInkOptions options;
    options.pairs = 2048;
    options.threads = 0;
    options.verify_one_in = verify_one_in;
    return ReadyInk::Start(options).value();
  }

  std::array<std::uint8_t, 32> scalar_{};
  PublicKey public_key_{};
  SigningKey key_;
  WholeSigner whole_;
};

TEST_F(InkSignerTest, SpendsAPairPerSignatureAndEachVerifies) {
  const auto ink = Ink();
  ASSERT_TRUE(ink->FillSome(0));
  const std::size_t before = ink->available(0);
  InkSigner signer(ink.get(), 0, whole_);
  std::set<std::array<std::uint8_t, 32>> seen;
  for (std::uint8_t i = 0; i < 100; ++i) {
    Digest digest{};
    digest[0] = i;
    Signature signature;
    ASSERT_TRUE(signer.Sign(key_, digest, signature));
    EXPECT_TRUE(Verify(public_key_, digest, signature));
    std::array<std::uint8_t, 32> r;
    std::copy_n(signature.begin(), 32, r.begin());
    EXPECT_TRUE(seen.insert(r).second) << "an r was used twice";
  }
  EXPECT_EQ(ink->available(0), before - 100);
  EXPECT_EQ(signer.counters().ready, 100u);
  EXPECT_EQ(whole_.calls, 0);
}

TEST_F(InkSignerTest, SignsTheWholeWayWhenTheStoreIsEmpty) {
  const auto ink = Ink();
  InkSigner signer(ink.get(), 0, whole_);
  Signature signature;
  ASSERT_TRUE(signer.Sign(key_, Digest{}, signature));
  EXPECT_TRUE(Verify(public_key_, Digest{}, signature));
  EXPECT_EQ(signer.counters().whole, 1u);
  EXPECT_EQ(signer.counters().ready, 0u);
}

TEST_F(InkSignerTest, MakesPairsItselfWhenTheStoreIsEmpty) {
  const auto ink = Ink();
  InkSigner signer(ink.get(), 0, whole_, IfDry::kMakePairs);
  Signature signature;
  ASSERT_TRUE(signer.Sign(key_, Digest{}, signature));
  EXPECT_TRUE(Verify(public_key_, Digest{}, signature));
  EXPECT_EQ(signer.counters().ready, 1u);
  EXPECT_EQ(signer.counters().dry, 1u);
  EXPECT_EQ(whole_.calls, 0);
  EXPECT_GT(ink->available(0), 0u);
}

TEST_F(InkSignerTest, SignsTheWholeWayWithoutAStore) {
  InkSigner signer(nullptr, 0, whole_);
  Signature signature;
  ASSERT_TRUE(signer.Sign(key_, Digest{}, signature));
  EXPECT_TRUE(Verify(public_key_, Digest{}, signature));
}

TEST_F(InkSignerTest, CountsWhatCouldNotBeSigned) {
  InkSigner signer(nullptr, 0, whole_);
  whole_.works = false;
  Signature signature;
  EXPECT_FALSE(signer.Sign(key_, Digest{}, signature));
  EXPECT_EQ(signer.counters().failed, 1u);
}

TEST_F(InkSignerTest, SamplesAreVerifiedOffThePath) {
  const auto ink = Ink(1);
  ASSERT_TRUE(ink->FillSome(0));
  InkSigner signer(ink.get(), 0, whole_);
  Signature signature;
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(signer.Sign(key_, Digest{}, signature));
  ink->FillSome(0);
  EXPECT_GE(ink->counters().signatures_verified, 9u);
  EXPECT_EQ(ink->counters().verification_failures, 0u);
  EXPECT_FALSE(ink->stopped());
}

// A key whose memory went bad under the pair: a signature that does not verify stops the store.
TEST_F(InkSignerTest, AStoppedStoreMeansWholeSignatures) {
  const auto ink = Ink();
  ASSERT_TRUE(ink->FillSome(0));
  InkSigner signer(ink.get(), 0, whole_);
  Signature wrong{};
  wrong.fill(1);
  ink->Sample(0, scalar_.data(), Digest{}, wrong);
  ink->FillSome(0);
  ASSERT_TRUE(ink->stopped());
  Signature signature;
  ASSERT_TRUE(signer.Sign(key_, Digest{}, signature));
  EXPECT_TRUE(Verify(public_key_, Digest{}, signature));
  EXPECT_EQ(signer.counters().whole, 1u);
}

TEST_F(InkSignerTest, SamplesAboutAsOftenAsAsked) {
  const auto ink = Ink(8);
  while (ink->FillSome(0)) {
  }
  InkSigner signer(ink.get(), 0, whole_);
  Signature signature;
  for (int i = 0; i < 1600; ++i) {
    ASSERT_TRUE(signer.Sign(key_, Digest{}, signature));
    if (i % 16 == 0) ink->FillSome(0);  // judges
  }
  EXPECT_GT(ink->counters().signatures_verified, 100u);
  EXPECT_LT(ink->counters().signatures_verified, 320u);
}

}  // namespace
}  // namespace sealwire::signer
