#include "apps/dpdk_edges.h"

#include <algorithm>
#include <cstdio>

#include "dpdk/doctor.h"
#include "dpdk/edge.h"
#include "proxy/counters.h"

namespace sealwire::apps {
namespace {

using Kind = control::MetricsText::Kind;

dpdk::EdgeOptions OptionsOf(const control::DpdkListen& entry) {
  dpdk::EdgeOptions options;
  options.device = entry.device;
  options.addresses = entry.addresses;
  options.port = entry.port;
  options.eal = entry.eal;
  options.poll = entry.busy_poll ? dpdk::PollMode::kBusy : dpdk::PollMode::kAdaptive;
  using Memory = control::DpdkListen::Memory;
  options.memory = entry.memory == Memory::kHugepages  ? dpdk::MemoryMode::kHugepages
                   : entry.memory == Memory::kOrdinary ? dpdk::MemoryMode::kOrdinary
                                                       : dpdk::MemoryMode::kAuto;
  using Exception = control::DpdkListen::Exception;
  options.exception = entry.exception == Exception::kTap    ? dpdk::ExceptionMode::kTap
                      : entry.exception == Exception::kNone ? dpdk::ExceptionMode::kNone
                                                            : dpdk::ExceptionMode::kAuto;
  options.tap_name = entry.tap;
  options.exception_rate = entry.exception_rate;
  options.verify_checksums = entry.verify_checksums;
  return options;
}

struct FrameMetric {
  const char* name;
  const char* help;
  proxy::Counter dpdk::LcoreCounters::*member;
};

using L = dpdk::LcoreCounters;
constexpr FrameMetric kFrameMetrics[] = {
    {"frames", "Frames received.", &L::frames},
    {"queries", "Queries given to the pipeline.", &L::queries},
    {"answers", "Queries answered at once.", &L::answers},
    {"late_answers", "Queries answered after a backend's answer.", &L::late_answers},
    {"truncated", "Fragments and frames in several buffers, sent to TCP.", &L::truncated},
    {"turned_away", "Queries dropped because too many waited.", &L::turned_away},
    {"malformed", "Frames to us that permit no answer.", &L::malformed},
    {"bad_checksum", "Queries dropped because of their checksum.", &L::bad_checksum},
    {"to_kernel", "Frames handed to the kernel.", &L::to_kernel},
    {"from_kernel", "Frames of the kernel's sent.", &L::from_kernel},
    {"not_to_kernel", "Frames that are not ours and were dropped.", &L::not_to_kernel},
    {"no_buffer", "Answers dropped for want of a buffer.", &L::no_buffer},
    {"not_sent", "Frames dropped because the port's queue stayed full.", &L::not_sent},
    {"polls", "Times the port was asked for frames.", &L::polls},
    {"empty_polls", "Times it had none.", &L::empty_polls},
    {"sleeps", "Times an idle thread slept.", &L::sleeps},
    {"receive_cycles", "Cycles of the time-stamp counter spent receiving.", &L::receive_cycles},
    {"parse_cycles", "Cycles spent parsing and sorting.", &L::parse_cycles},
    {"answer_cycles", "Cycles spent answering.", &L::answer_cycles},
    {"send_cycles", "Cycles spent sending.", &L::send_cycles},
};

// A label's value: the device's own words, quoted.

}  // namespace

class DpdkEdges::Impl {
 public:
  struct Running {
    control::DpdkListen entry;
    std::unique_ptr<dpdk::Edge> edge;
  };
  std::vector<Running> running;

  std::string LabelsOf(const Running& one, std::size_t lcore) const {
    return control::MetricsText::Label("device", one.entry.device) + ",lcore=\"" +
           std::to_string(lcore) + "\"";
  }
};

DpdkEdges::DpdkEdges(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DpdkEdges::~DpdkEdges() = default;

Result<std::size_t> DpdkEdges::CountSigners(const std::vector<control::DpdkListen>& entries) {
  std::size_t all = 0;
  for (const control::DpdkListen& entry : entries) {
    const auto lcores = dpdk::Edge::CountLcores(OptionsOf(entry));
    if (!lcores.ok()) return Error{"listen: io: dpdk: " + lcores.error()};
    all += *lcores;
  }
  return all;
}

Result<std::unique_ptr<DpdkEdges>> DpdkEdges::Start(const std::vector<control::DpdkListen>& entries,
                                                    const proxy::PipelineOptions& pipeline,
                                                    const proxy::SignerFactory& make_signer) {
  auto impl = std::make_unique<Impl>();
  for (const control::DpdkListen& entry : entries) {
    dpdk::EdgeOptions options = OptionsOf(entry);
    options.pipeline = pipeline;
    auto edge = dpdk::Edge::Start(options, make_signer);
    if (!edge.ok()) return Error{"listen: io: dpdk: " + edge.error()};
    impl->running.push_back({entry, *std::move(edge)});
  }
  return std::unique_ptr<DpdkEdges>(new DpdkEdges(std::move(impl)));
}

void DpdkEdges::Publish(const std::shared_ptr<const proxy::ZoneTable>& zones) {
  for (const auto& one : impl_->running) one.edge->Publish(zones);
}

std::uint64_t DpdkEdges::Served() const {
  std::uint64_t served = ~std::uint64_t{0};
  for (const auto& one : impl_->running) served = std::min(served, one.edge->published());
  return served;
}

void DpdkEdges::Stop(std::chrono::milliseconds patience) {
  for (const auto& one : impl_->running) one.edge->Stop(patience);
}

std::vector<std::string> DpdkEdges::Listening() const {
  std::vector<std::string> endpoints;
  for (const auto& one : impl_->running) {
    for (const net::IpAddress& address : one.entry.addresses) {
      endpoints.push_back(net::Endpoint{address, one.entry.port}.ToText() + "/" + one.entry.device);
    }
  }
  return endpoints;
}

std::vector<proxy::BackendStatus> DpdkEdges::Backends() const {
  std::vector<proxy::BackendStatus> all;
  for (const auto& one : impl_->running) {
    const auto own = one.edge->Backends();
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

proxy::PipelineTotals DpdkEdges::Totals() const {
  proxy::PipelineTotals totals;
  for (const auto& one : impl_->running) {
    for (std::size_t lcore = 0; lcore < one.edge->lcores(); ++lcore) {
      totals.Add(one.edge->pipeline_counters(lcore));
    }
  }
  return totals;
}

void DpdkEdges::AddAudience(proxy::AudienceTotals& totals, proxy::AudienceKey zone) const {
  for (const auto& one : impl_->running) {
    for (std::size_t lcore = 0; lcore < one.edge->lcores(); ++lcore) {
      one.edge->audience(lcore).AddTo(totals, zone);
    }
  }
}

std::vector<proxy::PacketTap*> DpdkEdges::Taps() {
  std::vector<proxy::PacketTap*> taps;
  for (const auto& one : impl_->running) {
    for (std::size_t lcore = 0; lcore < one.edge->lcores(); ++lcore) {
      taps.push_back(&one.edge->tap(lcore));
    }
  }
  return taps;
}

void DpdkEdges::AddMetrics(control::MetricsText& out) const {
  for (const FrameMetric& metric : kFrameMetrics) {
    for (const auto& one : impl_->running) {
      for (std::size_t lcore = 0; lcore < one.edge->lcores(); ++lcore) {
        out.Add(std::string("sealwire_dpdk_") + metric.name + "_total", Kind::kCounter, metric.help,
                static_cast<double>((one.edge->counters(lcore).*metric.member).value()),
                impl_->LabelsOf(one, lcore));
      }
    }
  }
  for (std::size_t i = 0; i < proxy::kCounts; ++i) {
    for (const auto& one : impl_->running) {
      for (std::size_t lcore = 0; lcore < one.edge->lcores(); ++lcore) {
        const auto& counts = one.edge->pipeline_counters(lcore).counts;
        out.Add("sealwire_dpdk_pipeline_" +
                    std::string(proxy::NameOf(static_cast<proxy::Count>(i))) + "_total",
                Kind::kCounter,
                "As the counter of the same name without dpdk_pipeline_, for one lcore.",
                static_cast<double>(counts[i].value()), impl_->LabelsOf(one, lcore));
      }
    }
  }
  if (impl_->running.empty()) return;
  const proxy::PipelineTotals totals = Totals();
  for (std::size_t way = 0; way < proxy::kWays; ++way) {
    const auto name = proxy::NameOf(static_cast<proxy::Way>(way));
    out.AddHistogram("sealwire_dpdk_answer_duration_seconds",
                     "As sealwire_answer_duration_seconds, for all lcores.", totals.latency[0][way],
                     "outcome=\"" + std::string(name) + "\"");
  }
  for (const auto& one : impl_->running) {
    out.Add("sealwire_dpdk_link_up", Kind::kGauge, "1 while the port's link is up.",
            one.edge->Port().link_up ? 1 : 0,
            control::MetricsText::Label("device", one.entry.device));
  }
  for (const auto& one : impl_->running) {
    for (const auto& [name, value] : one.edge->Port().statistics) {
      out.Add("sealwire_dpdk_port_statistic", Kind::kCounter,
              "What the port's driver counts (xstats).", static_cast<double>(value),
              control::MetricsText::Label("device", one.entry.device) + "," +
                  control::MetricsText::Label("name", name));
    }
  }
}

bool ExamineDpdk(const std::vector<control::DpdkListen>& entries) {
  bool good = true;
  for (const control::DpdkListen& entry : entries) {
    std::printf("%s\n", entry.device.c_str());
    for (const dpdk::Finding& finding : dpdk::Examine(OptionsOf(entry))) {
      const bool fault = finding.level == dpdk::Finding::Level::kFault;
      const bool note = finding.level == dpdk::Finding::Level::kNote;
      good = good && !fault;
      std::printf("  %-5s  %s\n", fault ? "FAULT" : note ? "note" : "good", finding.what.c_str());
      if (!finding.remedy.empty()) std::printf("         %s\n", finding.remedy.c_str());
    }
  }
  return good;
}

}  // namespace sealwire::apps
