// Whether a backend answers, and how fast: what one worker knows of one endpoint.
//
// A backend goes down after failures in a row without any answer for a while, so that one lost
// burst does not condemn it; it comes up with the first answer. While it is down it is probed, at
// intervals that double. Timeouts follow the measured round trip (RFC 6298 section 2). Threading:
// one worker's thread. Time is given, in steady microseconds.
#pragma once

#include <cstdint>

#include "proxy/forward_client.h"

namespace sealwire::proxy {

class BackendHealth {
 public:
  explicit BackendHealth(const ForwardOptions& options) noexcept : options_(&options) {}

  void OnAnswer(std::uint64_t round_trip_us) noexcept;
  // It answered over TCP, which measures something else.
  void OnAlive() noexcept;
  // Silence of one attempt.
  void OnTimeout(std::uint64_t now_us) noexcept;
  // The host says that nobody listens (ICMP, RST).
  void OnRefused(std::uint64_t now_us) noexcept;

  bool up() const noexcept { return up_; }
  std::uint32_t round_trip_us() const noexcept { return smoothed_us_; }
  // How long to wait for an answer to the `attempt`th try (0 is the first).
  std::uint64_t TimeoutUs(int attempt) const noexcept;

  // True when a probe should be sent now. ProbeSent() sets the time of the next.
  bool ProbeDue(std::uint64_t now_us) const noexcept { return !up_ && now_us >= next_probe_us_; }
  void ProbeSent(std::uint64_t now_us) noexcept;

 private:
  void Fail(std::uint64_t now_us, bool certain) noexcept;

  const ForwardOptions* options_;
  bool up_ = true;
  int failures_in_a_row_ = 0;
  std::uint64_t first_failure_us_ = 0;  // of the row
  std::uint32_t smoothed_us_ = 0;       // 0: never measured
  std::uint32_t variation_us_ = 0;
  std::uint64_t next_probe_us_ = 0;
  std::uint64_t probe_interval_us_ = 0;
};

}  // namespace sealwire::proxy
