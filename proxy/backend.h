// One endpoint that is asked, as one worker uses it: its source ports, its TCP connection, its
// health and its figures.
//
// Several sockets, each connected and each from a port the kernel drew, are used by lot and
// exchanged after a number of questions, so that a forger has to guess the port as well (RFC 5452
// section 9.2). Threading: one worker's thread, except Status(). Ownership: owns its sockets.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "net/event_loop.h"
#include "net/random.h"
#include "net/udp_socket.h"
#include "proxy/backend_health.h"
#include "proxy/backend_stream.h"
#include "proxy/counter.h"
#include "proxy/forward_client.h"

namespace sealwire::proxy {

class Backend;

struct BackendSocket {
  std::uint32_t channel;
  net::UdpSocket socket;
  std::uint32_t sent = 0;
  std::uint32_t waiting = 0;  // live attempts
  std::uint64_t last_used_us = 0;
  std::unique_ptr<net::FdWatch> watch;
};

// A TCP connection, and when it was used last.
struct BackendTcp {
  std::uint32_t channel = 0;
  std::unique_ptr<BackendStream> stream;
  std::uint64_t used_us = 0;
};

// What a backend's sockets report.
class BackendEvents {
 public:
  virtual ~BackendEvents() = default;
  virtual void OnDatagrams(Backend& backend, BackendSocket& socket) noexcept = 0;
  virtual void OnFrame(Backend& backend, std::uint32_t channel,
                       dns::MutableBytes frame) noexcept = 0;
  virtual void OnStreamEvent(Backend& backend, std::uint32_t channel) noexcept = 0;
  // A number that no other channel of this worker has had.
  virtual std::uint32_t NewChannel() noexcept = 0;
};

class Backend {
 public:
  Backend(net::EventLoop& loop, const net::Endpoint& endpoint, const ForwardOptions& options,
          BackendEvents& events);
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  const net::Endpoint& endpoint() const noexcept { return endpoint_; }
  BackendHealth& health() noexcept { return health_; }

  // A socket by lot, opened if it was not; null when none can be.
  BackendSocket* PickSocket(net::Random& random, std::uint64_t now_us) noexcept;
  // The TCP connection that questions share, opened if there was none; null when none can be.
  BackendTcp* Shared() noexcept;
  // A connection for one question, since a PROXY header names one client; null when kMaxOwn are
  // open, or none can be.
  BackendTcp* OpenOwn() noexcept;
  bool StreamClosed(std::uint32_t channel) const noexcept;
  bool SharedClosed() const noexcept { return shared_.stream && shared_.stream->closed(); }
  std::uint32_t shared_channel() const noexcept { return shared_.channel; }
  // Puts a stream away; it is destroyed by Sweep(), outside of its own callbacks.
  void DropStream(std::uint32_t channel) noexcept;
  // The same when it belongs to one question, whose attempt has ended.
  void DropOwn(std::uint32_t channel) noexcept;

  // What the backend turned out not to do is left out for a while.
  bool PreservesCase(std::uint64_t now_us) const noexcept { return now_us >= caseless_until_us_; }
  bool UnderstandsEdns(std::uint64_t now_us) const noexcept { return now_us >= plain_until_us_; }
  void LeaveOutCase(std::uint64_t now_us) noexcept;
  void LeaveOutEdns(std::uint64_t now_us) noexcept;
  void OnCaseKept() noexcept { case_was_kept_ = true; }
  // True when the backend has lost the case so often, and never kept it, that it must be its way.
  bool OnCaseLost() noexcept { return !case_was_kept_ && ++case_losses_ >= 3; }

  // Closes what has not been used for a while.
  void Sweep(std::uint64_t now_us) noexcept;
  // Publishes the gauges for Status().
  void Report(std::uint64_t now_us) noexcept;
  // Any thread.
  BackendStatus Status() const;

  // What a probe asks: the last question that was answered, since the last one sent may be one that
  // this backend never answers; that only until the first answer.
  dns::Name probe_name;
  dns::RRType probe_type = dns::RRType::kA;
  bool ever_answered = false;
  // … and for whom: a backend that wants a PROXY header hears nothing without.
  net::Endpoint probe_client;
  bool probe_proxied = false;
  std::shared_ptr<const signer::TsigKey> probe_tsig;
  bool probing = false;

  std::uint32_t references = 0;   // questions that may be asked here
  std::uint32_t outstanding = 0;  // live attempts
  std::uint64_t last_used_us = 0;

  struct {
    Counter questions, answers, timeouts, failures, mismatches, over_tcp, tsig_refused;
    Counter tsig_problem,  // the last of them: a signer::TsigVerdict
        up, preserves_case, understands_edns, round_trip_us, outstanding;  // gauges
  } counters;

 private:
  static constexpr std::size_t kMaxOwn = 256;

  bool Open(std::unique_ptr<BackendSocket>& slot) noexcept;
  bool Open(BackendTcp& tcp) noexcept;

  net::EventLoop& loop_;
  net::Endpoint endpoint_;
  const ForwardOptions& options_;
  BackendEvents& events_;
  BackendHealth health_;
  std::vector<std::unique_ptr<BackendSocket>> sockets_;
  std::vector<std::unique_ptr<BackendSocket>> retired_;  // wait for their last answers
  BackendTcp shared_;
  std::vector<BackendTcp> own_;
  std::vector<std::unique_ptr<BackendStream>> dropped_;
  std::uint64_t caseless_until_us_ = 0;
  std::uint64_t plain_until_us_ = 0;
  bool case_was_kept_ = false;
  int case_losses_ = 0;
};

}  // namespace sealwire::proxy
