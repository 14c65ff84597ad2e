#include "keycache/frame_io.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sealwire::keycache {
namespace {

// Waits until `fd` has one of `events` or an error to report.
bool Wait(int fd, short events, Deadline deadline) noexcept {
  using std::chrono::milliseconds;
  while (true) {
    int timeout = -1;
    if (deadline != kNoDeadline) {
      const auto left =
          std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0) return false;
      timeout = static_cast<int>(std::min<milliseconds::rep>(left.count(), 60000));
    }
    pollfd entry{fd, events, 0};
    const int ready = poll(&entry, 1, timeout);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool SendAll(int fd, dns::Bytes octets, Deadline deadline) noexcept {
  while (!octets.empty()) {
    const ssize_t sent = send(fd, octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      octets = octets.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!Wait(fd, POLLOUT, deadline)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool ReceiveAll(int fd, dns::MutableBytes octets, Deadline deadline) noexcept {
  while (!octets.empty()) {
    const ssize_t got = recv(fd, octets.data(), octets.size(), MSG_DONTWAIT);
    if (got > 0) {
      octets = octets.subspan(static_cast<std::size_t>(got));
    } else if (got == 0) {
      return false;
    } else if (errno == EAGAIN) {
      if (!Wait(fd, POLLIN, deadline)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace

FrameBuffer::~FrameBuffer() {
  explicit_bzero(octets_.data(), octets_.size());
}

bool SendFrame(int fd, FrameBuffer& buffer, Deadline deadline) noexcept {
  dns::Writer prefix(dns::MutableBytes(buffer.octets_).first(FrameBuffer::kPrefix));
  prefix.U32(static_cast<std::uint32_t>(buffer.size_));
  return SendAll(fd, dns::Bytes(buffer.octets_).first(FrameBuffer::kPrefix + buffer.size_),
                 deadline);
}

bool ReceiveFrame(int fd, FrameBuffer& buffer, Deadline deadline) noexcept {
  const auto prefix = dns::MutableBytes(buffer.octets_).first(FrameBuffer::kPrefix);
  if (!ReceiveAll(fd, prefix, deadline)) return false;
  const std::uint32_t size = dns::Reader(prefix).U32();
  if (size > kMaxFrameSize) return false;
  buffer.size_ = size;
  return ReceiveAll(fd, buffer.room().first(size), deadline);
}

}  // namespace sealwire::keycache
