// For builds without DPDK (-DSEALWIRE_DPDK=OFF): an `io: dpdk` entry is an error.
#include <cstdio>

#include "apps/dpdk_edges.h"

namespace sealwire::apps {

class DpdkEdges::Impl {};

DpdkEdges::DpdkEdges(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DpdkEdges::~DpdkEdges() = default;

Result<std::size_t> DpdkEdges::CountSigners(const std::vector<control::DpdkListen>&) {
  return std::size_t{0};
}

Result<std::unique_ptr<DpdkEdges>> DpdkEdges::Start(const std::vector<control::DpdkListen>& entries,
                                                    const proxy::PipelineOptions&,
                                                    const proxy::SignerFactory&) {
  if (!entries.empty()) return Error{"listen: this build has no io: dpdk"};
  return std::unique_ptr<DpdkEdges>(new DpdkEdges(nullptr));
}

void DpdkEdges::Publish(const std::shared_ptr<const proxy::ZoneTable>&) {}
std::uint64_t DpdkEdges::Served() const {
  return ~std::uint64_t{0};
}
void DpdkEdges::Stop(std::chrono::milliseconds) {}
std::vector<std::string> DpdkEdges::Listening() const {
  return {};
}
std::vector<proxy::BackendStatus> DpdkEdges::Backends() const {
  return {};
}
proxy::PipelineTotals DpdkEdges::Totals() const {
  return {};
}
void DpdkEdges::AddAudience(proxy::AudienceTotals&, proxy::AudienceKey) const {}
std::vector<proxy::PacketTap*> DpdkEdges::Taps() {
  return {};
}
void DpdkEdges::AddMetrics(control::MetricsText&) const {}

bool ExamineDpdk(const std::vector<control::DpdkListen>& entries) {
  if (!entries.empty()) std::printf("this build has no io: dpdk\n");
  return entries.empty();
}

}  // namespace sealwire::apps
