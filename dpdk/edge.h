// The line-rate packet path: DNS over UDP answered by polling threads on a DPDK port.
//
// Start() brings up EAL (once in a process), the port, its buffers and its threads: everything that
// needs privileges, so that the caller may drop them afterwards. Nothing is received before zones
// are published. TCP for the same addresses is the kernel's: with af_xdp and af_packet by the
// interface itself, with others through the exception path (see docs/dpdk.md).
//
// Threading: one control thread calls everything here; lcores run inside. Ownership: an edge owns
// its threads, sockets and buffers; EAL stays with the process. Errors: a sentence with what is
// missing and what to type. No DPDK type leaves this header.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dns/result.h"
#include "dpdk/edge_options.h"
#include "dpdk/lcore_counters.h"
#include "proxy/forward_client.h"
#include "proxy/kernel_worker.h"
#include "proxy/pipeline.h"
#include "proxy/zone.h"

namespace sealwire::dpdk {

class Edge {
 public:
  // How many lcores Start() would run: one, or one for each CPU of `-l`.
  static Result<std::size_t> CountLcores(const EdgeOptions& options);

  // `make_signer` is called once for each lcore.
  static Result<std::unique_ptr<Edge>> Start(const EdgeOptions& options,
                                             const proxy::SignerFactory& make_signer);
  // Stops without patience, if it still runs.
  ~Edge();
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  // Hands a new snapshot to every lcore; returns its number. They answer from it once published()
  // has reached that number, between two bursts. No query is lost.
  std::uint64_t Publish(std::shared_ptr<const proxy::ZoneTable> zones);
  std::uint64_t published() const noexcept;

  // Asks no more backends, waits for the answers under way for at most `patience`, then stops.
  void Stop(std::chrono::milliseconds patience = std::chrono::milliseconds(0));

  std::size_t lcores() const noexcept;
  const LcoreCounters& counters(std::size_t lcore) const noexcept;
  const proxy::PipelineCounters& pipeline_counters(std::size_t lcore) const noexcept;
  const proxy::AudienceBook& audience(std::size_t lcore) const noexcept;
  proxy::PacketTap& tap(std::size_t lcore) noexcept;
  std::vector<proxy::BackendStatus> Backends() const;

  struct PortStatus {
    std::string device;
    std::string driver;
    bool link_up = false;
    bool hugepages = false;
    std::string exception_interface;  // the TAP's name; empty: there is none
    std::vector<std::pair<std::string, std::uint64_t>> statistics;  // the driver's own ("xstats")
  };
  PortStatus Port() const;

 private:
  class Impl;
  explicit Edge(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealwire::dpdk
