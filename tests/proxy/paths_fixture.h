// A pipeline with one forwarded zone, `example.`, whose backend answers when the test says so; and
// clients that speak to a path over real sockets, all in one loop.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dns/message_view.h"
#include "net/event_loop.h"
#include "net/prefix.h"
#include "net/proxy_header.h"
#include "net/socket_address.h"
#include "net/tcp_socket.h"
#include "net/udp_socket.h"
#include "proxy/clock.h"
#include "proxy/pipeline.h"
#include "proxy/tcp_frames.h"
#include "proxy/zone.h"
#include "tests/proxy/query_packet.h"
#include "tests/proxy/scripted_backend.h"

namespace sealwire::proxy::testing {

class NeverSigns final : public signer::DigestSigner {
 public:
  bool Sign(const signer::SigningKey&, const signer::Digest&,
            signer::Signature&) noexcept override {
    return false;
  }
};

// An unsigned zone that is asked of `endpoint`.
inline std::shared_ptr<const ZoneTable> ForwardZone(const std::string& apex,
                                                    const net::Endpoint& endpoint,
                                                    std::uint64_t id = 1) {
  auto set = std::make_shared<ForwardSet>();
  set->id = id;
  set->endpoints.push_back(endpoint);
  auto zone = std::make_shared<Zone>();
  zone->apex = N(apex);
  zone->id = id;
  zone->forward = std::move(set);
  return ZoneTable::With(ZoneTable(), {std::move(zone)});
}

// A backend that holds questions until the test lets the answers go.
class HeldBackend final : public BackendAsker {
 public:
  struct Held {
    Ticket ticket;
    dns::Name name;
    dns::RRType type;
    net::Endpoint client{};
  };
  bool Ask(const ForwardSet&, const BackendQuestion& question, Ticket ticket) noexcept override {
    held.push_back({ticket, dns::Name(question.name), question.type, question.client});
    return true;
  }
  std::deque<Held> held;
};

class PathsFixture : public ::testing::Test, public AnswerSink {
 protected:
  PathsFixture() {
    pipeline_.UseZones(ForwardZone("example.", net::Endpoint()));
    pipeline_.SetTime(UnixMilliseconds());
  }

  void Deliver(const ReplyRoute& route, dns::Bytes answer) noexcept override {
    deliver_(route, answer);
  }

  // Answers the oldest question a backend holds.
  void Release() {
    ASSERT_FALSE(backend_.held.empty());
    const HeldBackend::Held held = backend_.held.front();
    backend_.held.pop_front();
    const Packet reply = AnswerTo(Ask(held.name.ToText(), held.type).Bytes());
    pipeline_.OnBackendReply(held.ticket, reply);
    flush_();
  }

  template <class Done>
  bool RunUntil(Done done, std::chrono::milliseconds patience = std::chrono::seconds(2)) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop_->RunOnce(std::chrono::milliseconds(5));
    }
    return true;
  }

  std::unique_ptr<net::EventLoop> loop_ = net::EventLoop::Create().value();
  NeverSigns signer_;
  HeldBackend backend_;
  Pipeline pipeline_{PipelineOptions(), signer_, &backend_, this};
  std::function<void(const ReplyRoute&, dns::Bytes)> deliver_;
  std::function<void()> flush_ = [] {};
};

inline Packet WithId(Packet query, std::uint16_t id) {
  query[0] = static_cast<std::uint8_t>(id >> 8);
  query[1] = static_cast<std::uint8_t>(id);
  return query;
}
inline std::uint16_t IdOf(const Packet& message) {
  return message.size() < 2 ? std::uint16_t{0}
                            : static_cast<std::uint16_t>(message[0] << 8 | message[1]);
}
inline int RcodeOf(const Packet& message) {
  return message.size() < 4 ? -1 : message[3] & 0x0f;
}

// A question that waits for a backend, and one that is refused at once.
inline Packet Waiting(std::uint16_t id, const std::string& label = "www") {
  return WithId(Ask(label + ".example.", dns::RRType::kA).Bytes(), id);
}
inline Packet Immediate(std::uint16_t id) {
  return WithId(Ask("elsewhere.test.", dns::RRType::kA).Bytes(), id);
}

// `packet` as a trusted proxy sends it, for the client 192.0.2.1:4053.
inline Packet Proxied(const Packet& packet, net::ProxiedTransport transport) {
  Packet out(net::ProxyHeader::kMaxWritten);
  out.resize(net::WriteProxyHeader(net::Endpoint::FromText("192.0.2.1:4053").value(),
                                   net::Endpoint::FromText("198.51.100.1:53").value(), transport,
                                   out));
  out.insert(out.end(), packet.begin(), packet.end());
  return out;
}
inline std::vector<net::Prefix> Loopback() {
  return {net::Prefix::FromText("127.0.0.0/8").value()};
}

class UdpClient {
 public:
  explicit UdpClient(const net::Endpoint& server)
      : socket_(net::UdpSocket::Connect(server).value()) {}
  void Send(const Packet& packet) {
    EXPECT_EQ(socket_.Send(packet), net::UdpSocket::SendResult::kSent);
  }
  // Everything that has come, oldest first.
  std::vector<Packet>& Heard() {
    const auto received = in_.Receive(socket_);
    for (std::size_t i = 0; i < received.count; ++i) {
      heard_.emplace_back(in_.payload(i).begin(), in_.payload(i).end());
    }
    return heard_;
  }

 private:
  net::UdpSocket socket_;
  net::UdpInbox in_;
  std::vector<Packet> heard_;
};

class TcpClient {
 public:
  explicit TcpClient(const net::Endpoint& server)
      : socket_(::socket(server.address.IsV6() ? AF_INET6 : AF_INET, SOCK_STREAM, 0)) {
    const net::SocketAddress address(server);
    connected_ = ::connect(socket_.get(), address.get(), address.size) == 0;
  }
  bool connected() const { return connected_; }
  void Send(const Packet& packet) { SendRaw(Framed(packet)); }
  static Packet Framed(const Packet& packet) {
    Packet framed{static_cast<std::uint8_t>(packet.size() >> 8),
                  static_cast<std::uint8_t>(packet.size())};
    framed.insert(framed.end(), packet.begin(), packet.end());
    return framed;
  }
  // Octets the kernel took.
  std::size_t SendRaw(const Packet& octets) {
    const ssize_t n =
        ::send(socket_.get(), octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
  }
  void HalfClose() { ::shutdown(socket_.get(), SHUT_WR); }
  void Close() { socket_.Reset(); }
  // Every whole message that has come, oldest first.
  std::vector<Packet>& Heard() {
    for (;;) {
      const dns::MutableBytes room = frames_.Room();
      const ssize_t n = ::recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
      if (n == 0 || (n < 0 && errno != EAGAIN)) closed_ = true;
      if (n <= 0) return heard_;
      frames_.Added(static_cast<std::size_t>(n));
      dns::MutableBytes frame;
      while (frames_.Take(frame) == TcpFrames::Next::kFrame) {
        heard_.emplace_back(frame.begin(), frame.end());
      }
    }
  }
  // The server has closed.
  bool Closed() {
    Heard();
    return closed_;
  }

 private:
  net::FileDescriptor socket_;
  bool connected_ = false;
  bool closed_ = false;
  TcpFrames frames_{12, 65535};
  std::vector<Packet> heard_;
};

}  // namespace sealwire::proxy::testing
