#include "signer/validity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

namespace sealwire::signer {
namespace {

constexpr std::uint64_t kNow = 1'800'000'000;  // 2027
constexpr ValidityPolicy kPolicy{3 * 86400, 3600};

dns::Name NameOf(const std::string& text) {
  return dns::Name::FromText(text).value();
}

TEST(Validity, ThreeQuartersOfThePolicyAlwaysRemain) {
  for (std::uint64_t hash = 0; hash < 64; ++hash) {
    for (std::uint64_t now = kNow; now < kNow + 4 * 86400; now += 977) {
      const Validity v = ValidityAt(kPolicy, hash << 58, now);
      ASSERT_GT(v.expiration - now, kPolicy.validity * 3 / 4);
      ASSERT_LE(v.expiration - now, kPolicy.validity);
      ASSERT_LE(v.inception, now - kPolicy.inception_skew);
      ASSERT_TRUE(IsValidAt(v, now));
      // A clock that is behind by the whole skew still takes it.
      ASSERT_TRUE(IsValidAt(v, now - kPolicy.inception_skew));
    }
  }
}

TEST(Validity, OneWindowGivesOneValidity) {
  const std::uint64_t hash = 0x123456789abcdef0;
  std::map<std::uint32_t, int> seen;
  for (std::uint64_t now = kNow; now < kNow + kPolicy.validity; now += 60) {
    ++seen[ValidityAt(kPolicy, hash, now).expiration];
  }
  // A whole validity holds four windows, and cuts at most one of them in two.
  EXPECT_GE(seen.size(), 4u);
  EXPECT_LE(seen.size(), 5u);
}

TEST(Validity, ExpirationNeverStepsBack) {
  const std::uint64_t hash = 0xfedcba9876543210;
  std::uint32_t last = 0;
  for (std::uint64_t now = kNow; now < kNow + 2 * kPolicy.validity; now += 31) {
    const std::uint32_t expiration = ValidityAt(kPolicy, hash, now).expiration;
    ASSERT_GE(expiration, last);
    last = expiration;
  }
}

// All signatures of a zone that end at once take its resolvers to the edges at once.
TEST(Validity, ExpirationsOfAZoneAreSpreadOverTheWindow) {
  constexpr int kNames = 4000;
  constexpr int kSlices = 20;
  const std::uint32_t window = kPolicy.validity / kWindowsPerValidity;
  std::array<int, kSlices> slices{};
  for (int i = 0; i < kNames; ++i) {
    const dns::Name name = NameOf("host" + std::to_string(i) + ".example.");
    const Validity v = ValidityAt(kPolicy, ValidityHash(name, dns::RRType::kA), kNow);
    const std::uint64_t into = v.expiration - (kNow + kPolicy.validity - window);
    ASSERT_LE(into, window);
    ++slices[std::min<std::uint64_t>(into * kSlices / window, kSlices - 1)];
  }
  const auto [least, most] = std::minmax_element(slices.begin(), slices.end());
  EXPECT_GT(*least, kNames / kSlices / 2);
  EXPECT_LT(*most, kNames / kSlices * 2);
}

TEST(Validity, CaseOfTheOwnerMakesNoDifferenceTypeDoes) {
  EXPECT_EQ(ValidityHash(NameOf("WWW.example."), dns::RRType::kA),
            ValidityHash(NameOf("www.EXAMPLE."), dns::RRType::kA));
  EXPECT_NE(ValidityHash(NameOf("www.example."), dns::RRType::kA),
            ValidityHash(NameOf("www.example."), dns::RRType::kAAAA));
}

TEST(Validity, Rfc4034Section3_1_5_SerialArithmeticOverTheYear2106) {
  const std::uint64_t wrap = std::uint64_t{1} << 32;
  for (std::uint64_t now = wrap - 4 * 86400; now < wrap + 4 * 86400; now += 601) {
    const Validity v = ValidityAt(kPolicy, 99, now);
    ASSERT_TRUE(IsValidAt(v, now));
    ASSERT_FALSE(IsValidAt(v, now + kPolicy.validity + 1));
    ASSERT_FALSE(IsValidAt(v, now - kPolicy.validity - kPolicy.inception_skew));
  }
}

TEST(Validity, OddPoliciesAreHeldWithinSerialArithmetic) {
  for (const std::uint32_t validity : {0u, 1u, 3u, 5u, 0x7fffffffu, 0xffffffffu}) {
    for (const std::uint32_t skew : {0u, 0xffffffffu}) {
      const Validity v = ValidityAt({validity, skew}, 0xffffffffffffffff, kNow);
      EXPECT_TRUE(IsValidAt(v, kNow)) << validity << " " << skew;
      EXPECT_LT(v.expiration - v.inception, 0x80000000u);
    }
  }
}

TEST(Validity, TheFirstSecondsOf1970Work) {
  for (std::uint64_t now = 0; now < 100; ++now) {
    EXPECT_TRUE(IsValidAt(ValidityAt(kPolicy, 0xffffffffffffffff, now), now));
  }
}

TEST(Validity, Rfc4035Section5_3_1_BothEndsAreIncluded) {
  const Validity v{1000, 2000};
  EXPECT_FALSE(IsValidAt(v, 999));
  EXPECT_TRUE(IsValidAt(v, 1000));
  EXPECT_TRUE(IsValidAt(v, 2000));
  EXPECT_FALSE(IsValidAt(v, 2001));
}

}  // namespace
}  // namespace sealwire::signer
