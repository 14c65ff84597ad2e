// The two clocks of a worker: wall time for signatures and TTLs, steady time for waiting.
#pragma once

#include <chrono>
#include <cstdint>

namespace sealwire::proxy {

inline std::uint64_t UnixMilliseconds() noexcept {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

inline std::uint64_t SteadyMicroseconds() noexcept {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                        std::chrono::steady_clock::now().time_since_epoch())
                                        .count());
}

inline std::uint64_t SteadyMilliseconds() noexcept {
  return SteadyMicroseconds() / 1000;
}

}  // namespace sealwire::proxy
