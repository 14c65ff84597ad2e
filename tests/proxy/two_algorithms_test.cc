// Answers while the algorithm of a zone is replaced: every RRset has a signature of each key, and
// ldns believes each of them.
#include <gtest/gtest.h>

#include <set>

#include "proxy/signed_copy.h"
#include "signer/algorithm.h"
#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;

constexpr char kZone[] = R"($TTL 300
@ IN SOA ns.example. hostmaster.example. 7 3600 600 604800 120
@ IN NS ns.example.
ns IN A 192.0.2.53
www IN A 192.0.2.1
*.wild IN TXT "any"
alias IN CNAME www.example.
)";

class TwoAlgorithms : public PipelineFixture, public ::testing::WithParamInterface<std::uint8_t> {
 protected:
  void SetUp() override {
    zone_ = LocalZoneOf("example.", kZone);
    held_ = MakeKeys("example.", kNow);  // its secrets are borrowed
    auto keys = std::make_shared<keycache::ZoneKeys>(*held_);
    signer::PublicOctets public_key;
    ASSERT_TRUE(signer::MakeKeyPair(GetParam(), secret_, public_key));
    const auto dnskey = keycache::MakeDnskey(keycache::Role::kZsk, public_key, GetParam());
    keys->dnskey.Add(dnskey);
    keys->other_zsk = {secret_.data(), 1'000'000u + GetParam(), signer::KeyTag(dnskey), GetParam()};
    first_ = std::shared_ptr<const keycache::ZoneKeys>(keys);
    zone_->keys = first_;
    Serve(zone_);
  }

  // Algorithms of the RRSIGs over each (owner, type) of the answer.
  static std::map<std::string, std::multiset<int>> Algorithms(const Reply& reply) {
    std::map<std::string, std::multiset<int>> found;
    for (ldns_rr_list* section :
         {ldns_pkt_answer(reply.packet()), ldns_pkt_authority(reply.packet())}) {
      for (std::size_t i = 0; i < ldns_rr_list_rr_count(section); ++i) {
        const ldns_rr* rr = ldns_rr_list_rr(section, i);
        if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_RRSIG) continue;
        const std::string key = NameOf(ldns_rr_owner(rr)).ToText() +
                                std::to_string(ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(rr)));
        found[key].insert(ldns_rdf2native_int8(ldns_rr_rrsig_algorithm(rr)));
      }
    }
    return found;
  }

  std::shared_ptr<Zone> zone_;
  std::array<std::uint8_t, 32> secret_{};
  std::shared_ptr<const keycache::ZoneKeys> held_, first_;
};

TEST_P(TwoAlgorithms, Rfc4035Section2_2_SignEveryRRsetOfEveryAnswer) {
  for (const auto& [name, type] :
       std::initializer_list<std::pair<const char*, RRType>>{{"www.example.", RRType::kA},
                                                             {"alias.example.", RRType::kA},
                                                             {"x.wild.example.", RRType::kTXT},
                                                             {"gone.example.", RRType::kA},
                                                             {"www.example.", RRType::kMX},
                                                             {"example.", RRType::kSOA}}) {
    const Reply reply = Get(Ask(name, type).Dnssec());
    ASSERT_TRUE(reply.parsed()) << name;
    EXPECT_FALSE(reply.tc());
    const auto found = Algorithms(reply);
    EXPECT_FALSE(found.empty()) << name;
    for (const auto& [set, algorithms] : found) {
      EXPECT_EQ(algorithms, (std::multiset<int>{13, GetParam()})) << name << " " << set;
    }
  }
}

TEST_P(TwoAlgorithms, AreBothBelievedByLdns) {
  for (const char* name : {"www.example.", "x.wild.example.", "gone.example."}) {
    EXPECT_TRUE(Believed(Get(Ask(name, RRType::kTXT).Dnssec()))) << name;
  }
}

TEST_P(TwoAlgorithms, AnswerTheSameFromTheCache) {
  const Packet first = Get(Ask("www.example.", RRType::kA).Dnssec()).wire();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Get(Ask("www.example.", RRType::kA).Dnssec()).wire(), first);
  }
}

TEST_P(TwoAlgorithms, ACopyForSecondariesHasBoth) {
  signer::SignatureMemo memo(64);
  signer::RRsetSigner rrsets(signer_, memo);
  const auto copy = MakeSignedCopy(*zone_->local, first_.get(), {}, rrsets, kNow);
  ASSERT_TRUE(copy.ok()) << copy.error();
  std::map<std::pair<std::string, int>, std::multiset<int>> found;
  dns::Reader reader((*copy)->records);
  CopiedRecord record;
  while (NextRecord(reader, (*copy)->records, record)) {
    if (record.type != RRType::kRRSIG) continue;
    const int covered = record.rdata[0] << 8 | record.rdata[1];
    found[{record.owner.ToText(), covered}].insert(record.rdata[2]);
  }
  for (const auto& [set, algorithms] : found) {
    if (set.second == static_cast<int>(RRType::kDNSKEY)) continue;  // signed by KSKs, made ahead
    EXPECT_EQ(algorithms, (std::multiset<int>{13, GetParam()})) << set.first << " " << set.second;
  }
}

INSTANTIATE_TEST_SUITE_P(Others, TwoAlgorithms,
                         ::testing::Values(signer::kAlgorithmP384, signer::kAlgorithmEd25519));

}  // namespace
}  // namespace sealwire::proxy::testing
