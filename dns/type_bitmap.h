// The set of RR types of an NSEC or NSEC3 record (RFC 4034 section 4.1.2) as a value.
//
// Held as it is written: window blocks of 256 types, ascending. Threading: value. No allocation.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "dns/bytes.h"
#include "dns/rr_type.h"

namespace sealwire::dns {

class TypeBitmap {
 public:
  // The types of one bitmap lie in so many windows at most. Registered and private types together
  // take four.
  static constexpr std::size_t kMaxWindows = 16;

  TypeBitmap() = default;
  TypeBitmap(std::initializer_list<RRType> types) noexcept {
    for (RRType t : types) Add(t);
  }

  // A type already there is no change. False when it needs a window and there are kMaxWindows.
  bool Add(RRType type) noexcept;
  void Remove(RRType type) noexcept;
  bool Has(RRType type) const noexcept;
  std::size_t size() const noexcept;

  // Appends the window blocks, ascending, without trailing zero octets.
  void Write(Writer& out) const noexcept;
  // Reads window blocks; false when malformed (RFC 4034 section 4.1.2) or too many.
  static bool Parse(Bytes wire, TypeBitmap& out) noexcept;

 private:
  struct Window {
    std::uint8_t number;
    std::array<std::uint8_t, 32> bits;
  };
  // The window of `type`, or where it would be put.
  std::size_t Place(RRType type) const noexcept;
  bool Holds(std::size_t place, RRType type) const noexcept;

  std::array<Window, kMaxWindows> windows_;  // of which only the first size_ were ever written
  std::size_t size_ = 0;
};

}  // namespace sealwire::dns
