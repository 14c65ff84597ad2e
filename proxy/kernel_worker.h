// One worker of the kernel-socket path: one thread, one event loop, one pipeline, its own sockets.
//
// Workers share nothing that is written per packet. The kernel spreads clients over them
// (SO_REUSEPORT). Zones reach a worker as immutable snapshots that it swaps in between batches.
//
// Threading: Create, Start, Publish, Drain, Join, counters, histograms, audience and Backends
// belong to other threads (the control thread). Ownership: the worker owns its signer; foreign
// sources are borrowed and outlive it. Errors: Create() names the address that could not be bound
// and what to do about it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "dns/result.h"
#include "net/address.h"
#include "proxy/forward_client.h"
#include "proxy/pipeline.h"
#include "proxy/tcp_limits.h"
#include "proxy/transfer_taker.h"
#include "proxy/worker_counters.h"

namespace sealwire::proxy {

struct KernelListen {
  net::Endpoint endpoint;  // port 0: a free one, the same for UDP and TCP
  bool udp = true;
  bool tcp = true;
  std::vector<net::Prefix> proxies{};  // who sends PROXY headers (net/proxy_header.h)
};

struct KernelWorkerOptions {
  std::vector<KernelListen> listen;
  PipelineOptions pipeline;
  TcpLimits tcp;
  ForwardOptions forward;
  std::size_t udp_batch = 64;             // datagrams per system call
  TransferTaker* transfers = nullptr;     // borrowed; null: who asks for one is left
  std::chrono::milliseconds drain{3000};  // how long Drain() waits for what is outstanding
};

using SignerFactory = std::function<std::unique_ptr<signer::DigestSigner>()>;

class KernelWorker {
 public:
  // Opens and binds all sockets in the calling thread: privileges may be dropped afterwards.
  static Result<std::unique_ptr<KernelWorker>> Create(const KernelWorkerOptions& options,
                                                      const SignerFactory& make_signer);
  // Drains with no patience, if it still runs.
  ~KernelWorker();
  KernelWorker(const KernelWorker&) = delete;
  KernelWorker& operator=(const KernelWorker&) = delete;

  // Where it listens, with real ports: give these to the next worker when port 0 was asked for.
  const std::vector<KernelListen>& listening() const noexcept;

  // Starts the thread. Publish() zones first: until then every query is refused.
  void Start();

  // Hands over a new snapshot; returns its number. The worker answers from it once
  // published() has reached that number, within one round of its loop. No query is lost.
  std::uint64_t Publish(std::shared_ptr<const ZoneTable> zones);
  std::uint64_t published() const noexcept;

  // Stops accepting, answers what was received or waits for a backend, for at most options.drain,
  // then ends the thread. Returns at once; Join() waits.
  void Drain();
  void Join();

  const WorkerCounters& counters() const noexcept;
  const PipelineCounters& pipeline_counters() const noexcept;
  std::vector<BackendStatus> Backends() const;
  const AudienceBook& audience() const noexcept;
  const LatencyHistogram& backend_latency() const noexcept;
  PacketTap& tap() noexcept;

 private:
  class Impl;
  explicit KernelWorker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealwire::proxy
