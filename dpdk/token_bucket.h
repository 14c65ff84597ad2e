// So many a second, with bursts of a tenth of a second's worth.
// Threading: one thread's. No allocation. No DPDK type.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sealwire::dpdk {

class TokenBucket {
 public:
  explicit TokenBucket(std::uint32_t rate) noexcept
      : rate_(rate), most_(std::max(rate / 10, 1u)), tokens_(most_) {}

  // Once in a while: time never runs backwards here, a step of the clock gives a full bucket at
  // most.
  void SetTime(std::uint64_t now_ms) noexcept {
    if (now_ms <= last_ms_) return;
    const std::uint64_t passed = std::min<std::uint64_t>(now_ms - last_ms_, 1000);
    last_ms_ = now_ms;
    credit_ += passed * rate_;
    tokens_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(tokens_ + credit_ / 1000, most_));
    credit_ %= 1000;
  }
  bool Take() noexcept {
    if (tokens_ == 0) return false;
    --tokens_;
    return true;
  }

 private:
  std::uint32_t rate_;
  std::uint32_t most_;
  std::uint32_t tokens_;
  std::uint64_t credit_ = 0;  // thousandths of a token
  std::uint64_t last_ms_ = 0;
};

}  // namespace sealwire::dpdk
