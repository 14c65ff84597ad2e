// Unpredictable numbers for ids and ports, drawn from the kernel in blocks.
//
// Threading: one owner. Octets are wiped as they are taken. Errors: none; the kernel's generator is
// waited for at boot, and a system without one ends the process.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dns/bytes.h"

namespace sealwire::net {

class Random {
 public:
  std::uint16_t U16() noexcept;
  std::uint64_t U64() noexcept;
  void Fill(dns::MutableBytes out) noexcept;

 private:
  std::array<std::uint8_t, 1024> block_{};
  std::size_t used_ = 1024;
};

}  // namespace sealwire::net
