#include "signer/signature_memo.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

namespace sealwire::signer {
namespace {

Digest RandomDigest(std::mt19937_64& random) {
  Digest digest;
  for (std::size_t i = 0; i < digest.size(); i += 8) {
    const std::uint64_t word = random();
    std::memcpy(digest.data() + i, &word, 8);
  }
  return digest;
}

Signature SignatureOf(std::uint8_t fill) {
  Signature signature;
  signature.fill(fill);
  return signature;
}

TEST(SignatureMemo, FindsWhatItWasGiven) {
  SignatureMemo memo(64);
  std::mt19937_64 random(1);
  const Digest digest = RandomDigest(random);
  EXPECT_EQ(memo.Find(7, digest), nullptr);
  memo.Insert(7, digest, SignatureOf(1));
  ASSERT_NE(memo.Find(7, digest), nullptr);
  EXPECT_EQ(*memo.Find(7, digest), SignatureOf(1));
  EXPECT_EQ(memo.size(), 1u);
}

TEST(SignatureMemo, KeysDoNotShareSignatures) {
  SignatureMemo memo(64);
  std::mt19937_64 random(2);
  const Digest digest = RandomDigest(random);
  memo.Insert(1, digest, SignatureOf(1));
  EXPECT_EQ(memo.Find(2, digest), nullptr);
  memo.Insert(2, digest, SignatureOf(2));
  EXPECT_EQ(*memo.Find(1, digest), SignatureOf(1));
  EXPECT_EQ(*memo.Find(2, digest), SignatureOf(2));
}

// The octets that choose the set and the tag are equal here: only the whole digest may decide.
TEST(SignatureMemo, EveryOctetOfTheDigestCounts) {
  SignatureMemo memo(64);
  std::mt19937_64 random(3);
  const Digest digest = RandomDigest(random);
  memo.Insert(1, digest, SignatureOf(1));
  for (std::size_t octet = 0; octet < digest.size(); ++octet) {
    Digest other = digest;
    other[octet] ^= 0x80;
    EXPECT_EQ(memo.Find(1, other), nullptr) << "octet " << octet;
  }
}

TEST(SignatureMemo, InsertingAgainReplaces) {
  SignatureMemo memo(64);
  std::mt19937_64 random(4);
  const Digest digest = RandomDigest(random);
  memo.Insert(1, digest, SignatureOf(1));
  memo.Insert(1, digest, SignatureOf(2));
  EXPECT_EQ(*memo.Find(1, digest), SignatureOf(2));
  EXPECT_EQ(memo.size(), 1u);
}

TEST(SignatureMemo, CapacityIsRoundedUpAndNeverExceeded) {
  EXPECT_EQ(SignatureMemo(0).capacity(), 8u);
  EXPECT_EQ(SignatureMemo(9).capacity(), 16u);
  SignatureMemo memo(1000);
  EXPECT_EQ(memo.capacity(), 1024u);
  std::mt19937_64 random(5);
  for (int i = 0; i < 20000; ++i) memo.Insert(1, RandomDigest(random), SignatureOf(1));
  EXPECT_LE(memo.size(), memo.capacity());
  EXPECT_GT(memo.size(), memo.capacity() * 9 / 10);
}

TEST(SignatureMemo, OneInsertionForgetsAtMostOneEntry) {
  SignatureMemo memo(256);
  std::mt19937_64 random(6);
  std::vector<Digest> given;
  auto remembered = [&] {
    std::size_t count = 0;
    SignatureMemo& m = memo;
    for (const Digest& digest : given) count += m.Find(1, digest) != nullptr ? 1 : 0;
    return count;
  };
  std::size_t before = 0;
  for (int i = 0; i < 1000; ++i) {
    given.push_back(RandomDigest(random));
    memo.Insert(1, given.back(), SignatureOf(1));
    const std::size_t now = remembered();
    ASSERT_GE(now, before) << "insertion " << i;
    before = now;
  }
}

// Names that are asked once (a random subdomain attack) must not cost the hot ones their
// signatures.
TEST(SignatureMemo, AFloodOfOneTimeDigestsSparesTheHotOnes) {
  SignatureMemo memo(1024);
  std::mt19937_64 random(7);
  std::vector<Digest> hot(200);
  for (Digest& digest : hot) {
    digest = RandomDigest(random);
    memo.Insert(1, digest, SignatureOf(1));
    memo.Find(1, digest);
  }
  int lost = 0;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 500; ++i) memo.Insert(1, RandomDigest(random), SignatureOf(2));
    for (const Digest& digest : hot) {
      if (memo.Find(1, digest) != nullptr) continue;
      ++lost;
      memo.Insert(1, digest, SignatureOf(1));
      memo.Find(1, digest);
    }
  }
  EXPECT_LT(lost, 20 * 200 / 10);
}

}  // namespace
}  // namespace sealwire::signer
