// The way of a packet: query octets in, verdict and answer octets out.
//
// parse → zone → cached answer? → source (local, or wait for a backend) → synthesize → classify →
// prove → sign → encode → remember. The pipeline touches no socket and never learns by which path a
// packet came; the kernel-socket loop and the DPDK loop both feed it. Its time is what it is told,
// but for the stop watch held to one query in 64 and to those that wait.
//
// Waiting is a verdict: a query that needs a backend, or its zone's keys, gives kWait. The caller
// may then Defer() it; the answer re-enters through OnBackendReply(), or with the zones that have
// the keys, and leaves through AnswerSink::Deliver(), perhaps before Defer() returns. A caller
// without backends (a DPDK lcore) hands the query to a pipeline that has.
//
// Threading: one pipeline per worker, used by that worker's thread only. Ownership: spans are
// borrowed for the length of a call. Errors: verdicts; nothing throws, nothing allocates per
// packet.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "dns/bytes.h"
#include "dns/name.h"
#include "net/address.h"
#include "proxy/client_subnet.h"
#include "proxy/cookie_secrets.h"
#include "proxy/packet_tap.h"
#include "proxy/rate_limiter.h"
#include "proxy/server_identity.h"
#include "proxy/zone.h"
#include "signer/ecdsa.h"

namespace sealwire::proxy {

enum class Transport : std::uint8_t { kUdp, kTcp };

struct Asker {
  Transport transport = Transport::kUdp;
  net::Endpoint client;
};

// kHandOver: over TCP only: a query for a zone transfer that is allowed by its address; the
// connection goes to who makes transfers.
enum class Verdict : std::uint8_t { kAnswer, kDrop, kWait, kHandOver };

struct Outcome {
  Verdict verdict = Verdict::kDrop;
  std::uint32_t size = 0;  // octets of the answer, for kAnswer
  // The Internet checksum's sum of the answer (net::SumOctets(), folded), when it came for nothing.
  bool is_summed = false;
  std::uint16_t sum = 0;
};

// One query of a batch: see Pipeline::Handle().
struct Arrival {
  dns::Bytes query;
  Asker from;
  dns::MutableBytes out;
  Outcome outcome;
};

// Where a deferred answer goes: meaningful only to the caller who gave it.
struct ReplyRoute {
  std::array<std::uint64_t, 8> words{};
};

// Takes answers that had to wait.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void Deliver(const ReplyRoute& route, dns::Bytes answer) noexcept = 0;
};

using Ticket = std::uint32_t;

// What is asked of a backend; always without DO, since backends are unsigned.
struct BackendQuestion {
  dns::NameView name;
  dns::RRType type = dns::RRType::kA;
  net::Endpoint client;                  // for backends that steer by the client's address
  std::optional<ClientSubnet> subnet{};  // what the backend is told of it (RFC 7871)
};

// Asks backends. The answer, or its absence after all retries, goes to the pipeline by ticket.
class BackendAsker {
 public:
  virtual ~BackendAsker() = default;
  // False: nothing could be sent (no backend is up, or too many questions wait); no reply will
  // come.
  virtual bool Ask(const ForwardSet& backends, const BackendQuestion& question,
                   Ticket ticket) noexcept = 0;
};

// Counted by the worker alone, read by the metrics page: relaxed atomics, one cache line owner.
struct PipelineCounters;
class AudienceBook;

class Notices;  // proxy/notices.h

// How long a query waits for the keys of its zone to be opened: less than a resolver does.
inline constexpr std::uint64_t kKeyPatienceMs = 1000;

struct PipelineOptions {
  std::size_t answer_cache_bytes = 32u << 20;
  std::size_t stale_replies_bytes = 8u << 20;  // of zones that serve stale answers
  std::size_t signature_memo_entries = 1u << 17;
  std::size_t max_waiting = 16384;
  std::uint64_t hash_seed = 0;
  std::uint16_t max_udp_size = 1232;  // DNS flag day 2020
  ServerIdentity identity;
  RateLimitOptions rate_limit;
  std::shared_ptr<const CookieKeyring> cookies;  // null: secrets that this pipeline makes itself
  std::uint32_t tcp_idle_ms = 10000;             // told to clients (RFC 7828)
  TapOptions tap = {};                           // what is sampled for dnstap
  std::size_t audience_zones = 0;                // zones for which is counted who asks them
  Notices* notices = nullptr;                    // where NOTIFY goes; null: it gets NOTIMP
  // Whom a query that waits for its zone's keys calls; null: nobody, and it does not wait.
  Notices* key_calls = nullptr;
  std::size_t max_waiting_for_keys = 1024;  // of max_waiting
};

class Pipeline {
 public:
  // `signer` is this worker's own. `asker` and `sink` may be null: then nothing can be deferred.
  Pipeline(const PipelineOptions& options, signer::DigestSigner& signer, BackendAsker* asker,
           AnswerSink* sink);
  ~Pipeline();
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Between batches: the zones to answer from, and the time (milliseconds since 1970). Queries that
  // waited for keys in `zones` are answered here.
  void UseZones(std::shared_ptr<const ZoneTable> zones) noexcept;
  void SetTime(std::uint64_t unix_ms) noexcept;

  // Answers `query` into `out`, which must hold 65535 octets for kTcp and max_udp_size for kUdp,
  // and must not overlap `query`.
  Outcome Handle(dns::Bytes query, const Asker& from, dns::MutableBytes out) noexcept;

  // The same for queries that came together: sets each one's outcome. What several queries will
  // read is brought near before the first is answered, so that they wait for memory together.
  void Handle(std::span<Arrival> batch) noexcept;

  // Between batches, ten times a second or more: answers those that waited for keys in vain.
  void GiveUpOnKeys() noexcept;

  // After kWait for the same `query`: asks the backend, or calls for the keys. False: too many
  // wait; the caller drops it.
  bool Defer(dns::Bytes query, const Asker& from, const ReplyRoute& route) noexcept;

  // A backend's answer to `ticket`, untrusted; an unknown ticket is ignored.
  void OnBackendReply(Ticket ticket, dns::Bytes reply) noexcept;
  // No backend answered `ticket`.
  void OnBackendFailure(Ticket ticket) noexcept;

  const PipelineCounters& counters() const noexcept;
  const AudienceBook& audience() const noexcept;
  PacketTap& tap() noexcept;  // for the one thread that reads it

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealwire::proxy
