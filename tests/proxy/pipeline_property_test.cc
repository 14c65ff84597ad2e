// Any zone, any question: signed, the zone says what it says unsigned, every signature holds, and
// no denial reaches anything that exists.
#include <gtest/gtest.h>

#include <random>

#include "signer/compact_nsec.h"
#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;

constexpr char kApex[] = "example.";
constexpr RRType kTypes[] = {RRType::kA,   RRType::kTXT,   RRType::kMX,  RRType::kNS,   RRType::kDS,
                             RRType::kSOA, RRType::kCNAME, RRType::kANY, RRType::kDNAME};

class RandomZone {
 public:
  explicit RandomZone(std::mt19937& random) : random_(random) {}

  std::string Name(int most_labels) {
    static constexpr const char* kLabels[] = {"a", "b", "B", "c", "*", "ab", "\\000", "\\255"};
    std::string name = kApex;
    for (int labels = 1 + Draw(most_labels); labels > 0; --labels) {
      name = std::string(kLabels[Draw(std::size(kLabels))]) + "." + name;
    }
    return name;
  }

  // One record that any name may have beside others, or one that stands alone.
  std::string Record() {
    switch (Draw(10)) {
      case 0:
        return "CNAME " + Name(2);
      case 1:
        return "NS " + Name(2);
      case 2:
        return "DNAME " + Name(2);
      case 3:
        return "MX 10 " + Name(2);
      case 4:
        return "TXT \"t" + std::to_string(Draw(3)) + "\"";
      default:
        return "A 192.0.2." + std::to_string(Draw(4));
    }
  }

  int Draw(std::size_t below) { return static_cast<int>(random_() % below); }

 private:
  std::mt19937& random_;
};

// A zone of about `records` random records; those that cannot stand together are left out.
std::shared_ptr<const LocalZone> Grow(RandomZone& random, int records) {
  std::string text = "$TTL 300\n@ IN SOA ns h 1 2 3 4 60\n@ IN NS ns.other.\n";
  auto zone = ParseZoneText(text, N(kApex), "test").value();
  for (int i = 0; i < records; ++i) {
    const std::string longer = text + random.Name(3) + " IN " + random.Record() + "\n";
    auto grown = ParseZoneText(longer, N(kApex), "test");
    if (!grown) continue;
    text = longer;
    zone = grown.value();
  }
  return zone;
}

class AnyZone : public PipelineFixture {
 protected:
  void ServeBoth(const std::shared_ptr<const LocalZone>& local) {
    auto zone = std::make_shared<Zone>();
    zone->apex = N(kApex);
    zone->id = NextZoneId();
    zone->local = local;
    auto unsigned_zone = std::make_shared<Zone>(*zone);
    plain_.UseZones(ZoneTable::With(ZoneTable(), {unsigned_zone}));
    plain_.SetTime(std::uint64_t{kNow} * 1000);
    zone->keys = keys_of_apex_;
    Serve(zone);
  }

  Reply Plain(const Ask& ask) {
    Packet out(65535);
    const Outcome outcome = plain_.Handle(ask.Bytes(), Asker{Transport::kTcp, {}}, out);
    out.resize(outcome.size);
    return Reply(out);
  }

  static PipelineOptions OtherSeed() {
    PipelineOptions options = SmallPipeline();
    options.hash_seed = 98;
    return options;
  }

  std::shared_ptr<const keycache::ZoneKeys> keys_of_apex_ = MakeKeys(kApex, kNow);
  Pipeline plain_{OtherSeed(), signer_, nullptr, nullptr};
};

// The last name of the chain of aliases in the answer section.
dns::Name LastName(const Reply& reply, const std::string& asked) {
  dns::Name name = N(asked);
  ldns_rr_list* answer = ldns_pkt_answer(reply.packet());
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(answer); ++i) {
    const ldns_rr* rr = ldns_rr_list_rr(answer, i);
    if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME && NameOf(ldns_rr_owner(rr)) == name) {
      name = NameOf(ldns_rr_rdf(rr, 0));
    }
  }
  return name;
}

// In lower case: names that are compressed against the question take its spelling.
std::vector<std::string> Folded(std::vector<std::string> lines) {
  for (std::string& line : lines) {
    for (char& c : line) c = static_cast<char>(dns::ToLower(static_cast<std::uint8_t>(c)));
  }
  return lines;
}

// RFC 8198: a resolver may believe an NSEC for every name and type it speaks of.
void ExpectNothingThereIsDenied(const Reply& reply, const LocalZone& zone) {
  ldns_rr_list* authority = ldns_pkt_authority(reply.packet());
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(authority); ++i) {
    const ldns_rr* nsec = ldns_rr_list_rr(authority, i);
    if (ldns_rr_get_type(nsec) != LDNS_RR_TYPE_NSEC) continue;
    const dns::Name owner = NameOf(ldns_rr_owner(nsec));
    const dns::Name next = NameOf(ldns_rr_rdf(nsec, 0));
    const LocalZone::Node* cut = nullptr;
    zone.ForEachNode([&](const LocalZone::Node& node) {
      if (node.IsOccluded()) return;
      if (node.IsCut() && node.owner() == owner) cut = &node;
      const bool covered =
          CanonicalCompare(owner, node.owner()) < 0 && CanonicalCompare(node.owner(), next) < 0;
      EXPECT_FALSE(covered) << owner.ToText() << " denies " << node.owner().ToText();
      if (!(node.owner() == owner) || node.IsCut()) return;
      node.ForEachRRset([&](const dns::RRsetView& rrset) {
        EXPECT_TRUE(InBitmap(nsec, rrset.type)) << owner.ToText() << dns::ToText(rrset.type);
      });
      EXPECT_FALSE(InBitmap(nsec, RRType::kNXNAME)) << owner.ToText();
    });
    if (cut != nullptr) {
      EXPECT_TRUE(InBitmap(nsec, RRType::kNS));
      EXPECT_FALSE(InBitmap(nsec, RRType::kSOA));
    }
  }
}

TEST_F(AnyZone, SaysTheSameSignedAndUnsigned) {
  std::mt19937 engine(20261124);
  RandomZone random(engine);
  int names_denied = 0;
  int types_denied = 0;
  int referrals = 0;
  for (int round = 0; round < 25; ++round) {
    const auto zone = Grow(random, 14);
    ServeBoth(zone);
    for (int i = 0; i < 40; ++i) {
      const std::string name = random.Draw(20) == 0 ? std::string(kApex) : random.Name(4);
      const RRType type = kTypes[random.Draw(std::size(kTypes))];
      const Reply plain = Plain(Ask(name, type).Edns());
      const Reply reply = Get(Ask(name, type).Dnssec(), Transport::kTcp);
      SCOPED_TRACE(name + " " + dns::ToText(type));
      ASSERT_TRUE(plain.parsed() && reply.parsed());
      ASSERT_TRUE(Believed(reply));
      ASSERT_EQ(Folded(reply.Answer()), Folded(plain.Answer()));
      ASSERT_EQ(reply.aa(), plain.aa());
      ASSERT_EQ(Folded(reply.Additional()), Folded(plain.Additional()));
      ExpectNothingThereIsDenied(reply, *zone);

      const std::string last = LastName(plain, name).ToText();
      const bool has_soa =
          !plain.Authority().empty() && plain.Authority()[0].find(" SOA ") != std::string::npos;
      if (plain.rcode() == 3) {
        ++names_denied;
        ASSERT_EQ(ProofIn(reply, last, type), Proof::kNoSuchName);
        ASSERT_EQ(Get(Ask(name, type).Dnssec().CompactOk(), Transport::kTcp).rcode(), 3);
      } else if (has_soa) {
        ++types_denied;
        const Proof proof = ProofIn(reply, last, type);
        ASSERT_TRUE(proof == Proof::kNoSuchType || proof == Proof::kUnsignedCut);
      } else if (!plain.Authority().empty()) {
        ++referrals;
        ASSERT_GT(reply.Authority().size(), plain.Authority().size());
      }
    }
  }
  EXPECT_GT(names_denied, 100);
  EXPECT_GT(types_denied, 50);
  EXPECT_GT(referrals, 20);
}

TEST_F(AnyZone, AValidatorWouldSeeTheLeastChange) {
  ServeBoth(ParseZoneText("$TTL 300\n@ IN SOA ns h 1 2 3 4 60\n@ IN NS ns.other.\n"
                          "www IN A 192.0.2.1\n",
                          N(kApex), "test")
                .value());
  for (const auto& ask :
       {Ask("www.example.", RRType::kA).Dnssec(), Ask("no.example.", RRType::kA).Dnssec()}) {
    const Packet wire = Get(ask).wire();
    int refused = 0;
    int parsed = 0;
    for (std::size_t at = 30; at + 11 < wire.size(); ++at) {
      Packet changed = wire;
      changed[at] ^= 0x01;
      const Reply reply(changed);
      if (!reply.parsed()) continue;
      ++parsed;
      refused += !Believed(reply);
    }
    // What may change unseen: letters' case does not, but the class, and TTLs below the original.
    EXPECT_GT(refused, parsed * 9 / 10);
  }
}

}  // namespace
}  // namespace sealwire::proxy::testing
