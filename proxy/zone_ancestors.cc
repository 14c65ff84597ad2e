#include "proxy/zone_ancestors.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace sealwire::proxy {
namespace {

// A name with a count, or with the change of one.
struct Counted {
  std::uint64_t hash = 0;
  std::string wire;  // in lower case
  int zones = 0;

  auto key() const noexcept { return std::tie(hash, wire); }
};

std::string Octets(dns::Bytes wire) {
  return {wire.begin(), wire.end()};
}

// One entry for each name above the apexes, in order, with the sum of its changes.
std::vector<Counted> ChangesByName(std::span<const ZoneAncestors::Change> changes,
                                   std::uint64_t seed) {
  std::vector<Counted> counted;
  for (const ZoneAncestors::Change& change : changes) {
    const dns::Name lower = change.apex.Lowered();
    const NameHashes name(lower, seed);
    for (int depth = name.labels() - 1; depth > 0; --depth) {
      counted.push_back({name.suffix(depth), Octets(name.suffix_wire(depth)), change.difference});
    }
  }
  std::sort(counted.begin(), counted.end(),
            [](const Counted& a, const Counted& b) { return a.key() < b.key(); });
  std::vector<Counted> sums;
  for (Counted& entry : counted) {
    if (!sums.empty() && sums.back().key() == entry.key()) {
      sums.back().zones += entry.zones;
    } else {
      sums.push_back(std::move(entry));
    }
  }
  std::erase_if(sums, [](const Counted& entry) { return entry.zones == 0; });
  return sums;
}

int LabelsOf(const std::string& wire) {
  return dns::NameView::FromChecked(
             {reinterpret_cast<const std::uint8_t*>(wire.data()), wire.size()})
      .LabelCount();
}

}  // namespace

class ZoneAncestors::Shard {
 public:
  bool Contains(std::uint64_t hash, dns::Bytes wire) const noexcept {
    auto at = std::lower_bound(names_.begin(), names_.end(), hash,
                               [](const Counted& name, std::uint64_t h) { return name.hash < h; });
    for (; at != names_.end() && at->hash == hash; ++at) {
      if (at->wire.size() == wire.size() &&
          dns::EqualFolded(reinterpret_cast<const std::uint8_t*>(at->wire.data()), wire.data(),
                           wire.size())) {
        return true;
      }
    }
    return false;
  }

  // This shard (null: none yet) with `changes`; calls `moved(name, ±1)` for each name that came or
  // went.
  template <class Moved>
  static std::shared_ptr<const Shard> With(const Shard* old, std::span<const Counted> changes,
                                           Moved&& moved) {
    auto shard = std::make_shared<Shard>();
    if (old != nullptr) shard->names_ = old->names_;
    for (const Counted& change : changes) {
      auto& names = shard->names_;
      const auto at =
          std::lower_bound(names.begin(), names.end(), change,
                           [](const Counted& a, const Counted& b) { return a.key() < b.key(); });
      if (at == names.end() || at->key() != change.key()) {
        names.insert(at, change);
        moved(change.wire, 1);
      } else if ((at->zones += change.zones) == 0) {
        moved(change.wire, -1);
        names.erase(at);
      }
    }
    return shard;
  }

 private:
  std::vector<Counted> names_;  // ordered by hash and octets
};

bool ZoneAncestors::Contains(const NameHashes& name) const noexcept {
  if (names_at_depth_[static_cast<std::size_t>(name.labels())] == 0) return false;
  const Shard* shard = (*shards_)[ShardOf(name.whole())].get();
  return shard != nullptr && shard->Contains(name.whole(), name.name().wire());
}

void ZoneAncestors::Apply(std::span<const Change> changes, std::uint64_t seed) {
  const std::vector<Counted> sums = ChangesByName(changes, seed);
  if (sums.empty()) return;
  auto shards = shards_ ? std::make_shared<Shards>(*shards_) : std::make_shared<Shards>();
  std::span<const Counted> rest(sums);
  while (!rest.empty()) {
    const std::size_t place = ShardOf(rest.front().hash);
    std::size_t run = 1;
    while (run < rest.size() && ShardOf(rest[run].hash) == place) ++run;
    (*shards)[place] = Shard::With((*shards)[place].get(), rest.first(run),
                                   [this](const std::string& wire, int difference) {
                                     names_at_depth_[static_cast<std::size_t>(LabelsOf(wire))] +=
                                         static_cast<std::uint32_t>(difference);
                                   });
    rest = rest.subspan(run);
  }
  shards_ = std::move(shards);
}

}  // namespace sealwire::proxy
