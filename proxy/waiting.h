// Queries that wait for a backend: what was asked, by whom, and the answer as far as it has come.
//
// A ticket names a place and the generation of what stands there, so that a late reply to an
// earlier question finds nothing. All memory is taken at the start; a full table refuses.
// Threading: one thread. Ownership: an Entry stays put until Close().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dns/name.h"
#include "dns/rr_type.h"
#include "proxy/pipeline.h"
#include "proxy/resolution.h"

namespace sealwire::proxy {

class WaitingTable {
 public:
  static constexpr std::size_t kMaxQuery = 512;
  // Thirteen servers with names of 89 octets and addresses of both kinds.
  static constexpr std::size_t kMaxDraft = 6144;
  static constexpr std::size_t kMaxCapacity = 65536;

  // Apart from the entries, so that memory which no query ever needed is never touched.
  struct Text {
    std::array<std::uint8_t, kMaxQuery> query;  // the client's query: header, question, OPT
    std::array<std::uint8_t, kMaxDraft> draft;  // the answer so far
  };

  struct Entry {
    Text* text = nullptr;
    Asker asker;
    ReplyRoute route;
    Asked asked = Asked::kAnswer;
    dns::Name name;  // what was asked of the backend, and its type
    dns::RRType type = dns::RRType::kA;
    int hops = 0;                       // aliases followed so far
    std::uint64_t since_ns = 0;         // when it began to wait
    bool tapped = false;                // the query was sampled, and so is the answer
    std::optional<std::uint8_t> scope;  // of the answer so far, where a backend gave one (RFC 7871)
    bool stale = false;  // a part of the answer is what a backend said before it went away
    std::uint16_t query_size = 0;
    std::uint16_t draft_size = 0;

   private:
    friend class WaitingTable;
    std::uint16_t generation = 0;
    bool open = false;
  };

  explicit WaitingTable(std::size_t capacity);

  // A free entry, or null when all are in use.
  Entry* Open() noexcept;
  // The entry `ticket` was issued for, or null when it is closed or has asked anew since.
  Entry* Find(Ticket ticket) noexcept;
  // A ticket for the next question of `entry`; earlier ones find nothing any more.
  Ticket Issue(Entry& entry) noexcept;
  void Close(Entry& entry) noexcept;

  std::size_t size() const noexcept { return capacity_ - free_.size(); }

 private:
  std::size_t capacity_;
  std::unique_ptr<Entry[]> entries_;
  std::unique_ptr<Text[]> texts_;
  std::vector<std::uint16_t> free_;
};

}  // namespace sealwire::proxy
