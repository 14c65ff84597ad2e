#include "apps/load/flights.h"

#include <algorithm>
#include <bit>

namespace sealwire::load {

Flights::Flights(std::size_t capacity)
    : capacity_(std::clamp<std::size_t>(capacity, 1, 32768)), places_(std::bit_ceil(capacity_)) {
  free_.reserve(capacity_);
  for (std::size_t i = capacity_; i-- > 0;) {
    places_[i].id = static_cast<std::uint16_t>(i);
    free_.push_back(static_cast<std::uint16_t>(i));
  }
}

std::uint16_t Flights::Start(std::uint64_t since, std::uint64_t sent, std::uint32_t mark) noexcept {
  Place& place = places_[free_.back()];
  free_.pop_back();
  place.since = since;
  place.sent = sent;
  place.mark = mark;
  place.used = true;
  return place.id;
}

std::optional<std::uint64_t> Flights::Finish(std::uint16_t id, std::uint32_t mark) noexcept {
  Place& place = places_[id & (places_.size() - 1)];
  if (!place.used || place.id != id || place.mark != mark) return std::nullopt;
  const std::uint64_t since = place.since;
  Free(place);
  return since;
}

std::size_t Flights::Expire(std::uint64_t limit) noexcept {
  std::size_t expired = 0;
  for (Place& place : places_) {
    if (!place.used || place.sent >= limit) continue;
    Free(place);
    ++expired;
  }
  return expired;
}

void Flights::Free(Place& place) noexcept {
  place.used = false;
  free_.push_back(static_cast<std::uint16_t>(place.id & (places_.size() - 1)));
  place.id = static_cast<std::uint16_t>(place.id + places_.size());
}

}  // namespace sealwire::load
