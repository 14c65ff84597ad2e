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
  auto decoded = DecodeChanged(octets_, 3, 9);
  ASSERT_FALSE(decoded);
  EXPECT_THAT(decoded.error(), testing::HasSubstr("version 9"));
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
  EXPECT_FALSE(DecodeChanged(octets_, first_key + 3, 31)) << "unknown flag";
  const auto tag = octets_[first_key + 5];
  EXPECT_FALSE(DecodeChanged(octets_, first_key + 5, tag ^ 1)) << "a tag that is not the key's";
}

// As the first release wrote them: an upgrade must find its keys.
TEST_F(ZoneKeyRecordTest, RecordOfVersion2IsReadAndWrittenBackAsVersion3) {
  const std::size_t first_key = 4 + zone_.record.apex.size() + 2;
  const std::size_t second_key = first_key + 84 + sizeof(KeyId);
  SoftwareZone other("example.net.");
  zone_.record.foreign.push_back(other.record.keys[0].Dnskey());
  std::vector<std::uint8_t> old = zone_.record.Encode();
  old.resize(old.size() - 32);
  old.erase(old.end() - 69);                               // the length of the foreign key
  for (const std::size_t key : {second_key, first_key}) {  // algorithm and set
    old.erase(old.begin() + static_cast<std::ptrdiff_t>(key) + 18,
              old.begin() + static_cast<std::ptrdiff_t>(key) + 20);
  }
  old[3] = 2;
  const signer::Digest sum = signer::Sha256::Hash(old);
  old.insert(old.end(), sum.begin(), sum.end());
  const auto decoded = ZoneKeyRecord::Decode(old);
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->keys[1].algorithm, signer::kAlgorithmP256);
  EXPECT_EQ(decoded->foreign, zone_.record.foreign);
  EXPECT_EQ(decoded->Encode(), zone_.record.Encode());
}

TEST_F(ZoneKeyRecordTest, RecordOfVersion1IsReadAndWrittenBackAsVersion3) {
  const std::size_t first_key = 4 + zone_.record.apex.size() + 2;
  const std::size_t second_key = first_key + 84 + sizeof(KeyId);
  std::vector<std::uint8_t> old = octets_;
  old.resize(old.size() - 32 - 26);  // neither sum nor life
  for (const std::size_t key : {second_key, first_key}) {
    old.erase(old.begin() + static_cast<std::ptrdiff_t>(key) + 10,
              old.begin() + static_cast<std::ptrdiff_t>(key) + 20);
    old[key + 3] = 3;
  }
  old[3] = 1;
  const signer::Digest sum = signer::Sha256::Hash(old);
  old.insert(old.end(), sum.begin(), sum.end());

  auto decoded = ZoneKeyRecord::Decode(old);
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->key_ttl, kKeyTtl);
  EXPECT_TRUE(decoded->keys[0].wants_ds);
  EXPECT_FALSE(decoded->keys[1].wants_ds);
  EXPECT_EQ(decoded->keys[1].signing_since, decoded->keys[1].created);
  EXPECT_EQ(decoded->DsRecords(), zone_.record.DsRecords());
  EXPECT_EQ(decoded->CdsRRset().view().First().size(), 36u);
  auto again = ZoneKeyRecord::Decode(decoded->Encode());
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->Encode(), decoded->Encode());
}

TEST_F(ZoneKeyRecordTest, LifeComesBackWhole) {
  ZoneKeyRecord& record = zone_.record;
  zone_.Add(Role::kZsk, KeyHome::kSealed);
  record.key_ttl = 5;
  record.zone_ttl = 7;
  record.older_key_ttl = 13;
  record.older_keys_until = kNow + 9;
  record.older_data_until = kNow + 11;
  Rollover roll;
  roll.cause = RollCause::kEmergency;
  roll.step = RollStep::kSwitched;
  roll.old_tag = record.keys[1].key_tag;
  roll.new_tag = record.keys[2].key_tag;
  roll.started = kNow;
  roll.served_at = kNow + 3;
  record.rollovers = {roll};
  const auto decoded = ZoneKeyRecord::Decode(record.Encode());
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->rollovers, record.rollovers);
  EXPECT_EQ(decoded->key_ttl, 5u);
  EXPECT_EQ(decoded->older_key_ttl, 13u);
  EXPECT_EQ(decoded->older_data_until, kNow + 11);

  record.rollovers[0].old_tag ^= 1;
  EXPECT_FALSE(ZoneKeyRecord::Decode(record.Encode())) << "a rollover of a key that is not there";
}

// RFC 8901 section 3.2: the ZSKs of the others in the DNSKEY RRset, all KSKs at the parent.
TEST_F(ZoneKeyRecordTest, Rfc8901Section3_2_ForeignKeysArePublishedAndTheirKsksAskedFor) {
  SoftwareZone other("example.net.");
  ZoneKeyRecord& record = zone_.record;
  for (const KeyRecord& key : other.record.keys) {
    ASSERT_FALSE(record.HasTag(key.key_tag));
    record.foreign.push_back(key.Dnskey());
    EXPECT_TRUE(record.HasTag(key.key_tag));
  }
  EXPECT_EQ(record.DnskeyRRset().count(), 4);
  EXPECT_EQ(record.CdsRRset().count(), 2);
  EXPECT_EQ(record.CdnskeyRRset().count(), 2);
  const auto decoded = ZoneKeyRecord::Decode(record.Encode());
  ASSERT_TRUE(decoded) << decoded.error();
  EXPECT_EQ(decoded->foreign, record.foreign);

  record.foreign.push_back(record.keys[0].Dnskey());
  EXPECT_FALSE(ZoneKeyRecord::Decode(record.Encode())) << "a foreign key with the tag of ours";
}

TEST_F(ZoneKeyRecordTest, KeysOfEveryAlgorithmSurviveAndASetMaySignUnpublished) {
  ZoneKeyRecord& record = zone_.record;
  for (const std::uint8_t algorithm : {signer::kAlgorithmP384, signer::kAlgorithmEd25519}) {
    zone_.Add(Role::kKsk, KeyHome::kSealed, algorithm);
  }
  KeyRecord& csk = record.keys.back();
  csk.signs_data = true;
  csk.set = 1;
  record.foreign.push_back(MakeDnskey(Role::kZsk, csk.public_key, csk.algorithm));
  auto decoded = ZoneKeyRecord::Decode(record.Encode());
  ASSERT_TRUE(decoded) << decoded.error();
  for (std::size_t i = 0; i < record.keys.size(); ++i) {
    EXPECT_EQ(decoded->keys[i].Dnskey(), record.keys[i].Dnskey());
    EXPECT_EQ(decoded->keys[i].algorithm, record.keys[i].algorithm);
  }
  EXPECT_TRUE(decoded->keys.back().signs_data);
  EXPECT_EQ(decoded->keys.back().set, 1);
  EXPECT_EQ(decoded->foreign, record.foreign);

  csk.published = false;
  EXPECT_FALSE(ZoneKeyRecord::Decode(record.Encode())) << "it signs, and nobody replaces the keys";
  Rollover roll;
  roll.method = RollMethod::kWholeSet;
  roll.step = RollStep::kPresigned;
  roll.old_tag = record.keys[0].key_tag;
  roll.new_tag = csk.key_tag;
  record.rollovers.push_back(roll);
  decoded = ZoneKeyRecord::Decode(record.Encode());
  ASSERT_TRUE(decoded) << decoded.error();
  ASSERT_NE(decoded->WholeSetRollover(), nullptr);
  EXPECT_EQ(*decoded->WholeSetRollover(), roll);
  csk.set = 0;
  EXPECT_FALSE(ZoneKeyRecord::Decode(record.Encode())) << "both are of one set";
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
