// DNS over TCP for one worker (RFC 7766): accepts, keeps connections within their limits, closes
// the idle ones, and finds the connection an answer belongs to.
//
// Threading: one worker's thread. Ownership: owns listeners and connections; borrows loop, pipeline
// and counters, which outlive it. Errors: none; what is refused or closed is counted.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <vector>

#include "net/client_limits.h"
#include "net/event_loop.h"
#include "net/file_descriptor.h"
#include "net/prefix.h"
#include "proxy/pipeline.h"
#include "proxy/tcp_connection.h"
#include "proxy/tcp_limits.h"
#include "proxy/worker_counters.h"

namespace sealwire::proxy {

class TcpPath {
 public:
  TcpPath(net::EventLoop& loop, Pipeline& pipeline, TcpCounters& counters, const TcpLimits& limits,
          TransferTaker* transfers = nullptr);
  TcpPath(const TcpPath&) = delete;
  TcpPath& operator=(const TcpPath&) = delete;

  // Accepts on a listening, non-blocking socket. Connections from `proxies` begin with a PROXY
  // header that is believed, and are as many as they like.
  void Listen(net::FileDescriptor listener, std::vector<net::Prefix> proxies = {});

  // Sends an answer that had to wait. Flush() then goes on with the queries behind it.
  void Deliver(const ReplyRoute& route, dns::Bytes answer) noexcept;
  void Flush() noexcept;

  // Stops accepting, reads once more what each client has sent, then only answers what waits.
  void Drain() noexcept;
  std::size_t open() const noexcept { return connections_.size(); }

 private:
  using Connections = std::list<TcpConnection>;  // least recently active first
  struct Slot {
    std::uint32_t generation = 0;
    Connections::iterator connection;
    bool used = false;
    bool touched = false;  // is in touched_
  };

  struct Listener;
  void Accept(const Listener& listener) noexcept;
  void Adopt(net::FileDescriptor socket, const net::Endpoint& peer, bool proxied);
  bool MakeRoom() noexcept;
  void AfterEvent(TcpConnection& connection) noexcept;
  void Close(Connections::iterator connection) noexcept;
  void CloseIdle() noexcept;
  bool UnderPressure() const noexcept;

  net::EventLoop& loop_;
  TcpCounters& counters_;
  TcpLimits limits_;
  std::vector<std::uint8_t> answers_;
  TcpShared shared_;
  net::ClientLimits clients_;
  Connections connections_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<std::uint32_t> touched_;  // slots that Deliver() changed since the last Flush()
  net::Timer sweep_;
  net::Timer resume_accepting_;
  struct Listener {
    net::FileDescriptor socket;
    std::vector<net::Prefix> proxies;
    net::FdWatch watch;
  };
  std::vector<std::unique_ptr<Listener>> listeners_;
};

}  // namespace sealwire::proxy
