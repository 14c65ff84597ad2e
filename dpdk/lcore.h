// One polling thread: bursts of frames in, answers out, run to completion.
//
//   receive → prefetch → parse and sort → pipeline, burst by burst → headers turned round → send
//
// An answer is written into the buffer its query came in, behind the query, and its headers before
// it: no buffer is taken or copied for it. Nothing that another thread writes is touched per packet
// but the rings of the exception path and of the backends.
// Threading: Run() is the thread; Publish(), Stop() and counters() are for others. Ownership: the
// lcore owns its signer and pipeline, borrows port, desk line and gate. Internal to dpdk/.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "dpdk/backend_desk.h"
#include "dpdk/edge_options.h"
#include "dpdk/frame.h"
#include "dpdk/kernel_gate.h"
#include "dpdk/lcore_counters.h"
#include "dpdk/pacer.h"
#include "dpdk/port.h"
#include "dpdk/snapshot_mailbox.h"
#include "dpdk/token_bucket.h"
#include "proxy/pipeline.h"

namespace sealwire::dpdk {

struct LcoreSeat {
  const ServedAddresses* served = nullptr;
  Port* port = nullptr;
  std::vector<std::uint16_t> queues;  // received from; sends go to the first
  DeskLine* line = nullptr;
  KernelGate* gate = nullptr;      // null: frames that are not ours are dropped
  bool fetches_from_gate = false;  // one lcore sends what the kernel sends
  int cpu = -1;                    // -1: wherever the scheduler likes
};

class Lcore final : public proxy::AnswerSink {
 public:
  Lcore(const EdgeOptions& options, LcoreSeat seat, std::unique_ptr<signer::DigestSigner> signer);
  ~Lcore() override;
  Lcore(const Lcore&) = delete;
  Lcore& operator=(const Lcore&) = delete;

  // Waits for the first zones, polls until Stop(), and then while replies of backends are awaited,
  // until `patience` is over.
  void Run();
  void Stop(std::chrono::milliseconds patience) noexcept;
  SnapshotMailbox& mailbox() noexcept { return mailbox_; }
  const LcoreCounters& counters() const noexcept { return counters_; }
  const proxy::Pipeline& pipeline() const noexcept { return pipeline_; }
  proxy::PacketTap& tap() noexcept { return pipeline_.tap(); }

  // One round over all queues and rings, for Run() and for benchmarks; the number of frames and
  // replies it found.
  unsigned Round() noexcept;

  void Deliver(const proxy::ReplyRoute& route, dns::Bytes answer) noexcept override;

 private:
  static constexpr std::uint16_t kBurst = 32;
  static constexpr std::uint16_t kSendBatch = 2 * kBurst;

  void ReadClock() noexcept;
  void TakeZones() noexcept;
  unsigned PollQueue(std::uint16_t queue) noexcept;
  void Sort(rte_mbuf* buffer) noexcept;
  bool ChecksumsHold(const rte_mbuf* buffer, dns::Bytes head, const Frame& frame) noexcept;
  struct Query {
    rte_mbuf* buffer;  // its frame
    rte_mbuf* reply;   // the same, as a rule
    Frame frame;
    ReplyLayout layout;
    dns::MutableBytes place;  // in `reply`, headers and answer
  };
  void AnswerQueries() noexcept;
  bool FindPlace(Query& query) noexcept;
  void Conclude(const Query& query, const proxy::Arrival& arrival) noexcept;
  void AnswerTruncated(rte_mbuf* buffer, const Frame& frame) noexcept;
  void SendCopy(const proxy::ReplyRoute& route, dns::Bytes answer) noexcept;
  void Send(rte_mbuf* buffer) noexcept;
  void Flush() noexcept;
  void PassToKernel() noexcept;
  unsigned FetchFromKernel() noexcept;

  const EdgeOptions options_;
  const LcoreSeat seat_;
  const ChecksumOffload offload_;
  const std::uint32_t max_answer_;  // what fits the port's MTU
  std::unique_ptr<signer::DigestSigner> signer_;
  LcoreCounters counters_;
  proxy::Pipeline pipeline_;
  SnapshotMailbox mailbox_;
  Pacer pacer_;
  TokenBucket kernel_tokens_;
  TokenBucket neighbour_tokens_;

  Query queries_[kBurst];
  proxy::Arrival arrivals_[kBurst];  // the same queries, as the pipeline sees them
  rte_mbuf* foreign_[kBurst];
  rte_mbuf* sending_[kSendBatch];
  unsigned query_count_ = 0;
  unsigned foreign_count_ = 0;
  unsigned sending_count_ = 0;
  unsigned answer_lines_ = 5;  // cache lines that an answer took of late

  std::atomic<bool> stop_{false};
  std::atomic<std::int64_t> patience_ms_{0};
};

}  // namespace sealwire::dpdk
