#include "proxy/backend_stream.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "dns/message_view.h"
#include "net/tcp_socket.h"

namespace sealwire::proxy {

namespace {
// Queries a backend has not read: more than this and it does not keep up.
constexpr std::size_t kUnreadQueries = 256u << 10;
}  // namespace

BackendStream::BackendStream(net::EventLoop& loop, net::FileDescriptor connecting,
                             std::function<void(dns::MutableBytes)> on_frame,
                             std::function<void()> on_event)
    : socket_(std::move(connecting)),
      on_frame_(std::move(on_frame)),
      on_event_(std::move(on_event)),
      frames_(dns::kHeaderSize, 65535),
      unsent_(kUnreadQueries),
      watch_(loop, socket_.get(), [this](net::FdWatch::Ready ready) { OnReady(ready); }) {
  closed_ = !watch_.Watch(false, true);
}

void BackendStream::Ask(dns::Bytes query, dns::Bytes header) noexcept {
  if (!header.empty()) {
    Take(connected_ ? unsent_.Send(socket_.get(), header) : unsent_.Keep(header, {}));
    if (closed_) return;
  }
  const std::array<std::uint8_t, 2> length{static_cast<std::uint8_t>(query.size() >> 8),
                                           static_cast<std::uint8_t>(query.size())};
  Take(connected_ ? unsent_.Send(socket_.get(), length, query) : unsent_.Keep(length, query));
}

void BackendStream::Take(Unsent::Result result) noexcept {
  if (result == Unsent::Result::kTooMuch || result == Unsent::Result::kFailed) closed_ = true;
  if (closed_ || !watch_.Watch(connected_, !connected_ || !unsent_.empty())) {
    watch_.Watch(false, false);
    closed_ = true;
  }
}

void BackendStream::OnReady(net::FdWatch::Ready ready) noexcept {
  if (!connected_) {
    if (net::ConnectOutcome(socket_.get()) == 0) {
      connected_ = true;
    } else {
      closed_ = true;
    }
  }
  if (!closed_ && ready.readable) Read();
  if (!closed_ && !unsent_.empty()) {
    Take(unsent_.Flush(socket_.get()));
  } else {
    Take(Unsent::Result::kSent);
  }
  on_event_();
}

void BackendStream::Read() noexcept {
  const dns::MutableBytes room = frames_.Room();
  const ssize_t n = ::recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT);
  if (n <= 0) {
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) closed_ = true;
    return;
  }
  frames_.Added(static_cast<std::size_t>(n));
  dns::MutableBytes frame;
  TcpFrames::Next next;
  while ((next = frames_.Take(frame)) == TcpFrames::Next::kFrame) on_frame_(frame);
  if (next == TcpFrames::Next::kBad) closed_ = true;
}

}  // namespace sealwire::proxy
