// Counts of latencies in logarithmic steps of 1/64: every percentile is right within 1.6 percent,
// whatever the shape, in 16 KiB.
//
// Values are nanoseconds, up to 137 seconds; greater ones count as that. Threading: value; one per
// thread, merged at the end. Record() does not allocate.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace sealwire::load {

class Histogram {
 public:
  static constexpr unsigned kSubBits = 6;
  static constexpr unsigned kMaxBits = 37;
  static constexpr std::size_t kBuckets = (kMaxBits - kSubBits + 1) << kSubBits;

  void Record(std::uint64_t nanoseconds) noexcept { RecordMany(nanoseconds, 1); }
  void RecordMany(std::uint64_t nanoseconds, std::uint64_t count) noexcept;
  void Merge(const Histogram& other) noexcept;

  std::uint64_t count() const noexcept { return count_; }
  std::uint64_t min() const noexcept { return count_ == 0 ? 0 : min_; }
  std::uint64_t max() const noexcept { return max_; }
  double mean() const noexcept;
  // The smallest bucket's upper end that at least `percent` of the values do not exceed; 0 when
  // empty.
  std::uint64_t Percentile(double percent) const noexcept;

  // visit(lowest, highest, count) for each bucket that is not empty, ascending.
  template <class Visit>
  void ForEach(Visit&& visit) const {
    for (std::size_t i = 0; i < kBuckets; ++i) {
      if (buckets_[i] != 0) visit(Lowest(i), Lowest(i + 1) - 1, buckets_[i]);
    }
  }

 private:
  static std::size_t BucketOf(std::uint64_t value) noexcept;
  static std::uint64_t Lowest(std::size_t bucket) noexcept;

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace sealwire::load
