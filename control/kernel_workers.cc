#include "control/kernel_workers.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/file_descriptor.h"
#include "net/socket_address.h"

namespace sealwire::control {
namespace {

// Workers share their ports by SO_REUSEPORT, and so would a second daemon of the same user: it
// would silently take half of the queries. A socket without that option is refused while anybody
// is bound.
Status CheckPortIsFree(const net::Endpoint& endpoint) {
  if (endpoint.port == 0) return Status::Ok();
  const net::SocketAddress address(endpoint);
  const net::FileDescriptor fd(::socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (endpoint.address.IsV6()) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (fd.open() && ::bind(fd.get(), address.get(), address.size) != 0 && errno == EADDRINUSE) {
    return net::ListenError(endpoint, "UDP", errno);
  }
  return Status::Ok();  // what else is wrong shows when the workers bind
}

}  // namespace

Result<std::unique_ptr<KernelWorkers>> KernelWorkers::Create(
    const proxy::KernelWorkerOptions& options, const proxy::SignerFactory& make_signer,
    unsigned count) {
  for (const proxy::KernelListen& listen : options.listen) {
    if (const Status free = CheckPortIsFree(listen.endpoint); !free.ok())
      return Error{free.error()};
  }
  auto workers = std::make_unique<KernelWorkers>();
  proxy::KernelWorkerOptions own = options;
  for (unsigned i = 0; i < count; ++i) {
    auto worker = proxy::KernelWorker::Create(own, make_signer);
    if (!worker.ok()) return Error{worker.error()};
    // Port 0 becomes the same free port for all.
    own.listen = (*worker)->listening();
    workers->workers_.push_back(*std::move(worker));
  }
  return workers;
}

std::uint64_t KernelWorkers::Publish(std::shared_ptr<const proxy::ZoneTable> zones) {
  std::uint64_t number = 0;
  for (const auto& worker : workers_) number = worker->Publish(zones);
  return number;
}

std::uint64_t KernelWorkers::Served() const {
  std::uint64_t served = ~std::uint64_t{0};
  for (const auto& worker : workers_) served = std::min(served, worker->published());
  return served;
}

void KernelWorkers::Start() {
  for (const auto& worker : workers_) worker->Start();
}

void KernelWorkers::Drain() {
  for (const auto& worker : workers_) worker->Drain();
  for (const auto& worker : workers_) worker->Join();
}

std::vector<std::string> KernelWorkers::Listening() const {
  std::vector<std::string> endpoints;
  if (workers_.empty()) return endpoints;
  for (const auto& listen : workers_[0]->listening()) endpoints.push_back(listen.endpoint.ToText());
  return endpoints;
}

std::vector<proxy::BackendStatus> KernelWorkers::Backends() const {
  std::vector<proxy::BackendStatus> all;
  for (const auto& worker : workers_) {
    const auto own = worker->Backends();
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

proxy::PipelineTotals KernelWorkers::Totals() const {
  proxy::PipelineTotals totals;
  for (const auto& worker : workers_) totals.Add(worker->pipeline_counters());
  return totals;
}

proxy::LatencyTotals KernelWorkers::BackendLatency() const {
  proxy::LatencyTotals totals;
  for (const auto& worker : workers_) totals.Add(worker->backend_latency());
  return totals;
}

void KernelWorkers::AddAudience(proxy::AudienceTotals& totals, proxy::AudienceKey zone) const {
  for (const auto& worker : workers_) worker->audience().AddTo(totals, zone);
}

}  // namespace sealwire::control
