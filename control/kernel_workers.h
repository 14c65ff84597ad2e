// The kernel workers of this node as one: create them, publish to them, count them, drain them.
//
// Threading: the control thread. Ownership: owns the workers. Errors: Create() as
// proxy::KernelWorker::Create().
#pragma once

#include <memory>
#include <vector>

#include "control/zone_registry.h"
#include "proxy/audience.h"
#include "proxy/counters.h"
#include "proxy/kernel_worker.h"

namespace sealwire::control {

class KernelWorkers : public Workers {
 public:
  // `count` workers that listen at the same endpoints.
  static Result<std::unique_ptr<KernelWorkers>> Create(const proxy::KernelWorkerOptions& options,
                                                       const proxy::SignerFactory& make_signer,
                                                       unsigned count);

  std::uint64_t Publish(std::shared_ptr<const proxy::ZoneTable> zones) override;
  std::uint64_t Served() const override;

  void Start();
  // Answers what was received, then ends all threads; waits for it.
  void Drain();

  const std::vector<std::unique_ptr<proxy::KernelWorker>>& all() const noexcept { return workers_; }
  std::vector<std::string> Listening() const;
  std::vector<proxy::BackendStatus> Backends() const;
  proxy::PipelineTotals Totals() const;
  proxy::LatencyTotals BackendLatency() const;
  void AddAudience(proxy::AudienceTotals& totals, proxy::AudienceKey zone) const;

 private:
  std::vector<std::unique_ptr<proxy::KernelWorker>> workers_;
};

}  // namespace sealwire::control
