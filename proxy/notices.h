// NOTIFY messages on their way from the workers to the thread that refreshes zones.
//
// A ring of fixed size, many writers and one reader, without a lock (D. Vyukov's bounded queue).
// A full ring refuses: whoever sent the NOTIFY is not answered and sends it again (RFC 1996 section
// 3.6). Threading: Put() by any thread, Take() by one. No allocation after construction.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace sealwire::proxy {

class Notices {
 public:
  explicit Notices(std::size_t capacity);  // a power of two

  // False when the ring is full. `zone` is a Zone::transfer_id.
  bool Put(std::uint64_t zone) noexcept;
  std::optional<std::uint64_t> Take() noexcept;

 private:
  struct Cell {
    std::atomic<std::size_t> turn{0};
    std::uint64_t zone = 0;
  };
  std::size_t mask_;
  std::unique_ptr<Cell[]> cells_;
  alignas(64) std::atomic<std::size_t> next_put_{0};
  alignas(64) std::size_t next_take_ = 0;
};

}  // namespace sealwire::proxy
