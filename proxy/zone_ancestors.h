// The names above all apexes of a ZoneTable, as a persistent set: which names exist only because a
// zone of ours lies below them (RFC 4592 section 2.2.2: empty non-terminals).
//
// Each name is held with the number of zones below it. A change copies the shards it touches and
// shares the others with the set it was made from. Threading: const; any thread. Contains() neither
// allocates nor throws.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "dns/name.h"
#include "proxy/name_hash.h"

namespace sealwire::proxy {

class ZoneAncestors {
 public:
  // A zone that came (+1) or went (-1).
  struct Change {
    dns::Name apex;
    int difference = 0;
  };

  // True when a zone lies below the name (not at it). Hashed with the seed given to Apply().
  bool Contains(const NameHashes& name) const noexcept;
  void Apply(std::span<const Change> changes, std::uint64_t seed);

 private:
  class Shard;
  static constexpr unsigned kShardBits = 12;
  static constexpr std::size_t ShardOf(std::uint64_t hash) noexcept {
    return hash >> (64 - kShardBits);
  }

  using Shards = std::array<std::shared_ptr<const Shard>, std::size_t{1} << kShardBits>;
  std::shared_ptr<const Shards> shards_;
  // How many names of so many labels there are: other depths are not looked up.
  std::array<std::uint32_t, dns::kMaxLabels + 1> names_at_depth_{};
};

}  // namespace sealwire::proxy
