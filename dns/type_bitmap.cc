#include "dns/type_bitmap.h"

#include <algorithm>
#include <bit>

namespace sealwire::dns {
namespace {

std::uint8_t WindowOf(RRType type) noexcept {
  return static_cast<std::uint8_t>(static_cast<std::uint16_t>(type) >> 8);
}
std::size_t OctetOf(RRType type) noexcept {
  return static_cast<std::uint8_t>(type) / 8;
}
std::uint8_t BitOf(RRType type) noexcept {
  return static_cast<std::uint8_t>(0x80 >> static_cast<std::uint8_t>(type) % 8);
}

}  // namespace

std::size_t TypeBitmap::Place(RRType type) const noexcept {
  std::size_t place = 0;
  while (place < size_ && windows_[place].number < WindowOf(type)) ++place;
  return place;
}

bool TypeBitmap::Holds(std::size_t place, RRType type) const noexcept {
  return place < size_ && windows_[place].number == WindowOf(type);
}

bool TypeBitmap::Add(RRType type) noexcept {
  const std::size_t place = Place(type);
  if (!Holds(place, type)) {
    if (size_ == kMaxWindows) return false;
    std::copy_backward(windows_.begin() + place, windows_.begin() + size_,
                       windows_.begin() + size_ + 1);
    windows_[place] = {WindowOf(type), {}};
    ++size_;
  }
  std::uint8_t& octet = windows_[place].bits[OctetOf(type)];
  octet = static_cast<std::uint8_t>(octet | BitOf(type));
  return true;
}

void TypeBitmap::Remove(RRType type) noexcept {
  const std::size_t place = Place(type);
  if (!Holds(place, type)) return;
  std::uint8_t& octet = windows_[place].bits[OctetOf(type)];
  octet = static_cast<std::uint8_t>(octet & ~BitOf(type));
}

bool TypeBitmap::Has(RRType type) const noexcept {
  const std::size_t place = Place(type);
  return Holds(place, type) && (windows_[place].bits[OctetOf(type)] & BitOf(type)) != 0;
}

std::size_t TypeBitmap::size() const noexcept {
  int types = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    for (const std::uint8_t octet : windows_[i].bits) types += std::popcount(octet);
  }
  return static_cast<std::size_t>(types);
}

namespace {

// The octets up to the last that is not zero.
std::size_t UsedOctets(const std::array<std::uint8_t, 32>& bits) noexcept {
  std::size_t used = bits.size();
  std::uint64_t word = 0;
  while (used > 0 && word == 0) {  // most bitmaps end in a few words of zeros
    used -= sizeof word;
    std::memcpy(&word, &bits[used], sizeof word);
  }
  if (word == 0) return 0;
  used += sizeof word;
  while (bits[used - 1] == 0) --used;
  return used;
}

}  // namespace

void TypeBitmap::Write(Writer& out) const noexcept {
  for (std::size_t i = 0; i < size_; ++i) {
    const auto& bits = windows_[i].bits;
    const std::size_t used = UsedOctets(bits);
    if (used == 0) continue;  // all its types were removed
    out.U8(windows_[i].number);
    out.U8(static_cast<std::uint8_t>(used));
    out.Run(Bytes(bits).first(used));
  }
}

bool TypeBitmap::Parse(Bytes wire, TypeBitmap& out) noexcept {
  out = TypeBitmap();
  for (Reader reader(wire); reader.remaining() > 0;) {
    const std::uint8_t number = reader.U8();
    const std::uint8_t size = reader.U8();
    const Bytes bits = reader.Run(size);
    const bool ascends = out.size_ == 0 || number > out.windows_[out.size_ - 1].number;
    if (!reader.ok() || !ascends || size == 0 || size > 32 || bits.back() == 0 ||
        out.size_ == kMaxWindows) {
      return false;
    }
    Window& window = out.windows_[out.size_++];
    window = {number, {}};
    std::copy(bits.begin(), bits.end(), window.bits.begin());
  }
  return true;
}

}  // namespace sealwire::dns
