#include "proxy/zone.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <random>

#include "proxy/name_hash.h"
#include "proxy/zone_ancestors.h"

namespace sealwire::proxy {
namespace {

// A tree of two levels below the root: a change copies the root, one branch and one shard, which at
// a million zones are 64 + 64 + about 240 pointers.
constexpr unsigned kFanOutBits = 6;
constexpr std::size_t kFanOut = std::size_t{1} << kFanOutBits;

constexpr std::size_t BranchOf(std::uint64_t hash) {
  return hash >> (64 - kFanOutBits);
}
constexpr std::size_t ShardOf(std::uint64_t hash) {
  return hash >> (64 - 2 * kFanOutBits) & (kFanOut - 1);
}

std::uint64_t RandomSeed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

// Names as octets: the suffix of a name need not be parsed again to be compared.
bool SameOctets(dns::Bytes a, dns::Bytes b) noexcept {
  return a.size() == b.size() && dns::EqualFolded(a.data(), b.data(), a.size());
}

// Open addressing, at most half full.
class Shard {
 public:
  explicit Shard(const std::vector<std::pair<std::uint64_t, std::shared_ptr<const Zone>>>& zones) {
    std::size_t capacity = 4;
    while (capacity < 2 * zones.size()) capacity *= 2;
    slots_.resize(capacity);
    for (const auto& [hash, zone] : zones) {
      std::size_t at = hash & (capacity - 1);
      while (slots_[at].zone) at = (at + 1) & (capacity - 1);
      slots_[at] = {hash, zone};
    }
  }

  const Zone* Find(std::uint64_t hash, dns::Bytes apex) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t at = hash & mask; slots_[at].zone; at = (at + 1) & mask) {
      const Slot& slot = slots_[at];
      if (slot.hash == hash && SameOctets(slot.zone->apex.wire(), apex)) return slot.zone.get();
    }
    return nullptr;
  }

  template <class Visit>
  void ForEach(Visit&& visit) const {
    for (const Slot& slot : slots_) {
      if (slot.zone) visit(slot.hash, slot.zone);
    }
  }

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::shared_ptr<const Zone> zone;
  };
  std::vector<Slot> slots_;
};

struct Branch {
  std::array<std::shared_ptr<const Shard>, kFanOut> shards;
};

// One zone put (`zone` set) or removed.
struct Change {
  std::uint64_t hash = 0;
  dns::Name apex;
  std::shared_ptr<const Zone> zone;
};

}  // namespace

struct ZoneTable::Shards {
  std::uint64_t seed = RandomSeed();
  std::size_t size = 0;
  // How many zones have an apex of so many labels: depths without a zone are not looked up.
  std::array<std::uint32_t, dns::kMaxLabels + 1> zones_at_depth{};
  std::array<std::shared_ptr<const Branch>, kFanOut> branches;
  ZoneAncestors ancestors;

  const Zone* FindExact(std::uint64_t hash, dns::Bytes apex) const noexcept {
    const Branch* branch = branches[BranchOf(hash)].get();
    if (branch == nullptr) return nullptr;
    const Shard* shard = branch->shards[ShardOf(hash)].get();
    return shard == nullptr ? nullptr : shard->Find(hash, apex);
  }

  // Puts and removes; `moved` takes each zone that came or went.
  void Apply(std::vector<Change> changes, std::vector<ZoneAncestors::Change>& moved);
  std::shared_ptr<const Shard> Rebuild(const Shard* old, std::span<const Change> changes,
                                       std::vector<ZoneAncestors::Change>& moved);
};

ZoneTable::ZoneTable() : shards_(std::make_shared<Shards>()) {}
ZoneTable::~ZoneTable() = default;
ZoneTable::ZoneTable(const ZoneTable&) = default;

const Zone* ZoneTable::Find(dns::NameView name, bool parent_side) const noexcept {
  return Find(NameHashes(name, hash_seed()), parent_side);
}

const Zone* ZoneTable::Find(const NameHashes& name, bool parent_side) const noexcept {
  const int labels = name.labels();
  for (int depth = parent_side ? labels - 1 : labels; depth >= 0; --depth) {
    if (shards_->zones_at_depth[static_cast<std::size_t>(depth)] == 0) continue;
    const Zone* zone = shards_->FindExact(name.suffix(depth), name.suffix_wire(depth));
    if (zone != nullptr) return zone;
  }
  return parent_side ? shards_->FindExact(name.whole(), name.name().wire()) : nullptr;
}

const Zone* ZoneTable::FindApex(dns::NameView apex) const noexcept {
  return shards_->FindExact(NameHashes(apex, hash_seed()).whole(), apex.wire());
}

bool ZoneTable::HasZoneBelow(dns::NameView name) const noexcept {
  return shards_->ancestors.Contains(NameHashes(name, hash_seed()));
}

std::size_t ZoneTable::size() const noexcept {
  return shards_->size;
}

std::uint64_t ZoneTable::hash_seed() const noexcept {
  return shards_->seed;
}

std::shared_ptr<const Shard> ZoneTable::Shards::Rebuild(const Shard* old,
                                                        std::span<const Change> changes,
                                                        std::vector<ZoneAncestors::Change>& moved) {
  std::vector<std::pair<std::uint64_t, std::shared_ptr<const Zone>>> zones;
  const auto count = [&](const dns::Name& apex, int difference) {
    moved.push_back({apex, difference});
    size += static_cast<std::size_t>(difference);
    zones_at_depth[static_cast<std::size_t>(apex.view().LabelCount())] +=
        static_cast<std::uint32_t>(difference);
  };
  if (old != nullptr) {
    old->ForEach([&](std::uint64_t hash, const std::shared_ptr<const Zone>& zone) {
      zones.emplace_back(hash, zone);
    });
  }
  for (const Change& change : changes) {
    const auto same = std::find_if(zones.begin(), zones.end(), [&](const auto& held) {
      return held.first == change.hash && held.second->apex == change.apex;
    });
    const bool was_held = same != zones.end();
    if (was_held) zones.erase(same);
    if (change.zone) zones.emplace_back(change.hash, change.zone);
    if (was_held != (change.zone != nullptr)) count(change.apex, was_held ? -1 : 1);
  }
  return zones.empty() ? nullptr : std::make_shared<const Shard>(zones);
}

void ZoneTable::Shards::Apply(std::vector<Change> changes,
                              std::vector<ZoneAncestors::Change>& moved) {
  constexpr unsigned kShardShift = 64 - 2 * kFanOutBits;
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return a.hash >> kShardShift < b.hash >> kShardShift;
  });
  std::span<const Change> rest(changes);
  while (!rest.empty()) {
    const std::size_t branch_at = BranchOf(rest.front().hash);
    auto& branch = branches[branch_at];
    auto grown = branch ? std::make_shared<Branch>(*branch) : std::make_shared<Branch>();
    while (!rest.empty() && BranchOf(rest.front().hash) == branch_at) {
      const std::size_t shard_at = ShardOf(rest.front().hash);
      std::size_t run = 1;
      while (run < rest.size() &&
             rest[run].hash >> kShardShift == rest.front().hash >> kShardShift) {
        ++run;
      }
      auto& shard = grown->shards[shard_at];
      shard = Rebuild(shard.get(), rest.first(run), moved);
      rest = rest.subspan(run);
    }
    branch = std::move(grown);
  }
}

// Copies of the zones whose zones_below is no longer right: those just put, and those nearest above
// a zone that came or went.
std::vector<Change> MarkZonesBelow(const ZoneTable& table,
                                   std::span<const std::shared_ptr<const Zone>> put,
                                   std::span<const ZoneAncestors::Change> moved) {
  static std::atomic<std::uint32_t> last_mark = 0;
  std::map<const Zone*, std::uint32_t> marks;
  for (const auto& zone : put) {
    const Zone* stands = table.FindApex(zone->apex);
    if (stands == zone.get()) marks[stands] = table.HasZoneBelow(zone->apex) ? ++last_mark : 0;
  }
  for (const ZoneAncestors::Change& change : moved) {
    const Zone* above = table.Find(change.apex, true);
    if (above == nullptr || above->apex == change.apex) continue;
    marks[above] = table.HasZoneBelow(above->apex) ? ++last_mark : 0;
  }
  std::vector<Change> changes;
  for (const auto& [zone, mark] : marks) {
    if (zone->zones_below == mark) continue;
    auto copy = std::make_shared<Zone>(*zone);
    copy->zones_below = mark;
    const std::uint64_t hash = NameHashes(zone->apex, table.hash_seed()).whole();
    changes.push_back({hash, copy->apex, std::move(copy)});
  }
  return changes;
}

std::shared_ptr<const ZoneTable> ZoneTable::With(const ZoneTable& base,
                                                 std::vector<std::shared_ptr<const Zone>> put,
                                                 const std::vector<dns::Name>& removed) {
  const auto hash_of = [&](dns::NameView apex) {
    return NameHashes(apex, base.hash_seed()).whole();
  };
  std::vector<Change> changes;
  changes.reserve(put.size() + removed.size());
  for (const dns::Name& apex : removed) changes.push_back({hash_of(apex), apex, nullptr});
  for (const auto& zone : put) changes.push_back({hash_of(zone->apex), zone->apex, zone});

  auto shards = std::make_shared<Shards>(*base.shards_);
  std::vector<ZoneAncestors::Change> moved;
  shards->Apply(std::move(changes), moved);
  shards->ancestors.Apply(moved, shards->seed);
  auto table = std::make_shared<ZoneTable>(base);
  table->shards_ = shards;

  shards->Apply(MarkZonesBelow(*table, put, moved), moved);
  return table;
}

}  // namespace sealwire::proxy
