// Octets as they lie on the wire, read and written with every bound checked.
//
// Reader and Writer stay failed once a bound was crossed, so that one check at the end of a
// sequence suffices: after a failure reads give zeros and empty spans, writes do nothing.
// Threading: values; share nothing. Errors: ok(). No allocation, no exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace sealwire::dns {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

inline bool Equal(Bytes a, Bytes b) noexcept {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

// Reads big-endian integers and runs of octets from a borrowed span.
class Reader {
 public:
  explicit Reader(Bytes data, std::size_t offset = 0) noexcept
      : data_(data), pos_(offset), ok_(offset <= data.size()) {}

  bool ok() const noexcept { return ok_; }
  std::size_t position() const noexcept { return pos_; }
  std::size_t remaining() const noexcept { return ok_ ? data_.size() - pos_ : 0; }

  std::uint8_t U8() noexcept {
    if (!Take(1)) return 0;
    return data_[pos_ - 1];
  }
  std::uint16_t U16() noexcept {
    if (!Take(2)) return 0;
    return static_cast<std::uint16_t>(data_[pos_ - 2] << 8 | data_[pos_ - 1]);
  }
  std::uint32_t U32() noexcept {
    const std::uint32_t high = U16();
    return high << 16 | U16();
  }
  // The next `size` octets; empty (and failed) when they are not there.
  Bytes Run(std::size_t size) noexcept {
    if (!Take(size)) return {};
    return data_.subspan(pos_ - size, size);
  }
  void Skip(std::size_t size) noexcept { Take(size); }

 private:
  bool Take(std::size_t size) noexcept {
    if (!ok_ || data_.size() - pos_ < size) return ok_ = false;
    pos_ += size;
    return true;
  }

  Bytes data_;
  std::size_t pos_;
  bool ok_;
};

// Writes into a borrowed span. size() is what was written, whether or not a later write failed.
class Writer {
 public:
  explicit Writer(MutableBytes out) noexcept : out_(out) {}

  bool ok() const noexcept { return ok_; }
  std::size_t size() const noexcept { return size_; }
  std::size_t room() const noexcept { return ok_ ? out_.size() - size_ : 0; }
  Bytes written() const noexcept { return out_.first(size_); }

  void U8(std::uint8_t v) noexcept {
    if (Grow(1)) out_[size_ - 1] = v;
  }
  void U16(std::uint16_t v) noexcept {
    if (!Grow(2)) return;
    out_[size_ - 2] = static_cast<std::uint8_t>(v >> 8);
    out_[size_ - 1] = static_cast<std::uint8_t>(v);
  }
  void U32(std::uint32_t v) noexcept {
    if (!Grow(4)) return;
    Store32(size_ - 4, v);
  }
  void Run(Bytes run) noexcept {
    if (Grow(run.size()) && !run.empty()) {
      std::memcpy(out_.data() + (size_ - run.size()), run.data(), run.size());
    }
  }
  // The next `size` octets, for the caller to fill; empty (and failed) when there is no room.
  MutableBytes Claim(std::size_t size) noexcept {
    if (!Grow(size)) return {};
    return out_.subspan(size_ - size, size);
  }
  // Overwrites two octets that were written before; fails when they were not.
  void PatchU16(std::size_t at, std::uint16_t v) noexcept {
    if (at + 2 > size_) {
      ok_ = false;
      return;
    }
    out_[at] = static_cast<std::uint8_t>(v >> 8);
    out_[at + 1] = static_cast<std::uint8_t>(v);
  }
  // Takes back everything after `size` and clears the failure: the way to undo a record that did
  // not fit.
  void Rewind(std::size_t size) noexcept {
    if (size <= size_) {
      size_ = size;
      ok_ = true;
    }
  }

 private:
  bool Grow(std::size_t size) noexcept {
    if (!ok_ || out_.size() - size_ < size) return ok_ = false;
    size_ += size;
    return true;
  }
  void Store32(std::size_t at, std::uint32_t v) noexcept {
    out_[at] = static_cast<std::uint8_t>(v >> 24);
    out_[at + 1] = static_cast<std::uint8_t>(v >> 16);
    out_[at + 2] = static_cast<std::uint8_t>(v >> 8);
    out_[at + 3] = static_cast<std::uint8_t>(v);
  }

  MutableBytes out_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

}  // namespace sealwire::dns
