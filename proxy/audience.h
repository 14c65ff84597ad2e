// Who asks each zone: queries, and by what they say how many of the askers validate.
//
// A worker has a book with a page of 192 octets for each zone; the memory is reserved at the start
// and taken by the kernel as pages are touched. An asker is an IPv4 address or an IPv6 /56. It
// counts as validating once it asked for DNSKEY, which only validators need, named the trust
// anchors it uses (RFC 8145), or the algorithms it understands (RFC 6975). DO and CD alone prove
// nothing: most resolvers set DO whether or not they validate.
//
// Threading: the worker counts, any thread reads. Errors: none; what does not fit is not counted.
// No allocation, lock or system call after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "net/address.h"
#include "proxy/asker_sketch.h"
#include "proxy/audience_key.h"
#include "proxy/counter.h"
#include "proxy/query.h"

namespace sealwire::proxy {

enum class Heard : std::uint8_t {
  kQueries,
  kDnssecOk,          // DO (RFC 3225)
  kCheckingDisabled,  // CD (RFC 4035 section 3.2.2)
  kDnskey,            // questions for DNSKEY
  kTrustAnchors,      // RFC 8145: key tags, as a query or as an option
  kUnderstood,        // RFC 6975: DAU, DHU or N3U
  kUnderstoodP256,    // … and algorithm 13 is in DAU: our signatures count
  kHeard,
};
inline constexpr std::size_t kHeard = static_cast<std::size_t>(Heard::kHeard);

struct alignas(64) AudiencePage {
  Counter holder;
  std::array<Counter, kHeard> heard;
  AskerSketch askers;
  AskerSketch validating;
};
static_assert(sizeof(AudiencePage) == 192);

// One zone's, of all workers.
struct AudienceTotals {
  std::array<std::uint64_t, kHeard> heard{};
  MergedSketch askers;
  MergedSketch validating;
  std::uint64_t operator[](Heard what) const noexcept {
    return heard[static_cast<std::size_t>(what)];
  }
};

class AudienceBook {
 public:
  // Room for `zones`; with 0, or without memory, nothing is counted.
  explicit AudienceBook(std::size_t zones);
  ~AudienceBook();
  AudienceBook(const AudienceBook&) = delete;
  AudienceBook& operator=(const AudienceBook&) = delete;

  // Owner thread only. `seed` must be the same for all workers, or askers are counted twice.
  void Count(AudienceKey zone, const Query& query, const net::IpAddress& asker,
             std::uint64_t seed) noexcept {
    if (zone.holder != 0 && zone.place < pages_.size()) CountOn(zone, query, asker, seed);
  }
  // Any thread.
  void AddTo(AudienceTotals& totals, AudienceKey zone) const noexcept;
  std::size_t size() const noexcept { return pages_.size(); }

 private:
  void CountOn(AudienceKey zone, const Query& query, const net::IpAddress& asker,
               std::uint64_t seed) noexcept;

  std::span<AudiencePage> pages_;
};

}  // namespace sealwire::proxy
