// Messages out of a TCP stream: two octets of length, then the message (RFC 1035 section 4.2.2,
// RFC 7766 section 8).
//
// The stream is hostile and arrives in pieces of any size. Threading: one owner. Ownership: a frame
// is borrowed from the reader until the next Room(). Allocates once, when made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dns/bytes.h"

namespace sealwire::proxy {

class TcpFrames {
 public:
  // Frames of `min_frame` to `max_frame` octets are taken.
  TcpFrames(std::size_t min_frame, std::size_t max_frame);

  // Where the next octets of the stream go; never empty after Take() said kMore. Added() says how
  // many came.
  dns::MutableBytes Room() noexcept;
  void Added(std::size_t octets) noexcept { end_ += octets; }

  enum class Next : std::uint8_t {
    kFrame,  // `frame` is one whole message
    kMore,   // more octets are needed
    kBad,    // the length is out of bounds: the stream cannot be followed any further
  };
  Next Take(dns::MutableBytes& frame) noexcept;

  // What came and was not taken; and leaves out its first octets, which are no frame.
  dns::Bytes Held() const noexcept { return dns::Bytes(buffer_).subspan(begin_, end_ - begin_); }
  void Skip(std::size_t octets) noexcept { begin_ += octets; }

  // Octets of a frame whose rest has not come.
  bool InFrame() const noexcept { return begin_ != end_; }

 private:
  std::size_t min_frame_;
  std::size_t max_frame_;
  std::vector<std::uint8_t> buffer_;
  std::size_t begin_ = 0;  // of what was not taken
  std::size_t end_ = 0;    // of what was received
};

}  // namespace sealwire::proxy
