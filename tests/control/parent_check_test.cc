#include "control/parent_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "dns/message_view.h"
#include "dns/message_writer.h"
#include "keycache/dnskey.h"

namespace sealwire::control {
namespace {

dns::Name N(const char* text) {
  return *dns::Name::FromText(text);
}

using Record = std::tuple<const char*, dns::RRType, std::uint32_t, std::vector<std::uint8_t>>;

// An answer as a server would make it.
std::vector<std::uint8_t> Answer(const dns::Name& name, dns::RRType type, bool aa,
                                 const std::vector<Record>& records,
                                 dns::Rcode rcode = dns::Rcode::kNoError) {
  std::vector<std::uint8_t> out(4096);
  dns::MessageWriter writer(out, nullptr);
  writer.StartReply({}, aa);
  writer.AddQuestion(name, type, dns::RRClass::kIN);
  for (const auto& [owner, rr_type, ttl, rdata] : records) {
    writer.AddRecord(dns::Section::kAnswer, N(owner), rr_type, dns::RRClass::kIN, ttl, rdata);
  }
  out.resize(writer.Finish(rcode));
  return out;
}

// Servers that say what the test tells them; everybody else is silent.
class ScriptedAsker : public DnsAsker {
 public:
  struct Reply {
    bool aa = true;
    std::vector<Record> records;
    dns::Rcode rcode = dns::Rcode::kNoError;
  };
  void Says(const std::string& server, const char* name, dns::RRType type, Reply reply) {
    replies_[{server, N(name).ToText(), type}] = std::move(reply);
  }
  Result<std::vector<std::uint8_t>> Ask(const net::Endpoint& server, const dns::Name& name,
                                        dns::RRType type, bool recursion) override {
    asked.push_back(server.ToText() + (recursion ? " +rd " : " ") + name.ToText() + " " +
                    dns::ToText(type));
    const auto found = replies_.find({server.ToText(), name.ToText(), type});
    if (found == replies_.end()) return Error{"silent"};
    return Answer(name, type, found->second.aa, found->second.records, found->second.rcode);
  }
  std::vector<std::string> asked;

 private:
  std::map<std::tuple<std::string, std::string, dns::RRType>, Reply> replies_;
};

class ParentCheckTest : public testing::Test {
 protected:
  ParentCheckTest() {
    signer::PublicKey key;
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(i * 7 + 1);
    const auto dnskey = keycache::MakeDnskey(keycache::Role::kKsk, key);
    ksks_ = {{dnskey.begin(), dnskey.end()}};
    const auto ds = keycache::MakeDs(N("shop.example"), dnskey).Rdata();
    ours_ = {ds.begin(), ds.end()};
    foreign_ = ours_;
    foreign_.back() ^= 1;
  }
  Record Ds(std::uint32_t ttl = 3600) const {
    return {"shop.example", dns::RRType::kDS, ttl, ours_};
  }
  Record ForeignDs() const { return {"shop.example", dns::RRType::kDS, 60, foreign_}; }

  ParentObservation LookAtServers() {
    ParentConfig config;
    config.servers = {*net::Endpoint::FromText("192.0.2.1:53"),
                      *net::Endpoint::FromText("192.0.2.2:53")};
    return ParentCheck(config, asker_).Look(N("shop.example"), ksks_, 1000);
  }
  void Server(int number, ScriptedAsker::Reply reply) {
    asker_.Says("192.0.2." + std::to_string(number) + ":53", "shop.example", dns::RRType::kDS,
                std::move(reply));
  }

  std::vector<std::vector<std::uint8_t>> ksks_;
  std::vector<std::uint8_t> ours_, foreign_;
  ScriptedAsker asker_;
};

TEST_F(ParentCheckTest, PublishedWhenEveryServerHasOurDs) {
  Server(1, {true, {Ds(300)}});
  Server(2, {true, {ForeignDs(), Ds(7200)}});
  const auto seen = LookAtServers();
  EXPECT_EQ(seen.state, ParentState::kPublished);
  EXPECT_EQ(seen.with_ds, 2u);
  EXPECT_EQ(seen.ds_ttl, 7200u);
  EXPECT_EQ(seen.hold, 0u);
  EXPECT_EQ(seen.checked_at, 1000);
}

TEST_F(ParentCheckTest, PartialWhenOneServerLacksIt) {
  Server(1, {true, {Ds()}});
  Server(2, {true, {}});
  EXPECT_EQ(LookAtServers().state, ParentState::kPartial);
}

TEST_F(ParentCheckTest, MissingWhenEveryServerSaysSoWithAuthority) {
  Server(1, {true, {}});
  Server(2, {true, {}, dns::Rcode::kNXDomain});
  EXPECT_EQ(LookAtServers().state, ParentState::kMissing);
}

TEST_F(ParentCheckTest, LameOrSilentServerDoesNotProveThatADsIsGone) {
  Server(1, {true, {}});
  EXPECT_EQ(LookAtServers().state, ParentState::kUnreachable) << "the second is silent";
  Server(2, {false, {}});
  EXPECT_EQ(LookAtServers().state, ParentState::kUnreachable) << "the second has no authority";
  Server(2, {true, {}, dns::Rcode::kRefused});
  const auto seen = LookAtServers();
  EXPECT_EQ(seen.state, ParentState::kUnreachable) << "the second refuses";
  EXPECT_THAT(seen.detail, testing::HasSubstr("1 of 2 servers"));
}

TEST_F(ParentCheckTest, SilenceOfOneServerIsNoLossOfTheDs) {
  Server(1, {true, {Ds()}});
  const auto seen = LookAtServers();
  EXPECT_EQ(seen.state, ParentState::kUnreachable);
  EXPECT_EQ(seen.with_ds, 1u);
}

TEST_F(ParentCheckTest, MismatchWhenNoDsIsOurs) {
  Server(1, {true, {ForeignDs()}});
  Server(2, {true, {ForeignDs()}});
  EXPECT_EQ(LookAtServers().state, ParentState::kMismatch);
}

TEST_F(ParentCheckTest, DsOfAnotherOwnerInTheAnswerIsIgnored) {
  Server(1, {true, {{"evil.example", dns::RRType::kDS, 60, ours_}}});
  Server(2, {true, {}});
  EXPECT_EQ(LookAtServers().state, ParentState::kMissing);
}

class ResolverCheckTest : public ParentCheckTest {
 protected:
  static constexpr const char* kResolver = "127.0.0.1:53";
  ResolverCheckTest() {
    const dns::Name ns = N("ns.example");
    asker_.Says(kResolver, "example", dns::RRType::kNS,
                {false, {{"example", dns::RRType::kNS, 60, {ns.wire().begin(), ns.wire().end()}}}});
    asker_.Says(kResolver, "ns.example", dns::RRType::kA,
                {false, {{"ns.example", dns::RRType::kA, 60, {192, 0, 2, 1}}}});
    asker_.Says(kResolver, "ns.example", dns::RRType::kAAAA, {false, {}});
    config_.resolver = *net::Endpoint::FromText(kResolver);
  }
  ParentConfig config_;
};

TEST_F(ResolverCheckTest, AsksTheServersThatTheResolverNames) {
  Server(1, {true, {Ds()}});
  ParentCheck check(config_, asker_);
  EXPECT_EQ(check.Look(N("shop.example"), ksks_, 1000).state, ParentState::kPublished);
  EXPECT_EQ(asker_.asked.back(), "192.0.2.1:53 shop.example. DS");
  asker_.asked.clear();
  check.Look(N("shop.example"), ksks_, 1060);
  EXPECT_THAT(asker_.asked, testing::ElementsAre("192.0.2.1:53 shop.example. DS"))
      << "servers are remembered";
}

TEST_F(ResolverCheckTest, ResolversWordIsHeldWhenNoServerCanBeAsked) {
  asker_.Says(kResolver, "shop.example", dns::RRType::kDS, {false, {Ds(17)}});
  ParentCheck check(config_, asker_);
  auto seen = check.Look(N("shop.example"), ksks_, 1000);
  EXPECT_EQ(seen.state, ParentState::kPublished);
  EXPECT_EQ(seen.hold, 86400u);
}

TEST_F(ResolverCheckTest, WalksUpToTheNameThatHasServers) {
  asker_.Says(kResolver, "deep.example", dns::RRType::kNS, {false, {}});
  asker_.Says("192.0.2.1:53", "a.deep.example", dns::RRType::kDS, {true, {}});
  EXPECT_EQ(ParentCheck(config_, asker_).Look(N("a.deep.example"), ksks_, 1000).state,
            ParentState::kMissing);
}

TEST_F(ResolverCheckTest, ResolverThatIsSilentProvesNothing) {
  config_.resolver = *net::Endpoint::FromText("127.0.0.1:9");
  const auto seen = ParentCheck(config_, asker_).Look(N("shop.example"), ksks_, 1000);
  EXPECT_EQ(seen.state, ParentState::kUnreachable);
  EXPECT_FALSE(seen.detail.empty());
}

TEST_F(ParentCheckTest, DsThatIsCutShortOrOfAnotherAlgorithmMatchesNothing) {
  EXPECT_TRUE(DsMatches(ours_, N("SHOP.example"), ksks_));
  EXPECT_FALSE(DsMatches(ours_, N("other.example"), ksks_));
  for (std::size_t size = 0; size < ours_.size(); ++size) {
    EXPECT_FALSE(DsMatches(dns::Bytes(ours_).first(size), N("shop.example"), ksks_));
  }
  for (const std::size_t octet : {0u, 2u, 3u, 10u}) {
    auto other = ours_;
    other[octet] ^= 1;
    EXPECT_FALSE(DsMatches(other, N("shop.example"), ksks_)) << octet;
  }
}

}  // namespace
}  // namespace sealwire::control
