#include "apps/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sealwire::load {
namespace {

constexpr std::uint64_t kSub = std::uint64_t{1} << Histogram::kSubBits;
constexpr std::uint64_t kMaxValue = (std::uint64_t{1} << Histogram::kMaxBits) - 1;

}  // namespace

// The first kSub buckets hold one value each; from there every power of two is cut into kSub.
std::size_t Histogram::BucketOf(std::uint64_t value) noexcept {
  if (value < kSub) return value;
  const unsigned power = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
  return (static_cast<std::size_t>(power) << kSubBits) + (value >> power);
}

std::uint64_t Histogram::Lowest(std::size_t bucket) noexcept {
  if (bucket < 2 * kSub) return bucket;
  const std::size_t power = (bucket >> kSubBits) - 1;
  return (kSub + bucket % kSub) << power;
}

void Histogram::RecordMany(std::uint64_t nanoseconds, std::uint64_t count) noexcept {
  if (count == 0) return;
  const std::uint64_t value = std::min(nanoseconds, kMaxValue);
  buckets_[BucketOf(value)] += count;
  count_ += count;
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value) * static_cast<double>(count);
}

void Histogram::Merge(const Histogram& other) noexcept {
  for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

double Histogram::mean() const noexcept {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

std::uint64_t Histogram::Percentile(double percent) const noexcept {
  if (count_ == 0) return 0;
  const double wanted = std::clamp(percent, 0.0, 100.0) / 100 * static_cast<double>(count_);
  const auto rank = std::max<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(wanted)), 1);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(Lowest(i + 1) - 1, max_);
  }
  return max_;
}

}  // namespace sealwire::load
