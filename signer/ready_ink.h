// Ready ink: the store of ready pairs (r, k⁻¹), one ring per worker, and the threads that fill it.
//
// A pair serves any key of any zone, once. It is guarded like a private key: the rings lie in
// locked memory that is neither dumped nor seen by a forked child (SecretRegion); a pair is wiped
// as it is taken; all are dropped when the machine is seen to have been cloned or restored (VM
// generation, boot id); none is ever written to a file. A store that is empty, stopped or in a
// forked child gives no pair, and the caller signs the whole way.
//
// Threading: TryTake() from the ring's worker (another thread would be refused or served, never
// harmed), Fill from any thread, the rest from the control thread. Errors: Start() says what was
// refused and what to do; a failed check stops the store for good and calls the alarm.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "dns/result.h"
#include "signer/ecdsa.h"
#include "signer/p256_batch.h"

namespace sealwire::signer {

struct ReadyInkOptions {
  std::size_t workers = 1;
  std::size_t pairs = std::size_t{1} << 20;  // in all rings together; 64 octets each
  // A ring that has fewer than `low_water` percent is filled up to `high_water` percent.
  unsigned low_water = 90;
  unsigned high_water = 100;
  unsigned threads = 1;  // that fill, at idle priority; 0: only FillSome() fills
  P256Implementation implementation = P256Implementation::kAuto;
  std::uint32_t verify_one_in = 4096;  // finished signatures per one verified; 0: none
  // When the limit of locked memory is too low for `pairs`: start with as many as it allows (and
  // say so in shortage()), or refuse to start.
  bool accept_fewer_pairs = true;
};

// Written with relaxed atomics, read by the metrics page.
struct ReadyInkCounters {
  std::atomic<std::uint64_t> pairs_made{0};
  std::atomic<std::uint64_t> pairs_dropped{0};    // wiped unused: clone seen, check failed
  std::atomic<std::uint64_t> drops{0};            // times the whole store was dropped
  std::atomic<std::uint64_t> batches_refused{0};  // that failed their own check
  std::atomic<std::uint64_t> signatures_verified{0};
  std::atomic<std::uint64_t> verification_failures{0};
  std::atomic<std::uint64_t> fill_nanoseconds{0};  // spent making pairs
};

// Called from a filling thread, once, when a check has failed and the store has stopped.
using InkAlarm = std::function<void(std::string_view what)>;

class ReadyInk {
 public:
  static Result<std::unique_ptr<ReadyInk>> Start(const ReadyInkOptions& options,
                                                 InkAlarm alarm = nullptr);
  ~ReadyInk();  // joins the threads and wipes what is left
  ReadyInk(const ReadyInk&) = delete;
  ReadyInk& operator=(const ReadyInk&) = delete;

  // Takes one pair of `worker`'s ring and wipes it there. False when there is none to be had now.
  // Neither waits nor allocates.
  bool TryTake(std::size_t worker, ReadyPair& out) noexcept;

  // Hands a finished signature to be verified with OpenSSL off the packet path. Copies `scalar`
  // into guarded memory until then. Dropped when enough are waiting.
  void Sample(std::size_t worker, const std::uint8_t* scalar, const Digest& digest,
              const Signature& signature) noexcept;

  // Makes one small batch for `worker` when its ring is below the low-water mark (about a
  // millisecond): for a worker that has nothing else to do, so that a machine of one core keeps
  // its ink. True when pairs were added.
  bool FillSome(std::size_t worker) noexcept;

  // Wipes every pair now.
  void Drop() noexcept;

  std::size_t workers() const noexcept;
  std::size_t capacity() const noexcept;                     // pairs, all rings
  std::size_t available(std::size_t worker) const noexcept;  // pairs, about
  bool stopped() const noexcept;                             // a check failed
  P256Implementation implementation() const noexcept;
  const std::string& shortage() const noexcept;  // why capacity() is less than asked; else empty
  std::uint32_t verify_one_in() const noexcept;
  const ReadyInkCounters& counters() const noexcept;

 private:
  class Impl;
  explicit ReadyInk(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealwire::signer
