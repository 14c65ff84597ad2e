// Backends that share a secret with us (RFC 8945).
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>

#include "proxy/clock.h"
#include "proxy/forward_client.h"
#include "signer/tsig.h"
#include "tests/proxy/pipeline_fixture.h"
#include "tests/proxy/scripted_backend.h"

namespace sealwire::proxy::testing {
namespace {

using signer::TsigExchange;
using signer::TsigKey;
using signer::TsigVerdict;

std::shared_ptr<const TsigKey> Key(std::string_view secret) {
  return TsigKey::FromBase64("edge.example", "hmac-sha256", secret).value();
}
constexpr std::string_view kSecret = "c2VjcmV0cyBhcmUgYXQgbGVhc3QgMTYgb2N0ZXRz";
constexpr std::string_view kOther = "b3RoZXJzIGFyZSBhdCBsZWFzdCAxNiBvY3RldHM=";

class ForwardTsigTest : public ::testing::Test, public ForwardReplies {
 protected:
  ForwardTsigTest() {
    options_.total_timeout = std::chrono::milliseconds(300);
    set_.tsig = Key(kSecret);
    set_.endpoints = {backend_.endpoint()};
  }
  void BeginBatch() noexcept override {}
  void EndBatch() noexcept override {}
  void OnBackendReply(Ticket ticket, dns::Bytes reply) noexcept override {
    replies_[ticket] = Packet(reply.begin(), reply.end());
  }
  void OnBackendFailure(Ticket ticket) noexcept override { failures_.insert(ticket); }

  // The answer of a server with `key` whose clock is `skew` seconds ahead.
  Packet Signed(const Packet& query, std::shared_ptr<const TsigKey> key, std::int64_t skew = 0) {
    signer::TsigRecord record;
    EXPECT_EQ(signer::TsigRecord::Find(query, record), TsigVerdict::kGood);
    const std::uint64_t now = UnixMilliseconds() / 1000 + static_cast<std::uint64_t>(skew);
    TsigExchange exchange;
    verdict_ = exchange.VerifyQuery(query, record, key.get(), now);
    Packet out(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(record.offset));
    out[2] |= 0x80;
    out[11] = static_cast<std::uint8_t>(out[11] - 1);
    const std::size_t size = out.size();
    out.resize(size + 512);
    if (verdict_ == TsigVerdict::kGood) {
      out.resize(exchange.Sign(out, size, now));
    } else {
      out[3] = static_cast<std::uint8_t>((out[3] & 0xf0) | 9);  // NOTAUTH
      out.resize(exchange.SignError(out, size, now));
    }
    return out;
  }
  static Packet Unsigned(const Packet& query) {
    signer::TsigRecord record;
    EXPECT_EQ(signer::TsigRecord::Find(query, record), TsigVerdict::kGood);
    Packet out(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(record.offset));
    out[2] |= 0x80;
    out[11] = static_cast<std::uint8_t>(out[11] - 1);
    return out;
  }
  // True when the question was answered, false when it failed.
  bool Answered() {
    if (!client_) client_ = std::make_unique<ForwardClient>(*loop_, options_, *this);
    const dns::Name name = N("www.example.");
    EXPECT_TRUE(client_->Ask(set_, {name, dns::RRType::kA, {}}, ++ticket_));
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    while (client_->outstanding() > 0 && std::chrono::steady_clock::now() < end) {
      loop_->RunOnce(std::chrono::milliseconds(10));
    }
    EXPECT_NE(replies_.contains(ticket_), failures_.contains(ticket_));
    return replies_.contains(ticket_);
  }
  BackendStatus Status() const { return client_->Backends().front(); }

  std::unique_ptr<net::EventLoop> loop_ = net::EventLoop::Create().value();
  ScriptedBackend backend_{*loop_};
  ForwardOptions options_;
  ForwardSet set_;
  std::unique_ptr<ForwardClient> client_;
  std::map<Ticket, Packet> replies_;
  std::set<Ticket> failures_;
  Ticket ticket_ = 0;
  TsigVerdict verdict_ = TsigVerdict::kUnsigned;
};

TEST_F(ForwardTsigTest, Rfc8945Section51_QuestionsAreSignedAndAnswersVerified) {
  backend_.OnQuery(
      [&](const Packet& query) { return std::vector<Packet>{Signed(query, Key(kSecret))}; });
  ASSERT_TRUE(Answered());
  EXPECT_EQ(verdict_, TsigVerdict::kGood);
  dns::MessageView view;
  EXPECT_EQ(view.Parse(replies_[ticket_]), dns::ParseError::kNone);
  signer::TsigRecord record;
  EXPECT_EQ(signer::TsigRecord::Find(replies_[ticket_], record), TsigVerdict::kUnsigned);
  EXPECT_EQ(Status().tsig_refused, 0u);
}

TEST_F(ForwardTsigTest, QuestionsOverTcpAreSignedToo) {
  backend_.OnQuery([&](const Packet& query) {
    // TC is signed with the rest.
    Packet truncated = query;
    truncated[2] |= 0x02;
    signer::TsigRecord record;
    EXPECT_EQ(signer::TsigRecord::Find(query, record), TsigVerdict::kGood);
    const auto key = Key(kSecret);
    TsigExchange exchange;
    EXPECT_EQ(exchange.VerifyQuery(query, record, key.get(), UnixMilliseconds() / 1000),
              TsigVerdict::kGood);
    Packet out = Unsigned(query);
    out[2] |= 0x02;
    const std::size_t size = out.size();
    out.resize(size + 512);
    out.resize(exchange.Sign(out, size, UnixMilliseconds() / 1000));
    return std::vector<Packet>{out};
  });
  backend_.ServeTcp([&](const Packet& query) { return Signed(query, Key(kSecret)); });
  EXPECT_TRUE(Answered());
  EXPECT_EQ(Status().over_tcp, 1u);
}

TEST_F(ForwardTsigTest, Rfc8945Section53_ForgeriesAreDiscardedAndTheTrueAnswerIsTaken) {
  backend_.OnQuery([&](const Packet& query) {
    Packet forged = Signed(query, Key(kSecret));
    forged[3] |= 3;  // NXDOMAIN
    return std::vector<Packet>{Unsigned(query), forged, Signed(query, Key(kSecret))};
  });
  ASSERT_TRUE(Answered());
  EXPECT_EQ(replies_[ticket_][3] & 0x0f, 0);
  EXPECT_EQ(Status().tsig_refused, 2u);
}

TEST_F(ForwardTsigTest, WhoNeverSignsIsNotBelieved) {
  backend_.OnQuery([&](const Packet& query) { return std::vector<Packet>{Unsigned(query)}; });
  EXPECT_FALSE(Answered());
  EXPECT_EQ(Status().tsig_problem, TsigVerdict::kUnsigned);
}

TEST_F(ForwardTsigTest, Rfc8945Section53_ARefusalOfOurCodeFailsAtOnce) {
  options_.total_timeout = std::chrono::milliseconds(5000);
  backend_.OnQuery(
      [&](const Packet& query) { return std::vector<Packet>{Signed(query, Key(kOther))}; });
  EXPECT_FALSE(Answered());
  EXPECT_EQ(verdict_, TsigVerdict::kBadSig);
  EXPECT_EQ(Status().tsig_problem, TsigVerdict::kBadSig);
}

TEST_F(ForwardTsigTest, Rfc8945Section523_AClockThatIsOffIsTold) {
  options_.total_timeout = std::chrono::milliseconds(5000);
  backend_.OnQuery(
      [&](const Packet& query) { return std::vector<Packet>{Signed(query, Key(kSecret), 3600)}; });
  EXPECT_FALSE(Answered());
  EXPECT_EQ(verdict_, TsigVerdict::kBadTime);
  EXPECT_EQ(Status().tsig_problem, TsigVerdict::kBadTime);
}

TEST_F(ForwardTsigTest, AnotherBackendIsAskedWhenOneRefusesOurCode) {
  ScriptedBackend good(*loop_);
  good.OnQuery(
      [&](const Packet& query) { return std::vector<Packet>{Signed(query, Key(kSecret))}; });
  backend_.OnQuery(
      [&](const Packet& query) { return std::vector<Packet>{Signed(query, Key(kOther))}; });
  set_.endpoints.push_back(good.endpoint());
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(Answered());
}

}  // namespace
}  // namespace sealwire::proxy::testing
