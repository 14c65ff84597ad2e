// Asks backends over UDP, and over TCP when an answer was truncated, without blocking.
//
// Every question goes out under a random id, from one of several random source ports, with the
// letters of its name in random case (RFC 5452 section 9; draft-vixie-dnsext-dns0x20): a reply
// counts only when address, port, id and question match. A backend that is silent is asked no more
// than `first_timeout` to `total_timeout` before another is; one that fails again and again is down
// until a probe is answered. State is kept per endpoint, whichever zones share it.
//
// Threading: one loop's thread, except Backends(). Ownership: replies are borrowed for the call.
// Errors: Ask() says false, or OnBackendFailure() comes later; exactly one of OnBackendReply() and
// OnBackendFailure() follows each Ask() that said true. No allocation per question once sockets are
// open.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "net/event_loop.h"
#include "proxy/latency.h"
#include "proxy/pipeline.h"
#include "signer/tsig.h"

namespace sealwire::proxy {

struct ForwardOptions {
  std::size_t max_outstanding = 16384;        // questions
  std::size_t max_backends = 4096;            // endpoints remembered
  int sockets_per_backend = 8;                // source ports in use at a time
  std::uint32_t questions_per_socket = 4096;  // then another source port is drawn
  int max_tries = 3;
  std::chrono::milliseconds first_timeout{400};  // until a backend's round trip is known
  std::chrono::milliseconds min_timeout{50};
  std::chrono::milliseconds total_timeout{2000};
  int failures_to_down = 5;                    // timeouts in a row
  std::chrono::milliseconds first_probe{500};  // doubles to max_probe while there is no answer
  std::chrono::milliseconds max_probe{8000};
  std::uint16_t udp_payload = 1232;  // EDNS size offered to backends, 512 to 4096
  bool randomize_case = true;
};

// Who gets what the backends said: the pipeline, between two calls that let its worker set the time
// and send off what became ready.
class ForwardReplies {
 public:
  virtual ~ForwardReplies() = default;
  virtual void BeginBatch() noexcept = 0;
  virtual void OnBackendReply(Ticket ticket, dns::Bytes reply) noexcept = 0;
  virtual void OnBackendFailure(Ticket ticket) noexcept = 0;
  virtual void EndBatch() noexcept = 0;
};

// One endpoint as it is seen by one worker.
struct BackendStatus {
  net::Endpoint endpoint;
  bool up = true;
  bool preserves_case = true;
  bool understands_edns = true;
  std::uint32_t round_trip_us = 0;  // smoothed; 0: not known yet
  std::uint32_t outstanding = 0;
  std::uint64_t questions = 0;  // sent, retries included
  std::uint64_t answers = 0;
  std::uint64_t timeouts = 0;
  std::uint64_t failures = 0;      // refused by ICMP, SERVFAIL, REFUSED, TCP errors
  std::uint64_t mismatches = 0;    // replies that match no question: late, or forged
  std::uint64_t over_tcp = 0;      // questions asked again over TCP
  std::uint64_t tsig_refused = 0;  // answers that were not signed as they must be, or said so of us
  signer::TsigVerdict tsig_problem = signer::TsigVerdict::kGood;  // the last of these
};

class ForwardClient final : public BackendAsker {
 public:
  ForwardClient(net::EventLoop& loop, const ForwardOptions& options, ForwardReplies& replies);
  ~ForwardClient() override;
  ForwardClient(const ForwardClient&) = delete;
  ForwardClient& operator=(const ForwardClient&) = delete;

  bool Ask(const ForwardSet& backends, const BackendQuestion& question,
           Ticket ticket) noexcept override;

  // Questions that wait for an answer.
  std::size_t outstanding() const noexcept;
  // Any thread: all endpoints asked so far.
  std::vector<BackendStatus> Backends() const;
  // Any thread: from question to answer over UDP, all endpoints together.
  const LatencyHistogram& latency() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealwire::proxy
