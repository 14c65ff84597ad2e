// The set of RR types of an NSEC record (RFC 4034 section 4.1.2) as a value.
//
// Holds the types that can stand in a bitmap we make. Threading: value. No allocation.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "dns/bytes.h"
#include "dns/rr_type.h"

namespace sealwire::dns {

class TypeBitmap {
 public:
  static constexpr std::size_t kMaxTypes = 128;

  TypeBitmap() = default;
  TypeBitmap(std::initializer_list<RRType> types) noexcept {
    for (RRType t : types) Add(t);
  }

  // Sorted insertion; a type already there is no change. False when kMaxTypes are held.
  bool Add(RRType type) noexcept;
  void Remove(RRType type) noexcept;
  bool Has(RRType type) const noexcept;
  std::size_t size() const noexcept { return size_; }

  // Appends the window blocks, ascending, without trailing zero octets.
  void Write(Writer& out) const noexcept;
  // Reads window blocks; false when malformed (RFC 4034 section 4.1.2) or too many types.
  static bool Parse(Bytes wire, TypeBitmap& out) noexcept;

 private:
  std::array<RRType, kMaxTypes> types_{};
  std::uint8_t size_ = 0;
};

}  // namespace sealwire::dns
