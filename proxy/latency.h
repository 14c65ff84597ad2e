// How long things took: a histogram in octaves of time, counted by one thread, read by any.
//
// Bucket i holds durations below 2^(8+i) nanoseconds: 256 ns to 4.3 s, the last is all above. A
// clock read costs more than a cached answer's look-up, so what is frequent is timed one time in
// kTimedOneIn and counted that often: shares between histograms stay right. Threading: one writer.
// No allocation.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/counter.h"

namespace sealwire::proxy {

inline constexpr unsigned kTimedOneIn = 64;
inline constexpr std::size_t kLatencyBuckets = 26;

inline std::uint64_t SteadyNanoseconds() noexcept {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

// Upper end of a bucket in seconds; the last has none.
constexpr double LatencyBound(std::size_t bucket) noexcept {
  return static_cast<double>(std::uint64_t{1} << (8 + bucket)) * 1e-9;
}

class LatencyHistogram {
 public:
  // Owner thread only: `times` durations of `ns`.
  void Add(std::uint64_t ns, std::uint64_t times = 1) noexcept {
    const auto octave = static_cast<std::size_t>(std::bit_width(ns >> 8));
    buckets_[std::min(octave, kLatencyBuckets - 1)].Add(times);
    sum_ns_.Add(ns * times);
  }
  const Counter& bucket(std::size_t at) const noexcept { return buckets_[at]; }
  const Counter& sum_ns() const noexcept { return sum_ns_; }

 private:
  std::array<Counter, kLatencyBuckets> buckets_;
  Counter sum_ns_;
};

// The histograms of several workers as one.
struct LatencyTotals {
  std::array<std::uint64_t, kLatencyBuckets> buckets{};
  std::uint64_t sum_ns = 0;

  void Add(const LatencyHistogram& worker) noexcept {
    for (std::size_t i = 0; i < kLatencyBuckets; ++i) buckets[i] += worker.bucket(i).value();
    sum_ns += worker.sum_ns().value();
  }
  void Add(const LatencyTotals& others) noexcept {
    for (std::size_t i = 0; i < kLatencyBuckets; ++i) buckets[i] += others.buckets[i];
    sum_ns += others.sum_ns;
  }
  std::uint64_t count() const noexcept {
    std::uint64_t all = 0;
    for (const std::uint64_t bucket : buckets) all += bucket;
    return all;
  }
};

// How a query came to its answer.
enum class Way : std::uint8_t {
  kCached,    // a copy of an answer given before
  kSigned,    // made here and now, with signatures
  kUnsigned,  // made here and now, without
  kRefused,   // not ours, or no query we serve
  kFailed,    // SERVFAIL
  kWaited,    // for a backend, whatever came of it
  kWays,
};
inline constexpr std::size_t kWays = static_cast<std::size_t>(Way::kWays);

constexpr std::string_view NameOf(Way way) noexcept {
  constexpr std::array<std::string_view, kWays> names = {"cached",  "signed", "unsigned",
                                                         "refused", "failed", "waited"};
  return names[static_cast<std::size_t>(way)];
}

}  // namespace sealwire::proxy
