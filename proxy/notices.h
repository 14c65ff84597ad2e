// Zones on their way from the workers to the control thread: those a NOTIFY came for, which are to
// be refreshed, and those whose keys a query waits for, which are to be opened.
//
// A ring of fixed size, many writers and one reader, without a lock (D. Vyukov's bounded queue).
// A full ring refuses: whoever sent the NOTIFY is not answered and sends it again (RFC 1996 section
// 3.6), whoever asked is told that the zone is not ready. Threading: Put() by any thread, Take() by
// one. No allocation after construction.
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

  // False when the ring is full. `zone` is a ZoneTransfers::id, or a Zone::key_call.
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
