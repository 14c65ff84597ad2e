// What RRsetSigner signs, verified by another implementation: ldns reads the RRset and the RRSIG as
// text would, canonicalizes by its own rules, and checks the signature with the DNSKEY.
#include <gtest/gtest.h>
#include <ldns/ldns.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "signer/compact_nsec.h"
#include "signer/denial_types.h"
#include "signer/openssl_signer.h"
#include "signer/rrset_signer.h"
#include "signer/rrsig.h"

namespace sealwire::signer {
namespace {

using dns::Name;
using dns::RRset;
using dns::RRType;

struct FreeList {
  void operator()(ldns_rr_list* list) const { ldns_rr_list_deep_free(list); }
};
struct FreeRecord {
  void operator()(ldns_rr* record) const { ldns_rr_free(record); }
};
using Records = std::unique_ptr<ldns_rr_list, FreeList>;
using Record = std::unique_ptr<ldns_rr, FreeRecord>;

Name NameOf(const std::string& text) {
  return Name::FromText(text).value();
}

// ldns takes records in wire form: owner, type, class, TTL, RDLENGTH, RDATA.
ldns_rr* ToLdns(dns::NameView owner, RRType type, std::uint32_t ttl, dns::Bytes rdata) {
  std::vector<std::uint8_t> wire(owner.size() + 10 + rdata.size());
  dns::Writer writer(wire);
  writer.Run(owner.wire());
  writer.U16(static_cast<std::uint16_t>(type));
  writer.U16(1);
  writer.U32(ttl);
  writer.U16(static_cast<std::uint16_t>(rdata.size()));
  writer.Run(rdata);
  ldns_rr* record = nullptr;
  std::size_t at = 0;
  const ldns_status status =
      ldns_wire2rr(&record, wire.data(), wire.size(), &at, LDNS_SECTION_ANSWER);
  EXPECT_EQ(status, LDNS_STATUS_OK) << ldns_get_errorstr_by_id(status);
  return record;
}

class LdnsCrossCheck : public testing::Test {
 protected:
  LdnsCrossCheck() {
    EXPECT_TRUE(GenerateKeyPair(scalar_, public_key_));
    dnskey_rdata_ = {1, 0, 3, kAlgorithmP256};
    dnskey_rdata_.insert(dnskey_rdata_.end(), public_key_.begin(), public_key_.end());
    key_ = {scalar_.data(), 1, KeyTag(dnskey_rdata_)};
  }

  ldns_status Verify(const RRset& rrset,
                     const Validity& validity = {1'700'000'000, 2'000'000'000}) {
    std::array<std::uint8_t, kMaxRrsigSize> rdata;
    dns::Writer writer(rdata);
    EXPECT_TRUE(signer_.Sign(key_, apex_, rrset.view(), validity, writer));
    const Records records(ldns_rr_list_new());
    rrset.view().ForEach([&](dns::Bytes record) {
      ldns_rr_list_push_rr(records.get(), ToLdns(rrset.owner(), rrset.type(), rrset.ttl(), record));
    });
    const Record rrsig(ToLdns(rrset.owner(), RRType::kRRSIG, rrset.ttl(), writer.written()));
    const Record dnskey(ToLdns(apex_, RRType::kDNSKEY, 3600, dnskey_rdata_));
    EXPECT_EQ(ldns_calc_keytag(dnskey.get()), key_.key_tag);
    return ldns_verify_rrsig_time(records.get(), rrsig.get(), dnskey.get(), 1'800'000'000);
  }

  static RRset SetOf(const std::string& owner, RRType type,
                     const std::vector<std::vector<std::uint8_t>>& records) {
    RRset rrset(NameOf(owner), type, 300);
    for (const auto& record : records) rrset.Add(record);
    return rrset;
  }
  static std::vector<std::uint8_t> WithName(std::vector<std::uint8_t> fixed,
                                            const std::string& name) {
    const Name parsed = NameOf(name);
    fixed.insert(fixed.end(), parsed.wire().begin(), parsed.wire().end());
    return fixed;
  }

  const Name apex_ = NameOf("Example.COM.");
  std::array<std::uint8_t, 32> scalar_;
  PublicKey public_key_;
  std::vector<std::uint8_t> dnskey_rdata_;
  SigningKey key_;
  OpensslSigner openssl_;
  SignatureMemo memo_{64};
  RRsetSigner signer_{openssl_, memo_};
};

TEST_F(LdnsCrossCheck, Addresses) {
  EXPECT_EQ(Verify(SetOf("www.example.com.", RRType::kA,
                         {{192, 0, 2, 9}, {192, 0, 2, 1}, {10, 0, 0, 1}})),
            LDNS_STATUS_OK);
  EXPECT_EQ(Verify(SetOf("WWW.Example.com.", RRType::kA, {{192, 0, 2, 9}})), LDNS_STATUS_OK);
}

TEST_F(LdnsCrossCheck, Rfc4034Section6_2_NamesInRdataAreLowered) {
  EXPECT_EQ(
      Verify(SetOf("example.com.", RRType::kMX,
                   {WithName({0, 10}, "MAIL.Example.com."), WithName({0, 5}, "b.example.COM.")})),
      LDNS_STATUS_OK);
  EXPECT_EQ(Verify(SetOf("example.com.", RRType::kNS,
                         {WithName({}, "NS1.Example.com."), WithName({}, "A.ns.example.COM.")})),
            LDNS_STATUS_OK);
  EXPECT_EQ(Verify(SetOf("_sip._tcp.example.com.", RRType::kSRV,
                         {WithName({0, 1, 0, 2, 0x13, 0xc4}, "SIP.Example.com.")})),
            LDNS_STATUS_OK);
}

TEST_F(LdnsCrossCheck, RecordsOfDifferentLength) {
  EXPECT_EQ(
      Verify(SetOf("example.com.", RRType::kTXT,
                   {{3, 'a', 'b', 'c'}, {1, 'z'}, {0}, {3, 'a', 'b', 'c', 0}, {2, 0xff, 0xff}})),
      LDNS_STATUS_OK);
}

TEST_F(LdnsCrossCheck, Rfc4034Section3_1_3_WildcardAsItStands) {
  EXPECT_EQ(Verify(SetOf("*.example.com.", RRType::kA, {{192, 0, 2, 9}})), LDNS_STATUS_OK);
}

TEST_F(LdnsCrossCheck, CompactNsec) {
  for (const std::string owner :
       {"nx.example.com.", "NX.Example.com.", "*.example.com.", "example.com."}) {
    std::array<std::uint8_t, 512> rdata;
    dns::Writer writer(rdata);
    WriteNsec(NextName(NameOf(owner), apex_), NonexistentTypes(), writer);
    const auto written = writer.written();
    EXPECT_EQ(Verify(SetOf(owner, RRType::kNSEC, {{written.begin(), written.end()}})),
              LDNS_STATUS_OK)
        << owner;
  }
}

TEST_F(LdnsCrossCheck, TimesOutsideTheWindowAreRefused) {
  const RRset rrset = SetOf("www.example.com.", RRType::kA, {{192, 0, 2, 9}});
  EXPECT_EQ(Verify(rrset, {1'700'000'000, 1'750'000'000}), LDNS_STATUS_CRYPTO_SIG_EXPIRED);
  EXPECT_EQ(Verify(rrset, {1'900'000'000, 2'000'000'000}), LDNS_STATUS_CRYPTO_SIG_NOT_INCEPTED);
}

}  // namespace
}  // namespace sealwire::signer
