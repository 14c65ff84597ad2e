#include "signer/ready_ink.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "signer/ready_fork_mark.h"
#include "signer/ready_host.h"
#include "signer/ready_maker.h"
#include "signer/ready_ring.h"
#include "signer/ready_samples.h"

namespace sealwire::signer {
namespace {

constexpr std::size_t kBatch = 4096;        // of a filling thread
constexpr std::size_t kFewestPairs = 1024;  // per ring; fewer are not worth a thread
constexpr auto kTick = std::chrono::milliseconds(10);
constexpr int kHostTick = 250;  // milliseconds; events of the kernel come at once

// Of a worker, whose queries wait meanwhile: about a millisecond either way.
std::size_t SmallBatch(P256Implementation implementation) noexcept {
  return implementation != P256Implementation::kPortable && CpuHasIfma() ? 1024 : 128;
}

// Only when nobody else wants the CPU.
void BecomeIdle() noexcept {
  const sched_param none{};
  if (sched_setscheduler(0, SCHED_IDLE, &none) == 0) return;
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), 19);
}

// A maker comes or does not; why not, another such region says.
Error NoScratch() {
  constexpr std::size_t kAsMuch = std::size_t{1} << 20;
  const auto region = SecretRegion::Make(kAsMuch);
  return Error{"no locked memory for the scratch of a batch" +
               (region ? std::string() : ": " + region.error())};
}

}  // namespace

class ReadyInk::Impl {
 public:
  explicit Impl(const ReadyInkOptions& options, InkAlarm alarm)
      : options_(options), alarm_(std::move(alarm)) {}
  ~Impl() { Stop(); }

  Status Prepare();
  void StartThreads();

  bool TryTake(std::size_t worker, ReadyPair& out) noexcept {
    return !stopped() && fork_mark_.IsHere() && workers_[worker]->ring.TryTake(out);
  }
  void Sample(std::size_t worker, const std::uint8_t* scalar, const Digest& digest,
              const Signature& signature) noexcept {
    if (fork_mark_.IsHere()) workers_[worker]->samples.Put(scalar, digest, signature);
  }
  bool FillSome(std::size_t worker) noexcept;
  void Drop() noexcept;

  bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

  // What one worker has.
  struct Worker {
    Worker(SecretRegion ring_memory, SecretRegion sample_memory,
           std::unique_ptr<ReadyMaker> small_maker)
        : ring(std::move(ring_memory)),
          samples(std::move(sample_memory)),
          maker(std::move(small_maker)) {}
    ReadyRing ring;
    ReadySamples samples;
    std::unique_ptr<ReadyMaker> maker;  // FillSome()'s
    std::mutex making;                  // held by whoever uses `maker`
    std::mutex putting;                 // held by whoever puts, and never while pairs are made
    std::mutex judging;                 // held by whoever judges its samples
  };

  ReadyInkOptions options_;
  InkAlarm alarm_;
  ReadyInkCounters counters_;
  ForkMark fork_mark_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::string shortage_;
  P256Implementation implementation_ = P256Implementation::kPortable;

 private:
  Status MakeWorkers(std::size_t pairs_each);
  std::size_t Mark(unsigned percent, const ReadyRing& ring) const noexcept {
    return ring.capacity() * percent / 100;
  }
  bool IsLow(const Worker& worker) const noexcept {
    return worker.ring.size() < Mark(options_.low_water, worker.ring);
  }
  enum class IfBusy : std::uint8_t { kWait, kGiveUp };
  bool Fill(Worker& worker, ReadyMaker& maker, IfBusy if_busy) noexcept;
  std::size_t Put(Worker& worker, ReadyMaker& maker, std::uint64_t generation) noexcept;
  void JudgeSamples(Worker& worker) noexcept;
  void Fail(std::string_view what) noexcept;
  void RunFiller(ReadyMaker& maker) noexcept;
  void RunHostWatch() noexcept;
  void Stop() noexcept;

  HostWatch host_;
  std::vector<std::unique_ptr<ReadyMaker>> makers_;  // one per filling thread
  std::vector<std::thread> threads_;
  std::atomic<bool> stopped_{false};
  // Raised by every drop: a batch begun before it is not put after it.
  std::atomic<std::uint64_t> generation_{0};
  std::mutex ending_mutex_;
  std::condition_variable ending_changed_;
  bool ending_ = false;
};

// --- Set-up ------------------------------------------------------------------------------------

Status ReadyInk::Impl::MakeWorkers(std::size_t pairs_each) {
  workers_.clear();
  for (std::size_t i = 0; i < options_.workers; ++i) {
    auto ring = SecretRegion::Make(pairs_each * sizeof(ReadyPair));
    if (!ring) return Error{ring.error()};
    auto samples = SecretRegion::Make(ReadySamples::kSize);
    if (!samples) return Error{samples.error()};
    auto maker = ReadyMaker::Make(options_.implementation, SmallBatch(options_.implementation));
    if (maker == nullptr) return NoScratch();
    workers_.push_back(std::make_unique<Worker>(std::move(ring).value(), std::move(samples).value(),
                                                std::move(maker)));
  }
  return Status::Ok();
}

Status ReadyInk::Impl::Prepare() {
  if (options_.workers == 0) return Error{"ink store for no worker at all"};
  if (options_.low_water > options_.high_water || options_.high_water > 100) {
    return Error{"ink store: low water must not be above high water, nor that above 100 percent"};
  }
  if (options_.implementation == P256Implementation::kIfma && !CpuHasIfma()) {
    return Error{"ink store: this CPU has no AVX-512 IFMA; use `auto` or `portable`"};
  }
  if (!fork_mark_.Made()) {
    return Error{
        "the ink store needs MADV_WIPEONFORK (Linux 4.14), to keep pairs from forked children"};
  }
  for (unsigned i = 0; i < options_.threads; ++i) {
    makers_.push_back(ReadyMaker::Make(options_.implementation, kBatch));
    if (makers_.back() == nullptr) return Error{"ink store: " + NoScratch().message};
  }
  const std::size_t wanted = std::max(options_.pairs / options_.workers, kFewestPairs);
  std::size_t each = wanted;
  Status made = MakeWorkers(each);
  const std::string reason = made.ok() ? "" : made.error();
  while (!made && options_.accept_fewer_pairs && each > kFewestPairs) {
    each = std::max(each / 2, kFewestPairs);
    made = MakeWorkers(each);
  }
  if (!made) return Error{"ink store: " + made.error()};
  if (each != wanted) {
    shortage_ = "the ink store holds " + std::to_string(each * options_.workers) + " pairs, not " +
                std::to_string(wanted * options_.workers) + ": " + reason;
  }
  implementation_ = workers_.front()->maker->implementation();
  return Status::Ok();
}

void ReadyInk::Impl::StartThreads() {
  for (const auto& maker : makers_) {
    threads_.emplace_back([this, &maker] {
      BecomeIdle();
      RunFiller(*maker);
    });
  }
  threads_.emplace_back([this] { RunHostWatch(); });
}

void ReadyInk::Impl::Stop() noexcept {
  {
    const std::lock_guard lock(ending_mutex_);
    ending_ = true;
  }
  ending_changed_.notify_all();
  host_.Interrupt();
  for (std::thread& thread : threads_) thread.join();
}

// --- Filling -----------------------------------------------------------------------------------

// Puts a batch begun in `generation`; the caller holds worker.putting. Gives how many were
// put and stayed.
std::size_t ReadyInk::Impl::Put(Worker& worker, ReadyMaker& maker,
                                std::uint64_t generation) noexcept {
  const std::size_t put = worker.ring.Put(maker.pairs());
  counters_.pairs_made.fetch_add(put, std::memory_order_relaxed);
  if (generation_.load(std::memory_order_acquire) == generation) return put;
  counters_.pairs_dropped.fetch_add(worker.ring.Drop(), std::memory_order_relaxed);
  return 0;
}

// One batch, or what there is room for. The pairs are made before the ring is claimed: a filling
// thread of idle priority may lie suspended for long in the making, and must not keep the worker
// from filling its ring meanwhile.
bool ReadyInk::Impl::Fill(Worker& worker, ReadyMaker& maker, IfBusy if_busy) noexcept {
  const std::uint64_t generation = generation_.load(std::memory_order_acquire);
  const std::size_t there = worker.ring.size();
  const std::size_t goal = Mark(options_.high_water, worker.ring);
  if (there >= goal) return false;
  const auto begin = std::chrono::steady_clock::now();
  const ReadyMaker::Outcome outcome = maker.MakeBatch(std::min(maker.capacity(), goal - there));
  if (outcome == ReadyMaker::Outcome::kNoRandomness) return false;
  if (outcome == ReadyMaker::Outcome::kRefused) {
    counters_.batches_refused.fetch_add(1, std::memory_order_relaxed);
    Fail("a batch of pairs failed its own check");
    return false;
  }
  const auto spent = std::chrono::steady_clock::now() - begin;
  counters_.fill_nanoseconds.fetch_add(
      static_cast<std::uint64_t>(std::chrono::nanoseconds(spent).count()),
      std::memory_order_relaxed);
  std::unique_lock claim(worker.putting, std::defer_lock);
  if (if_busy == IfBusy::kWait) claim.lock();
  return (claim.owns_lock() || claim.try_lock()) && Put(worker, maker, generation) != 0;
}

void ReadyInk::Impl::JudgeSamples(Worker& worker) noexcept {
  const std::unique_lock lock(worker.judging, std::try_to_lock);
  if (!lock) return;
  while (true) {
    const ReadySamples::Verdict verdict = worker.samples.Judge();
    if (verdict == ReadySamples::Verdict::kNone) return;
    counters_.signatures_verified.fetch_add(1, std::memory_order_relaxed);
    if (verdict == ReadySamples::Verdict::kGood) continue;
    counters_.verification_failures.fetch_add(1, std::memory_order_relaxed);
    Fail("a signature made with a stored pair does not verify");
  }
}

bool ReadyInk::Impl::FillSome(std::size_t index) noexcept {
  Worker& worker = *workers_[index];
  if (stopped() || !fork_mark_.IsHere()) return false;
  if (threads_.size() <= 1) JudgeSamples(worker);  // no filling thread does
  if (!IsLow(worker)) return false;
  const std::unique_lock lock(worker.making, std::try_to_lock);
  return lock && Fill(worker, *worker.maker, IfBusy::kGiveUp);
}

void ReadyInk::Impl::Drop() noexcept {
  if (!fork_mark_.IsHere()) return;
  generation_.fetch_add(1, std::memory_order_acq_rel);
  std::size_t dropped = 0;
  for (const auto& worker : workers_) dropped += worker->ring.Drop();
  counters_.pairs_dropped.fetch_add(dropped, std::memory_order_relaxed);
  counters_.drops.fetch_add(1, std::memory_order_relaxed);
}

void ReadyInk::Impl::Fail(std::string_view what) noexcept {
  if (stopped_.exchange(true, std::memory_order_acq_rel)) return;
  Drop();
  if (alarm_) alarm_(what);
}

// --- Threads -----------------------------------------------------------------------------------

// Every tick: judges samples, then fills the rings that are low up to the high-water mark, the
// emptiest first and one batch at a time, so that none starves.
void ReadyInk::Impl::RunFiller(ReadyMaker& maker) noexcept {
  std::vector<bool> filling(workers_.size(), false);
  std::unique_lock lock(ending_mutex_);
  while (!ending_) {
    lock.unlock();
    Worker* emptiest = nullptr;
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      Worker& worker = *workers_[i];
      JudgeSamples(worker);
      const bool full = worker.ring.size() >= Mark(options_.high_water, worker.ring);
      filling[i] = !full && (filling[i] || IsLow(worker));
      if (!filling[i]) continue;
      if (emptiest == nullptr || worker.ring.size() < emptiest->ring.size()) emptiest = &worker;
    }
    const bool filled = emptiest != nullptr && !stopped() && Fill(*emptiest, maker, IfBusy::kWait);
    lock.lock();
    if (!filled) ending_changed_.wait_for(lock, kTick, [this] { return ending_; });
  }
}

// At ordinary priority, since a clone must be noticed at once, also on a busy machine.
void ReadyInk::Impl::RunHostWatch() noexcept {
  std::unique_lock lock(ending_mutex_);
  while (!ending_) {
    lock.unlock();
    if (!host_.WaitForChange(kHostTick).empty()) Drop();
    lock.lock();
  }
}

// --- The door ----------------------------------------------------------------------------------

Result<std::unique_ptr<ReadyInk>> ReadyInk::Start(const ReadyInkOptions& options, InkAlarm alarm) {
  auto impl = std::make_unique<Impl>(options, std::move(alarm));
  if (Status prepared = impl->Prepare(); !prepared) return Error{prepared.error()};
  impl->StartThreads();
  return std::unique_ptr<ReadyInk>(new ReadyInk(std::move(impl)));
}

ReadyInk::ReadyInk(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReadyInk::~ReadyInk() {
  // In a forked child the threads do not run, and what they held or waited for at the fork can be
  // neither joined nor destroyed; of the pairs there is nothing to wipe.
  if (!impl_->fork_mark_.IsHere()) static_cast<void>(impl_.release());
}

bool ReadyInk::TryTake(std::size_t worker, ReadyPair& out) noexcept {
  return impl_->TryTake(worker, out);
}
void ReadyInk::Sample(std::size_t worker, const std::uint8_t* scalar, const Digest& digest,
                      const Signature& signature) noexcept {
  impl_->Sample(worker, scalar, digest, signature);
}
bool ReadyInk::FillSome(std::size_t worker) noexcept {
  return impl_->FillSome(worker);
}
void ReadyInk::Drop() noexcept {
  impl_->Drop();
}
std::size_t ReadyInk::workers() const noexcept {
  return impl_->workers_.size();
}
std::size_t ReadyInk::capacity() const noexcept {
  return impl_->workers_.size() * impl_->workers_.front()->ring.capacity();
}
std::size_t ReadyInk::available(std::size_t worker) const noexcept {
  return impl_->workers_[worker]->ring.size();
}
bool ReadyInk::stopped() const noexcept {
  return impl_->stopped();
}
P256Implementation ReadyInk::implementation() const noexcept {
  return impl_->implementation_;
}
const std::string& ReadyInk::shortage() const noexcept {
  return impl_->shortage_;
}
std::uint32_t ReadyInk::verify_one_in() const noexcept {
  return impl_->options_.verify_one_in;
}
const ReadyInkCounters& ReadyInk::counters() const noexcept {
  return impl_->counters_;
}

}  // namespace sealwire::signer
