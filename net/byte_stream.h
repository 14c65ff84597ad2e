// The octets of one accepted connection, as they are or through TLS; never blocks.
//
// Threading: one owner. Ownership: the stream closes its descriptor. Errors: an error is an end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "net/file_descriptor.h"
#include "net/peer_certificate.h"

namespace sealwire::net {

class ByteStream {
 public:
  // kReadable and kWritable: nothing moved, and will not before the descriptor is that.
  enum class State : std::uint8_t { kMoved, kReadable, kWritable, kEnd };
  struct Outcome {
    State state = State::kEnd;
    std::size_t octets = 0;
  };

  virtual ~ByteStream() = default;
  virtual Outcome Read(std::span<char> to) = 0;
  virtual Outcome Write(std::span<const char> from) = 0;
  // Says that no more will be written; reading goes on.
  virtual void Finish() = 0;
  // After the first octet was read.
  virtual std::optional<PeerCertificate> Certificate() const { return std::nullopt; }
};

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(FileDescriptor fd) noexcept : fd_(std::move(fd)) {}
  Outcome Read(std::span<char> to) override;
  Outcome Write(std::span<const char> from) override;
  void Finish() override;

 private:
  FileDescriptor fd_;
};

}  // namespace sealwire::net
