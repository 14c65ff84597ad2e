#include "proxy/tcp_frames.h"

#include <cstring>

namespace sealwire::proxy {

namespace {
constexpr std::size_t kPrefix = 2;
}

TcpFrames::TcpFrames(std::size_t min_frame, std::size_t max_frame)
    : min_frame_(min_frame), max_frame_(max_frame), buffer_(kPrefix + max_frame) {}

dns::MutableBytes TcpFrames::Room() noexcept {
  if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return dns::MutableBytes(buffer_).subspan(end_);
}

TcpFrames::Next TcpFrames::Take(dns::MutableBytes& frame) noexcept {
  const dns::MutableBytes held = dns::MutableBytes(buffer_).subspan(begin_, end_ - begin_);
  dns::Reader reader(held);
  const std::size_t size = reader.U16();
  if (!reader.ok()) return Next::kMore;
  if (size < min_frame_ || size > max_frame_) return Next::kBad;
  if (reader.remaining() < size) return Next::kMore;
  frame = held.subspan(kPrefix, size);
  begin_ += kPrefix + size;
  return Next::kFrame;
}

}  // namespace sealwire::proxy
