#include "net/byte_stream.h"

#include <sys/socket.h>

#include <cerrno>

namespace sealwire::net {

namespace {

ByteStream::Outcome OutcomeOf(ssize_t octets, ByteStream::State blocked) noexcept {
  if (octets > 0) return {ByteStream::State::kMoved, static_cast<std::size_t>(octets)};
  if (octets < 0 && (errno == EAGAIN || errno == EINTR)) return {blocked, 0};
  return {ByteStream::State::kEnd, 0};
}

}  // namespace

ByteStream::Outcome PlainStream::Read(std::span<char> to) {
  return OutcomeOf(::recv(fd_.get(), to.data(), to.size(), 0), State::kReadable);
}

ByteStream::Outcome PlainStream::Write(std::span<const char> from) {
  return OutcomeOf(::send(fd_.get(), from.data(), from.size(), MSG_NOSIGNAL), State::kWritable);
}

void PlainStream::Finish() {
  ::shutdown(fd_.get(), SHUT_WR);
}

}  // namespace sealwire::net
