#include "control/frame_stream.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace sealwire::control {
namespace {

enum : std::uint32_t { kAccept = 1, kStart = 2, kStop = 3, kReady = 4, kFinish = 5 };
constexpr std::uint32_t kContentType = 1;  // a field of control frames
constexpr std::size_t kFlushAt = 64 * 1024;
constexpr std::size_t kMaxControl = 512;

void Append(std::vector<std::uint8_t>& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(value >> shift));
  }
}

std::uint32_t Number(dns::Bytes octets) {
  return std::uint32_t{octets[0]} << 24 | std::uint32_t{octets[1]} << 16 |
         std::uint32_t{octets[2]} << 8 | octets[3];
}

bool Await(int fd, short events) {
  pollfd entry = {fd, events, 0};
  return ::poll(&entry, 1, static_cast<int>(FrameStream::kPatience.count())) == 1;
}

}  // namespace

Result<FrameStream> FrameStream::ToSocket(const std::string& path, std::string_view content_type) {
  sockaddr_un address = {};
  if (path.size() >= sizeof address.sun_path) return Error{path + ": the path is too long"};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  net::FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.open() ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Error{path + ": " + std::strerror(errno)};
  }
  FrameStream stream(std::move(fd), true);
  stream.QueueControl(kReady, content_type);
  if (!stream.Flush() || !stream.ReadControl(kAccept)) {
    return Error{path + ": the collector does not accept " + std::string(content_type)};
  }
  stream.QueueControl(kStart, content_type);
  return stream;
}

Result<FrameStream> FrameStream::ToFile(const std::string& path, std::string_view content_type) {
  net::FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640));
  if (!fd.open()) return Error{path + ": " + std::strerror(errno)};
  FrameStream stream(std::move(fd), false);
  stream.QueueControl(kStart, content_type);
  return stream;
}

void FrameStream::QueueControl(std::uint32_t type, std::string_view content_type) {
  Append(queue_, 0);  // escape: a control frame follows
  Append(queue_,
         static_cast<std::uint32_t>(4 + (content_type.empty() ? 0 : 8 + content_type.size())));
  Append(queue_, type);
  if (content_type.empty()) return;
  Append(queue_, kContentType);
  Append(queue_, static_cast<std::uint32_t>(content_type.size()));
  queue_.insert(queue_.end(), content_type.begin(), content_type.end());
}

bool FrameStream::Write(dns::Bytes frame) {
  Append(queue_, static_cast<std::uint32_t>(frame.size()));
  queue_.insert(queue_.end(), frame.begin(), frame.end());
  return queue_.size() < kFlushAt || Flush();
}

bool FrameStream::Flush() {
  std::size_t sent = 0;
  while (sent < queue_.size()) {
    const std::size_t left = queue_.size() - sent;
    const ssize_t wrote = is_socket_ ? ::send(fd_.get(), &queue_[sent], left, MSG_NOSIGNAL)
                                     : ::write(fd_.get(), &queue_[sent], left);
    if (wrote > 0) {
      sent += static_cast<std::size_t>(wrote);
    } else if (errno != EINTR && !(errno == EAGAIN && Await(fd_.get(), POLLOUT))) {
      break;
    }
  }
  const bool whole = sent == queue_.size();
  queue_.clear();
  return whole;
}

bool FrameStream::ReadWhole(dns::MutableBytes out) {
  while (!out.empty()) {
    const ssize_t got = ::read(fd_.get(), out.data(), out.size());
    if (got > 0) {
      out = out.subspan(static_cast<std::size_t>(got));
    } else if (got == 0 || (errno != EINTR && !(errno == EAGAIN && Await(fd_.get(), POLLIN)))) {
      return false;
    }
  }
  return true;
}

bool FrameStream::ReadControl(std::uint32_t wanted) {
  std::array<std::uint8_t, kMaxControl> octets;
  if (!ReadWhole(dns::MutableBytes(octets).first(8))) return false;
  const std::uint32_t size = Number(dns::Bytes(octets).subspan(4));
  if (Number(octets) != 0 || size < 4 || size > octets.size()) return false;
  // The content types a collector accepts need not be read: one that refuses ours closes.
  return ReadWhole(dns::MutableBytes(octets).first(size)) && Number(octets) == wanted;
}

void FrameStream::Finish() {
  QueueControl(kStop, {});
  if (Flush() && is_socket_) ReadControl(kFinish);
  fd_ = net::FileDescriptor();
}

}  // namespace sealwire::control
