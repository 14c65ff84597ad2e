// A sample of queries and answers as they are on the wire, for a log that another thread writes.
//
// One ring of octets per worker: the worker copies what is sampled into it, the reader takes it
// out. A full ring loses the packet and counts it; the worker never waits. A query and its answer
// are sampled together. Threading: one writer (the worker), one reader. Ownership: octets are
// copied. No allocation, lock or system call after construction.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "dns/bytes.h"
#include "net/address.h"
#include "proxy/counter.h"

namespace sealwire::proxy {

struct TapOptions {
  std::size_t ring_bytes = 0;     // a power of two; 0: nothing is sampled
  std::uint64_t one_in_2_64 = 0;  // the share of queries sampled, times 2⁶⁴; the greatest is all
  bool queries = true;
  bool responses = true;
};

// One message, as the reader sees it: valid until the next is taken.
struct TappedPacket {
  bool is_response = false;
  bool over_tcp = false;
  net::Endpoint client;
  std::uint64_t unix_ms = 0;
  dns::Bytes message;
};

class PacketTap {
 public:
  explicit PacketTap(const TapOptions& options, std::uint64_t seed);

  // Worker: whether the query at hand is one of the sample.
  bool Takes() noexcept {
    if (size_ == 0) return false;
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return random_ <= threshold_;
  }
  void TakeQuery(const TappedPacket& packet) noexcept {
    if (queries_) Write(packet);
  }
  void TakeResponse(const TappedPacket& packet) noexcept {
    if (responses_) Write(packet);
  }

  // Reader: the next packet; false when there is none.
  bool Next(TappedPacket& out) noexcept;

  const Counter& dropped() const noexcept { return dropped_; }

 private:
  struct Head;
  static std::size_t Padded(std::size_t octets) noexcept { return (octets + 7) & ~std::size_t{7}; }
  void Write(const TappedPacket& packet) noexcept;

  std::size_t size_;
  std::uint64_t threshold_;
  bool queries_;
  bool responses_;
  std::uint64_t random_;
  Counter dropped_;
  std::unique_ptr<std::uint8_t[]> ring_;
  alignas(64) std::atomic<std::uint64_t> written_{0};  // octets since the start
  alignas(64) std::atomic<std::uint64_t> read_{0};
  std::uint64_t taken_ = 0;  // the reader's: what Next() gives back when it is called again
};

}  // namespace sealwire::proxy
