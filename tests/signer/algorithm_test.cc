#include "signer/algorithm.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "signer/rrset_signer.h"
#include "signer/rrsig.h"
#include "tests/signer/text_vectors.h"

namespace sealwire::signer {
namespace {

using dns::Name;
using dns::RRset;
using dns::RRType;

Name NameOf(const std::string& text) {
  return Name::FromText(text).value();
}

std::vector<std::uint8_t> SignedData(const RrsigFields& fields, const RRset& rrset) {
  const auto scratch = std::make_unique<dns::CanonicalScratch>();
  std::vector<std::uint8_t> data(4096);
  data.resize(WriteSignedData(fields, rrset.view(), *scratch, data));
  return data;
}

TEST(Algorithm, Rfc8080Section6_1_Ed25519MakesTheExamplesSignature) {
  const auto secret = FromBase64<32>("ODIyNjAzODQ2MjgwODAxMjI2NDUxOTAyMDQxNDIyNjI=");
  PublicOctets key;
  ASSERT_TRUE(PublicHalf(kAlgorithmEd25519, secret, key));
  EXPECT_EQ(key, PublicOctets(FromBase64<32>("l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=")));

  const Name apex = NameOf("example.com.");
  RRset mx(apex, RRType::kMX, 3600);
  std::vector<std::uint8_t> rdata = {0, 10};
  const Name mail = NameOf("mail.example.com.");
  rdata.insert(rdata.end(), mail.wire().begin(), mail.wire().end());
  mx.Add(rdata);
  const RrsigFields fields =
      FieldsFor(mx.view(), apex, {1438207200, 1440021600}, 3613, kAlgorithmEd25519);
  SignatureOctets signature;
  ASSERT_TRUE(SignMessage(kAlgorithmEd25519, secret, SignedData(fields, mx), signature));
  EXPECT_EQ(signature,
            SignatureOctets(FromBase64<64>(
                "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngw"
                "crqNAg==")));
}

TEST(Algorithm, Rfc6605Section6_2_TheExamplesP384SignatureVerifies) {
  const PublicOctets key = FromBase64<96>(
      "xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8"
      "/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40");
  const SignatureOctets signature = FromBase64<96>(
      "/L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuz"
      "WTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm");
  const Name apex = NameOf("example.net.");
  RRset address(NameOf("www.example.net."), RRType::kA, 3600);
  address.Add(std::vector<std::uint8_t>{192, 0, 2, 1});
  const Validity validity{1281608425, 1284027625};  // 20100812102025, 20100909102025
  const RrsigFields fields = FieldsFor(address.view(), apex, validity, 10771, kAlgorithmP384);
  EXPECT_TRUE(VerifyMessage(kAlgorithmP384, key, SignedData(fields, address), signature));
}

class EachAlgorithm : public testing::TestWithParam<std::uint8_t> {};

TEST_P(EachAlgorithm, SignsWhatItsPublicHalfVerifiesAndNothingElse) {
  std::array<std::uint8_t, 32> secret, other_secret;
  PublicOctets key, other_key, derived;
  ASSERT_TRUE(MakeKeyPair(GetParam(), secret, key));
  ASSERT_TRUE(MakeKeyPair(GetParam(), other_secret, other_key));
  EXPECT_NE(key, other_key);
  EXPECT_EQ(key.size(), PublicKeySize(GetParam()));
  ASSERT_TRUE(PublicHalf(GetParam(), secret, derived));
  EXPECT_EQ(derived, key);

  const std::vector<std::uint8_t> message = {1, 2, 3};
  const std::vector<std::uint8_t> another = {1, 2, 4};
  SignatureOctets signature;
  ASSERT_TRUE(SignMessage(GetParam(), secret, message, signature));
  EXPECT_EQ(signature.size(), SignatureSize(GetParam()));
  EXPECT_TRUE(VerifyMessage(GetParam(), key, message, signature));
  EXPECT_FALSE(VerifyMessage(GetParam(), key, another, signature));
  EXPECT_FALSE(VerifyMessage(GetParam(), other_key, message, signature));
  const dns::Bytes cut = dns::Bytes(signature.data(), signature.size()).first(63);
  EXPECT_FALSE(VerifyMessage(GetParam(), key, message, SignatureOctets(cut)));
  signature[10] ^= 1;
  EXPECT_FALSE(VerifyMessage(GetParam(), key, message, signature));
}

TEST_P(EachAlgorithm, RRsetSignerMakesItsRrsigOnceAndRemembersIt) {
  std::array<std::uint8_t, 32> secret;
  PublicOctets public_key;
  ASSERT_TRUE(MakeKeyPair(GetParam(), secret, public_key));
  const SigningKey key{secret.data(), 77, 4711, GetParam()};
  OpensslSigner p256;
  SignatureMemo memo(64);
  RRsetSigner signer(p256, memo);
  const Name apex = NameOf("example.");
  RRset rrset(NameOf("www.example."), RRType::kA, 300);
  rrset.Add(std::vector<std::uint8_t>{192, 0, 2, 1});
  const Validity validity{1000, 2000};
  std::set<std::vector<std::uint8_t>> made;
  for (int i = 0; i < 3; ++i) {
    std::vector<std::uint8_t> rdata(kMaxRrsigSize);
    dns::Writer out(rdata);
    ASSERT_TRUE(signer.Sign(key, apex, rrset.view(), validity, out));
    rdata.resize(out.size());
    made.insert(rdata);
  }
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(signer.counters().signatures.load(), 1u);
  EXPECT_EQ(signer.counters().memo_hits.load(), 2u);
  const dns::Bytes rdata = *made.begin();
  EXPECT_EQ(rdata[2], GetParam());
  const auto fields = FieldsFor(rrset.view(), apex, validity, 4711, GetParam());
  EXPECT_TRUE(VerifyMessage(GetParam(), public_key, SignedData(fields, rrset),
                            SignatureOctets(rdata.last(SignatureSize(GetParam())))));

  std::vector<std::uint8_t> little(kRrsigFixedSize + apex.size() + 63);
  dns::Writer no_room(little);
  EXPECT_FALSE(signer.Sign(key, apex, rrset.view(), validity, no_room));
  EXPECT_EQ(no_room.size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(All, EachAlgorithm,
                         testing::Values(kAlgorithmP256, kAlgorithmP384, kAlgorithmEd25519));

TEST(Algorithm, UnknownOnesHaveNoSizeAndSignNothing) {
  std::array<std::uint8_t, 32> secret{1};
  PublicOctets key;
  SignatureOctets signature;
  for (const std::uint8_t algorithm : {0, 8, 12, 16, 255}) {
    EXPECT_FALSE(IsKnown(algorithm));
    EXPECT_FALSE(MakeKeyPair(algorithm, secret, key));
    EXPECT_FALSE(SignMessage(algorithm, secret, secret, signature));
    EXPECT_FALSE(VerifyMessage(algorithm, key, secret, signature));
  }
  EXPECT_TRUE(signature.empty());
}

// Stored envelopes hold the seed alone: another expansion would lose their keys.
TEST(Algorithm, P384ScalarOfASeedStaysTheSame) {
  std::array<std::uint8_t, 32> seed{};
  PublicOctets first, second;
  ASSERT_TRUE(PublicHalf(kAlgorithmP384, seed, first));
  seed[31] = 1;
  ASSERT_TRUE(PublicHalf(kAlgorithmP384, seed, second));
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace sealwire::signer
