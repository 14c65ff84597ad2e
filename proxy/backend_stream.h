// One TCP connection to a backend, for answers that do not fit into UDP (RFC 7766 section 5):
// opened when first needed, questions pipelined, closed when idle.
//
// Threading: one worker's thread. Ownership: owns its socket; frames are borrowed for the call.
// Errors: closed() after any; the owner then asks elsewhere. A stream is not reused once closed.
#pragma once

#include <cstdint>
#include <functional>

#include "dns/bytes.h"
#include "net/event_loop.h"
#include "net/file_descriptor.h"
#include "proxy/tcp_frames.h"
#include "proxy/unsent.h"

namespace sealwire::proxy {

class BackendStream {
 public:
  // `on_frame` for each message; `on_event` after each turn, when closed() may have become true.
  // The stream must outlive both calls.
  BackendStream(net::EventLoop& loop, net::FileDescriptor connecting,
                std::function<void(dns::MutableBytes)> on_frame, std::function<void()> on_event);
  BackendStream(const BackendStream&) = delete;
  BackendStream& operator=(const BackendStream&) = delete;

  // Sends a query, or keeps it until the connection stands. `header` stands before its length: what
  // a connection begins with.
  void Ask(dns::Bytes query, dns::Bytes header = {}) noexcept;

  bool closed() const noexcept { return closed_; }
  bool connected() const noexcept { return connected_; }

 private:
  void OnReady(net::FdWatch::Ready ready) noexcept;
  void Read() noexcept;
  void Take(Unsent::Result result) noexcept;

  net::FileDescriptor socket_;
  std::function<void(dns::MutableBytes)> on_frame_;
  std::function<void()> on_event_;
  TcpFrames frames_;
  Unsent unsent_;
  bool connected_ = false;
  bool closed_ = false;
  net::FdWatch watch_;
};

}  // namespace sealwire::proxy
