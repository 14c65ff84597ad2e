#include "proxy/waiting.h"

#include <algorithm>

namespace sealwire::proxy {

WaitingTable::WaitingTable(std::size_t capacity)
    : capacity_(std::clamp<std::size_t>(capacity, 1, kMaxCapacity)),
      entries_(std::make_unique<Entry[]>(capacity_)),
      texts_(std::make_unique_for_overwrite<Text[]>(capacity_)) {
  free_.reserve(capacity_);
  for (std::size_t i = capacity_; i-- > 0;) free_.push_back(static_cast<std::uint16_t>(i));
}

WaitingTable::Entry* WaitingTable::Open() noexcept {
  if (free_.empty()) return nullptr;
  // The place freed last: its memory is warm, and a quiet table stays small.
  Entry& entry = entries_[free_.back()];
  free_.pop_back();
  entry.open = true;
  entry.text = &texts_[static_cast<std::size_t>(&entry - entries_.get())];
  entry.asked = Asked::kAnswer;
  entry.hops = 0;
  entry.query_size = entry.draft_size = 0;
  return &entry;
}

WaitingTable::Entry* WaitingTable::Find(Ticket ticket) noexcept {
  const std::size_t place = ticket & 0xffff;
  if (place >= capacity_) return nullptr;
  Entry& entry = entries_[place];
  return entry.open && entry.generation == ticket >> 16 ? &entry : nullptr;
}

Ticket WaitingTable::Issue(Entry& entry) noexcept {
  ++entry.generation;
  return Ticket{entry.generation} << 16 | static_cast<Ticket>(&entry - entries_.get());
}

void WaitingTable::Close(Entry& entry) noexcept {
  entry.open = false;
  ++entry.generation;
  free_.push_back(static_cast<std::uint16_t>(&entry - entries_.get()));
}

}  // namespace sealwire::proxy
