// The three ways of denial over zones held whole and over backends: what each record says, and that
// ldns accepts it as proof.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "tests/proxy/denied.h"
#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::Rcode;
using dns::RRType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kZone[] = R"($TTL 300
@ 3600 IN SOA ns.example. h.example. 7 3600 600 604800 120
@ 3600 IN NS ns.example.
ns IN A 192.0.2.53
www IN A 192.0.2.1
*.wild IN A 192.0.2.2
leaf.ent IN A 192.0.2.3
alias IN CNAME gone.example.
cut IN NS ns.outside.org.
keyed IN NS ns.outside.org.
keyed IN DS 12345 13 2 E2D3C916F6DEEAC73294E8268FB5885044A833FC5459588F4A9184CFC41A5766
old IN DNAME new.example.
)";
constexpr char kSoa[] = "cdn.example. 900 IN SOA ns.cdn.example. h.cdn.example. 1 2 3 4 60";

std::vector<std::string> RecordsOf(const Reply& reply, const std::string& type) {
  std::vector<std::string> records;
  for (const std::string& line : reply.Authority()) {
    if (line.find(" IN " + type + " ") != std::string::npos) records.push_back(line);
  }
  return records;
}

// ldns 1.8 leaks two names in each proof by NSEC3: what it allocates meanwhile is not counted.
#ifdef __SANITIZE_ADDRESS__
using UncountedLeaks = __lsan::ScopedDisabler;
#else
struct UncountedLeaks {
  UncountedLeaks() {}
};
#endif

// What ldns makes of the records of the authority section as a proof about the question.
bool LdnsAccepts(const Reply& reply, const std::string& name, RRType type) {
  ldns_rr_list* authority = ldns_pkt_authority(reply.packet());
  ldns_rr_list* nsecs = ldns_rr_list_new();
  ldns_rr_list* rrsigs = ldns_rr_list_new();
  bool hashed = false;
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(authority); ++i) {
    ldns_rr* rr = ldns_rr_list_rr(authority, i);
    const ldns_rr_type kind = ldns_rr_get_type(rr);
    if (kind == LDNS_RR_TYPE_RRSIG) ldns_rr_list_push_rr(rrsigs, rr);
    if (kind != LDNS_RR_TYPE_NSEC && kind != LDNS_RR_TYPE_NSEC3) continue;
    hashed |= kind == LDNS_RR_TYPE_NSEC3;
    ldns_rr_list_push_rr(nsecs, rr);
  }
  ldns_rr* question = ldns_rr_new_frm_type(static_cast<ldns_rr_type>(type));
  ldns_rdf* owner = nullptr;
  ldns_str2rdf_dname(&owner, name.c_str());
  ldns_rr_set_owner(question, owner);
  const UncountedLeaks of_ldns;
  const ldns_status status =
      hashed ? ldns_dnssec_verify_denial_nsec3(
                   question, nsecs, rrsigs, ldns_pkt_get_rcode(reply.packet()),
                   static_cast<ldns_rr_type>(type), ldns_pkt_get_rcode(reply.packet()) == 0)
             : ldns_dnssec_verify_denial(question, nsecs, rrsigs);
  ldns_rr_free(question);
  ldns_rr_list_free(nsecs);
  ldns_rr_list_free(rrsigs);
  return status == LDNS_STATUS_OK;
}

class DenialModes : public PipelineFixture, public ::testing::WithParamInterface<DenialMode> {
 protected:
  DenialModes() {
    auto held = LocalZoneOf("example.", kZone);
    held->policy.denial = GetParam();
    Serve(held);
    there_ = AllOf(*held->local);
    auto asked = ForwardZoneOf("cdn.example.");
    asked->policy.denial = GetParam();
    Serve(asked);
    AddZoneBelow(there_, N("cdn.example."), N("example."));
  }
  bool compact() const { return GetParam() == DenialMode::kCompact; }
  bool hashed() const { return GetParam() == DenialMode::kNsec3; }
  std::vector<std::string> Proofs(const Reply& reply) const {
    return RecordsOf(reply, hashed() ? "NSEC3" : "NSEC");
  }

  void ExpectNoSuchName(const std::string& name, RRType type, std::size_t records) {
    const Reply reply = Get(Ask(name, type).Dnssec());
    EXPECT_EQ(reply.rcode(), compact() ? 0 : 3) << name;
    EXPECT_THAT(Proofs(reply), SizeIs(compact() ? 1 : records)) << name;
    if (!compact()) {
      EXPECT_TRUE(LdnsAccepts(reply, name, type)) << name;
    }
    EXPECT_TRUE(Believed(reply)) << name;
    EXPECT_EQ(DenialReader::Denies(reply.wire(), there_), "") << name;
    EXPECT_EQ(Get(Ask(name, type)).rcode(), 3) << name;
  }
  void ExpectNoSuchType(const std::string& name, RRType type) {
    const Reply reply = Get(Ask(name, type).Dnssec());
    EXPECT_EQ(reply.rcode(), 0) << name;
    EXPECT_THAT(Proofs(reply), SizeIs(1)) << name;
    EXPECT_TRUE(LdnsAccepts(reply, name, type)) << name;
    EXPECT_TRUE(Believed(reply)) << name;
    EXPECT_EQ(DenialReader::Denies(reply.wire(), there_), "") << name;
  }

  std::vector<Existing> there_;
};
INSTANTIATE_TEST_SUITE_P(Zone, DenialModes,
                         ::testing::Values(DenialMode::kCompact, DenialMode::kWhiteLies,
                                           DenialMode::kNsec3),
                         [](const auto& mode) {
                           return mode.param == DenialMode::kCompact     ? "Compact"
                                  : mode.param == DenialMode::kWhiteLies ? "WhiteLies"
                                                                         : "Nsec3";
                         });

TEST_P(DenialModes, Rfc4035Section3132_NamesOfAHeldZone) {
  ExpectNoSuchName("gone.example.", RRType::kA, hashed() ? 3 : 2);
  ExpectNoSuchName("far.off.gone.example.", RRType::kMX, hashed() ? 3 : 2);
  ExpectNoSuchName("gone.ent.example.", RRType::kDS, hashed() ? 3 : 2);
  // The name is its own wildcard.
  ExpectNoSuchName("*.example.", RRType::kA, hashed() ? 2 : 1);
}

TEST_P(DenialModes, NamesBehindABackend) {
  for (const char* name : {"gone.cdn.example.", "far.off.gone.cdn.example."}) {
    Backend(name, RRType::kA, BackendSays().Rcode(Rcode::kNXDomain).Authority(kSoa));
    ExpectNoSuchName(name, RRType::kA, hashed() ? 3 : 2);
  }
}

TEST_P(DenialModes, Rfc4035Section3131_TypesOfAHeldZone) {
  ExpectNoSuchType("www.example.", RRType::kTXT);
  ExpectNoSuchType("example.", RRType::kTXT);
  ExpectNoSuchType("ent.example.", RRType::kA);
  ExpectNoSuchType("any.wild.example.", RRType::kTXT);
  ExpectNoSuchType("*.wild.example.", RRType::kTXT);
}

TEST_P(DenialModes, TypesBehindABackend) {
  Backend("www.cdn.example.", RRType::kTXT, BackendSays().Authority(kSoa));
  ExpectNoSuchType("www.cdn.example.", RRType::kTXT);
  Backend("cdn.example.", RRType::kTXT, BackendSays().Authority(kSoa));
  ExpectNoSuchType("cdn.example.", RRType::kTXT);
  for (const RRType type : {RRType::kDS, RRType::kNS}) {
    Backend("www.cdn.example.", type, BackendSays().Authority(kSoa));
  }
  ExpectNoSuchType("www.cdn.example.", RRType::kDS);
}

TEST_P(DenialModes, AWildcardIsAnExactMatchWithoutFurtherProof) {
  const Reply reply = Get(Ask("any.wild.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(1));
  EXPECT_THAT(reply.Authority(), IsEmpty());
  EXPECT_TRUE(Believed(reply));
}

TEST_P(DenialModes, Rfc4035Section314_ReferralsProveThatThereIsNoDs) {
  const Reply referral = Get(Ask("low.cut.example.", RRType::kA).Dnssec());
  EXPECT_FALSE(referral.aa());
  EXPECT_THAT(Proofs(referral), SizeIs(1));
  EXPECT_TRUE(Believed(referral));
  EXPECT_EQ(DenialReader::Denies(referral.wire(), there_), "");
  const Reply ds = Get(Ask("cut.example.", RRType::kDS).Dnssec());
  EXPECT_TRUE(LdnsAccepts(ds, "cut.example.", RRType::kDS));
  EXPECT_EQ(DenialReader::Denies(ds.wire(), there_), "");
  EXPECT_THAT(RecordsOf(Get(Ask("low.keyed.example.", RRType::kA).Dnssec()), "DS"), SizeIs(1));
}

TEST_P(DenialModes, AReferralOfABackendProvesThatThereIsNoDs) {
  const BackendSays says =
      BackendSays().NotAuthoritative().Authority("sub.cdn.example. 60 IN NS ns.outside.org.");
  Backend("low.sub.cdn.example.", RRType::kA, says);
  Backend("sub.cdn.example.", RRType::kNS, says);
  Backend("sub.cdn.example.", RRType::kDS, BackendSays().Authority(kSoa));
  const Reply reply = Get(Ask("low.sub.cdn.example.", RRType::kA).Dnssec());
  EXPECT_THAT(Proofs(reply), SizeIs(1));
  EXPECT_TRUE(Believed(reply));
  EXPECT_TRUE(LdnsAccepts(Get(Ask("sub.cdn.example.", RRType::kDS).Dnssec()), "sub.cdn.example.",
                          RRType::kDS));
}

TEST_P(DenialModes, Rfc6604_AnAliasToNothing) {
  const Reply reply = Get(Ask("alias.example.", RRType::kA).Dnssec());
  EXPECT_THAT(reply.Answer(), ElementsAre("alias.example. 300 IN CNAME gone.example."));
  EXPECT_EQ(reply.rcode(), compact() ? 0 : 3);
  EXPECT_TRUE(Believed(reply));
  const Reply dname = Get(Ask("x.old.example.", RRType::kA).Dnssec());
  EXPECT_THAT(dname.Answer(), SizeIs(2));
  EXPECT_EQ(dname.rcode(), compact() ? 0 : 3);
  EXPECT_TRUE(Believed(dname));
}

TEST_P(DenialModes, Rfc9077_ProofsLiveAsLongAsTheNegativeAnswer) {
  for (const std::string& record : Proofs(Get(Ask("gone.example.", RRType::kA).Dnssec()))) {
    EXPECT_THAT(record, HasSubstr(" 120 IN NSEC"));
  }
}

// A zone of ours below: neither it nor the names above it are denied, and the closest encloser is
// the one that exists for it.
TEST_P(DenialModes, Rule1_ZonesBelowAreNotDenied) {
  Serve(LocalZoneOf("deep.b.example.", "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n"));
  AddZoneBelow(there_, N("deep.b.example."), N("example."));
  ExpectNoSuchType("b.example.", RRType::kA);
  ExpectNoSuchName("x.b.example.", RRType::kA, hashed() ? 3 : 2);
  ExpectNoSuchName("a.example.", RRType::kA, hashed() ? 3 : 2);
  const Reply ds = Get(Ask("deep.b.example.", RRType::kDS).Dnssec());
  EXPECT_TRUE(LdnsAccepts(ds, "deep.b.example.", RRType::kDS));
}

// The zone below makes `*.b.example.` exist, and with it all that it could stand for.
TEST_P(DenialModes, Rfc4592Section42_AWildcardAboveAZoneOfOursIsNotDenied) {
  Serve(LocalZoneOf("deep.*.b.example.", "$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\n"));
  AddZoneBelow(there_, N("deep.*.b.example."), N("example."));
  ExpectNoSuchType("x.b.example.", RRType::kA);
  ExpectNoSuchType("*.b.example.", RRType::kA);
}

class DenialModesOnce : public PipelineFixture {};

// The owner of the NSEC that would cover the name exists: nothing may be said of it, so that the
// compact lie takes the place.
TEST_F(DenialModesOnce, AnOwnerThatExistsIsNotMadeUp) {
  std::string before = "a";
  for (int i = 0; i < 62; ++i) before += "\\255";
  auto zone = LocalZoneOf("example.", std::string(kZone) + before + " IN A 192.0.2.8\n");
  zone->policy.denial = DenialMode::kWhiteLies;
  Serve(zone);
  const Reply reply = Get(Ask("b.example.", RRType::kA).Dnssec());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_EQ(ProofIn(reply, "b.example.", RRType::kA), Proof::kNoSuchName);
  EXPECT_EQ(DenialReader::Denies(reply.wire(), AllOf(*zone->local)), "");
  EXPECT_EQ(Get(Ask("d.example.", RRType::kA).Dnssec()).rcode(), 3);
}

TEST_F(DenialModesOnce, Rfc5155Section4_Nsec3paramIsAtTheApex) {
  auto zone = LocalZoneOf("example.", kZone);
  zone->policy.denial = DenialMode::kNsec3;
  Serve(zone);
  const Reply reply = Get(Ask("example.", RRType::kNSEC3PARAM).Dnssec());
  EXPECT_THAT(reply.Answer(), SizeIs(1));
  EXPECT_THAT(reply.Answer()[0], HasSubstr("example. 0 IN NSEC3PARAM 1 0 0 -"));
  EXPECT_TRUE(Believed(reply));
  EXPECT_THAT(RecordsOf(Get(Ask("example.", RRType::kTXT).Dnssec()), "NSEC3"),
              ElementsAre(HasSubstr("NSEC3PARAM")));
}

TEST_F(DenialModesOnce, WithNsec3ThereIsNoNsecAndRrsigIsOfTheData) {
  auto zone = LocalZoneOf("example.", kZone);
  zone->policy.denial = DenialMode::kNsec3;
  Serve(zone);
  const Reply nsec = Get(Ask("www.example.", RRType::kNSEC).Dnssec());
  EXPECT_THAT(nsec.Answer(), IsEmpty());
  EXPECT_TRUE(LdnsAccepts(nsec, "www.example.", RRType::kNSEC));
  const Reply rrsig = Get(Ask("www.example.", RRType::kRRSIG).Dnssec());
  EXPECT_EQ(ldns_rr_list_rr_count(ldns_pkt_answer(rrsig.packet())), 1u);
  EXPECT_EQ(rrsig.Rrsigs(), 1u);
  const Reply none = Get(Ask("ent.example.", RRType::kRRSIG).Dnssec());
  EXPECT_TRUE(LdnsAccepts(none, "ent.example.", RRType::kRRSIG));
}

// What a backend did not say of the encloser is not denied with the name below it.
TEST_F(DenialModesOnce, Rule1_TheEncloserBehindABackendIsLeftOpen) {
  auto zone = ForwardZoneOf("cdn.example.");
  zone->policy.denial = DenialMode::kNsec3;
  Serve(zone);
  Backend("x.www.cdn.example.", RRType::kA, BackendSays().Rcode(Rcode::kNXDomain).Authority(kSoa));
  const Reply reply = Get(Ask("x.www.cdn.example.", RRType::kA).Dnssec());
  EXPECT_TRUE(LdnsAccepts(reply, "x.www.cdn.example.", RRType::kA));
  const std::vector<Existing> www = {ExistingName(
      N("www.cdn.example."), {RRType::kCNAME, RRType::kA, RRType::kNS, RRType{65280}})};
  EXPECT_EQ(DenialReader::Denies(reply.wire(), www), "");
}

// A label of 63 octets leaves no room to make up a neighbour: the label before may be a name that
// the backend has.
TEST_F(DenialModesOnce, Rule1_ANeighbourBehindABackendIsLeftOpen) {
  auto zone = ForwardZoneOf("cdn.example.");
  zone->policy.denial = DenialMode::kWhiteLies;
  Serve(zone);
  const std::string stem(62, 'y');
  const std::string name = stem + "b.cdn.example.";
  Backend(name, RRType::kA, BackendSays().Rcode(Rcode::kNXDomain).Authority(kSoa));
  const Reply reply = Get(Ask(name, RRType::kA).Dnssec());
  const std::vector<Existing> neighbours = {ExistingName(N(stem + "a.cdn.example."), {RRType::kA}),
                                            ExistingName(N("w." + stem + "a.cdn.example."), {})};
  EXPECT_EQ(DenialReader::Denies(reply.wire(), neighbours), "");
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_EQ(ProofIn(reply, name, RRType::kA), Proof::kNoSuchName);
}

}  // namespace
}  // namespace sealwire::proxy::testing
