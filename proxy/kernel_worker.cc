#include "proxy/kernel_worker.h"

#include <pthread.h>

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "net/random.h"
#include "net/socket_address.h"
#include "net/tcp_socket.h"
#include "proxy/clock.h"
#include "proxy/counters.h"
#include "proxy/reply_routes.h"
#include "proxy/tcp_path.h"
#include "proxy/udp_path.h"

namespace sealwire::proxy {

namespace {

using namespace std::chrono_literals;

// How often a draining worker looks whether all is answered.
constexpr auto kDrainCheck = 20ms;
// How often a worker looks for queries that waited for keys in vain.
constexpr auto kKeyCheck = 100ms;

}  // namespace

struct Sockets {
  std::optional<net::UdpSocket> udp;
  std::optional<net::FileDescriptor> tcp;
  net::Endpoint endpoint;  // with the port that was drawn, if 0 was asked for
};

Result<Sockets> OpenOnce(const KernelListen& listen) {
  Sockets sockets{std::nullopt, std::nullopt, listen.endpoint};
  if (listen.udp) {
    auto socket = net::UdpSocket::Bind(listen.endpoint);
    if (!socket) return Error{socket.error()};
    sockets.endpoint = socket->local();
    sockets.udp = std::move(socket).value();
  }
  if (listen.tcp) {
    auto listener = net::ListenTcp(sockets.endpoint, true);
    if (!listener) return Error{listener.error()};
    sockets.endpoint = net::LocalEndpoint(listener->get());
    sockets.tcp = std::move(listener).value();
  }
  return sockets;
}

// A port that the kernel drew for UDP may be taken for TCP: then another is drawn.
Result<Sockets> Open(const KernelListen& listen) {
  constexpr int kDraws = 16;
  auto sockets = OpenOnce(listen);
  for (int i = 1; !sockets && listen.endpoint.port == 0 && i < kDraws; ++i) {
    sockets = OpenOnce(listen);
  }
  return sockets;
}

// Between the pipeline, who knows no sockets, and the paths, who know no pipelines but this one.
class KernelWorker::Impl final : public AnswerSink, public ForwardReplies {
 public:
  Impl(std::unique_ptr<net::EventLoop> loop, std::unique_ptr<signer::DigestSigner> signer,
       const KernelWorkerOptions& options, const PipelineOptions& pipeline)
      : loop_(std::move(loop)),
        signer_(std::move(signer)),
        drain_for_(options.drain),
        forward_(*loop_, options.forward, *this),
        pipeline_(pipeline, *signer_, &forward_, this),
        tcp_(*loop_, pipeline_, counters_.tcp, options.tcp, options.transfers),
        udp_options_{options.udp_batch, UdpPathOptions().query_bytes, pipeline.max_udp_size},
        drain_check_(*loop_, [this] { StopWhenDrained(); }),
        key_check_(*loop_, [this] { GiveUpOnKeys(); }) {}

  ~Impl() override {
    loop_->Post([this] {
      drain_for_ = 0ms;
      drain_until_ms_ = 0;
      BeginDrain();
      StopWhenDrained();
    });
    Join();
  }

  Status Listen(const KernelListen& listen) {
    auto opened = Open(listen);
    if (!opened) return Error{opened.error()};
    Sockets& sockets = opened.value();
    if (sockets.udp) {
      UdpPathOptions options = udp_options_;
      options.proxies = listen.proxies;
      udp_.push_back(std::make_unique<UdpPath>(*loop_, std::move(*sockets.udp),
                                               static_cast<std::uint32_t>(udp_.size()), pipeline_,
                                               counters_.udp, options));
      if (!udp_.back()->Open()) {
        return Error{"cannot watch " + sockets.endpoint.ToText() + " (UDP): out of memory"};
      }
    }
    if (sockets.tcp) tcp_.Listen(std::move(*sockets.tcp), listen.proxies);
    listening_.push_back(listen);
    listening_.back().endpoint = sockets.endpoint;
    return Status::Ok();
  }

  void Start() {
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "sealwire-worker");
      pipeline_.SetTime(UnixMilliseconds());
      TakeZones();
      key_check_.StartEvery(kKeyCheck);
      loop_->Run();
    });
  }

  std::uint64_t Publish(std::shared_ptr<const ZoneTable> zones) {
    std::uint64_t number;
    {
      const std::lock_guard lock(mailbox_);
      next_zones_ = std::move(zones);
      number = ++next_number_;
    }
    loop_->Post([this] { TakeZones(); });
    return number;
  }

  void Drain() {
    loop_->Post([this] { BeginDrain(); });
  }
  void Join() {
    if (thread_.joinable()) thread_.join();
  }

  // AnswerSink: an answer that had to wait goes back by the way its query came.
  void Deliver(const ReplyRoute& route, dns::Bytes answer) noexcept override {
    const RouteTag tag = TagOf(route);
    switch (tag.kind) {
      case RouteKind::kUdp:
        return udp_[tag.index]->Deliver(route, answer);
      case RouteKind::kTcp:
        return tcp_.Deliver(route, answer);
    }
  }

  // ForwardReplies.
  void BeginBatch() noexcept override { pipeline_.SetTime(UnixMilliseconds()); }
  void OnBackendReply(Ticket ticket, dns::Bytes reply) noexcept override {
    pipeline_.OnBackendReply(ticket, reply);
  }
  void OnBackendFailure(Ticket ticket) noexcept override { pipeline_.OnBackendFailure(ticket); }
  void EndBatch() noexcept override {
    // Queries behind those answered may have their answers ready at once, over either transport.
    tcp_.Flush();
    for (auto& path : udp_) path->Flush();
  }

  const std::vector<KernelListen>& listening() const noexcept { return listening_; }
  std::uint64_t published() const noexcept { return published_.load(std::memory_order_acquire); }
  const WorkerCounters& counters() const noexcept { return counters_; }
  const PipelineCounters& pipeline_counters() const noexcept { return pipeline_.counters(); }
  std::vector<BackendStatus> Backends() const { return forward_.Backends(); }
  const AudienceBook& audience() const noexcept { return pipeline_.audience(); }
  const LatencyHistogram& backend_latency() const noexcept { return forward_.latency(); }
  PacketTap& tap() noexcept { return pipeline_.tap(); }

 private:
  void TakeZones() {
    std::shared_ptr<const ZoneTable> zones;
    std::uint64_t number;
    {
      const std::lock_guard lock(mailbox_);
      zones = std::exchange(next_zones_, nullptr);
      number = next_number_;
    }
    if (!zones) return;  // a later Publish() was taken in place of this one
    pipeline_.SetTime(UnixMilliseconds());
    pipeline_.UseZones(std::move(zones));
    published_.store(number, std::memory_order_release);
    EndBatch();  // queries that waited for keys are answered by now
  }

  void GiveUpOnKeys() {
    pipeline_.SetTime(UnixMilliseconds());
    pipeline_.GiveUpOnKeys();
    EndBatch();
  }

  void BeginDrain() {
    if (std::exchange(draining_, true)) return;
    tcp_.Drain();
    for (auto& path : udp_) path->StopDeferring();
    drain_until_ms_ = SteadyMilliseconds() + static_cast<std::uint64_t>(drain_for_.count());
    drain_check_.StartEvery(kDrainCheck);
    StopWhenDrained();
  }

  void StopWhenDrained() {
    const bool answered = forward_.outstanding() == 0 && tcp_.open() == 0 &&
                          pipeline_.counters().waiting.value() == 0;
    if (!answered && SteadyMilliseconds() < drain_until_ms_) return;
    for (auto& path : udp_) path->Close();
    loop_->Stop();
  }

  std::unique_ptr<net::EventLoop> loop_;
  std::unique_ptr<signer::DigestSigner> signer_;
  std::chrono::milliseconds drain_for_;
  WorkerCounters counters_;
  ForwardClient forward_;
  Pipeline pipeline_;
  TcpPath tcp_;
  UdpPathOptions udp_options_;
  std::vector<std::unique_ptr<UdpPath>> udp_;
  std::vector<KernelListen> listening_;

  std::mutex mailbox_;
  std::shared_ptr<const ZoneTable> next_zones_;  // guarded by mailbox_
  std::uint64_t next_number_ = 0;                // guarded by mailbox_
  std::atomic<std::uint64_t> published_{0};

  bool draining_ = false;
  std::uint64_t drain_until_ms_ = 0;
  net::Timer drain_check_;
  net::Timer key_check_;
  std::thread thread_;
};

Result<std::unique_ptr<KernelWorker>> KernelWorker::Create(const KernelWorkerOptions& options,
                                                           const SignerFactory& make_signer) {
  auto loop = net::EventLoop::Create();
  if (!loop) return Error{loop.error()};
  auto signer = make_signer();
  if (!signer) return Error{"cannot start a worker: no signer could be made"};
  PipelineOptions pipeline = options.pipeline;
  // Each worker hashes its own way: names chosen to collide in one do not in another.
  if (pipeline.hash_seed == 0) pipeline.hash_seed = net::Random().U64();
  auto impl = std::make_unique<Impl>(std::move(loop).value(), std::move(signer), options, pipeline);
  for (const KernelListen& listen : options.listen) {
    if (Status status = impl->Listen(listen); !status) return Error{status.error()};
  }
  return std::unique_ptr<KernelWorker>(new KernelWorker(std::move(impl)));
}

KernelWorker::KernelWorker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KernelWorker::~KernelWorker() = default;
const std::vector<KernelListen>& KernelWorker::listening() const noexcept {
  return impl_->listening();
}
void KernelWorker::Start() {
  impl_->Start();
}
std::uint64_t KernelWorker::Publish(std::shared_ptr<const ZoneTable> zones) {
  return impl_->Publish(std::move(zones));
}
std::uint64_t KernelWorker::published() const noexcept {
  return impl_->published();
}
void KernelWorker::Drain() {
  impl_->Drain();
}
void KernelWorker::Join() {
  impl_->Join();
}
const WorkerCounters& KernelWorker::counters() const noexcept {
  return impl_->counters();
}
const PipelineCounters& KernelWorker::pipeline_counters() const noexcept {
  return impl_->pipeline_counters();
}
std::vector<BackendStatus> KernelWorker::Backends() const {
  return impl_->Backends();
}
const AudienceBook& KernelWorker::audience() const noexcept {
  return impl_->audience();
}
PacketTap& KernelWorker::tap() noexcept {
  return impl_->tap();
}
const LatencyHistogram& KernelWorker::backend_latency() const noexcept {
  return impl_->backend_latency();
}

}  // namespace sealwire::proxy
