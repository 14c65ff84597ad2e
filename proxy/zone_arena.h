// Lays the nodes of a LocalZone, one behind the other in canonical order, and indexes them.
//
// Canonical order puts every name behind the names above it: one pass suffices to make the empty
// non-terminals and to know what lies below a cut, a DNAME, or has a wildcard below it.
// Threading: one owner. Errors: Finish() fails when the zone is larger than the index can address.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/result.h"
#include "dns/rr_type.h"
#include "proxy/local_zone.h"

namespace sealwire::proxy {

// The RRsets of one name, ascending by type.
struct NodeData {
  struct Set {
    dns::RRType type;
    std::uint32_t ttl;
    std::size_t first;  // index in rdata
    std::uint16_t count;
  };
  std::vector<Set> sets;
  std::vector<dns::Bytes> rdata;

  void Clear() noexcept {
    sets.clear();
    rdata.clear();
  }
};

class ZoneArena {
 public:
  // `expected_octets` is a guess at the size of all nodes.
  ZoneArena(std::uint64_t hash_seed, std::size_t expected_octets);

  // Adds a name and its data, and the empty non-terminals above it. The apex comes first, every
  // other name after its canonical predecessor.
  void Add(dns::NameView owner, const NodeData& data);

  Result<std::shared_ptr<const LocalZone>> Finish();

 private:
  void Append(dns::NameView owner, const NodeData& data);
  void BuildIndex();
  LocalZone::Node& MutableNode(std::size_t offset) noexcept;

  std::shared_ptr<LocalZone> zone_;
  dns::Name last_owner_;
  std::vector<std::size_t> path_;  // offsets of the last node and all above it, the apex first
};

}  // namespace sealwire::proxy
