// DPDK's objects with an owner each.
//
// Internal to dpdk/: the only header besides port.h and lcore.h that names DPDK types. A handle
// must be gone before EAL is.
#pragma once

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include <memory>

namespace sealwire::dpdk {

struct RingFree {
  void operator()(rte_ring* ring) const noexcept { rte_ring_free(ring); }
};
using RingHandle = std::unique_ptr<rte_ring, RingFree>;

struct MempoolFree {
  void operator()(rte_mempool* pool) const noexcept { rte_mempool_free(pool); }
};
using MempoolHandle = std::unique_ptr<rte_mempool, MempoolFree>;

}  // namespace sealwire::dpdk
