#include "net/http_server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <future>
#include <thread>

#include "net/file_descriptor.h"
#include "net/http_request.h"
#include "net/socket_address.h"

namespace sealwire::net {
namespace {

using namespace std::chrono_literals;

// A blocking client that sends octets and reads until a text is seen or the server closes.
class Client {
 public:
  explicit Client(const Endpoint& server)
      : fd_(::socket(server.address.IsV6() ? AF_INET6 : AF_INET, SOCK_STREAM, 0)) {
    const SocketAddress address(server);
    EXPECT_EQ(::connect(fd_.get(), address.get(), address.size), 0);
  }
  explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void Say(const std::string& text) {
    EXPECT_EQ(::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // What came, up to and with `until`; all there is when the server closes or is silent for 2 s.
  std::string Hear(const std::string& until) {
    while (heard_.find(until) == std::string::npos) {
      pollfd wait{fd_.get(), POLLIN, 0};
      char part[4096];
      if (::poll(&wait, 1, 2000) != 1) break;
      const ssize_t n = ::read(fd_.get(), part, sizeof part);
      if (n <= 0) {
        closed_ = true;
        break;
      }
      heard_.append(part, static_cast<std::size_t>(n));
    }
    return heard_;
  }
  std::string Ask(const std::string& head, const std::string& body = "") {
    Say(head + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\nConnection: close\r\n\r\n" + body);
    return HearAll();
  }
  std::string HearAll() { return Hear("\r\n\r\n\r\n never said"); }
  bool closed() const { return closed_; }
  void Close() { fd_.Reset(); }
  void FinishSaying() { ::shutdown(fd_.get(), SHUT_WR); }

 private:
  FileDescriptor fd_;
  std::string heard_;
  bool closed_ = false;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void Serve(HttpServer::Handler handler, HttpLimits limits = {}) {
    loop_ = EventLoop::Create().value();
    server_ = std::make_unique<HttpServer>(*loop_, std::move(handler), limits);
    auto listening = server_->ListenTcp({IpAddress::V4({127, 0, 0, 1}), 0});
    ASSERT_TRUE(listening.ok()) << listening.error();
    endpoint_ = *listening;
  }
  void Run() {
    thread_ = std::thread([this] { loop_->Run(); });
  }
  void TearDown() override {
    if (thread_.joinable()) {
      loop_->Stop();
      thread_.join();
    }
    server_.reset();
  }
  // Of the loop's thread, which is running.
  HttpCounters Counters() {
    std::promise<HttpCounters> counters;
    loop_->Post([&] { counters.set_value(server_->counters()); });
    return counters.get_future().get();
  }
  static std::string TemporaryPath(const std::string& name) {
    return ::testing::TempDir() + "sealwire-" + std::to_string(::getpid()) + "-" + name;
  }

  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<HttpServer> server_;
  Endpoint endpoint_;
  std::thread thread_;
};

TEST_F(HttpServerTest, TheHandlerSeesTheWholeRequest) {
  std::promise<HttpRequest> seen;
  Serve([&](HttpRequest request, HttpReply reply) {
    seen.set_value(std::move(request));
    reply.Send({200, {{"Content-Type", "application/json"}}, "{}"});
  });
  Run();
  Client client(endpoint_);
  const std::string answer = client.Ask(
      "PATCH /v1/zones/0%2F25.example/dnssec?limit=10&q=a+b%26c&flag", "{\"enabled\":true}");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Type: application/json\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n{}")) << answer;
  const HttpRequest request = seen.get_future().get();
  EXPECT_EQ(request.method, "PATCH");
  EXPECT_EQ(request.path, "/v1/zones/0%2F25.example/dnssec");
  EXPECT_EQ(request.segments, (std::vector<std::string>{"v1", "zones", "0/25.example", "dnssec"}));
  EXPECT_EQ(*request.Query("limit"), "10");
  EXPECT_EQ(*request.Query("q"), "a b&c");
  EXPECT_EQ(*request.Query("flag"), "");
  EXPECT_EQ(request.Query("other"), nullptr);
  EXPECT_EQ(*request.Header("HOST"), "x");
  EXPECT_EQ(request.body, "{\"enabled\":true}");
  EXPECT_EQ(request.peer, HttpRequest::Peer::kTcp);
  EXPECT_TRUE(request.peer_address.starts_with("127.0.0.1:")) << request.peer_address;
}

TEST_F(HttpServerTest, AConnectionServesManyRequests) {
  int served = 0;
  Serve([&](HttpRequest, HttpReply reply) {
    reply.Send({200, {}, "answer " + std::to_string(++served) + "."});
  });
  Run();
  Client client(endpoint_);
  client.Say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client.Hear("answer 1.");
  client.Say("GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.Hear("answer 3.").find("answer 3."), std::string::npos);
}

TEST_F(HttpServerTest, HeadHasTheLengthWithoutTheBody) {
  Serve([](HttpRequest, HttpReply reply) { reply.Send({200, {}, "twelve chars"}); });
  Run();
  Client client(endpoint_);
  const std::string answer = client.Ask("HEAD /");
  EXPECT_NE(answer.find("Content-Length: 12\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

TEST_F(HttpServerTest, AnAnswerMayComeLaterFromAnotherThread) {
  std::thread later;
  Serve([&](HttpRequest, HttpReply reply) {
    later = std::thread([reply = std::move(reply)] {
      std::this_thread::sleep_for(20ms);
      reply.Send({202, {}, "late"});
    });
  });
  Run();
  Client client(endpoint_);
  const std::string answer = client.Ask("GET /");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 202 ")) << answer;
  EXPECT_TRUE(answer.ends_with("late")) << answer;
  later.join();
}

TEST_F(HttpServerTest, ARequestThatIsForgottenGets500) {
  Serve([](HttpRequest, HttpReply) {});
  Run();
  Client client(endpoint_);
  EXPECT_TRUE(client.Ask("GET /").starts_with("HTTP/1.1 500 "));
}

TEST_F(HttpServerTest, OnlyTheFirstAnswerCounts) {
  Serve([](HttpRequest, HttpReply reply) {
    reply.Send({200, {}, "first"});
    reply.Send({500, {}, "second"});
    EXPECT_FALSE(reply.open());
  });
  Run();
  Client client(endpoint_);
  EXPECT_TRUE(client.Ask("GET /").ends_with("first"));
}

TEST_F(HttpServerTest, AStreamArrivesPartByPart) {
  std::promise<HttpReply> stream;
  Serve([&](HttpRequest, HttpReply reply) {
    reply.Start({200, {{"Content-Type", "text/event-stream"}}, "data: 1\n\n"});
    stream.set_value(std::move(reply));
  });
  Run();
  Client client(endpoint_);
  client.Say("GET /v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const HttpReply reply = stream.get_future().get();
  EXPECT_NE(client.Hear("data: 1\n\n").find("data: 1\n\n"), std::string::npos);
  reply.Write("data: 2\n\n");
  EXPECT_NE(client.Hear("data: 2\n\n").find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_TRUE(reply.open());
  reply.End();
  EXPECT_TRUE(client.HearAll().ends_with("0\r\n\r\n"));
}

TEST_F(HttpServerTest, AStreamOutlivesTheIdleTime) {
  std::promise<HttpReply> stream;
  HttpLimits limits;
  limits.idle = 1s;
  Serve(
      [&](HttpRequest, HttpReply reply) {
        reply.Start({200, {}, "begin\n"});
        stream.set_value(std::move(reply));
      },
      limits);
  Run();
  Client client(endpoint_);
  client.Say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const HttpReply reply = stream.get_future().get();
  std::this_thread::sleep_for(1300ms);
  EXPECT_TRUE(reply.open());
  reply.Write("late\n");
  EXPECT_NE(client.Hear("late\n").find("late\n"), std::string::npos);
}

TEST_F(HttpServerTest, AnIdleConnectionIsClosed) {
  HttpLimits limits;
  limits.idle = 1s;
  Serve([](HttpRequest, HttpReply reply) { reply.Send({}); }, limits);
  Run();
  Client client(endpoint_);
  client.Say("GET / HT");
  client.HearAll();
  EXPECT_TRUE(client.closed());
}

TEST_F(HttpServerTest, APeerThatLeavesAStreamIsNoticed) {
  std::promise<void> gone;
  std::promise<HttpReply> stream;
  Serve([&](HttpRequest, HttpReply reply) {
    reply.OnClose([&] { gone.set_value(); });
    reply.Start({200, {}, "begin\n"});
    stream.set_value(std::move(reply));
  });
  Run();
  Client client(endpoint_);
  client.Say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client.Hear("begin\n");
  client.Close();
  ASSERT_EQ(gone.get_future().wait_for(2s), std::future_status::ready);
  const HttpReply reply = stream.get_future().get();
  EXPECT_FALSE(reply.open());
  reply.Write("to nobody");
  reply.End();
}

TEST_F(HttpServerTest, APeerThatLeavesBeforeItsAnswerHarmsNobody) {
  std::vector<HttpReply> waiting;
  Serve([&](HttpRequest request, HttpReply reply) {
    if (request.path != "/wait") return reply.Send({200, {}, "alive"});
    waiting.push_back(std::move(reply));
  });
  Run();
  Client client(endpoint_);
  client.Say("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  std::this_thread::sleep_for(20ms);
  client.Close();
  std::this_thread::sleep_for(20ms);
  std::promise<void> answered;
  loop_->Post([&] {
    waiting[0].Send({200, {}, "too late"});
    waiting.clear();
    answered.set_value();
  });
  answered.get_future().wait();
  EXPECT_TRUE(Client(endpoint_).Ask("GET /").ends_with("alive"));
}

TEST_F(HttpServerTest, APeerWithABodyThatLeavesBeforeItsAnswerHarmsNobody) {
  std::promise<HttpReply> held;
  Serve([&](HttpRequest request, HttpReply reply) {
    if (request.path != "/wait") return reply.Send({200, {}, "alive"});
    held.set_value(std::move(reply));
  });
  Run();
  Client client(endpoint_);
  client.Say("POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
  {
    const HttpReply reply = held.get_future().get();
    client.Close();
    std::this_thread::sleep_for(20ms);
    reply.Send({200, {}, "too late"});
  }
  EXPECT_TRUE(Client(endpoint_).Ask("GET /").ends_with("alive"));
}

TEST_F(HttpServerTest, ASlowReaderOfAStreamIsCutOff) {
  std::promise<void> gone;
  std::promise<HttpReply> stream;
  HttpLimits limits;
  limits.stream_buffer = 64 << 10;
  Serve(
      [&](HttpRequest, HttpReply reply) {
        reply.OnClose([&] { gone.set_value(); });
        reply.Start({200, {}, ""});
        stream.set_value(std::move(reply));
      },
      limits);
  Run();
  Client client(endpoint_);
  client.Say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const HttpReply reply = stream.get_future().get();
  const std::string part(32 << 10, 'x');
  for (int i = 0; i < 1000 && reply.open(); ++i) {
    reply.Write(part);
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(gone.get_future().wait_for(0s), std::future_status::ready);
}

TEST_F(HttpServerTest, TheServerMayGoBeforeAnAnswer) {
  std::promise<HttpReply> held;
  Serve([&](HttpRequest, HttpReply reply) { held.set_value(std::move(reply)); });
  Run();
  Client client(endpoint_);
  client.Say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const HttpReply reply = held.get_future().get();
  loop_->Stop();
  thread_.join();
  server_.reset();
  EXPECT_FALSE(reply.open());
  reply.Send({200, {}, "to nobody"});
}

TEST_F(HttpServerTest, TooLargeABodyIs413) {
  HttpLimits limits;
  limits.body_bytes = 1000;
  Serve([](HttpRequest, HttpReply reply) { reply.Send({}); }, limits);
  Run();
  Client client(endpoint_);
  client.Say("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  const std::string answer = client.Hear("\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 413 ")) << answer;
}

TEST_F(HttpServerTest, TooLargeAHeaderIsRefused) {
  HttpLimits limits;
  limits.header_bytes = 1000;
  bool handled = false;
  Serve(
      [&](HttpRequest, HttpReply reply) {
        handled = true;
        reply.Send({});
      },
      limits);
  Run();
  Client client(endpoint_);
  client.Say("GET / HTTP/1.1\r\nX: " + std::string(2000, 'x') + "\r\n\r\n");
  const std::string answer = client.HearAll();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 431 ")) << answer;
  EXPECT_FALSE(handled);
}

TEST_F(HttpServerTest, GarbageIsRefusedAndTheNextClientServed) {
  Serve([](HttpRequest, HttpReply reply) { reply.Send({200, {}, "alive"}); });
  Run();
  for (const std::string& garbage :
       {std::string("\x16\x03\x01\x02\x00\x01\x00", 7), std::string("GET\r\n\r\n"),
        std::string("BREW /pot HTTP/1.1\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n")}) {
    Client client(endpoint_);
    client.Say(garbage);
    EXPECT_FALSE(client.Hear("\r\n\r\n").ends_with("alive")) << garbage;
  }
  EXPECT_TRUE(Client(endpoint_).Ask("GET /").ends_with("alive"));
}

TEST_F(HttpServerTest, AHeaderCannotBeSmuggledIntoAnAnswer) {
  Serve([](HttpRequest, HttpReply reply) {
    reply.Send({200, {{"X-Zone", "a\r\nSet-Cookie: stolen"}}, "ok"});
  });
  Run();
  EXPECT_EQ(Client(endpoint_).Ask("GET /").find("stolen"), std::string::npos);
}

TEST_F(HttpServerTest, Rfc9112Section6_3_AMessageWithTwoLengthsIsRefused) {
  std::atomic<int> handled{0};
  Serve([&](const HttpRequest&, const HttpReply& reply) {
    ++handled;
    reply.Send({200, {}, "ok"});
  });
  Run();
  for (const char* lengths :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 4",
        "Transfer-Encoding: gzip, chunked"}) {
    Client client(endpoint_);
    client.Say(std::string("POST / HTTP/1.1\r\nHost: x\r\n") + lengths +
               "\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string answer = client.HearAll();
    EXPECT_FALSE(answer.starts_with("HTTP/1.1 200")) << lengths << "\n" << answer;
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << "one answer, then the end";
  }
  EXPECT_EQ(handled, 0);
}

HttpServer::Handler Alive() {
  return [](const HttpRequest&, const HttpReply& reply) { reply.Send({200, {}, "alive"}); };
}

TEST_F(HttpServerTest, AClientHasItsShareOfConnectionsAndGetsItBack) {
  HttpLimits limits;
  limits.per_client = 2;
  Serve(Alive(), limits);
  Run();
  Client first(endpoint_);
  {
    Client second(endpoint_);
    first.Say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(first.Hear("alive").ends_with("alive"));
    Client third(endpoint_);
    EXPECT_EQ(third.HearAll(), "");
    EXPECT_TRUE(third.closed());
  }
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(Client(endpoint_).Ask("GET /").ends_with("alive"));
  EXPECT_EQ(Counters().refused, 1u);
}

TEST_F(HttpServerTest, WhoKeepsUsWaitingLongestMakesRoom) {
  HttpLimits limits;
  limits.connections = 2;
  std::promise<HttpReply> held;
  Serve(
      [&](const HttpRequest& request, HttpReply reply) {
        if (request.path == "/wait") return held.set_value(std::move(reply));
        reply.Send({200, {}, "alive"});
      },
      limits);
  Run();
  Client silent(endpoint_);
  Client answered(endpoint_);
  answered.Say("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  const HttpReply reply = held.get_future().get();
  EXPECT_EQ(Client(endpoint_).HearAll(), "") << "nobody has waited for a second yet";
  std::this_thread::sleep_for(1100ms);
  EXPECT_TRUE(Client(endpoint_).Ask("GET /").ends_with("alive"));
  silent.HearAll();
  EXPECT_TRUE(silent.closed());
  reply.Send({200, {}, "not displaced"});
  EXPECT_TRUE(answered.Hear("displaced").ends_with("not displaced"));
  EXPECT_EQ(Counters().displaced, 1u);
}

TEST_F(HttpServerTest, Rfc9110Section15_5_9_ARequestThatDripsInIsEnded) {
  HttpLimits limits;
  limits.request = 1s;
  Serve(Alive(), limits);
  Run();
  Client head(endpoint_);
  Client body(endpoint_);
  head.Say("GET / HTTP/1.1\r\n");
  body.Say("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
  for (int i = 0; i < 8; ++i) {
    head.Say("X: y\r\n");
    body.Say("z");
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_TRUE(head.HearAll().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(body.HearAll().starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(Counters().late, 2u);
}

TEST_F(HttpServerTest, AnAnswerThatNobodyTakesIsEnded) {
  HttpLimits limits;
  limits.answer = 1s;
  Serve(
      [](const HttpRequest&, const HttpReply& reply) {
        reply.Send({200, {}, std::string(32u << 20, 'x')});
      },
      limits);
  Run();
  Client client(endpoint_);
  client.Say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  for (int i = 0; i < 30 && Counters().late == 0; ++i) std::this_thread::sleep_for(100ms);
  EXPECT_EQ(Counters().late, 1u);
}

TEST_F(HttpServerTest, Rfc9110Section10_1_1_ABodyIsAskedForThatTheClientAnnounced) {
  Serve([](const HttpRequest& request, const HttpReply& reply) {
    reply.Send({200, {}, "got " + request.body});
  });
  Run();
  Client client(endpoint_);
  client.Say("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Hear("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Say("body");
  EXPECT_TRUE(client.Hear("got body").ends_with("got body"));
}

TEST_F(HttpServerTest, AClientThatHasNothingMoreToSayIsAnswered) {
  Serve(Alive());
  Run();
  Client client(endpoint_);
  client.Say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  client.FinishSaying();
  EXPECT_TRUE(client.HearAll().ends_with("alive"));
}

TEST_F(HttpServerTest, AHundredPipelinedRequestsAreAnsweredInOrder) {
  int served = 0;
  Serve([&](const HttpRequest&, const HttpReply& reply) {
    reply.Send({200, {}, "<" + std::to_string(++served) + ">"});
  });
  Run();
  Client client(endpoint_);
  std::string requests;
  for (int i = 0; i < 100; ++i) requests += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  client.Say(requests);
  const std::string heard = client.Hear("<100>");
  std::size_t at = 0;
  for (int i = 1; i <= 100; ++i) {
    at = heard.find("<" + std::to_string(i) + ">", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
}

TEST_F(HttpServerTest, AUnixSocketHasItsModeAndIsRemoved) {
  const std::string path = TemporaryPath("mode.sock");
  std::promise<HttpRequest> seen;
  Serve([&](HttpRequest request, HttpReply reply) {
    seen.set_value(std::move(request));
    reply.Send({200, {}, "ok"});
  });
  const Status listening = server_->ListenUnix(path);
  ASSERT_TRUE(listening.ok()) << listening.error();
  struct stat made;
  ASSERT_EQ(::stat(path.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777, 0660u);
  Run();
  EXPECT_TRUE(Client(path).Ask("GET /v1/zones").ends_with("ok"));
  const HttpRequest request = seen.get_future().get();
  EXPECT_EQ(request.peer, HttpRequest::Peer::kUnix);
  EXPECT_EQ(request.peer_address, "unix");
  loop_->Stop();
  thread_.join();
  server_.reset();
  EXPECT_NE(::stat(path.c_str(), &made), 0);
}

TEST_F(HttpServerTest, AStaleUnixSocketIsReplacedAndALiveOneIsNot) {
  const std::string path = TemporaryPath("stale.sock");
  {
    FileDescriptor stale(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(stale.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  Serve([](HttpRequest, HttpReply reply) { reply.Send({}); });
  ASSERT_TRUE(server_->ListenUnix(path).ok());
  HttpServer second(*loop_, [](HttpRequest, HttpReply) {});
  const Status refused = second.ListenUnix(path);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().find(path), std::string::npos);
  EXPECT_NE(refused.error().find("another process"), std::string::npos);
}

TEST_F(HttpServerTest, AFileInTheWayIsNotRemoved) {
  const std::string path = TemporaryPath("file");
  std::ofstream(path) << "precious";
  Serve([](HttpRequest, HttpReply reply) { reply.Send({}); });
  EXPECT_FALSE(server_->ListenUnix(path).ok());
  EXPECT_EQ(::unlink(path.c_str()), 0);
}

TEST_F(HttpServerTest, AnAddressInUseIsNamed) {
  Serve([](HttpRequest, HttpReply reply) { reply.Send({}); });
  HttpServer second(*loop_, [](HttpRequest, HttpReply) {});
  const auto refused = second.ListenTcp(endpoint_);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().find(endpoint_.ToText()), std::string::npos);
}

TEST(HttpRequest, PercentDecodingKeepsWhatIsNoEscape) {
  EXPECT_EQ(PercentDecode("a%2fb%2Gc%", false), "a/b%2Gc%");
  EXPECT_EQ(PercentDecode("%4", false), "%4");
  EXPECT_EQ(PercentDecode("%+1", false), "%+1");
  EXPECT_EQ(PercentDecode("%-1", false), "%-1");
  EXPECT_EQ(PercentDecode("a+b", true), "a b");
  EXPECT_EQ(PercentDecode("%00", false), std::string(1, '\0'));
}

TEST(HttpRequest, PathsAndQueriesInOddShapes) {
  EXPECT_TRUE(SplitPath("").empty());
  EXPECT_TRUE(SplitPath("//").empty());
  EXPECT_EQ(SplitPath("a//b/"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(ParseQuery("&=x&&a=b=c"), (HttpHeaders{{"", "x"}, {"a", "b=c"}}));
}

}  // namespace
}  // namespace sealwire::net
