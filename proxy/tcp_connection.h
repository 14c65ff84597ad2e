// One client's connection of DNS over TCP (RFC 7766): frames in, answers out in whatever order they
// become ready, either side as slow as its limits allow.
//
// Threading: one worker's thread. Ownership: owns its socket; borrows what it shares with the other
// connections of its TcpPath. Errors: a state; the path destroys a connection that is finished().
#pragma once

#include <cstdint>
#include <functional>

#include "net/address.h"
#include "net/event_loop.h"
#include "net/file_descriptor.h"
#include "proxy/pipeline.h"
#include "proxy/tcp_frames.h"
#include "proxy/tcp_limits.h"
#include "proxy/transfer_taker.h"
#include "proxy/unsent.h"
#include "proxy/worker_counters.h"

namespace sealwire::proxy {

// A client, as routes remember it: a slot of the path, and which of its tenants.
struct TcpRoute {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
};

class TcpConnection;

// What connections share: the pipeline, room for answers, and the path they belong to.
struct TcpShared {
  Pipeline& pipeline;
  TcpCounters& counters;
  const TcpLimits& limits;
  bool draining = false;      // no new queries
  dns::MutableBytes answers;  // scratch for at least two answers with their lengths
  std::function<void(TcpConnection&)> after_event;  // may destroy the connection
  TransferTaker* transfers = nullptr;               // who takes connections for zone transfers
};

class TcpConnection {
 public:
  // `proxied`: a trusted proxy is at the other end, and says first who its client is.
  TcpConnection(net::EventLoop& loop, net::FileDescriptor socket, const net::Endpoint& peer,
                bool proxied, TcpRoute route, TcpShared& shared);
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  // Waits for what it can use now. Called after anything has changed.
  void Watch() noexcept;
  // Reads and answers what has come.
  void Read() noexcept;
  // Answers frames that came while too many were outstanding.
  void Resume() noexcept;
  // An answer that had to wait.
  void Deliver(dns::Bytes answer) noexcept;

  // Nothing more can or need be done for this client.
  bool finished() const noexcept;
  // Neither waits for an answer nor leaves one unread.
  bool idle() const noexcept { return outstanding_ == 0 && unsent_.empty(); }
  const TcpRoute& route() const noexcept { return route_; }
  const net::Endpoint& peer() const noexcept { return peer_; }
  bool proxied() const noexcept { return proxied_; }
  std::uint64_t last_progress_ms() const noexcept { return last_progress_ms_; }

 private:
  void OnReady(net::FdWatch::Ready ready) noexcept;
  bool CanTakeQuery() const noexcept;
  void AnswerFrames() noexcept;
  // False: the PROXY header is not there yet, or bad.
  bool TakeProxyHeader() noexcept;
  void Answer(dns::Bytes query, std::size_t& gathered) noexcept;
  void HandOver(dns::Bytes query) noexcept;
  void SendGathered(std::size_t& gathered) noexcept;
  void Take(Unsent::Result result) noexcept;
  void Progress() noexcept;

  net::FileDescriptor socket_;
  net::Endpoint peer_;
  net::Endpoint client_;  // the peer, or whom it speaks for
  bool proxied_;
  bool awaits_header_;
  TcpRoute route_;
  TcpShared& shared_;
  TcpFrames frames_;
  Unsent unsent_;
  std::size_t outstanding_ = 0;
  bool read_closed_ = false;  // the client sends no more, but may still read (half-closed)
  bool failed_ = false;
  std::uint64_t last_progress_ms_;
  net::FdWatch watch_;
};

}  // namespace sealwire::proxy
