// The writing half of Frame Streams, by which dnstap travels: frames of octets to a file, or to a
// collector that listens at a unix socket (https://farsightsec.github.io/fstrm/).
//
// A socket is shaken hands with both ways (READY, ACCEPT, START … STOP, FINISH), a file begins with
// START. Threading: one thread. Errors: a sentence from Open(); Write() says false when the stream
// is lost. A peer that takes nothing for kPatience counts as lost.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "dns/bytes.h"
#include "dns/result.h"
#include "net/file_descriptor.h"

namespace sealwire::control {

class FrameStream {
 public:
  static constexpr std::chrono::milliseconds kPatience{2000};

  static Result<FrameStream> ToSocket(const std::string& path, std::string_view content_type);
  // Appends nothing: a file that is there is replaced, since a stream has one beginning.
  static Result<FrameStream> ToFile(const std::string& path, std::string_view content_type);
  FrameStream(FrameStream&&) = default;
  FrameStream& operator=(FrameStream&&) = default;

  // Queues a frame, and sends when enough are queued; true while the stream is whole.
  bool Write(dns::Bytes frame);
  bool Flush();
  // STOP, and for a socket the wait for FINISH.
  void Finish();

 private:
  FrameStream(net::FileDescriptor fd, bool is_socket) : fd_(std::move(fd)), is_socket_(is_socket) {}
  void QueueControl(std::uint32_t type, std::string_view content_type);
  bool ReadControl(std::uint32_t wanted);
  bool ReadWhole(dns::MutableBytes out);

  net::FileDescriptor fd_;
  bool is_socket_;
  std::vector<std::uint8_t> queue_;
};

}  // namespace sealwire::control
