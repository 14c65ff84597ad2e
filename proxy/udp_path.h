// Queries over one UDP socket: a batch in, each through the pipeline, a batch out.
//
// Threading: one worker's thread. Ownership: owns the socket and its buffers; borrows loop,
// pipeline and counters, which outlive it. Errors: none; what cannot be answered or sent is
// counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/event_loop.h"
#include "net/prefix.h"
#include "net/udp_socket.h"
#include "proxy/pipeline.h"
#include "proxy/worker_counters.h"

namespace sealwire::proxy {

struct UdpPathOptions {
  std::size_t batch = 64;           // datagrams per system call
  std::size_t query_bytes = 4096;   // larger queries are dropped
  std::size_t answer_bytes = 1232;  // at least PipelineOptions::max_udp_size
  // Who sends a PROXY header before each query, and is believed what it says of the client.
  std::vector<net::Prefix> proxies{};
};

class UdpPath {
 public:
  // `index` comes back in the routes of deferred queries (proxy/reply_routes.h).
  UdpPath(net::EventLoop& loop, net::UdpSocket socket, std::uint32_t index, Pipeline& pipeline,
          UdpCounters& counters, const UdpPathOptions& options);
  UdpPath(const UdpPath&) = delete;
  UdpPath& operator=(const UdpPath&) = delete;

  // False when the kernel refused to watch the socket.
  bool Open() noexcept { return watch_.Watch(true, false); }

  // Queues an answer that had to wait; Flush() sends what is queued.
  void Deliver(const ReplyRoute& route, dns::Bytes answer) noexcept;
  void Flush() noexcept;

  // From now on a query that would have to wait is dropped: the client asks elsewhere.
  void StopDeferring() noexcept { deferring_ = false; }
  // Answers what the socket holds and stops reading.
  void Close() noexcept;

  const net::Endpoint& local() const noexcept { return socket_.local(); }

 private:
  // False when the socket is empty.
  bool ReadBatch() noexcept;
  // The queries of `count` datagrams as arrivals; how many those are.
  std::size_t TakeArrivals(std::size_t count) noexcept;
  void Defer(const Arrival& arrival, const net::UdpPeer& peer) noexcept;
  // Takes the PROXY header off. False: it is bad.
  bool TakeProxyHeader(dns::Bytes& query, net::Endpoint& client) noexcept;

  net::UdpSocket socket_;
  std::uint32_t index_;
  Pipeline& pipeline_;
  UdpCounters& counters_;
  net::UdpInbox in_;
  net::UdpOutbox out_;
  std::vector<Arrival> arrivals_;    // of the batch at hand
  std::vector<net::UdpPeer> peers_;  // whose they are
  const std::vector<net::Prefix> proxies_;
  bool deferring_ = true;
  net::FdWatch watch_;
};

}  // namespace sealwire::proxy
