#include "proxy/zone.h"

#include <algorithm>
#include <array>
#include <random>

#include "proxy/name_hash.h"

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

  const Zone* FindExact(std::uint64_t hash, dns::Bytes apex) const noexcept {
    const Branch* branch = branches[BranchOf(hash)].get();
    if (branch == nullptr) return nullptr;
    const Shard* shard = branch->shards[ShardOf(hash)].get();
    return shard == nullptr ? nullptr : shard->Find(hash, apex);
  }

  std::shared_ptr<const Shard> Rebuild(const Shard* old, std::span<const Change> changes);
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

std::size_t ZoneTable::size() const noexcept {
  return shards_->size;
}

std::uint64_t ZoneTable::hash_seed() const noexcept {
  return shards_->seed;
}

std::shared_ptr<const Shard> ZoneTable::Shards::Rebuild(const Shard* old,
                                                        std::span<const Change> changes) {
  std::vector<std::pair<std::uint64_t, std::shared_ptr<const Zone>>> zones;
  const auto count = [this](const dns::Name& apex, int difference) {
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
    if (same != zones.end()) {
      count(change.apex, -1);
      zones.erase(same);
    }
    if (change.zone) {
      count(change.apex, 1);
      zones.emplace_back(change.hash, change.zone);
    }
  }
  return zones.empty() ? nullptr : std::make_shared<const Shard>(zones);
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
  for (auto& zone : put) {
    const std::uint64_t hash = hash_of(zone->apex);
    changes.push_back({hash, zone->apex, std::move(zone)});
  }
  constexpr unsigned kShardShift = 64 - 2 * kFanOutBits;
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) {
    return a.hash >> kShardShift < b.hash >> kShardShift;
  });

  auto shards = std::make_shared<Shards>(*base.shards_);
  std::span<const Change> rest(changes);
  while (!rest.empty()) {
    const std::size_t branch_at = BranchOf(rest.front().hash);
    auto& branch = shards->branches[branch_at];
    auto grown = branch ? std::make_shared<Branch>(*branch) : std::make_shared<Branch>();
    while (!rest.empty() && BranchOf(rest.front().hash) == branch_at) {
      const std::size_t shard_at = ShardOf(rest.front().hash);
      std::size_t run = 1;
      while (run < rest.size() &&
             rest[run].hash >> kShardShift == rest.front().hash >> kShardShift) {
        ++run;
      }
      auto& shard = grown->shards[shard_at];
      shard = shards->Rebuild(shard.get(), rest.first(run));
      rest = rest.subspan(run);
    }
    branch = std::move(grown);
  }
  auto table = std::make_shared<ZoneTable>(base);
  table->shards_ = std::move(shards);
  return table;
}

}  // namespace sealwire::proxy
