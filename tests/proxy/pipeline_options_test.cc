// What is said to one asker alone: cookies, NSID, keepalive, and the limit of what is said at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/proxy/edns_option.h"
#include "tests/proxy/pipeline_fixture.h"

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint16_t kNsid = 3;
constexpr std::uint16_t kCookie = 10;
constexpr std::uint16_t kKeepalive = 11;
constexpr std::uint16_t kReportChannel = 18;
const std::string kClientCookie = "\x24\x64\xc4\xab\xcf\x10\xc9\x57";

PipelineOptions Mannered() {
  PipelineOptions options = SmallPipeline();
  options.identity = {{'e', 'd', 'g', 'e'}, "Sealwire", "edge.example", std::nullopt};
  options.tcp_idle_ms = 12000;
  return options;
}

class AskersOptions : public PipelineFixture {
 protected:
  explicit AskersOptions(const PipelineOptions& options = Mannered()) : PipelineFixture(options) {
    Serve(LocalZoneOf("shop.net.",
                      "$TTL 300\n@ IN SOA ns h 1 2 3 4 60\n@ IN NS ns\nwww IN A 192.0.2.1\n"
                      "*._er.agent IN TXT thanks\n" +
                          BigSet()));
    Serve(ForwardZoneOf("cdn.example."));
  }
  static std::string BigSet() {
    std::string text;
    for (int i = 0; i < 4; ++i)
      text += "big IN TXT " + std::string(200, static_cast<char>('a' + i)) + "\n";
    return text;
  }
  static Ask Www() { return Ask("www.shop.net.", RRType::kA).Dnssec(); }
  // The server's cookie for this client.
  std::string Learn() {
    return OptionOf(Get(Www().Option(kCookie, kClientCookie)), kCookie).value();
  }
};

TEST_F(AskersOptions, Rfc7873Section52_WhoSendsACookieGetsOneFreshFromTheCacheAndRefused) {
  for (int i = 0; i < 4; ++i) {
    const Reply reply = Get(Www().Option(kCookie, kClientCookie));
    ASSERT_TRUE(OptionOf(reply, kCookie)) << i;
    EXPECT_EQ(OptionOf(reply, kCookie)->size(), 24u);
    EXPECT_EQ(OptionOf(reply, kCookie)->substr(0, 8), kClientCookie);
    EXPECT_TRUE(Believed(reply));
  }
  EXPECT_EQ(Counted(Count::kCacheHits), 2u);
  const Reply refused = Get(Ask("www.elsewhere.org.", RRType::kA).Option(kCookie, kClientCookie));
  EXPECT_EQ(refused.rcode(), 5);
  EXPECT_TRUE(OptionOf(refused, kCookie));
  EXPECT_EQ(refused.ExtendedError(), 20);
  Backend("www.cdn.example.", RRType::kA,
          BackendSays().Answer("www.cdn.example. 30 IN A 192.0.2.7"));
  const Reply waited =
      Get(Ask("www.cdn.example.", RRType::kA).Dnssec().Option(kCookie, kClientCookie));
  EXPECT_TRUE(OptionOf(waited, kCookie));
  EXPECT_TRUE(Believed(waited));
}

TEST_F(AskersOptions, TheCacheKeepsNothingOfOneAskerForAnother) {
  for (int i = 0; i < 3; ++i) Get(Www().Option(kCookie, kClientCookie).Option(kNsid, ""));
  const Reply plain = Get(Www());
  EXPECT_EQ(Counted(Count::kCacheHits), 2u);
  EXPECT_FALSE(OptionOf(plain, kCookie));
  EXPECT_FALSE(OptionOf(plain, kNsid));
}

TEST_F(AskersOptions, OptionsStandBehindAnExtendedErrorFromTheCacheToo) {
  const Ask ask = Ask("www.shop.net.", RRType::kANY).Dnssec().Option(kNsid, "");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(OptionOf(Get(ask), kNsid), "edge");
}

TEST_F(AskersOptions, Rfc7873Section522_AMalformedCookieIsAFormatError) {
  for (const std::size_t size : {0u, 7u, 9u, 15u, 41u}) {
    const Reply reply = Get(Www().Option(kCookie, std::string(size, 'x')));
    EXPECT_EQ(reply.rcode(), 1) << size;
    EXPECT_FALSE(OptionOf(reply, kCookie));
  }
}

TEST_F(AskersOptions, Rfc7873Section54_AQueryWithoutQuestionMayAskForACookie) {
  Packet query(12);
  const Packet with_question = Ask(".", RRType::kA).Option(kCookie, kClientCookie).Bytes();
  std::copy_n(with_question.begin(), 12, query.begin());
  query[5] = 0;
  query.insert(query.end(), with_question.begin() + 12 + 5, with_question.end());
  const Reply reply = Get(query);
  ASSERT_TRUE(reply.parsed());
  EXPECT_EQ(reply.rcode(), 0);
  EXPECT_EQ(ldns_pkt_qdcount(reply.packet()), 0);
  EXPECT_TRUE(OptionOf(reply, kCookie));
}

TEST_F(AskersOptions, Rfc9018_AnotherServerOfTheSetVerifiesTheCookie) {
  PipelineOptions options = Mannered();
  options.cookies = std::make_shared<const CookieKeyring>(
      CookieSecrets::FromText("e5e973e5a6b2a43f48e7dc849e37bfcf").value());
  Pipeline other(options, signer_, nullptr, nullptr);
  Pipeline another(options, signer_, nullptr, nullptr);
  client_ = {net::IpAddress::FromText("198.51.100.100").value(), 4053};
  const auto ask = [&](Pipeline& pipeline, const std::string& cookie) {
    pipeline.SetTime(1559731985000);
    Packet out(1232);
    const Packet query = Www().Option(kCookie, cookie).Bytes();
    out.resize(pipeline.Handle(query, {Transport::kUdp, client_}, out).size);
    return OptionOf(Reply(out), kCookie).value_or("");
  };
  const std::string made = ask(other, kClientCookie);
  EXPECT_EQ(made.substr(8, 8), std::string("\x01\0\0\0\x5c\xf7\x9f\x11", 8));
  EXPECT_EQ(ask(another, made), made);
  const PipelineCounters* counters = &another.counters();
  EXPECT_EQ(Sum({&counters, 1})[Count::kCookiesProven], 1u);
}

TEST_F(AskersOptions, Rfc5001_NsidGoesToThoseWhoAsk) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(OptionOf(Get(Www().Option(kNsid, "")), kNsid), "edge");
  EXPECT_EQ(OptionOf(Get(Www()), kNsid), std::nullopt);
}

TEST_F(AskersOptions, Rfc4892_ChaosNamesAreAnsweredAsConfigured) {
  const Reply reply = Get(Ask("ID.server.", RRType::kTXT).Class(3));
  EXPECT_THAT(reply.Answer(), ElementsAre("ID.server. 0 CH TXT \"edge.example\""));
  EXPECT_TRUE(reply.aa());
  EXPECT_EQ(Get(Ask("authors.bind.", RRType::kTXT).Class(3)).rcode(), 5);
  EXPECT_EQ(Get(Ask("www.shop.net.", RRType::kA).Class(3)).rcode(), 5);
}

TEST_F(AskersOptions, Rfc7828Section321_KeepaliveIsToldOverTcpOnly) {
  const Ask ask = Www().Option(kKeepalive, "");
  EXPECT_EQ(OptionOf(Get(ask, Transport::kTcp), kKeepalive), std::string("\0\x78", 2));
  EXPECT_FALSE(OptionOf(Get(Www(), Transport::kTcp), kKeepalive));
  EXPECT_FALSE(OptionOf(Get(ask, Transport::kUdp), kKeepalive));
}

TEST_F(AskersOptions, AnAnswerThatFillsTheMessageGivesWayToTheOptions) {
  const Ask big = Ask("big.shop.net.", RRType::kTXT).Edns();
  const std::size_t size = Get(big).wire().size();
  ASSERT_LT(size, 1200u);
  const Ask exact = Ask("big.shop.net.", RRType::kTXT).Edns(static_cast<std::uint16_t>(size));
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(Get(exact).tc());
    Ask with = exact;
    const Reply cut = Get(with.Option(kCookie, kClientCookie));
    EXPECT_TRUE(cut.tc());
    EXPECT_LE(cut.wire().size(), size);
    EXPECT_TRUE(OptionOf(cut, kCookie));
  }
}

class Reporting : public AskersOptions {
 protected:
  static PipelineOptions Options() {
    PipelineOptions options = Mannered();
    options.identity.report_agent = N("agent.shop.net.");
    return options;
  }
  Reporting() : AskersOptions(Options()) {}
  const Ask report_ =
      Ask("_er.1.broken.test.7._er.agent.shop.net.", RRType::kTXT).Option(kCookie, kClientCookie);
};

TEST_F(Reporting, Rfc9567Section5_EveryAnswerWithAnOptRecordNamesTheAgent) {
  const dns::Name agent = N("agent.shop.net.");
  const std::string wire(agent.wire().begin(), agent.wire().end());
  for (int i = 0; i < 3; ++i) {
    const Reply reply = Get(Www().Option(kNsid, ""));
    EXPECT_EQ(OptionOf(reply, kReportChannel), wire);
    EXPECT_EQ(OptionOf(reply, kNsid), "edge");
  }
  EXPECT_EQ(OptionOf(Get(Ask("www.elsewhere.org.", RRType::kA).Edns()), kReportChannel), wire);
  EXPECT_FALSE(Get(Ask("www.shop.net.", RRType::kA)).has_edns());
}

TEST_F(Reporting, Rfc9567Section9_AReportOverUdpMustProveItsSource) {
  const Reply first = Get(report_);
  EXPECT_TRUE(first.tc());
  EXPECT_THAT(first.Answer(), IsEmpty());
  const Reply proven = Get(Ask("_er.1.broken.test.7._er.agent.shop.net.", RRType::kTXT)
                               .Option(kCookie, *OptionOf(first, kCookie)));
  EXPECT_FALSE(proven.tc());
  EXPECT_THAT(proven.Answer(),
              ElementsAre("_er.1.broken.test.7._er.agent.shop.net. 300 IN TXT \"thanks\""));
  EXPECT_FALSE(Get(report_, Transport::kTcp).tc());
  EXPECT_EQ(Counted(Count::kErrorReports), 3u);
}

class Limited : public AskersOptions {
 protected:
  static PipelineOptions Options(bool log_only) {
    PipelineOptions options = Mannered();
    options.rate_limit.responses_per_second = 5;
    options.rate_limit.nxdomains_per_second = 5;
    options.rate_limit.errors_per_second = 5;
    options.rate_limit.slip = 2;
    options.rate_limit.log_only = log_only;
    return options;
  }
  explicit Limited(bool log_only = false) : AskersOptions(Options(log_only)) {}

  struct Tally {
    int whole = 0;
    int truncated = 0;
    int bad_cookie = 0;
    int none = 0;
  };
  // Twenty-five times the same, or names of which none repeats.
  Tally Flood(const std::function<Packet(int)>& query, Transport transport = Transport::kUdp) {
    Tally tally;
    for (int i = 0; i < 25; ++i) {
      const Reply reply = Get(query(i), transport);
      if (!reply.parsed()) {
        ++tally.none;
      } else if (reply.tc()) {
        ++tally.truncated;
        EXPECT_THAT(reply.Answer(), IsEmpty());
      } else if (reply.rcode() == 23) {
        ++tally.bad_cookie;
        EXPECT_TRUE(OptionOf(reply, kCookie));
      } else {
        ++tally.whole;
      }
    }
    return tally;
  }
};

TEST_F(Limited, AFloodOfOneQuestionIsSentFiveTimesAndSlips) {
  const Tally tally = Flood([](int) { return Www().Bytes(); });
  EXPECT_EQ(tally.whole, 5);
  EXPECT_EQ(tally.truncated, 10);
  EXPECT_EQ(tally.none, 10);
  EXPECT_EQ(Counted(Count::kRateLimitDropped), 10u);
  EXPECT_EQ(Counted(Count::kRateLimitSlipped), 10u);
  MoveTo(kNow + 60);
  EXPECT_FALSE(Get(Www()).tc());
}

TEST_F(Limited, RandomNamesThatDoNotExistShareAnAccount) {
  const Tally tally = Flood([](int i) {
    return Ask("n" + std::to_string(i) + ".shop.net.", RRType::kA).Dnssec().Bytes();
  });
  EXPECT_EQ(tally.whole, 5);
}

TEST_F(Limited, NamesThatExistHaveAccountsOfTheirOwn) {
  Flood([](int) { return Www().Bytes(); });
  EXPECT_FALSE(Get(Ask("shop.net.", RRType::kSOA).Dnssec()).tc());
  EXPECT_FALSE(Get(Ask("www.shop.net.", RRType::kAAAA).Dnssec()).tc());
}

TEST_F(Limited, ErrorsAreCountedTogether) {
  const Tally tally = Flood([](int i) {
    if (i % 2 == 0) return Ask("x.elsewhere.org.", RRType::kA).Bytes();
    return Ask("www.shop.net.", RRType::kA).Version(1).Bytes();
  });
  EXPECT_EQ(tally.whole, 5);
}

TEST_F(Limited, AnswersThatWaitedAreCountedToo) {
  Backend("www.cdn.example.", RRType::kA,
          BackendSays().Answer("www.cdn.example. 30 IN A 192.0.2.7"));
  const Tally tally =
      Flood([](int) { return Ask("www.cdn.example.", RRType::kA).Dnssec().Bytes(); });
  EXPECT_EQ(tally.whole, 5);
  EXPECT_EQ(tally.truncated, 10);
}

TEST_F(Limited, TcpIsNotLimited) {
  EXPECT_EQ(Flood([](int) { return Www().Bytes(); }, Transport::kTcp).whole, 25);
}

TEST_F(Limited, Rfc7873Section523_AServerCookieExemptsAndItsLackIsBadCookie) {
  const std::string cookie = Learn();
  const Tally proven = Flood([&](int) { return Www().Option(kCookie, cookie).Bytes(); });
  EXPECT_EQ(proven.whole, 25);
  const Tally unproven = Flood([&](int) { return Www().Option(kCookie, kClientCookie).Bytes(); });
  EXPECT_EQ(unproven.whole, 4);  // one was spent on learning
  EXPECT_EQ(unproven.bad_cookie, 10);
  EXPECT_EQ(unproven.truncated, 0);
}

class LogsOnly : public Limited {
 protected:
  LogsOnly() : Limited(true) {}
};

TEST_F(LogsOnly, WhatWouldBeLimitedIsCountedAndSent) {
  EXPECT_EQ(Flood([](int) { return Www().Bytes(); }).whole, 25);
  EXPECT_EQ(Counted(Count::kRateLimitDropped), 20u);
}

}  // namespace
}  // namespace sealwire::proxy::testing
