#include "proxy/unsent.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace sealwire::proxy {

namespace {

// iovec serves reading as well and so wants pointers to what may be written.
iovec ToVector(dns::Bytes octets) noexcept {
  return {const_cast<std::uint8_t*>(octets.data()), octets.size()};
}

// Octets taken by the kernel, or -1 when the connection is gone.
ssize_t SendSome(int fd, dns::Bytes first, dns::Bytes second) noexcept {
  std::array<iovec, 2> parts{ToVector(first), ToVector(second)};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  for (;;) {
    const ssize_t sent = ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    if (errno == EAGAIN) return 0;
    if (errno != EINTR) return -1;
  }
}

}  // namespace

Unsent::Result Unsent::Send(int fd, dns::Bytes first, dns::Bytes second) noexcept {
  if (!empty()) return Keep(first, second);
  const ssize_t sent = SendSome(fd, first, second);
  if (sent < 0) return Result::kFailed;
  const auto taken = static_cast<std::size_t>(sent);
  const std::size_t of_first = std::min(taken, first.size());
  first = first.subspan(of_first);
  second = second.subspan(taken - of_first);
  if (first.empty() && second.empty()) return Result::kSent;
  return Keep(first, second);
}

Unsent::Result Unsent::Keep(dns::Bytes first, dns::Bytes second) noexcept {
  if (kept_.size() - begin_ + first.size() + second.size() > limit_) return Result::kTooMuch;
  if (begin_ != 0) {
    kept_.erase(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
  kept_.insert(kept_.end(), first.begin(), first.end());
  kept_.insert(kept_.end(), second.begin(), second.end());
  return Result::kKept;
}

Unsent::Result Unsent::Flush(int fd) noexcept {
  const ssize_t sent = SendSome(fd, dns::Bytes(kept_).subspan(begin_), {});
  if (sent < 0) return Result::kFailed;
  begin_ += static_cast<std::size_t>(sent);
  if (!empty()) return Result::kKept;
  std::vector<std::uint8_t>().swap(kept_);
  begin_ = 0;
  return Result::kSent;
}

}  // namespace sealwire::proxy
