// The `io: dpdk` entries of the configuration as running edges: started, published to, counted and
// stopped as one. Only composition; without DPDK in the build every entry is an error.
//
// Threading: the control thread. Ownership: owns the edges. Errors: a sentence that names the
// entry.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "control/config.h"
#include "control/metrics_page.h"
#include "proxy/audience.h"
#include "proxy/counters.h"
#include "proxy/kernel_worker.h"

namespace sealwire::apps {

class DpdkEdges {
 public:
  // How many signers Start() would make: one for each lcore.
  static Result<std::size_t> CountSigners(const std::vector<control::DpdkListen>& entries);
  // `pipeline` is what the kernel workers' pipelines have too.
  static Result<std::unique_ptr<DpdkEdges>> Start(const std::vector<control::DpdkListen>& entries,
                                                  const proxy::PipelineOptions& pipeline,
                                                  const proxy::SignerFactory& make_signer);
  ~DpdkEdges();
  DpdkEdges(const DpdkEdges&) = delete;
  DpdkEdges& operator=(const DpdkEdges&) = delete;

  void Publish(const std::shared_ptr<const proxy::ZoneTable>& zones);
  // The least number of publications that every lcore has; the greatest number when there is none.
  std::uint64_t Served() const;
  void Stop(std::chrono::milliseconds patience);

  std::vector<std::string> Listening() const;
  std::vector<proxy::BackendStatus> Backends() const;
  proxy::PipelineTotals Totals() const;  // of all lcores
  void AddAudience(proxy::AudienceTotals& totals, proxy::AudienceKey zone) const;
  std::vector<proxy::PacketTap*> Taps();
  void AddMetrics(control::MetricsText& out) const;

 private:
  class Impl;
  explicit DpdkEdges(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What stands in the way of the entries, on stdout; false when an edge could not start.
bool ExamineDpdk(const std::vector<control::DpdkListen>& entries);

}  // namespace sealwire::apps
