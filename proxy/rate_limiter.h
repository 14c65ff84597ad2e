// Response rate limiting: one network gets only so many like answers a second over UDP, so that
// nobody is flooded with answers to questions forged in his name.
//
// Semantics are BIND's: an account per client network and kind of answer is credited a second's
// worth each second and debited per answer; while it is below zero answers are dropped, and every
// slip-th is sent as an empty one with TC, by which a true client comes back over TCP. Positive
// answers are counted per name and type, negative ones per zone (names are random in floods),
// errors per network.
//
// Threading: one worker, whose table counts what this worker answers. Bounded: a table of fixed
// size whose oldest accounts give way. No allocation after construction.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "net/prefix.h"

namespace sealwire::proxy {

struct RateLimitOptions {
  // 0: answers of the kind are not limited.
  std::uint32_t responses_per_second = 0;
  std::uint32_t nxdomains_per_second = 0;
  std::uint32_t errors_per_second = 0;
  std::uint32_t all_per_second = 0;  // of whatever kind; never slips
  std::uint32_t window = 15;         // seconds of quiet after which all is forgotten
  std::uint32_t slip = 2;            // 0: none is sent with TC, 1: all are
  unsigned ipv4_prefix = 24;
  unsigned ipv6_prefix = 56;
  std::vector<net::Prefix> exempt;
  std::size_t table_size = 1u << 16;  // accounts
  bool log_only = false;              // counts what would be limited, and answers

  bool enabled() const noexcept {
    return (responses_per_second | nxdomains_per_second | errors_per_second | all_per_second) != 0;
  }
  bool operator==(const RateLimitOptions&) const = default;
};

class RateLimiter {
 public:
  enum class Kind : std::uint8_t { kResponse, kNxdomain, kError, kAll };
  enum class Verdict : std::uint8_t { kSend, kSlip, kDrop };

  // `seed` keys the hashes: names and addresses are the attacker's choice.
  RateLimiter(const RateLimitOptions& options, std::uint64_t seed);

  bool enabled() const noexcept { return !accounts_.empty(); }
  bool log_only() const noexcept { return options_.log_only; }

  // One more answer of `kind` about `what` (a hash of name and type, or of the zone; not used for
  // errors) to `client`, at `now` in seconds.
  Verdict Debit(const net::IpAddress& client, Kind kind, std::uint64_t what,
                std::uint32_t now) noexcept;

 private:
  struct Account {
    std::uint32_t tag = 0;  // of the hash; 0: free
    std::uint32_t seen = 0;
    std::int32_t balance = 0;
    std::uint32_t limited = 0;  // answers since the balance fell below zero
  };
  static constexpr std::size_t kWays = 4;
  struct alignas(64) Set {
    std::array<Account, kWays> accounts;
  };

  std::uint32_t RateOf(Kind kind) const noexcept;
  Verdict Debit(std::uint64_t hash, std::uint32_t rate, std::uint32_t slip,
                std::uint32_t now) noexcept;
  Account& AccountOf(std::uint64_t hash, std::uint32_t rate, std::uint32_t now) noexcept;

  RateLimitOptions options_;
  std::uint64_t seed_;
  std::vector<Set> accounts_;
};

}  // namespace sealwire::proxy
