// The workers' signers: each with a ring of ready ink, or without ink as the configuration says.
//
// Threading: Start, Make and AddMetrics belong to the control thread; what Make() gives belongs to
// one worker, which outlives the last AddMetrics() and ends before this does. Errors: Start() says
// what the machine lacks and what to do.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "control/config.h"
#include "control/metrics_page.h"
#include "dns/result.h"
#include "proxy/latency.h"
#include "signer/ecdsa.h"
#include "signer/ink_signer.h"
#include "signer/ready_ink.h"

namespace sealwire::apps {

class Signers {
 public:
  // Room for `count` signers.
  static Result<std::unique_ptr<Signers>> Start(const control::InkConfig& config,
                                                std::size_t count);

  // The next worker's signer; at most `count` times.
  std::unique_ptr<signer::DigestSigner> Make();

  void AddMetrics(control::MetricsText& out) const;
  std::uint64_t Signatures() const;
  std::size_t ReadyPairs() const;

 private:
  explicit Signers(std::unique_ptr<signer::ReadyInk> ink) : ink_(std::move(ink)) {}

  std::unique_ptr<signer::ReadyInk> ink_;  // null: implementation: off
  std::size_t next_ = 0;
  // Of the signers made, which live as long as their workers.
  std::vector<const signer::InkSignerCounters*> counters_;
  std::vector<const proxy::LatencyHistogram*> latencies_;
};

}  // namespace sealwire::apps
