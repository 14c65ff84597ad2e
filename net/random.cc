#include "net/random.h"

#include <string.h>  // explicit_bzero
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace sealwire::net {

namespace {

void FromKernel(std::uint8_t* out, std::size_t size) noexcept {
  for (std::size_t got = 0; got < size;) {
    const ssize_t n = ::getrandom(out + got, size - got, 0);
    if (n > 0) {
      got += static_cast<std::size_t>(n);
    } else if (errno != EINTR) {
      std::abort();  // going on with guessable ids would open the door to forged replies
    }
  }
}

}  // namespace

void Random::Fill(dns::MutableBytes out) noexcept {
  while (!out.empty()) {
    if (used_ == block_.size()) {
      FromKernel(block_.data(), block_.size());
      used_ = 0;
    }
    const std::size_t n = std::min(out.size(), block_.size() - used_);
    std::memcpy(out.data(), block_.data() + used_, n);
    explicit_bzero(block_.data() + used_, n);
    used_ += n;
    out = out.subspan(n);
  }
}

std::uint16_t Random::U16() noexcept {
  std::array<std::uint8_t, 2> octets;
  Fill(octets);
  return static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
}

std::uint64_t Random::U64() noexcept {
  std::array<std::uint8_t, 8> octets;
  Fill(octets);
  std::uint64_t value;
  std::memcpy(&value, octets.data(), sizeof value);
  return value;
}

}  // namespace sealwire::net
