#include "proxy/backend_health.h"

#include <algorithm>

namespace sealwire::proxy {

namespace {

// Silence shorter than this is a lost burst, not a dead backend.
constexpr std::uint64_t kSilenceUs = 500'000;

std::uint64_t Us(std::chrono::milliseconds duration) noexcept {
  return static_cast<std::uint64_t>(duration.count()) * 1000;
}

}  // namespace

void BackendHealth::OnAlive() noexcept {
  up_ = true;
  failures_in_a_row_ = 0;
}

void BackendHealth::OnAnswer(std::uint64_t round_trip_us) noexcept {
  OnAlive();
  const auto sample =
      static_cast<std::uint32_t>(std::clamp<std::uint64_t>(round_trip_us, 1, 60'000'000));
  if (smoothed_us_ == 0) {
    smoothed_us_ = sample;
    variation_us_ = sample / 2;
    return;
  }
  const std::uint32_t off = sample > smoothed_us_ ? sample - smoothed_us_ : smoothed_us_ - sample;
  variation_us_ = variation_us_ - variation_us_ / 4 + off / 4;
  smoothed_us_ = std::max(1u, smoothed_us_ - smoothed_us_ / 8 + sample / 8);
}

void BackendHealth::OnTimeout(std::uint64_t now_us) noexcept {
  Fail(now_us, false);
}
void BackendHealth::OnRefused(std::uint64_t now_us) noexcept {
  Fail(now_us, true);
}

void BackendHealth::Fail(std::uint64_t now_us, bool certain) noexcept {
  if (failures_in_a_row_++ == 0) first_failure_us_ = now_us;
  if (!up_ || failures_in_a_row_ < options_->failures_to_down) return;
  if (!certain && now_us - first_failure_us_ < kSilenceUs) return;
  up_ = false;
  probe_interval_us_ = Us(options_->first_probe);
  next_probe_us_ = now_us + probe_interval_us_;
}

std::uint64_t BackendHealth::TimeoutUs(int attempt) const noexcept {
  const std::uint64_t measured = smoothed_us_ + std::uint64_t{4} * variation_us_;
  const std::uint64_t base = smoothed_us_ == 0 ? Us(options_->first_timeout)
                                               : std::max(measured, Us(options_->min_timeout));
  return std::min(base << std::min(attempt, 8), Us(options_->total_timeout) / 2);
}

void BackendHealth::ProbeSent(std::uint64_t now_us) noexcept {
  next_probe_us_ = now_us + probe_interval_us_;
  probe_interval_us_ = std::min(probe_interval_us_ * 2, Us(options_->max_probe));
}

}  // namespace sealwire::proxy
