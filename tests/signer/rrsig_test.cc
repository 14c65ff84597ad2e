#include "signer/rrsig.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "signer/openssl_signer.h"
#include "signer/sha256.h"
#include "tests/signer/text_vectors.h"

namespace sealwire::signer {
namespace {

using dns::Name;
using dns::RRset;
using dns::RRType;

Name NameOf(const std::string& text) {
  return Name::FromText(text).value();
}

// DNSKEY RDATA of a P-256 key.
std::vector<std::uint8_t> DnskeyRdata(std::uint16_t flags, const PublicKey& key) {
  std::vector<std::uint8_t> rdata = {static_cast<std::uint8_t>(flags >> 8),
                                     static_cast<std::uint8_t>(flags), 3, kAlgorithmP256};
  rdata.insert(rdata.end(), key.begin(), key.end());
  return rdata;
}

// The 192.0.2.1 of www.example.net in RFC 6605 section 6.1, its key and its signature.
struct Rfc6605Example {
  Name apex = NameOf("example.net.");
  PublicKey key = FromBase64<64>(
      "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+"
      "e+MAnLr+Wi9xMWyQLc8NAA==");
  Signature signature = FromBase64<64>(
      "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLB"
      "LlUzGGus7ZwmwWep666VCw==");
  Validity validity{1281607479, 1284026679};  // 20100812100439, 20100909100439
  RRset rrset{NameOf("www.example.net."), RRType::kA, 3600};
  Rfc6605Example() { rrset.Add(std::vector<std::uint8_t>{192, 0, 2, 1}); }
};

Digest DigestOf(const RrsigFields& fields, const RRset& rrset) {
  const auto scratch = std::make_unique<dns::CanonicalScratch>();
  std::vector<std::uint8_t> data(4096);
  data.resize(WriteSignedData(fields, rrset.view(), *scratch, data));
  EXPECT_FALSE(data.empty());
  return Sha256::Hash(data);
}

TEST(Rrsig, Rfc6605Section6_1_SignatureOverTheExampleVerifies) {
  const Rfc6605Example example;
  const std::uint16_t tag = KeyTag(DnskeyRdata(257, example.key));
  EXPECT_EQ(tag, 55648);
  const RrsigFields fields = FieldsFor(example.rrset.view(), example.apex, example.validity, tag);
  EXPECT_EQ(fields.labels, 3);
  EXPECT_TRUE(Verify(example.key, DigestOf(fields, example.rrset), example.signature));
}

TEST(Rrsig, Rfc4034Section3_1_8_1_CaseOfOwnerAndSignerIsNotSigned) {
  const Rfc6605Example example;
  RRset loud(NameOf("WWW.Example.NET."), RRType::kA, 3600);
  loud.Add(std::vector<std::uint8_t>{192, 0, 2, 1});
  const Name loud_apex = NameOf("EXAMPLE.net.");
  const RrsigFields fields = FieldsFor(loud.view(), loud_apex, example.validity, 55648);
  EXPECT_TRUE(Verify(example.key, DigestOf(fields, loud), example.signature));
}

TEST(Rrsig, EachFieldIsCovered) {
  const Rfc6605Example example;
  const RrsigFields good = FieldsFor(example.rrset.view(), example.apex, example.validity, 55648);
  const Digest digest = DigestOf(good, example.rrset);
  std::vector<RrsigFields> changed(7, good);
  const Name other = NameOf("example.org.");
  changed[0].algorithm = 8;
  changed[1].labels = 2;
  changed[2].original_ttl = 3601;
  changed[3].validity.inception += 1;
  changed[4].validity.expiration += 1;
  changed[5].key_tag = 1;
  changed[6].signer = other;
  for (const RrsigFields& fields : changed) EXPECT_NE(DigestOf(fields, example.rrset), digest);
}

TEST(Rrsig, Rfc4034Section3_1_RdataLayout) {
  RrsigFields fields;
  fields.covered = RRType::kMX;
  fields.labels = 2;
  fields.original_ttl = 0x01020304;
  fields.validity = {0x11121314, 0x21222324};
  fields.key_tag = 0x3132;
  const Name signer = NameOf("Example.");
  fields.signer = signer;
  std::uint8_t out[64];
  dns::Writer writer(out);
  WriteRrsigPrefix(fields, writer);
  EXPECT_TRUE(dns::Equal(writer.written(), FromHex("000f"
                                                   "0d"
                                                   "02"
                                                   "01020304"
                                                   "21222324"
                                                   "11121314"
                                                   "3132"
                                                   "076578616d706c6500")));
  std::uint8_t small[20];
  dns::Writer failed(small);
  WriteRrsigPrefix(fields, failed);
  EXPECT_FALSE(failed.ok());
}

TEST(Rrsig, Rfc4034Section3_1_3_LabelsLeaveOutRootAndWildcard) {
  EXPECT_EQ(RrsigLabels(NameOf(".")), 0);
  EXPECT_EQ(RrsigLabels(NameOf("example.")), 1);
  EXPECT_EQ(RrsigLabels(NameOf("www.example.")), 2);
  EXPECT_EQ(RrsigLabels(NameOf("*.example.")), 1);
  EXPECT_EQ(RrsigLabels(NameOf("*.")), 0);
  // Only a leftmost asterisk that is the whole label is a wildcard (RFC 4592 section 2.1.1).
  EXPECT_EQ(RrsigLabels(NameOf("a.*.example.")), 3);
  EXPECT_EQ(RrsigLabels(NameOf("**.example.")), 2);
}

TEST(Rrsig, WriteSignedDataFailsWhenThereIsNoRoom) {
  const Rfc6605Example example;
  const RrsigFields fields = FieldsFor(example.rrset.view(), example.apex, example.validity, 1);
  const auto scratch = std::make_unique<dns::CanonicalScratch>();
  std::vector<std::uint8_t> out(512);
  const std::size_t whole = WriteSignedData(fields, example.rrset.view(), *scratch, out);
  ASSERT_GT(whole, 0u);
  for (std::size_t size = 0; size < whole; ++size) {
    EXPECT_EQ(
        WriteSignedData(fields, example.rrset.view(), *scratch, dns::MutableBytes(out).first(size)),
        0u);
  }
}

// RFC 4034 section 5.4: the DNSKEY whose key tag its DS example states.
TEST(KeyTag, Rfc4034Section5_4_Example) {
  std::vector<std::uint8_t> rdata = {1, 0, 3, 5};
  const auto key = FromBase64(
      "AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/"
      "2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphX"
      "dvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==");
  rdata.insert(rdata.end(), key.begin(), key.end());
  EXPECT_EQ(KeyTag(rdata), 60485);
}

TEST(KeyTag, OddLengthsCountTheirLastOctetHigh) {
  EXPECT_EQ(KeyTag(std::vector<std::uint8_t>{0x01, 0x02, 0x03}), 0x0402);
  EXPECT_EQ(KeyTag({}), 0);
}

}  // namespace
}  // namespace sealwire::signer
