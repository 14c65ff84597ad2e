// Octets held by value, as many as there are and at most kMax: keys and signatures, whose size
// depends on the algorithm.
//
// Whatever is given beyond kMax is cut off; callers bound what they read. Octets beyond size() are
// zero, so that equality and order see all there is. Threading: value. No allocation.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>

#include "dns/bytes.h"

namespace sealwire::dns {

template <std::size_t kMax>
class BoundedOctets {
 public:
  static_assert(kMax < 256);

  constexpr BoundedOctets() = default;
  explicit BoundedOctets(Bytes octets) noexcept
      : size_(static_cast<std::uint8_t>(std::min(octets.size(), kMax))) {
    std::copy_n(octets.begin(), size_, octets_.begin());
  }
  template <std::size_t kSize>
  requires(kSize <= kMax) BoundedOctets(const std::array<std::uint8_t, kSize>& octets)
  noexcept  // NOLINT: widens
      : BoundedOctets(Bytes(octets)) {}

  const std::uint8_t* data() const noexcept { return octets_.data(); }
  std::uint8_t* data() noexcept { return octets_.data(); }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const std::uint8_t* begin() const noexcept { return data(); }
  const std::uint8_t* end() const noexcept { return data() + size_; }
  std::uint8_t* begin() noexcept { return data(); }
  std::uint8_t* end() noexcept { return data() + size_; }
  std::uint8_t operator[](std::size_t index) const noexcept { return octets_[index]; }
  std::uint8_t& operator[](std::size_t index) noexcept { return octets_[index]; }

  // Its first kSize octets: a caller has checked that it has as many.
  template <std::size_t kSize>
  requires(kSize <= kMax) std::array<std::uint8_t, kSize> First()
  const noexcept {
    std::array<std::uint8_t, kSize> out;
    std::copy_n(octets_.begin(), kSize, out.begin());
    return out;
  }

  friend auto operator<=>(const BoundedOctets&, const BoundedOctets&) = default;

 private:
  std::array<std::uint8_t, kMax> octets_{};
  std::uint8_t size_ = 0;
};

}  // namespace sealwire::dns
