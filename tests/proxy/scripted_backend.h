// A backend that does what a test says: answers, lies, stays silent. Lives in the test's own loop.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <list>
#include <set>
#include <string>
#include <vector>

#include "net/event_loop.h"
#include "net/proxy_header.h"
#include "net/socket_address.h"
#include "net/tcp_socket.h"
#include "net/udp_socket.h"
#include "proxy/tcp_frames.h"
#include "tests/proxy/query_packet.h"

namespace sealwire::proxy::testing {

// NOERROR with A 192.0.2.1 under the name that was asked, EDNS left out.
inline Packet AnswerTo(const Packet& query) {
  std::size_t end = 12;
  while (query[end] != 0) end += query[end] + std::size_t{1};
  end += 5;
  Packet answer(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(end));
  answer[2] = 0x84;
  answer[3] = 0;
  answer[7] = 1;
  answer[11] = 0;
  const Packet record{0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
  answer.insert(answer.end(), record.begin(), record.end());
  return answer;
}

inline Packet WithRcode(Packet message, std::uint8_t rcode) {
  message[3] = static_cast<std::uint8_t>((message[3] & 0xf0) | rcode);
  return message;
}

class ScriptedBackend {
 public:
  using Script = std::function<std::vector<Packet>(const Packet& query, const net::UdpPeer& from)>;

  explicit ScriptedBackend(net::EventLoop& loop, const char* address = "127.0.0.1")
      : ScriptedBackend(loop, net::Endpoint{net::IpAddress::FromText(address).value(), 0}) {}
  ScriptedBackend(net::EventLoop& loop, const net::Endpoint& endpoint)
      : loop_(loop),
        socket_(BindWhereTcpIsFree(endpoint)),
        watch_(loop, socket_.fd(), [this](net::FdWatch::Ready) { Receive(); }) {
    watch_.Watch(true, false);
  }
  ScriptedBackend(const ScriptedBackend&) = delete;
  ScriptedBackend& operator=(const ScriptedBackend&) = delete;

  const net::Endpoint& endpoint() const { return socket_.local(); }

  void OnQueryFrom(Script script) { script_ = std::move(script); }
  void OnQuery(std::function<std::vector<Packet>(const Packet&)> script) {
    script_ = [script = std::move(script)](const Packet& query, const net::UdpPeer&) {
      return script(query);
    };
  }
  void Send(const Packet& packet, const net::UdpPeer& to) {
    if (out_.full()) out_.Flush(socket_);
    const dns::MutableBytes slot = out_.Next();
    std::copy(packet.begin(), packet.end(), slot.begin());
    out_.Commit(packet.size(), to);
    out_.Flush(socket_);
  }

  // TCP on the same port, one answer for each query.
  void ServeTcp(std::function<Packet(const Packet&)> script) {
    tcp_script_ = std::move(script);
    listener_ = net::ListenTcp(endpoint(), false).value();
    accept_ = std::make_unique<net::FdWatch>(loop_, listener_.get(),
                                             [this](net::FdWatch::Ready) { Accept(); });
    accept_->Watch(true, false);
  }
  // From now on every query and connection must begin with a PROXY header.
  void ExpectProxyHeaders() { proxied_ = true; }
  // The clients those named, as text, in their order.
  const std::vector<std::string>& clients() const { return clients_; }
  void CloseAfterEachTcpAnswer() { close_after_answer_ = true; }

  const std::vector<Packet>& queries() const { return queries_; }
  const std::set<std::uint16_t>& ports() const { return ports_; }
  int tcp_connections() const { return tcp_connections_; }

 private:
  // A port drawn for UDP may be taken for TCP, which some tests serve later.
  static net::UdpSocket BindWhereTcpIsFree(const net::Endpoint& endpoint) {
    for (int draw = 0;; ++draw) {
      net::UdpSocket socket = net::UdpSocket::Bind(endpoint).value();
      if (endpoint.port != 0 || draw == 16 || net::ListenTcp(socket.local(), false).ok()) {
        return socket;
      }
    }
  }

  struct Connection {
    net::FileDescriptor socket;
    TcpFrames frames{12, 65535};
    bool has_header = false;
    std::unique_ptr<net::FdWatch> watch;
  };

  // Octets of the header that `data` begins with; 0 when it has none.
  std::size_t TakeHeader(dns::Bytes data) {
    net::ProxyHeader header;
    if (net::ParseProxyHeader(data, header) != net::ProxyHeaderParse::kWhole) return 0;
    clients_.push_back(header.source.ToText());
    return header.size;
  }

  void Receive() {
    const auto received = in_.Receive(socket_);
    for (std::size_t i = 0; i < received.count; ++i) {
      dns::Bytes payload = in_.payload(i);
      if (proxied_) {
        const std::size_t header = TakeHeader(payload);
        if (header == 0) continue;
        payload = payload.subspan(header);
      }
      queries_.emplace_back(payload.begin(), payload.end());
      ports_.insert(in_.peer(i).remote.port);
      for (const Packet& reply : script_(queries_.back(), in_.peer(i))) Send(reply, in_.peer(i));
    }
  }

  void Accept() {
    net::Endpoint peer;
    int error = 0;
    net::FileDescriptor socket = net::AcceptTcp(listener_.get(), peer, error);
    if (!socket.open()) return;
    ++tcp_connections_;
    Connection& connection = connections_.emplace_back();
    connection.socket = std::move(socket);
    connection.watch = std::make_unique<net::FdWatch>(
        loop_, connection.socket.get(), [&](net::FdWatch::Ready) { ReadTcp(connection); });
    connection.watch->Watch(true, false);
  }

  void ReadTcp(Connection& connection) {
    const dns::MutableBytes room = connection.frames.Room();
    const ssize_t n = ::recv(connection.socket.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (n <= 0) {
      connections_.remove_if([&](const Connection& c) { return &c == &connection; });
      return;
    }
    connection.frames.Added(static_cast<std::size_t>(n));
    if (proxied_ && !connection.has_header) {
      connection.frames.Skip(TakeHeader(connection.frames.Held()));
      connection.has_header = true;
    }
    dns::MutableBytes frame;
    while (connection.frames.Take(frame) == TcpFrames::Next::kFrame) {
      const Packet answer = tcp_script_(Packet(frame.begin(), frame.end()));
      Packet framed{static_cast<std::uint8_t>(answer.size() >> 8),
                    static_cast<std::uint8_t>(answer.size())};
      framed.insert(framed.end(), answer.begin(), answer.end());
      EXPECT_EQ(::send(connection.socket.get(), framed.data(), framed.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(framed.size()));
      if (close_after_answer_) {
        connections_.remove_if([&](const Connection& c) { return &c == &connection; });
        return;
      }
    }
  }

  net::EventLoop& loop_;
  net::UdpSocket socket_;
  net::UdpInbox in_;
  net::UdpOutbox out_;
  Script script_ = [](const Packet& query, const net::UdpPeer&) {
    return std::vector<Packet>{AnswerTo(query)};
  };
  std::vector<Packet> queries_;
  std::set<std::uint16_t> ports_;
  bool proxied_ = false;
  std::vector<std::string> clients_;
  std::function<Packet(const Packet&)> tcp_script_;
  net::FileDescriptor listener_;
  std::unique_ptr<net::FdWatch> accept_;
  std::list<Connection> connections_;
  int tcp_connections_ = 0;
  bool close_after_answer_ = false;
  net::FdWatch watch_;
};

}  // namespace sealwire::proxy::testing
