// Frames over a stream socket, each a 32-bit big-endian length and that many octets, with
// deadlines.
//
// Frames carry secrets: a buffer wipes itself. Threading: a socket is used by one thread at a time.
// Errors: false when the deadline passed, the peer is gone or a frame is too long; the stream is
// then out of step and must be closed. SIGPIPE is never raised.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "dns/bytes.h"
#include "keycache/hsm_protocol.h"

namespace sealwire::keycache {

using Deadline = std::chrono::steady_clock::time_point;
inline constexpr Deadline kNoDeadline = Deadline::max();

class FrameBuffer {
 public:
  FrameBuffer() noexcept = default;
  ~FrameBuffer();
  FrameBuffer(const FrameBuffer&) = delete;
  FrameBuffer& operator=(const FrameBuffer&) = delete;

  dns::Bytes frame() const noexcept { return dns::Bytes(octets_).subspan(kPrefix, size_); }
  // To write a frame into; Set() says how much was written.
  dns::MutableBytes room() noexcept { return dns::MutableBytes(octets_).subspan(kPrefix); }
  void Set(std::size_t size) noexcept { size_ = size; }

 private:
  friend bool SendFrame(int fd, FrameBuffer& buffer, Deadline deadline) noexcept;
  friend bool ReceiveFrame(int fd, FrameBuffer& buffer, Deadline deadline) noexcept;
  static constexpr std::size_t kPrefix = 4;
  std::array<std::uint8_t, kPrefix + kMaxFrameSize> octets_;
  std::size_t size_ = 0;
};

bool SendFrame(int fd, FrameBuffer& buffer, Deadline deadline) noexcept;
bool ReceiveFrame(int fd, FrameBuffer& buffer, Deadline deadline) noexcept;

}  // namespace sealwire::keycache
