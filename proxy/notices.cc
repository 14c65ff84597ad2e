#include "proxy/notices.h"

namespace sealwire::proxy {

Notices::Notices(std::size_t capacity) : mask_(capacity - 1), cells_(new Cell[capacity]) {
  for (std::size_t i = 0; i < capacity; ++i) cells_[i].turn.store(i, std::memory_order_relaxed);
}

bool Notices::Put(std::uint64_t zone) noexcept {
  std::size_t at = next_put_.load(std::memory_order_relaxed);
  while (true) {
    Cell& cell = cells_[at & mask_];
    const std::size_t turn = cell.turn.load(std::memory_order_acquire);
    if (turn == at) {
      if (!next_put_.compare_exchange_weak(at, at + 1, std::memory_order_relaxed)) continue;
      cell.zone = zone;
      cell.turn.store(at + 1, std::memory_order_release);
      return true;
    }
    // The reader has not come here since the last round: full. Else another writer was faster.
    if (static_cast<std::ptrdiff_t>(turn - at) < 0) return false;
    at = next_put_.load(std::memory_order_relaxed);
  }
}

std::optional<std::uint64_t> Notices::Take() noexcept {
  Cell& cell = cells_[next_take_ & mask_];
  if (cell.turn.load(std::memory_order_acquire) != next_take_ + 1) return std::nullopt;
  const std::uint64_t zone = cell.zone;
  cell.turn.store(next_take_ + mask_ + 1, std::memory_order_release);
  ++next_take_;
  return zone;
}

}  // namespace sealwire::proxy
