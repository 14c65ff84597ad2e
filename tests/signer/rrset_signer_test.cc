#include "signer/rrset_signer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "signer/openssl_signer.h"
#include "signer/rrsig.h"
#include "signer/sha256.h"

namespace sealwire::signer {
namespace {

using dns::Name;
using dns::RRset;
using dns::RRType;

Name NameOf(const std::string& text) {
  return Name::FromText(text).value();
}

// Signs by a rule instead of a curve, and can be told to fail.
class FakeSigner final : public DigestSigner {
 public:
  bool Sign(const SigningKey& key, const Digest& digest, Signature& out) noexcept override {
    ++calls;
    if (broken) return false;
    std::copy(digest.begin(), digest.end(), out.begin());
    out.back() = static_cast<std::uint8_t>(key.id);
    return true;
  }
  int calls = 0;
  bool broken = false;
};

class RRsetSignerTest : public testing::Test {
 protected:
  std::vector<std::uint8_t> Sign(RRsetSigner& signer, const RRset& rrset) {
    std::vector<std::uint8_t> out(kMaxRrsigSize);
    dns::Writer writer(out);
    const bool ok = signer.Sign(key_, apex_, rrset.view(), validity_, writer, reuse_);
    EXPECT_EQ(ok, writer.size() > 0);
    out.resize(writer.size());
    return out;
  }

  static RRset Address(const std::string& owner, std::uint8_t last) {
    RRset rrset(NameOf(owner), RRType::kA, 300);
    rrset.Add(std::vector<std::uint8_t>{192, 0, 2, last});
    return rrset;
  }

  const Name apex_ = NameOf("example.");
  const std::array<std::uint8_t, 32> scalar_{1, 2, 3};
  SigningKey key_{scalar_.data(), 5, 1234};
  Validity validity_{1000, 2000};
  Reuse reuse_ = Reuse::kLikely;
  SignatureMemo memo_{64};
  FakeSigner fake_;
};

TEST_F(RRsetSignerTest, ASoaIsSignedAnewWhenAnythingThatIsSignedChanges) {
  RRsetSigner signer(fake_, memo_);
  const auto soa = [](std::uint8_t serial, std::uint32_t ttl, const char* owner) {
    RRset rrset(NameOf(owner), RRType::kSOA, ttl);
    std::vector<std::uint8_t> rdata(22);
    rdata[5] = serial;
    rrset.Add(rdata);
    return rrset;
  };
  const auto first = Sign(signer, soa(1, 300, "example."));
  EXPECT_EQ(Sign(signer, soa(1, 300, "example.")), first);
  EXPECT_EQ(fake_.calls, 1);
  EXPECT_EQ(signer.counters().memo_hits.load(), 1u);
  EXPECT_EQ(Sign(signer, soa(1, 300, "eXample.")), first);  // by its digest
  EXPECT_EQ(fake_.calls, 1);
  EXPECT_NE(Sign(signer, soa(2, 300, "example.")), first);
  EXPECT_NE(Sign(signer, soa(1, 301, "example.")), first);
  validity_.expiration = 2001;
  EXPECT_NE(Sign(signer, soa(1, 300, "example.")), first);
  validity_.expiration = 2000;
  EXPECT_EQ(fake_.calls, 4);
  ++key_.id;
  EXPECT_NE(Sign(signer, soa(1, 300, "example.")), first);
  --key_.id;
  EXPECT_EQ(Sign(signer, soa(1, 300, "example.")), first);
  EXPECT_EQ(fake_.calls, 5);
}

TEST_F(RRsetSignerTest, WhatIsHardlyWantedAgainDrivesNothingOut) {
  RRsetSigner signer(fake_, memo_);
  Sign(signer, Address("www.example.", 1));
  reuse_ = Reuse::kUnlikely;
  for (std::uint8_t i = 2; i < 250; ++i) Sign(signer, Address("www.example.", i));
  EXPECT_EQ(fake_.calls, 249);
  EXPECT_EQ(memo_.size(), 1u);
  reuse_ = Reuse::kLikely;
  Sign(signer, Address("www.example.", 1));
  EXPECT_EQ(fake_.calls, 249);
}

TEST_F(RRsetSignerTest, RdataIsPrefixThenSignature) {
  RRsetSigner signer(fake_, memo_);
  const RRset rrset = Address("www.example.", 1);
  const auto rdata = Sign(signer, rrset);
  std::uint8_t prefix[64];
  dns::Writer writer(prefix);
  WriteRrsigPrefix(FieldsFor(rrset.view(), apex_, validity_, 1234), writer);
  ASSERT_EQ(rdata.size(), writer.size() + 64);
  EXPECT_TRUE(dns::Equal(dns::Bytes(rdata).first(writer.size()), writer.written()));
}

TEST_F(RRsetSignerTest, TheSameRRsetIsSignedOnce) {
  RRsetSigner signer(fake_, memo_);
  const auto first = Sign(signer, Address("www.example.", 1));
  EXPECT_EQ(Sign(signer, Address("WWW.eXample.", 1)), first);
  EXPECT_EQ(fake_.calls, 1);
  EXPECT_EQ(signer.counters().signatures.load(), 1u);
  EXPECT_EQ(signer.counters().memo_hits.load(), 1u);
  EXPECT_EQ(signer.counters().failures.load(), 0u);
}

TEST_F(RRsetSignerTest, OtherDataKeysAndTimesAreSignedAnew) {
  RRsetSigner signer(fake_, memo_);
  Sign(signer, Address("www.example.", 1));
  Sign(signer, Address("www.example.", 2));
  Sign(signer, Address("ftp.example.", 1));
  key_.id = 6;
  Sign(signer, Address("www.example.", 1));
  validity_.expiration += 1;
  Sign(signer, Address("www.example.", 1));
  EXPECT_EQ(fake_.calls, 5);
}

TEST_F(RRsetSignerTest, OrderAndDuplicatesOfTheRecordsMakeNoDifference) {
  RRsetSigner signer(fake_, memo_);
  const std::vector<std::uint8_t> a = {192, 0, 2, 1};
  const std::vector<std::uint8_t> b = {192, 0, 2, 2};
  const auto set_of = [&](std::initializer_list<std::vector<std::uint8_t>> records) {
    RRset rrset(NameOf("www.example."), RRType::kA, 300);
    for (const auto& record : records) rrset.Add(record);
    return rrset;
  };
  const auto first = Sign(signer, set_of({a, b}));
  EXPECT_EQ(Sign(signer, set_of({b, a})), first);
  EXPECT_EQ(Sign(signer, set_of({b, a, b})), first);
  EXPECT_NE(Sign(signer, set_of({a})), first);
  EXPECT_EQ(fake_.calls, 2);
}

TEST_F(RRsetSignerTest, AFailedSignatureWritesNothingAndIsNotRemembered) {
  RRsetSigner signer(fake_, memo_);
  fake_.broken = true;
  EXPECT_TRUE(Sign(signer, Address("www.example.", 1)).empty());
  EXPECT_EQ(signer.counters().failures.load(), 1u);
  fake_.broken = false;
  EXPECT_FALSE(Sign(signer, Address("www.example.", 1)).empty());
  EXPECT_EQ(fake_.calls, 2);
}

TEST_F(RRsetSignerTest, WithoutRoomNothingIsSignedNorWritten) {
  RRsetSigner signer(fake_, memo_);
  const RRset rrset = Address("www.example.", 1);
  const std::size_t needed = kRrsigFixedSize + apex_.size() + sizeof(Signature);
  std::vector<std::uint8_t> out(needed);
  for (const std::size_t room : {std::size_t{0}, std::size_t{20}, needed - 1}) {
    dns::Writer writer(dns::MutableBytes(out).first(room));
    EXPECT_FALSE(signer.Sign(key_, apex_, rrset.view(), validity_, writer));
    EXPECT_EQ(writer.size(), 0u);
  }
  EXPECT_EQ(fake_.calls, 0);
  dns::Writer writer(out);
  EXPECT_TRUE(signer.Sign(key_, apex_, rrset.view(), validity_, writer));
}

TEST_F(RRsetSignerTest, ASetOfTheLargestMessageIsSigned) {
  RRsetSigner signer(fake_, memo_);
  RRset rrset(NameOf("www.example."), RRType::kTXT, 300);
  for (int i = 0; i < 240; ++i) {
    std::vector<std::uint8_t> text(256, static_cast<std::uint8_t>(i));
    text[0] = 255;
    rrset.Add(text);
  }
  EXPECT_FALSE(Sign(signer, rrset).empty());
}

TEST_F(RRsetSignerTest, OpensslsSignatureVerifies) {
  std::array<std::uint8_t, 32> scalar;
  PublicKey public_key;
  ASSERT_TRUE(GenerateKeyPair(scalar, public_key));
  key_.scalar = scalar.data();
  OpensslSigner openssl;
  RRsetSigner signer(openssl, memo_);
  for (const RRset& rrset :
       {Address("www.example.", 1), Address("*.example.", 1), Address("example.", 9)}) {
    const auto rdata = Sign(signer, rrset);
    ASSERT_GT(rdata.size(), 64u);
    Signature signature;
    std::copy(rdata.end() - 64, rdata.end(), signature.begin());
    const auto scratch = std::make_unique<dns::CanonicalScratch>();
    std::vector<std::uint8_t> data(1024);
    data.resize(WriteSignedData(FieldsFor(rrset.view(), apex_, validity_, key_.key_tag),
                                rrset.view(), *scratch, data));
    EXPECT_TRUE(Verify(public_key, Sha256::Hash(data), signature));
  }
}

}  // namespace
}  // namespace sealwire::signer
