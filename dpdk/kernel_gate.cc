#include "dpdk/kernel_gate.h"

#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>

namespace sealwire::dpdk {
namespace {

constexpr unsigned kFrames = 512;  // on their way, in each direction
constexpr unsigned kBurst = 32;

RingHandle MakeRing(unsigned flags) {
  static std::atomic<unsigned> number{0};
  const std::string name = "sealwire-gate-" + std::to_string(number++);
  return RingHandle(rte_ring_create(name.c_str(), kFrames, SOCKET_ID_ANY, flags));
}

void FreeAll(rte_ring* ring) noexcept {
  void* frame = nullptr;
  while (ring != nullptr && rte_ring_dequeue(ring, &frame) == 0)
    rte_pktmbuf_free(static_cast<rte_mbuf*>(frame));
}

}  // namespace

Result<std::unique_ptr<KernelGate>> KernelGate::Create(const std::string& tap_name,
                                                       const Port& port) {
  const rte_ether_addr mac = port.mac();
  std::array<std::uint8_t, 6> octets;
  std::copy(std::begin(mac.addr_bytes), std::end(mac.addr_bytes), octets.begin());
  auto tap = TapDevice::Open(tap_name, octets, port.traits().mtu);
  if (!tap) return Error{tap.error()};
  std::unique_ptr<KernelGate> gate(new KernelGate(std::move(*tap), port.pool(0)));
  gate->to_kernel_ = MakeRing(RING_F_SC_DEQ);
  gate->from_kernel_ = MakeRing(RING_F_SP_ENQ | RING_F_SC_DEQ);
  if (gate->to_kernel_ == nullptr || gate->from_kernel_ == nullptr) {
    return Error{"the rings of the exception path cannot be made"};
  }
  return gate;
}

KernelGate::~KernelGate() {
  Stop();
  FreeAll(to_kernel_.get());
  FreeAll(from_kernel_.get());
}

void KernelGate::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "sw-kernel-gate");
    Run();
  });
}

void KernelGate::Stop() {
  if (!thread_.joinable()) return;
  stop_.store(true);
  bell_.Ring();
  thread_.join();
}

unsigned KernelGate::Pass(rte_mbuf* const* frames, unsigned count) noexcept {
  const unsigned taken = rte_ring_mp_enqueue_burst(
      to_kernel_.get(), reinterpret_cast<void* const*>(frames), count, nullptr);
  if (taken != 0) bell_.Ring();
  return taken;
}

unsigned KernelGate::Fetch(rte_mbuf** frames, unsigned room) noexcept {
  return rte_ring_sc_dequeue_burst(from_kernel_.get(), reinterpret_cast<void**>(frames), room,
                                   nullptr);
}

void KernelGate::Run() {
  while (true) {
    bell_.Arm();
    if (stop_.load()) return;
    WriteToKernel();
    ReadFromKernel();
    pollfd waits[2] = {{bell_.fd(), POLLIN, 0}, {tap_.fd(), POLLIN, 0}};
    // With its ring full the kernel's frames stay in the TAP's own queue; look again soon.
    const bool full = rte_ring_full(from_kernel_.get()) != 0;
    ::poll(waits, full ? 1 : 2, full ? 1 : -1);
  }
}

void KernelGate::WriteToKernel() noexcept {
  rte_mbuf* frames[kBurst];
  while (const unsigned count = rte_ring_sc_dequeue_burst(
             to_kernel_.get(), reinterpret_cast<void**>(frames), kBurst, nullptr)) {
    for (unsigned i = 0; i < count; ++i) {
      // A TAP takes one piece; what spans several buffers is larger than its MTU anyway.
      if (frames[i]->nb_segs == 1) {
        tap_.Write(
            {rte_pktmbuf_mtod(frames[i], const std::uint8_t*), rte_pktmbuf_data_len(frames[i])});
      }
    }
    rte_pktmbuf_free_bulk(frames, count);
  }
}

void KernelGate::ReadFromKernel() noexcept {
  while (rte_ring_full(from_kernel_.get()) == 0) {
    rte_mbuf* frame = rte_pktmbuf_alloc(pool_);
    if (frame == nullptr) return;
    auto* data = rte_pktmbuf_mtod(frame, std::uint8_t*);
    const std::size_t size = tap_.Read({data, rte_pktmbuf_tailroom(frame)});
    if (size != 0) rte_pktmbuf_append(frame, static_cast<std::uint16_t>(size));
    if (size == 0 || rte_ring_sp_enqueue(from_kernel_.get(), frame) != 0) {
      rte_pktmbuf_free(frame);
      return;
    }
  }
}

}  // namespace sealwire::dpdk
