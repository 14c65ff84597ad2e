#include "dpdk/edge.h"

#include <pthread.h>

#include <algorithm>
#include <deque>
#include <string_view>
#include <thread>

#include "dpdk/backend_desk.h"
#include "dpdk/cpu_list.h"
#include "dpdk/device_spec.h"
#include "dpdk/eal.h"
#include "dpdk/kernel_gate.h"
#include "dpdk/lcore.h"
#include "dpdk/mute_sockets.h"
#include "dpdk/port.h"
#include "dpdk/served_addresses.h"
#include "dpdk/snapshot_mailbox.h"

namespace sealwire::dpdk {
namespace {

// EAL's own memory, and for each queue: its buffers with room to spare for rings and driver.
constexpr std::size_t kBaseMegabytes = 48;
constexpr std::size_t kOctetsPerMbuf = RTE_MBUF_DEFAULT_BUF_SIZE + 320;

std::size_t MegabytesFor(std::size_t queues, std::size_t mbufs) {
  return kBaseMegabytes + queues * (mbufs * kOctetsPerMbuf / (1u << 20) + 8);
}

struct Arguments {
  std::vector<int> cpus;         // where to poll; empty: one thread, anywhere
  std::vector<std::string> eal;  // the rest
};

// Takes -l and --lcores out of the operator's EAL arguments: they speak of polling threads, and
// ours are not EAL's.
Result<Arguments> SplitArguments(const std::vector<std::string>& given) {
  Arguments arguments;
  for (std::size_t i = 0; i < given.size(); ++i) {
    std::string_view list;
    if (given[i] == "-l" || given[i] == "--lcores") {
      if (++i == given.size())
        return Error{"eal: " + given[i - 1] + " needs a list of CPUs behind it"};
      list = given[i];
    } else if (given[i].starts_with("--lcores=")) {
      list = std::string_view(given[i]).substr(9);
    } else {
      arguments.eal.push_back(given[i]);
      continue;
    }
    auto cpus = ParseCpuList(list);
    if (!cpus) return Error{"eal: " + cpus.error()};
    arguments.cpus = std::move(*cpus);
  }
  return arguments;
}

std::size_t LcoresOf(const Arguments& arguments) {
  return std::max<std::size_t>(arguments.cpus.size(), 1);
}

}  // namespace

class Edge::Impl {
 public:
  static Result<std::unique_ptr<Impl>> Start(const EdgeOptions& options,
                                             const proxy::SignerFactory& make_signer);
  ~Impl() { Stop(std::chrono::milliseconds(0)); }

  std::uint64_t Publish(std::shared_ptr<const proxy::ZoneTable> zones);
  std::uint64_t published() const noexcept;
  void Stop(std::chrono::milliseconds patience);
  PortStatus Status() const;

 private:
  explicit Impl(const EdgeOptions& options)
      : options_(options), served_(options.addresses, options.port) {}
  sealwire::Status OpenPort(const Arguments& arguments, const DeviceSpec& spec);
  sealwire::Status OpenKernelSide(const DeviceSpec& spec);
  sealwire::Status SeatLcores(const Arguments& arguments, const proxy::SignerFactory& make_signer);
  void Run();

  const EdgeOptions options_;
  const ServedAddresses served_;
  std::unique_ptr<dpdk::Port> port_;
  std::vector<net::FileDescriptor> mute_;
  std::unique_ptr<KernelGate> gate_;
  std::vector<std::thread> threads_;
  std::uint64_t number_ = 0;
  // Every snapshot that an lcore may still hold; the newest is the last.
  std::deque<SnapshotMailbox::Letter> kept_;

 public:
  // Last, so that they go first: lcores hold buffers of the port's and lines of the desk's.
  std::unique_ptr<BackendDesk> desk;
  std::vector<std::unique_ptr<Lcore>> lcores;
};

sealwire::Status Edge::Impl::OpenPort(const Arguments& arguments, const DeviceSpec& spec) {
  const auto count = static_cast<std::uint16_t>(LcoresOf(arguments));
  EalNeeds needs;
  if (spec.kind == DeviceKind::kPci) needs.pci = spec.name;
  needs.memory = options_.memory;
  needs.megabytes = MegabytesFor(count, options_.mbufs_per_queue);
  needs.arguments = arguments.eal;
  if (sealwire::Status status = StartEal(needs); !status) return status;
  auto port = dpdk::Port::Open(
      spec, {count, options_.mbufs_per_queue, options_.poll == PollMode::kAdaptive}, served_);
  if (!port) return Error{port.error()};
  port_ = std::move(*port);
  return sealwire::Status::Ok();
}

sealwire::Status Edge::Impl::OpenKernelSide(const DeviceSpec& spec) {
  if (spec.kind == DeviceKind::kAfPacket) {
    auto mute = OpenMuteSockets(served_);
    if (!mute) return Error{mute.error()};
    mute_ = std::move(*mute);
  }
  const bool tap = options_.exception == ExceptionMode::kTap ||
                   (options_.exception == ExceptionMode::kAuto && spec.kind == DeviceKind::kPci &&
                    !port_->traits().kernel_has_the_rest);
  if (!tap) return sealwire::Status::Ok();
  if (port_->traits().kernel_has_the_rest) {
    return Error{options_.device +
                 ": the kernel has the frames that are not ours already; leave exception out"};
  }
  auto gate = KernelGate::Create(options_.tap_name, *port_);
  if (!gate) return Error{gate.error()};
  gate_ = std::move(*gate);
  return sealwire::Status::Ok();
}

sealwire::Status Edge::Impl::SeatLcores(const Arguments& arguments,
                                        const proxy::SignerFactory& make_signer) {
  const std::size_t count = LcoresOf(arguments);
  auto made = BackendDesk::Create(count, options_.max_asks, options_.forward);
  if (!made) return Error{made.error()};
  desk = std::move(*made);
  for (std::size_t index = 0; index < count; ++index) {
    LcoreSeat seat;
    seat.served = &served_;
    seat.port = port_.get();
    for (std::size_t queue = index; queue < port_->queues(); queue += count) {
      seat.queues.push_back(static_cast<std::uint16_t>(queue));
    }
    seat.line = &desk->line(index);
    seat.gate = gate_.get();
    seat.fetches_from_gate = gate_ != nullptr && index == 0;
    seat.cpu = arguments.cpus.empty() ? -1 : arguments.cpus[index];
    lcores.push_back(std::make_unique<Lcore>(options_, std::move(seat), make_signer()));
  }
  return sealwire::Status::Ok();
}

Result<std::unique_ptr<Edge::Impl>> Edge::Impl::Start(const EdgeOptions& options,
                                                      const proxy::SignerFactory& make_signer) {
  if (options.addresses.empty())
    return Error{"device " + options.device + ": addresses must not be empty"};
  auto spec = DeviceSpec::FromText(options.device);
  if (!spec) return Error{spec.error()};
  auto arguments = SplitArguments(options.eal);
  if (!arguments) return Error{arguments.error()};
  std::unique_ptr<Impl> impl(new Impl(options));
  if (sealwire::Status status = impl->OpenPort(*arguments, *spec); !status)
    return Error{status.error()};
  if (sealwire::Status status = impl->OpenKernelSide(*spec); !status) return Error{status.error()};
  if (sealwire::Status status = impl->SeatLcores(*arguments, make_signer); !status)
    return Error{status.error()};
  impl->Run();
  return impl;
}

void Edge::Impl::Run() {
  desk->Start();
  if (gate_ != nullptr) gate_->Start();
  for (std::size_t index = 0; index < lcores.size(); ++index) {
    threads_.emplace_back([lcore = lcores[index].get(), index] {
      pthread_setname_np(pthread_self(), ("sw-lcore-" + std::to_string(index)).c_str());
      lcore->Run();
    });
  }
}

std::uint64_t Edge::Impl::Publish(std::shared_ptr<const proxy::ZoneTable> zones) {
  const std::uint64_t done = published();
  while (!kept_.empty() && kept_.front().number < done) kept_.pop_front();
  kept_.push_back({std::move(zones), ++number_});
  for (const auto& lcore : lcores) lcore->mailbox().Put(kept_.back());
  return number_;
}

std::uint64_t Edge::Impl::published() const noexcept {
  std::uint64_t least = number_;
  for (const auto& lcore : lcores) least = std::min(least, lcore->mailbox().acknowledged());
  return least;
}

void Edge::Impl::Stop(std::chrono::milliseconds patience) {
  for (const auto& lcore : lcores) lcore->Stop(patience);
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  if (gate_ != nullptr) gate_->Stop();
  if (desk != nullptr) desk->Stop();
}

Edge::PortStatus Edge::Impl::Status() const {
  PortStatus status;
  status.device = options_.device;
  status.driver = port_->traits().driver;
  status.link_up = port_->LinkIsUp();
  status.hugepages = !EalRunsWithoutHugepages();
  if (gate_ != nullptr) status.exception_interface = gate_->interface();
  status.statistics = port_->Statistics();
  return status;
}

Edge::Edge(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Edge::~Edge() = default;

Result<std::unique_ptr<Edge>> Edge::Start(const EdgeOptions& options,
                                          const proxy::SignerFactory& make_signer) {
  auto impl = Impl::Start(options, make_signer);
  if (!impl) return Error{impl.error()};
  return std::unique_ptr<Edge>(new Edge(std::move(*impl)));
}

std::uint64_t Edge::Publish(std::shared_ptr<const proxy::ZoneTable> zones) {
  return impl_->Publish(std::move(zones));
}
std::uint64_t Edge::published() const noexcept {
  return impl_->published();
}
void Edge::Stop(std::chrono::milliseconds patience) {
  impl_->Stop(patience);
}
Result<std::size_t> Edge::CountLcores(const EdgeOptions& options) {
  const auto arguments = SplitArguments(options.eal);
  if (!arguments) return Error{arguments.error()};
  return LcoresOf(*arguments);
}

std::size_t Edge::lcores() const noexcept {
  return impl_->lcores.size();
}
const LcoreCounters& Edge::counters(std::size_t lcore) const noexcept {
  return impl_->lcores[lcore]->counters();
}
const proxy::PipelineCounters& Edge::pipeline_counters(std::size_t lcore) const noexcept {
  return impl_->lcores[lcore]->pipeline().counters();
}
proxy::PacketTap& Edge::tap(std::size_t lcore) noexcept {
  return impl_->lcores[lcore]->tap();
}
const proxy::AudienceBook& Edge::audience(std::size_t lcore) const noexcept {
  return impl_->lcores[lcore]->pipeline().audience();
}
std::vector<proxy::BackendStatus> Edge::Backends() const {
  return impl_->desk->Backends();
}
Edge::PortStatus Edge::Port() const {
  return impl_->Status();
}

}  // namespace sealwire::dpdk
