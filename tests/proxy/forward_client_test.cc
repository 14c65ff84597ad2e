#include "proxy/forward_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <deque>
#include <map>
#include <set>

#include "dns/message_view.h"
#include "net/random.h"
#include "tests/proxy/query_packet.h"
#include "tests/proxy/scripted_backend.h"

namespace sealwire::proxy {
namespace {

using namespace std::chrono_literals;
using testing::AnswerTo;
using testing::N;
using testing::Packet;
using testing::ScriptedBackend;
using testing::WithRcode;

class ForwardClientTest : public ::testing::Test, public ForwardReplies {
 protected:
  ForwardClientTest() {
    options_.first_timeout = 60ms;
    options_.min_timeout = 20ms;
    options_.total_timeout = 300ms;
    options_.first_probe = 50ms;
  }
  void BeginBatch() noexcept override { ++batch_depth_; }
  void EndBatch() noexcept override { --batch_depth_; }
  void OnBackendReply(Ticket ticket, dns::Bytes reply) noexcept override {
    EXPECT_EQ(batch_depth_, 1);
    EXPECT_TRUE(replies_.emplace(ticket, Packet(reply.begin(), reply.end())).second);
    if (on_done_) on_done_();
  }
  void OnBackendFailure(Ticket ticket) noexcept override {
    EXPECT_EQ(batch_depth_, 1);
    EXPECT_TRUE(failures_.insert(ticket).second);
    if (on_done_) on_done_();
  }

  ForwardClient& Client() {
    if (!client_) client_ = std::make_unique<ForwardClient>(*loop_, options_, *this);
    return *client_;
  }
  ForwardSet SetOf(std::initializer_list<const ScriptedBackend*> backends) {
    ForwardSet set;
    for (const auto* backend : backends) set.endpoints.push_back(backend->endpoint());
    return set;
  }
  bool Ask(const ForwardSet& set, Ticket ticket, const std::string& name = "www.example.") {
    const dns::Name asked = N(name);
    return Client().Ask(set, {asked, dns::RRType::kA, asker_, subnet_}, ticket);
  }
  // Runs the loop until `done`, for two seconds at most.
  template <class Done>
  bool RunUntil(Done done) {
    const auto end = std::chrono::steady_clock::now() + 2s;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop_->RunOnce(10ms);
    }
    return true;
  }
  bool RunUntilSettled() {
    return RunUntil([&] { return Client().outstanding() == 0; });
  }
  BackendStatus StatusOf(const ScriptedBackend& backend) {
    for (const BackendStatus& status : Client().Backends()) {
      if (status.endpoint == backend.endpoint()) return status;
    }
    ADD_FAILURE() << "never asked";
    return {};
  }
  // Asks once and gives the answer's name, "failed", or "silence".
  std::string Outcome(const ForwardSet& set, const std::string& name = "www.example.") {
    const Ticket ticket = next_ticket_++;
    if (!Ask(set, ticket, name)) return "not asked";
    if (!RunUntilSettled()) return "silence";
    if (failures_.contains(ticket)) return "failed";
    dns::MessageView view;
    EXPECT_EQ(view.Parse(replies_[ticket]), dns::ParseError::kNone);
    return view.question().name.ToText();
  }

  net::Endpoint asker_{net::IpAddress::V4({192, 0, 2, 77}), 4053};
  std::optional<ClientSubnet> subnet_;
  std::unique_ptr<net::EventLoop> loop_ = net::EventLoop::Create().value();
  ForwardOptions options_;
  std::unique_ptr<ForwardClient> client_;
  std::map<Ticket, Packet> replies_;
  std::set<Ticket> failures_;
  std::function<void()> on_done_;
  int batch_depth_ = 0;
  Ticket next_ticket_ = 1000;
};

TEST_F(ForwardClientTest, AnAnswerComesBackInTheSpellingOfTheClient) {
  ScriptedBackend backend(*loop_);
  EXPECT_EQ(Outcome(SetOf({&backend}), "wWw.Example."), "wWw.Example.");
  const BackendStatus status = StatusOf(backend);
  EXPECT_TRUE(status.up);
  EXPECT_EQ(status.questions, 1u);
  EXPECT_EQ(status.answers, 1u);
  EXPECT_EQ(status.outstanding, 0u);
  EXPECT_GT(status.round_trip_us, 0u);
}

TEST_F(ForwardClientTest, Ipv6BackendsAreAsked) {
  ScriptedBackend backend(*loop_, "::1");
  EXPECT_EQ(Outcome(SetOf({&backend})), "www.example.");
}

TEST_F(ForwardClientTest, Rfc7871Section6_TheClientsNetworkIsToldWhenThereIsOne) {
  ScriptedBackend backend(*loop_);
  const ForwardSet set = SetOf({&backend});
  subnet_ = ClientSubnet{net::IpAddress::V4({198, 51, 100, 0}), 22};
  EXPECT_EQ(Outcome(set), "www.example.");
  subnet_.reset();
  EXPECT_EQ(Outcome(set), "www.example.");
  ASSERT_EQ(backend.queries().size(), 2u);
  dns::MessageView view;
  ASSERT_EQ(view.Parse(backend.queries()[0]), dns::ParseError::kNone);
  EXPECT_FALSE(view.edns()->dnssec_ok);
  const auto data = view.edns()->Find(dns::EdnsOption::kClientSubnet);
  ASSERT_TRUE(data);
  EXPECT_EQ(Packet(data->begin(), data->end()), (Packet{0, 1, 22, 0, 198, 51, 100}));
  ASSERT_EQ(view.Parse(backend.queries()[1]), dns::ParseError::kNone);
  EXPECT_FALSE(view.edns()->Find(dns::EdnsOption::kClientSubnet));
}

TEST_F(ForwardClientTest, Rfc7871Section73_AnAnswerForAnotherNetworkIsDropped) {
  ScriptedBackend backend(*loop_);
  const auto answer_for = [](const Packet& query, std::uint8_t third) {
    Packet reply = query;  // with its OPT record, the last thing in it
    reply[2] |= 0x80;
    reply[reply.size() - 1] = third;
    return reply;
  };
  backend.OnQuery([&](const Packet& query) {
    return std::vector<Packet>{answer_for(query, 101), answer_for(query, 100)};
  });
  subnet_ = ClientSubnet{net::IpAddress::V4({198, 51, 100, 0}), 24};
  EXPECT_EQ(Outcome(SetOf({&backend})), "www.example.");
  EXPECT_EQ(StatusOf(backend).mismatches, 1u);
  EXPECT_EQ(replies_.begin()->second.back(), 100);
}

TEST_F(ForwardClientTest, AProxyHeaderNamesTheClientOverUdpAndTcp) {
  ScriptedBackend backend(*loop_);
  backend.ExpectProxyHeaders();
  backend.OnQuery([](const Packet& query) {
    Packet truncated = AnswerTo(query);
    truncated[2] |= 0x02;
    return std::vector<Packet>{truncated};
  });
  backend.ServeTcp([](const Packet& query) { return AnswerTo(query); });
  ForwardSet set = SetOf({&backend});
  set.client_address = ClientAddress::kProxy;
  EXPECT_EQ(Outcome(set), "www.example.");
  asker_ = net::Endpoint::FromText("[2001:db8::7]:99").value();
  EXPECT_EQ(Outcome(set), "www.example.");
  // Once by each transport, and a connection for each client.
  EXPECT_EQ(backend.clients(), (std::vector<std::string>{"192.0.2.77:4053", "192.0.2.77:4053",
                                                         "[2001:db8::7]:99", "[2001:db8::7]:99"}));
  EXPECT_EQ(backend.tcp_connections(), 2);
  dns::MessageView view;
  ASSERT_EQ(view.Parse(backend.queries()[0]), dns::ParseError::kNone);
  EXPECT_FALSE(view.edns()->Find(dns::EdnsOption::kClientSubnet));
}

TEST_F(ForwardClientTest, ManyProxiedClientsWaitOnConnectionsOfTheirOwn) {
  ScriptedBackend backend(*loop_);
  backend.ExpectProxyHeaders();
  backend.OnQuery([](const Packet& query) {
    Packet truncated = AnswerTo(query);
    truncated[2] |= 0x02;
    return std::vector<Packet>{truncated};
  });
  backend.ServeTcp([](const Packet& query) { return AnswerTo(query); });
  backend.CloseAfterEachTcpAnswer();
  ForwardSet set = SetOf({&backend});
  set.client_address = ClientAddress::kProxy;
  for (Ticket ticket = 1; ticket <= 40; ++ticket) ASSERT_TRUE(Ask(set, ticket));
  ASSERT_TRUE(RunUntilSettled());
  EXPECT_EQ(replies_.size(), 40u);
  EXPECT_EQ(backend.tcp_connections(), 40);
}

TEST_F(ForwardClientTest, Rfc5452Section9_2_IdsPortsAndCaseVary) {
  options_.sockets_per_backend = 4;
  options_.questions_per_socket = 10;
  ScriptedBackend backend(*loop_);
  const ForwardSet set = SetOf({&backend});
  for (int i = 0; i < 200; ++i) ASSERT_EQ(Outcome(set), "www.example.");
  std::set<std::uint16_t> ids;
  std::set<Packet> names;
  for (const Packet& query : backend.queries()) {
    ids.insert(static_cast<std::uint16_t>(query[0] << 8 | query[1]));
    names.insert(Packet(query.begin() + 12, query.begin() + 25));
  }
  EXPECT_GT(ids.size(), 190u);
  EXPECT_GT(names.size(), 100u);
  EXPECT_GT(backend.ports().size(), 10u);
}

TEST_F(ForwardClientTest, ALostQuestionIsAskedAgain) {
  ScriptedBackend backend(*loop_);
  int heard = 0;
  backend.OnQuery([&](const Packet& query) {
    return ++heard == 1 ? std::vector<Packet>{} : std::vector<Packet>{AnswerTo(query)};
  });
  EXPECT_EQ(Outcome(SetOf({&backend})), "www.example.");
  EXPECT_EQ(heard, 2);
  EXPECT_EQ(StatusOf(backend).timeouts, 1u);
}

TEST_F(ForwardClientTest, AnotherBackendIsAskedWhenOneIsSilent) {
  ScriptedBackend silent(*loop_);
  ScriptedBackend good(*loop_);
  silent.OnQuery([](const Packet&) { return std::vector<Packet>{}; });
  const ForwardSet set = SetOf({&silent, &good});
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Outcome(set), "www.example.");
  EXPECT_EQ(good.queries().size(), 10u);
}

TEST_F(ForwardClientTest, SilenceOfAllIsAFailureInBoundedTime) {
  ScriptedBackend silent(*loop_);
  silent.OnQuery([](const Packet&) { return std::vector<Packet>{}; });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Outcome(SetOf({&silent})), "failed");
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, options_.total_timeout);
  EXPECT_LT(took, options_.total_timeout + 200ms);
  EXPECT_EQ(silent.queries().size(), 3u);
}

TEST_F(ForwardClientTest, ALateAnswerToAnEarlierTryCounts) {
  ScriptedBackend slow(*loop_);
  std::vector<Packet> heard;
  slow.OnQuery([&](const Packet& query) {
    heard.push_back(query);
    // Answers the first try, when the second has come.
    return heard.size() == 2 ? std::vector<Packet>{AnswerTo(heard[0])} : std::vector<Packet>{};
  });
  options_.sockets_per_backend = 1;
  EXPECT_EQ(Outcome(SetOf({&slow})), "www.example.");
}

TEST_F(ForwardClientTest, Rfc5452Section9_1_ForgeriesAreIgnoredAndTheTrueAnswerTaken) {
  ScriptedBackend backend(*loop_);
  backend.OnQuery([](const Packet& query) {
    std::vector<Packet> replies;
    Packet wrong_id = AnswerTo(query);
    wrong_id[0] ^= 0x55;
    replies.push_back(wrong_id);
    Packet wrong_name = AnswerTo(query);
    wrong_name[14] = '0';
    replies.push_back(wrong_name);
    Packet wrong_type = AnswerTo(query);
    wrong_type[12 + 13 + 1] = 16;
    replies.push_back(wrong_type);
    replies.push_back(query);            // no reply at all
    replies.push_back(Packet{1, 2, 3});  // garbage
    replies.push_back(Packet(600, 0xff));
    replies.push_back(AnswerTo(query));
    return replies;
  });
  EXPECT_EQ(Outcome(SetOf({&backend})), "www.example.");
  EXPECT_EQ(StatusOf(backend).mismatches, 6u);
}

TEST_F(ForwardClientTest, AnAnswerFromAnotherAddressIsNotHeard) {
  ScriptedBackend backend(*loop_);
  ScriptedBackend stranger(*loop_);
  backend.OnQueryFrom([&](const Packet& query, const net::UdpPeer& from) {
    stranger.Send(AnswerTo(query), from);
    return std::vector<Packet>{};
  });
  EXPECT_EQ(Outcome(SetOf({&backend})), "failed");
}

TEST_F(ForwardClientTest, ATruncatedAnswerIsFetchedOverTcp) {
  ScriptedBackend backend(*loop_);
  backend.OnQuery([](const Packet& query) {
    Packet truncated = AnswerTo(query);
    truncated[2] |= 0x02;
    return std::vector<Packet>{truncated};
  });
  backend.ServeTcp([](const Packet& query) {
    Packet large = AnswerTo(query);
    large.resize(60000);
    return large;
  });
  ASSERT_TRUE(Ask(SetOf({&backend}), 1));
  ASSERT_TRUE(RunUntilSettled());
  EXPECT_EQ(replies_[1].size(), 60000u);
  EXPECT_EQ(StatusOf(backend).over_tcp, 1u);
}

TEST_F(ForwardClientTest, ManyTruncatedAnswersShareAConnection) {
  ScriptedBackend backend(*loop_);
  backend.OnQuery([](const Packet& query) {
    Packet truncated = AnswerTo(query);
    truncated[2] |= 0x02;
    return std::vector<Packet>{truncated};
  });
  backend.ServeTcp([](const Packet& query) { return AnswerTo(query); });
  const ForwardSet set = SetOf({&backend});
  for (Ticket ticket = 0; ticket < 50; ++ticket) ASSERT_TRUE(Ask(set, ticket));
  ASSERT_TRUE(RunUntilSettled());
  EXPECT_EQ(replies_.size(), 50u);
  EXPECT_EQ(backend.tcp_connections(), 1);
}

TEST_F(ForwardClientTest, ABackendThatClosesAfterEachAnswerIsConnectedAgain) {
  ScriptedBackend backend(*loop_);
  backend.OnQuery([](const Packet& query) {
    Packet truncated = AnswerTo(query);
    truncated[2] |= 0x02;
    return std::vector<Packet>{truncated};
  });
  backend.ServeTcp([](const Packet& query) { return AnswerTo(query); });
  backend.CloseAfterEachTcpAnswer();
  const ForwardSet set = SetOf({&backend});
  ASSERT_TRUE(Ask(set, 1));
  ASSERT_TRUE(Ask(set, 2));
  ASSERT_TRUE(RunUntilSettled());
  EXPECT_EQ(replies_.size(), 2u);
}

TEST_F(ForwardClientTest, TruncatedWithoutTcpIsAFailure) {
  ScriptedBackend backend(*loop_);
  backend.OnQuery([](const Packet& query) {
    Packet truncated = AnswerTo(query);
    truncated[2] |= 0x02;
    return std::vector<Packet>{truncated};
  });
  EXPECT_EQ(Outcome(SetOf({&backend})), "failed");
}

TEST_F(ForwardClientTest, ABackendThatLosesTheCaseIsBelievedOverTcp) {
  ScriptedBackend backend(*loop_);
  auto lower = [](const Packet& query) {
    Packet answer = AnswerTo(query);
    for (std::size_t i = 12; i < 25; ++i) answer[i] = dns::ToLower(answer[i]);
    return answer;
  };
  backend.OnQuery([&](const Packet& query) { return std::vector<Packet>{lower(query)}; });
  backend.ServeTcp(lower);
  EXPECT_EQ(Outcome(SetOf({&backend}), "WWWWWWW.exAMPLE."), "WWWWWWW.exAMPLE.");
  EXPECT_FALSE(StatusOf(backend).preserves_case);
  EXPECT_EQ(Outcome(SetOf({&backend}), "wwwwwww.EXAMPLE."), "wwwwwww.EXAMPLE.");
  EXPECT_EQ(StatusOf(backend).over_tcp, 1u);
}

TEST_F(ForwardClientTest, ABackendWithoutCaseAndTcpIsBelievedInTheEnd) {
  ScriptedBackend backend(*loop_);
  backend.OnQuery([](const Packet& query) {
    Packet answer = AnswerTo(query);
    for (std::size_t i = 12; i < 25; ++i) answer[i] = dns::ToLower(answer[i]);
    return std::vector<Packet>{answer};
  });
  EXPECT_EQ(Outcome(SetOf({&backend}), "abcdefg.example."), "abcdefg.example.");
  EXPECT_FALSE(StatusOf(backend).preserves_case);
}

TEST_F(ForwardClientTest, Rfc6891Section7_ABackendWithoutEdnsIsAskedWithout) {
  ScriptedBackend backend(*loop_);
  backend.OnQuery([](const Packet& query) {
    dns::MessageView view;
    if (view.Parse(query) == dns::ParseError::kNone && !view.edns()) {
      return std::vector<Packet>{AnswerTo(query)};
    }
    Packet error(query.begin(), query.begin() + 12);
    error[2] |= 0x80;
    error[3] = 1;
    error[5] = error[11] = 0;
    return std::vector<Packet>{error};
  });
  const ForwardSet set = SetOf({&backend});
  EXPECT_EQ(Outcome(set), "www.example.");
  EXPECT_FALSE(StatusOf(backend).understands_edns);
  EXPECT_EQ(Outcome(set), "www.example.");
  EXPECT_EQ(backend.queries().size(), 3u);
}

TEST_F(ForwardClientTest, ServfailOfOneIsAskedOfAnother) {
  ScriptedBackend broken(*loop_);
  ScriptedBackend good(*loop_);
  broken.OnQuery(
      [](const Packet& query) { return std::vector<Packet>{WithRcode(AnswerTo(query), 2)}; });
  const ForwardSet set = SetOf({&broken, &good});
  for (int i = 0; i < 10; ++i) {
    ASSERT_EQ(Outcome(set), "www.example.");
    EXPECT_EQ(replies_[next_ticket_ - 1][3] & 0x0f, 0);
  }
}

TEST_F(ForwardClientTest, ServfailOfAllIsPassedOn) {
  ScriptedBackend broken(*loop_);
  broken.OnQuery(
      [](const Packet& query) { return std::vector<Packet>{WithRcode(AnswerTo(query), 2)}; });
  EXPECT_EQ(Outcome(SetOf({&broken})), "www.example.");
  EXPECT_EQ(replies_[next_ticket_ - 1][3] & 0x0f, 2);
}

TEST_F(ForwardClientTest, ARefusalByIcmpIsAFailureAtOnce) {
  net::Endpoint nobody;
  {
    ScriptedBackend gone(*loop_);
    nobody = gone.endpoint();
  }
  ForwardSet set;
  set.endpoints.push_back(nobody);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Outcome(set), "failed");
  EXPECT_LT(std::chrono::steady_clock::now() - start, options_.first_timeout);
}

TEST_F(ForwardClientTest, ADeadBackendGoesDownAndComesUpAfterAProbe) {
  auto backend = std::make_unique<ScriptedBackend>(*loop_);
  const net::Endpoint endpoint = backend->endpoint();
  const ForwardSet set = SetOf({backend.get()});
  ASSERT_EQ(Outcome(set), "www.example.");
  backend.reset();
  for (int i = 0; i < options_.failures_to_down; ++i) ASSERT_EQ(Outcome(set), "failed");
  EXPECT_EQ(Outcome(set), "not asked");
  EXPECT_FALSE(Client().Backends()[0].up);
  backend = std::make_unique<ScriptedBackend>(*loop_, endpoint);
  ASSERT_TRUE(RunUntil([&] { return Client().Backends()[0].up; }));
  EXPECT_EQ(Outcome(set), "www.example.");
}

// Whoever knows a question that the backend never answers could keep it down, were that the probe.
TEST_F(ForwardClientTest, AQuestionThatIsNeverAnsweredIsNoProbe) {
  ScriptedBackend backend(*loop_);
  backend.OnQuery([](const Packet& query) {
    return query[12] == 6 ? std::vector<Packet>{} : std::vector<Packet>{AnswerTo(query)};
  });
  const ForwardSet set = SetOf({&backend});
  ASSERT_EQ(Outcome(set), "www.example.");
  for (int i = 0; i < 20 && Client().Backends()[0].up; ++i) Outcome(set, "poison.example.");
  ASSERT_FALSE(Client().Backends()[0].up);
  ASSERT_TRUE(RunUntil([&] { return Client().Backends()[0].up; }));
  EXPECT_EQ(Outcome(set), "www.example.");
}

TEST_F(ForwardClientTest, TooManyQuestionsAreTurnedAway) {
  options_.max_outstanding = 10;
  ScriptedBackend silent(*loop_);
  silent.OnQuery([](const Packet&) { return std::vector<Packet>{}; });
  const ForwardSet set = SetOf({&silent});
  for (Ticket ticket = 0; ticket < 10; ++ticket) EXPECT_TRUE(Ask(set, ticket));
  EXPECT_FALSE(Ask(set, 10));
  ASSERT_TRUE(RunUntilSettled());
  EXPECT_EQ(failures_.size(), 10u);
  EXPECT_FALSE(failures_.contains(10));
}

TEST_F(ForwardClientTest, AnEmptySetIsNotAsked) {
  EXPECT_FALSE(Ask({}, 1));
}

TEST_F(ForwardClientTest, LoadIsSpreadOverBackends) {
  ScriptedBackend one(*loop_);
  ScriptedBackend two(*loop_);
  ScriptedBackend three(*loop_);
  const ForwardSet set = SetOf({&one, &two, &three});
  for (Ticket ticket = 0; ticket < 300; ++ticket) ASSERT_TRUE(Ask(set, ticket));
  ASSERT_TRUE(RunUntilSettled());
  EXPECT_EQ(replies_.size(), 300u);
  for (const ScriptedBackend* backend : {&one, &two, &three}) {
    EXPECT_NEAR(static_cast<double>(backend->queries().size()), 100, 5);
  }
}

TEST_F(ForwardClientTest, EndpointsBeyondTheLimitTakeTurns) {
  options_.max_backends = 2;
  std::deque<ScriptedBackend> backends;
  for (int i = 0; i < 6; ++i) backends.emplace_back(*loop_);
  for (int round = 0; round < 2; ++round) {
    for (const ScriptedBackend& backend : backends) {
      EXPECT_EQ(Outcome(SetOf({&backend})), "www.example.");
    }
  }
  EXPECT_EQ(Client().Backends().size(), 2u);
}

TEST_F(ForwardClientTest, AReplyMayBringTheNextQuestion) {
  ScriptedBackend backend(*loop_);
  const ForwardSet set = SetOf({&backend});
  Ticket next = 1;
  on_done_ = [&] {
    if (next == 20) return;
    EXPECT_TRUE(Ask(set, next++));
  };
  ASSERT_TRUE(Ask(set, 0));
  ASSERT_TRUE(RunUntilSettled());
  EXPECT_EQ(replies_.size(), 20u);
}

// What a hostile or broken backend may send never breaks the client, and each question ends once.
TEST_F(ForwardClientTest, EachQuestionEndsOnceWhateverComes) {
  options_.total_timeout = 150ms;
  net::Random random;
  ScriptedBackend noisy(*loop_);
  noisy.OnQuery([&](const Packet& query) {
    std::vector<Packet> replies;
    for (int i = random.U16() % 4; i > 0; --i) {
      Packet reply = AnswerTo(query);
      for (int flips = random.U16() % 3; flips > 0; --flips) {
        reply[random.U16() % reply.size()] ^= static_cast<std::uint8_t>(1 << random.U16() % 8);
      }
      if (random.U16() % 4 == 0) reply.resize(random.U16() % reply.size());
      replies.push_back(reply);
    }
    return replies;
  });
  const ForwardSet set = SetOf({&noisy});
  std::size_t asked = 0;
  for (Ticket ticket = 0; ticket < 2000; ++ticket) {
    if (Ask(set, ticket)) ++asked;
    if (ticket % 100 == 0) loop_->RunOnce(1ms);
  }
  ASSERT_TRUE(RunUntil([&] { return replies_.size() + failures_.size() == asked; }));
  EXPECT_GT(asked, 0u);
}

}  // namespace
}  // namespace sealwire::proxy
