#include "keycache/key_signatures.h"

#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <memory>
#include <set>

#include "keycache/key_cache.h"
#include "keycache/zone_keys.h"
#include "tests/keycache/software_zone.h"

namespace sealwire::keycache {
namespace {

constexpr std::uint32_t kNow = 1790000000;  // September 2026

ZoneKeys SnapshotOf(const ZoneKeyRecord& record) {
  ZoneKeys keys;
  keys.apex = record.apex;
  keys.prepared = record.prepared;
  return keys;
}

// ldns's own reading of one record.
ldns_rr* ToLdns(const dns::Name& owner, dns::RRType type, dns::Bytes rdata) {
  std::vector<std::uint8_t> wire(owner.wire().begin(), owner.wire().end());
  std::array<std::uint8_t, 10> fixed{};
  dns::Writer out(fixed);
  out.U16(static_cast<std::uint16_t>(type));
  out.U16(1);
  out.U32(kKeyTtl);
  out.U16(static_cast<std::uint16_t>(rdata.size()));
  wire.insert(wire.end(), fixed.begin(), fixed.end());
  wire.insert(wire.end(), rdata.begin(), rdata.end());
  ldns_rr* rr = nullptr;
  std::size_t position = 0;
  EXPECT_EQ(ldns_wire2rr(&rr, wire.data(), wire.size(), &position, LDNS_SECTION_ANSWER),
            LDNS_STATUS_OK);
  return rr;
}

ldns_rr_list* ToLdns(const dns::RRset& set) {
  ldns_rr_list* list = ldns_rr_list_new();
  set.view().ForEach([&](dns::Bytes rdata) {
    ldns_rr_list_push_rr(list, ToLdns(set.owner(), set.type(), rdata));
  });
  return list;
}

// What a validator that is not ours says at `when`.
ldns_status Validate(const ZoneKeyRecord& record, const dns::RRset& set,
                     const PreparedSignature& signature, std::uint32_t when) {
  ldns_rr_list* rrset = ToLdns(set);
  ldns_rr_list* keys = ToLdns(record.DnskeyRRset());
  ldns_rr* rrsig = ToLdns(record.apex, dns::RRType::kRRSIG, signature.rdata);
  ldns_rr_list* good = ldns_rr_list_new();
  const ldns_status status = ldns_verify_rrsig_keylist_time(rrset, rrsig, keys, when, good);
  ldns_rr_list_free(good);
  ldns_rr_free(rrsig);
  ldns_rr_list_deep_free(keys);
  ldns_rr_list_deep_free(rrset);
  return status;
}

TEST(KeySignatures, AnotherImplementationValidatesEveryWindow) {
  SoftwareZone zone("example.net.");
  zone.record.cds = CdsPublication::kPublish;
  zone.SignAt(kNow);
  ASSERT_EQ(zone.record.prepared.size(), 3u * kWindowCount);
  for (const dns::RRset& set : KeyRRsets(zone.record)) {
    for (const PreparedSignature& each : zone.record.prepared) {
      if (each.covered != set.type()) continue;
      EXPECT_EQ(Validate(zone.record, set, each, each.inception + 1), LDNS_STATUS_OK);
      EXPECT_EQ(Validate(zone.record, set, each, each.expiration - 1), LDNS_STATUS_OK);
      EXPECT_NE(Validate(zone.record, set, each, each.expiration + 1), LDNS_STATUS_OK);
      EXPECT_TRUE(Covers(zone.record, set, each));
    }
  }
}

TEST(KeySignatures, DeleteRecordsAreSignedToo) {
  SoftwareZone zone("example.net.");
  zone.record.cds = CdsPublication::kDelete;
  zone.SignAt(kNow);
  EXPECT_EQ(zone.record.CdsRRset().count(), 1);
  EXPECT_EQ(zone.record.CdnskeyRRset().count(), 1);
  const ZoneKeys keys = SnapshotOf(zone.record);
  const auto* signature = FindPrepared(keys, dns::RRType::kCDS, kNow);
  ASSERT_NE(signature, nullptr);
  EXPECT_EQ(Validate(zone.record, zone.record.CdsRRset(), *signature, kNow), LDNS_STATUS_OK);
}

TEST(KeySignatures, AtEveryMomentOfFourteenDaysOneIsValidForHours) {
  SoftwareZone zone("example.net.");
  zone.SignAt(kNow);
  const ZoneKeys keys = SnapshotOf(zone.record);
  EXPECT_EQ(PreparedUntil(zone.record), kNow + 14 * 86400);
  // Resolvers keep the RRset for its TTL: until shortly before the end more than that must be left.
  for (std::uint32_t at = kNow; at < kNow + 14 * 86400 - 2 * kKeyTtl; at += 600) {
    const auto* serving = FindPrepared(keys, dns::RRType::kDNSKEY, at);
    ASSERT_NE(serving, nullptr) << at - kNow;
    ASSERT_GT(serving->expiration - at, kKeyTtl);
  }
  EXPECT_EQ(FindPrepared(keys, dns::RRType::kDNSKEY, kNow + 14 * 86400 + 1), nullptr);
  EXPECT_EQ(FindPrepared(keys, dns::RRType::kCDS, kNow), nullptr);
}

TEST(KeySignatures, Rfc4034Section3_1_5_TimesWrapIn2106) {
  SoftwareZone zone("example.net.");
  const std::uint32_t before_wrap = 0xffffffffu - 86400;
  zone.SignAt(before_wrap);
  const ZoneKeys keys = SnapshotOf(zone.record);
  EXPECT_EQ(PreparedUntil(zone.record), before_wrap + 14 * 86400);
  for (std::uint32_t day = 0; day < 14; ++day) {
    EXPECT_NE(FindPrepared(keys, dns::RRType::kDNSKEY, before_wrap + day * 86400), nullptr) << day;
  }
  EXPECT_FALSE(RefreshDue(zone.record, before_wrap + 3 * 86400));
  EXPECT_TRUE(RefreshDue(zone.record, before_wrap + 8 * 86400));
}

TEST(KeySignatures, RefreshComesAtHalfLifeAndNotForAllAtOnce) {
  std::set<std::uint32_t> hours;
  for (int i = 0; i < 20; ++i) {
    SoftwareZone zone("zone" + std::to_string(i) + ".example.");
    zone.SignAt(kNow);
    EXPECT_FALSE(RefreshDue(zone.record, kNow));
    EXPECT_FALSE(RefreshDue(zone.record, kNow + 6 * 86400 - 1));
    EXPECT_TRUE(RefreshDue(zone.record, kNow + 7 * 86400 + 1));
    std::uint32_t hour = 6 * 24;
    while (!RefreshDue(zone.record, kNow + hour * 3600)) ++hour;
    hours.insert(hour);
  }
  EXPECT_GE(hours.size(), 8u) << "twenty zones share less than half of a day's hours";
}

TEST(KeySignatures, RefreshIsDueWhenAnRRsetLacksOneOrTheClockWentBack) {
  SoftwareZone zone("example.net.");
  EXPECT_EQ(PreparedUntil(zone.record), 0u);
  EXPECT_TRUE(RefreshDue(zone.record, kNow));
  zone.SignAt(kNow);
  EXPECT_TRUE(RefreshDue(zone.record, kNow - 2 * 86400)) << "all inceptions lie ahead";
  zone.record.cds = CdsPublication::kPublish;
  EXPECT_EQ(PreparedUntil(zone.record), 0u) << "CDS has none";
}

TEST(KeySignatures, SignatureOverAnotherRRsetIsNotTaken) {
  SoftwareZone zone("example.net.");
  zone.SignAt(kNow);
  const PreparedSignature& signature = zone.record.prepared.front();
  EXPECT_TRUE(Covers(zone.record, zone.record.DnskeyRRset(), signature));
  SoftwareZone changed = zone;
  changed.Add(Role::kZsk, KeyHome::kSealed);
  EXPECT_FALSE(Covers(changed.record, changed.record.DnskeyRRset(), signature))
      << "made before the second ZSK came";
  SoftwareZone other("example.org.");
  EXPECT_FALSE(Covers(other.record, other.record.DnskeyRRset(), signature));
  PreparedSignature cut = signature;
  cut.rdata.resize(40);
  EXPECT_FALSE(Covers(zone.record, zone.record.DnskeyRRset(), cut));
}

// RFC 6781 section 4.1.4: signatures of an algorithm come before its DNSKEY, and stay behind it.
TEST(KeySignatures, Rfc6781Section4_1_4_UnpublishedKskSignsAllButDnskey) {
  for (const std::uint8_t algorithm : {signer::kAlgorithmP384, signer::kAlgorithmEd25519}) {
    SoftwareZone zone("example.net.");
    zone.record.cds = CdsPublication::kPublish;
    zone.Add(Role::kKsk, KeyHome::kSealed, algorithm);
    KeyRecord& added = zone.record.keys.back();
    added.published = added.wants_ds = false;
    zone.SignAt(kNow);
    std::set<dns::RRType> covered;
    for (const PreparedSignature& each : zone.record.prepared) {
      if (KeyTagOf(each) == added.key_tag) covered.insert(each.covered);
    }
    EXPECT_EQ(covered, (std::set{dns::RRType::kCDS, dns::RRType::kCDNSKEY}));
    added.published = true;
    zone.SignAt(kNow);
    for (const dns::RRset& set : KeyRRsets(zone.record)) {
      const auto* made = FindPreparedBy(zone.record, added.key_tag, set.type(), kNow);
      ASSERT_NE(made, nullptr);
      EXPECT_TRUE(Covers(zone.record, set, *made));
      EXPECT_EQ(Validate(zone.record, set, *made, kNow), LDNS_STATUS_OK);
    }
  }
}

TEST(KeySignatures, ZoneWithoutKskCannotBeSigned) {
  SoftwareZone zone("example.net.");
  zone.record.keys.front().signing = false;
  auto prepared = PrepareSignatures(zone.record, kNow, [](const auto&, const auto&) {
    return Result<signer::SignatureOctets>(signer::SignatureOctets());
  });
  EXPECT_FALSE(prepared);
}

}  // namespace
}  // namespace sealwire::keycache
