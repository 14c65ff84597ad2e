// The API over a real HTTP server on loopback and a unix socket, over the control plane of
// control_fixture.h.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "control/api.h"
#include "control_fixture.h"
#include "net/http_server.h"

namespace sealwire::control {

class ApiTest : public ControlFixture {
 protected:
  void SetUp() override {
    ControlFixture::SetUp();
    auto loop = net::EventLoop::Create();
    ASSERT_TRUE(loop.ok());
    loop_ = *std::move(loop);
    NodeFacts facts;
    facts.name = "here";
    facts.version = "1";
    facts.started = now_;
    facts.workers = 2;
    facts.ready = [] { return true; };
    facts.backends = [] {
      proxy::BackendStatus status;
      status.endpoint = *net::Endpoint::FromText("127.0.0.1:5301");
      status.round_trip_us = 1500;
      return std::vector<proxy::BackendStatus>{status, status};
    };
    facts.hsm = [] { return std::vector<keycache::HsmStatus>{}; };
    facts.audience = [](proxy::AudienceKey zone) {
      proxy::AudienceTotals totals;
      totals.heard[0] = zone.holder == 0 ? 0 : 40 + zone.holder;
      return totals;
    };
    facts.series = &series_;
    api_ = std::make_unique<Api>(*zones_, AccessToken::FromText("right"), facts);
    zones_->OnEvent([this](const ZoneEvent& event) { api_->Broadcast(event); });
    server_ = std::make_unique<net::HttpServer>(
        *loop_, [this](net::HttpRequest request, net::HttpReply reply) {
          api_->Handle(std::move(request), std::move(reply));
          Settle();
        });
    auto at = server_->ListenTcp({*net::IpAddress::FromText("127.0.0.1"), 0});
    ASSERT_TRUE(at.ok()) << at.error();
    port_ = at->port;
    ASSERT_TRUE(server_->ListenUnix(Socket()).ok());
    thread_ = std::thread([this] { loop_->Run(); });
  }
  void TearDown() override {
    if (thread_.joinable()) {
      loop_->Post([this] { api_->EndListeners(); });
      loop_->Stop();
      thread_.join();
    }
    server_.reset();
    api_.reset();
    ControlFixture::TearDown();
  }

  std::string Socket() const { return folder_ / "control.sock"; }

  struct Answer {
    int status = 0;
    std::string head, body;
    nlohmann::json Json() const { return nlohmann::json::parse(body, nullptr, false); }
    std::string Problem() const { return Json().value("type", ""); }
  };
  // Sends octets as they are and reads until the server closes.
  Answer Raw(const std::string& request) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(port_);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval patience = {5, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    std::size_t sent = 0;
    while (sent < request.size()) {
      const ssize_t n = ::send(fd, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    std::string got;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;)
      got.append(buffer, static_cast<std::size_t>(n));
    ::close(fd);
    Answer answer;
    const auto end = got.find("\r\n\r\n");
    if (got.size() > 12) answer.status = std::atoi(got.c_str() + 9);
    if (end != std::string::npos) {
      answer.head = got.substr(0, end);
      answer.body = got.substr(end + 4);
    }
    return answer;
  }
  Answer Call(const std::string& method, const std::string& path, const std::string& body = "",
              const std::string& headers = "Authorization: Bearer right\r\n") const {
    std::string request =
        method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers;
    if (!body.empty()) {
      request +=
          "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
          "\r\n";
    }
    return Raw(request + "\r\n" + body);
  }
  static constexpr const char* kForward = R"({"backend":{"forward":["127.0.0.1:5301"]}})";

  std::unique_ptr<net::EventLoop> loop_;
  MetricSeries series_{{[] { return proxy::PipelineTotals(); },
                        [] { return proxy::LatencyTotals(); }, [] { return std::uint64_t{0}; },
                        [] { return std::size_t{0}; }, [this] { return now_; }}};
  std::unique_ptr<Api> api_;
  std::unique_ptr<net::HttpServer> server_;
  std::thread thread_;
  std::uint16_t port_ = 0;
};

}  // namespace sealwire::control
