// Questions that are under way on one socket.
//
// A query id is the place of its question here, with the number of times the place was used above
// it: a late reply to an earlier question is not taken for the present one's. Threading: one
// thread. No allocation after construction.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace sealwire::load {

class Flights {
 public:
  // Room for `capacity` questions, 1 to 32768.
  explicit Flights(std::size_t capacity);

  std::size_t size() const noexcept { return capacity_ - free_.size(); }
  bool full() const noexcept { return free_.empty(); }

  // The id for a question whose latency counts from `since`. `mark` is a hash of the question. Not
  // when full().
  std::uint16_t Start(std::uint64_t since, std::uint64_t sent, std::uint32_t mark) noexcept;
  // A reply: since when its question waited. Nothing when no such question is under way.
  std::optional<std::uint64_t> Finish(std::uint16_t id, std::uint32_t mark) noexcept;
  // Gives up all that were sent before `limit`; how many.
  std::size_t Expire(std::uint64_t limit) noexcept;

 private:
  struct Place {
    std::uint64_t since = 0;
    std::uint64_t sent = 0;
    std::uint32_t mark = 0;
    std::uint16_t id = 0;
    bool used = false;
  };
  void Free(Place& place) noexcept;

  std::size_t capacity_;
  std::vector<Place> places_;        // a power of two, so that an id can be taken apart
  std::vector<std::uint16_t> free_;  // a stack
};

}  // namespace sealwire::load
