// Octets a TCP peer has not taken yet.
//
// Sends at once what the kernel takes and keeps the rest, up to a limit: memory belongs to those
// who read their answers. Threading: one owner. Allocates only for a peer that is slower than we
// are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dns/bytes.h"

namespace sealwire::proxy {

class Unsent {
 public:
  explicit Unsent(std::size_t limit) noexcept : limit_(limit) {}

  enum class Result : std::uint8_t {
    kSent,     // nothing is kept
    kKept,     // something is: call Flush() when the socket is writable
    kTooMuch,  // the limit is reached
    kFailed,   // the connection is gone
  };
  // `first` and `second` are sent one after the other, behind what is kept.
  Result Send(int fd, dns::Bytes first, dns::Bytes second = {}) noexcept;
  Result Flush(int fd) noexcept;
  // Keeps both for a Flush() to come.
  Result Keep(dns::Bytes first, dns::Bytes second) noexcept;

  bool empty() const noexcept { return begin_ == kept_.size(); }

 private:
  std::size_t limit_;
  std::vector<std::uint8_t> kept_;
  std::size_t begin_ = 0;
};

}  // namespace sealwire::proxy
