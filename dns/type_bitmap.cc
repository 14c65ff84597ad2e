#include "dns/type_bitmap.h"

#include <algorithm>

namespace sealwire::dns {
namespace {

std::uint8_t WindowOf(RRType type) noexcept {
  return static_cast<std::uint8_t>(static_cast<std::uint16_t>(type) >> 8);
}
std::uint8_t LowOctet(RRType type) noexcept {
  return static_cast<std::uint8_t>(static_cast<std::uint16_t>(type));
}

}  // namespace

bool TypeBitmap::Add(RRType type) noexcept {
  const auto end = types_.begin() + size_;
  const auto at = std::lower_bound(types_.begin(), end, type);
  if (at != end && *at == type) return true;
  if (size_ == kMaxTypes) return false;
  std::copy_backward(at, end, end + 1);
  *at = type;
  ++size_;
  return true;
}

void TypeBitmap::Remove(RRType type) noexcept {
  const auto end = types_.begin() + size_;
  const auto at = std::lower_bound(types_.begin(), end, type);
  if (at == end || *at != type) return;
  std::copy(at + 1, end, at);
  --size_;
}

bool TypeBitmap::Has(RRType type) const noexcept {
  return std::binary_search(types_.begin(), types_.begin() + size_, type);
}

void TypeBitmap::Write(Writer& out) const noexcept {
  for (std::size_t i = 0; i < size_;) {
    const std::uint8_t window = WindowOf(types_[i]);
    std::array<std::uint8_t, 32> bits{};
    std::uint8_t used = 0;
    for (; i < size_ && WindowOf(types_[i]) == window; ++i) {
      const std::uint8_t low = LowOctet(types_[i]);
      bits[low / 8] = static_cast<std::uint8_t>(bits[low / 8] | 0x80 >> low % 8);
      used = static_cast<std::uint8_t>(low / 8 + 1);
    }
    out.U8(window);
    out.U8(used);
    out.Run(Bytes(bits).first(used));
  }
}

bool TypeBitmap::Parse(Bytes wire, TypeBitmap& out) noexcept {
  out = TypeBitmap();
  int last_window = -1;
  for (Reader reader(wire); reader.remaining() > 0;) {
    const std::uint8_t window = reader.U8();
    const std::uint8_t size = reader.U8();
    const Bytes bits = reader.Run(size);
    if (!reader.ok() || window <= last_window || size == 0 || size > 32 || bits.back() == 0) {
      return false;
    }
    last_window = window;
    for (int low = 0; low < size * 8; ++low) {
      if ((bits[static_cast<std::size_t>(low) / 8] & 0x80 >> low % 8) == 0) continue;
      if (!out.Add(static_cast<RRType>(window << 8 | low))) return false;
    }
  }
  return true;
}

}  // namespace sealwire::dns
