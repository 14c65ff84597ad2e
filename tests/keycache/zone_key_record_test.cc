#include "keycache/zone_key_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "signer/sha256.h"
#include "tests/keycache/software_zone.h"

namespace sealwire::keycache {
namespace {

constexpr std::uint32_t kNow = 1790000000;

// Octets as a writer with other ideas would have stored them: the sum is right.
Result<ZoneKeyRecord> DecodeChanged(std::vector<std::uint8_t> octets, std::size_t at,
                                    std::uint8_t value) {
  octets[at] = value;
  const signer::Digest sum = signer::Sha256::Hash(dns::Bytes(octets).first(octets.size() - 32));
  std::copy(sum.begin(), sum.end(), octets.end() - 32);
  return ZoneKeyRecord::Decode(octets);
}

class ZoneKeyRecordTest : public testing::Test {
 protected:
  ZoneKeyRecordTest() : zone_("example.net.") {
    zone_.record.cds = CdsPublication::kPublish;
    zone_.SignAt(kNow);
    octets_ = zone_.record.Encode();
  }
  SoftwareZone zone_;
  std::vector<std::uint8_t> octets_;
};

TEST_F(ZoneKeyRecordTest, ComesBackWhole) {
  auto decoded = ZoneKeyRecord::Decode(octets_);
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->apex, zone_.record.apex);
  EXPECT_EQ(decoded->cds, CdsPublication::kPublish);
  ASSERT_EQ(decoded->keys.size(), 2u);
  EXPECT_EQ(decoded->keys[0].hsm_id, zone_.record.keys[0].hsm_id);
  EXPECT_EQ(decoded->keys[0].created, 1700000000u);
  EXPECT_EQ(decoded->keys[1].sealed, zone_.record.keys[1].sealed);
  ASSERT_EQ(decoded->prepared.size(), zone_.record.prepared.size());
  EXPECT_EQ(decoded->prepared.back().rdata, zone_.record.prepared.back().rdata);
  EXPECT_EQ(decoded->Encode(), octets_);
}

TEST_F(ZoneKeyRecordTest, AnyChangedOctetIsNoticed) {
  for (std::size_t at = 0; at < octets_.size(); ++at) {
    auto changed = octets_;
    changed[at] ^= 1;
    ASSERT_FALSE(ZoneKeyRecord::Decode(changed)) << "octet " << at;
  }
}

TEST_F(ZoneKeyRecordTest, AnyCutIsNoticed) {
  for (std::size_t size = 0; size < octets_.size(); ++size) {
    ASSERT_FALSE(ZoneKeyRecord::Decode(dns::Bytes(octets_).first(size))) << size;
  }
}

TEST_F(ZoneKeyRecordTest, UnknownVersionIsNamed) {
  auto decoded = DecodeChanged(octets_, 3, 2);
  ASSERT_FALSE(decoded);
  EXPECT_THAT(decoded.error(), testing::HasSubstr("version 2"));
}

TEST_F(ZoneKeyRecordTest, ContradictionsAreRefused) {
  const std::size_t cds = 4 + zone_.record.apex.size();
  const std::size_t first_key = cds + 2;
  EXPECT_TRUE(DecodeChanged(octets_, cds, 2));
  EXPECT_FALSE(DecodeChanged(octets_, cds, 3)) << "CDS publication";
  EXPECT_FALSE(DecodeChanged(octets_, cds + 1, 17)) << "too many keys";
  EXPECT_FALSE(DecodeChanged(octets_, 5, 'E')) << "upper case in the apex";
  EXPECT_FALSE(DecodeChanged(octets_, first_key + 1, 2)) << "role";
  EXPECT_FALSE(DecodeChanged(octets_, first_key + 2, 2)) << "home";
  EXPECT_FALSE(DecodeChanged(octets_, first_key + 3, 2)) << "signing, yet not published";
  EXPECT_FALSE(DecodeChanged(octets_, first_key + 3, 7)) << "unknown flag";
  const auto tag = octets_[first_key + 5];
  EXPECT_FALSE(DecodeChanged(octets_, first_key + 5, tag ^ 1)) << "a tag that is not the key's";
}

TEST_F(ZoneKeyRecordTest, TwoKeysWithOneTagAreRefused) {
  zone_.record.keys.push_back(zone_.record.keys.front());
  EXPECT_FALSE(ZoneKeyRecord::Decode(zone_.record.Encode()));
}

TEST_F(ZoneKeyRecordTest, Rfc7344Section4_CdsAndCdnskeyNameTheSameKsk) {
  const dns::RRset cds = zone_.record.CdsRRset();
  const dns::RRset cdnskey = zone_.record.CdnskeyRRset();
  ASSERT_EQ(cds.count(), 1);
  ASSERT_EQ(cdnskey.count(), 1);
  const auto ds = MakeDs(zone_.record.apex, cdnskey.view().First());
  EXPECT_TRUE(dns::Equal(cds.view().First(), ds.Rdata()));
  EXPECT_EQ(cds.ttl(), 3600u);
  EXPECT_EQ(zone_.record.DsRecords(), std::vector{ds});
}

TEST_F(ZoneKeyRecordTest, UnpublishedKeyIsNotInTheRRset) {
  EXPECT_EQ(zone_.record.DnskeyRRset().count(), 2);
  zone_.record.keys[1].published = zone_.record.keys[1].signing = false;
  EXPECT_EQ(zone_.record.DnskeyRRset().count(), 1);
  EXPECT_EQ(zone_.record.SigningKeyOf(Role::kZsk), nullptr);
}

}  // namespace
}  // namespace sealwire::keycache
