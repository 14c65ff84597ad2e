#include "apps/signers.h"

#include <algorithm>
#include <string>

#include "control/log.h"
#include "signer/openssl_signer.h"

namespace sealwire::apps {

using control::Log;
using control::LogLevel;
using Kind = control::MetricsText::Kind;

namespace {

// Signs with ready ink, and with OpenSSL where there is none.
class WorkerSigner final : public signer::DigestSigner {
 public:
  WorkerSigner(signer::ReadyInk* ink, std::size_t worker)
      : ink_signer_(ink, worker, whole_, signer::IfDry::kMakePairs) {}

  bool Sign(const signer::SigningKey& key, const signer::Digest& digest,
            signer::Signature& out) noexcept override {
    if (++signed_ % kTimedOneIn != 0) return ink_signer_.Sign(key, digest, out);
    const std::uint64_t begin = proxy::SteadyNanoseconds();
    const bool done = ink_signer_.Sign(key, digest, out);
    latency_.Add(proxy::SteadyNanoseconds() - begin, kTimedOneIn);
    return done;
  }
  const proxy::LatencyHistogram& latency() const noexcept { return latency_; }
  const signer::InkSignerCounters& counters() const noexcept { return ink_signer_.counters(); }

 private:
  static constexpr unsigned kTimedOneIn = 16;

  signer::OpensslSigner whole_;
  signer::InkSigner ink_signer_;
  proxy::LatencyHistogram latency_;
  std::uint64_t signed_ = 0;
};

signer::P256Implementation ImplementationOf(control::InkImplementation configured) {
  switch (configured) {
    case control::InkImplementation::kPortable:
      return signer::P256Implementation::kPortable;
    case control::InkImplementation::kIfma:
      return signer::P256Implementation::kIfma;
    case control::InkImplementation::kAuto:
    case control::InkImplementation::kOff:
      break;
  }
  return signer::P256Implementation::kAuto;
}

}  // namespace

Result<std::unique_ptr<Signers>> Signers::Start(const control::InkConfig& config,
                                                std::size_t count) {
  if (config.implementation == control::InkImplementation::kOff) {
    return std::unique_ptr<Signers>(new Signers(nullptr));
  }
  signer::ReadyInkOptions options;
  options.workers = std::max<std::size_t>(count, 1);
  options.pairs = config.pairs;
  options.threads = config.threads;
  options.implementation = ImplementationOf(config.implementation);
  auto ink = signer::ReadyInk::Start(options, [](std::string_view what) {
    Log(LogLevel::kError, "ink-stopped", {{"reason", std::string(what)}});
  });
  if (!ink.ok()) return Error{"ink: " + ink.error()};
  if (const std::string& shortage = (*ink)->shortage(); !shortage.empty()) {
    Log(LogLevel::kWarning, "ink-short", {{"reason", shortage}});
  }
  Log(LogLevel::kInfo, "ink",
      {{"pairs", std::to_string((*ink)->capacity())},
       {"implementation", signer::ToText((*ink)->implementation())}});
  return std::unique_ptr<Signers>(new Signers(*std::move(ink)));
}

std::unique_ptr<signer::DigestSigner> Signers::Make() {
  auto made = std::make_unique<WorkerSigner>(ink_.get(), next_++);
  counters_.push_back(&made->counters());
  latencies_.push_back(&made->latency());
  return made;
}

std::uint64_t Signers::Signatures() const {
  std::uint64_t all = 0;
  for (const auto* counters : counters_) {
    all += counters->ready.load(std::memory_order_relaxed);
    all += counters->whole.load(std::memory_order_relaxed);
  }
  return all;
}

std::size_t Signers::ReadyPairs() const {
  std::size_t available = 0;
  for (std::size_t worker = 0; ink_ && worker < ink_->workers(); ++worker) {
    available += ink_->available(worker);
  }
  return available;
}

void Signers::AddMetrics(control::MetricsText& out) const {
  const auto sum = [this](auto member) {
    std::uint64_t all = 0;
    for (const auto* counters : counters_) {
      all += (counters->*member).load(std::memory_order_relaxed);
    }
    return static_cast<double>(all);
  };
  const char* const signatures =
      "Signatures made, by way: with a ready pair, whole, or not at all.";
  out.Add("sealwire_signatures_total", Kind::kCounter, signatures,
          sum(&signer::InkSignerCounters::ready), "way=\"ready\"");
  out.Add("sealwire_signatures_total", Kind::kCounter, signatures,
          sum(&signer::InkSignerCounters::whole), "way=\"whole\"");
  out.Add("sealwire_signatures_total", Kind::kCounter, signatures,
          sum(&signer::InkSignerCounters::failed), "way=\"failed\"");
  proxy::LatencyTotals latency;
  for (const auto* one : latencies_) latency.Add(*one);
  out.AddHistogram("sealwire_signature_duration_seconds",
                   "How long a signature took; one in 16 is timed and counted 16 times.", latency);
  if (!ink_) return;
  out.Add("sealwire_ready_ink_dry_total", Kind::kCounter,
          "Times a worker found its ring empty and made pairs itself.",
          sum(&signer::InkSignerCounters::dry));

  const signer::ReadyInkCounters& counted = ink_->counters();
  const auto read = [](const std::atomic<std::uint64_t>& counter) {
    return static_cast<double>(counter.load(std::memory_order_relaxed));
  };
  out.Add("sealwire_ready_pairs", Kind::kGauge, "Ready pairs in store.",
          static_cast<double>(ReadyPairs()));
  out.Add("sealwire_ready_pairs_capacity", Kind::kGauge, "Ready pairs that the store can hold.",
          static_cast<double>(ink_->capacity()));
  out.Add("sealwire_ready_pairs_made_total", Kind::kCounter, "Ready pairs made.",
          read(counted.pairs_made));
  out.Add("sealwire_ready_pairs_dropped_total", Kind::kCounter, "Ready pairs wiped unused.",
          read(counted.pairs_dropped));
  out.Add("sealwire_ready_ink_fill_seconds_total", Kind::kCounter, "Time spent making ready pairs.",
          read(counted.fill_nanoseconds) / 1e9);
  out.Add("sealwire_ready_ink_verified_total", Kind::kCounter,
          "Finished signatures that were verified off the packet path.",
          read(counted.signatures_verified));
  out.Add("sealwire_ready_ink_failures_total", Kind::kCounter,
          "Checks of ready ink that failed; one stops the store.",
          read(counted.verification_failures) + read(counted.batches_refused));
  out.Add("sealwire_ready_ink_stopped", Kind::kGauge,
          "1 when a check failed and every signature is a whole one.", ink_->stopped() ? 1 : 0);
}

}  // namespace sealwire::apps
