#include "proxy/local_zone_builder.h"

#include <sys/random.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "dns/canonical.h"
#include "dns/rdata.h"
#include "proxy/owner_order_key.h"
#include "proxy/zone_arena.h"

namespace sealwire::proxy {
namespace {

using dns::Bytes;
using dns::RRType;

std::uint64_t RandomSeed() {
  std::uint64_t seed = 0;
  // Eight octets never come short once the kernel's generator is ready, which the call waits for.
  while (getrandom(&seed, sizeof seed, 0) != sizeof seed) {
  }
  return seed;
}

std::uint64_t FirstOctets(Bytes key) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < 8; ++i) word = word << 8 | (i < key.size() ? key[i] : 0u);
  return word;
}

int Compare(Bytes a, Bytes b) noexcept {
  const std::size_t shared = std::min(a.size(), b.size());
  const int order = shared == 0 ? 0 : std::memcmp(a.data(), b.data(), shared);
  if (order != 0) return order;
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

}  // namespace

bool LocalZoneBuilder::LeavesOut(RRType type) noexcept {
  return type == RRType::kRRSIG || type == RRType::kNSEC || type == RRType::kNSEC3 ||
         type == RRType::kNSEC3PARAM;
}

LocalZoneBuilder::LocalZoneBuilder(dns::NameView apex) : LocalZoneBuilder(apex, RandomSeed()) {}

LocalZoneBuilder::LocalZoneBuilder(dns::NameView apex, std::uint64_t hash_seed)
    : apex_(apex), hash_seed_(hash_seed) {}

Bytes LocalZoneBuilder::KeyOf(const Entry& entry) const noexcept {
  return Bytes(octets_).subspan(entry.offset, entry.key_size);
}
dns::NameView LocalZoneBuilder::OwnerOf(const Entry& entry) const noexcept {
  return dns::NameView::FromChecked(
      Bytes(octets_).subspan(entry.offset + entry.key_size, entry.owner_size));
}
Bytes LocalZoneBuilder::RdataOf(const Entry& entry) const noexcept {
  return Bytes(octets_).subspan(entry.offset + entry.key_size + entry.owner_size, entry.rdata_size);
}
Bytes LocalZoneBuilder::CanonicalRdataOf(const Entry& entry) const noexcept {
  if (!entry.has_canonical) return RdataOf(entry);
  return Bytes(octets_).subspan(entry.offset + entry.key_size + entry.owner_size + entry.rdata_size,
                                entry.rdata_size);
}

Status LocalZoneBuilder::Add(dns::NameView owner, RRType type, std::uint32_t ttl, Bytes rdata,
                             std::uint32_t line) {
  error_line_ = line;
  if (!owner.IsSubdomainOf(apex_)) {
    return Error{owner.ToText() + " is not in the zone " + apex_.ToText() +
                 ": move it to its own zone"};
  }
  if (dns::IsMetaType(type)) {
    return Error{owner.ToText() + " has a record of type " + dns::ToText(type) +
                 ", which never is data (RFC 6895): remove it"};
  }
  if (rdata.size() > 0xffff || !dns::IsWellFormedRdata(type, rdata)) {
    return Error{"the " + dns::ToText(type) + " record of " + owner.ToText() +
                 " is malformed: correct its data"};
  }
  error_line_ = 0;
  if (LeavesOut(type)) {
    ++left_out_;
    return Status::Ok();
  }

  Entry entry{};
  entry.offset = octets_.size();
  entry.key_size = static_cast<std::uint16_t>(AppendOwnerOrderKey(owner, apex_, octets_));
  entry.key_start = FirstOctets(KeyOf(entry));
  entry.owner_size = static_cast<std::uint8_t>(owner.size());
  entry.rdata_size = static_cast<std::uint16_t>(rdata.size());
  entry.type = type;
  entry.ttl = ttl > 0x7fffffff ? 0 : ttl;  // RFC 2181 section 8
  entry.line = line;
  octets_.insert(octets_.end(), owner.wire().begin(), owner.wire().end());
  octets_.insert(octets_.end(), rdata.begin(), rdata.end());
  if (dns::TraitsOf(type).lower_names) {
    std::vector<std::uint8_t> canonical(rdata.begin(), rdata.end());
    dns::CanonicalizeRdata(type, canonical);
    entry.has_canonical = !dns::Equal(canonical, rdata);
    if (entry.has_canonical) octets_.insert(octets_.end(), canonical.begin(), canonical.end());
  }
  entries_.push_back(entry);
  return Status::Ok();
}

// Canonical order of names, then type, then canonical order of records (RFC 4034 section 6.3);
// among duplicates the least TTL comes first and is the one that stays.
bool LocalZoneBuilder::Before(const Entry& a, const Entry& b) const noexcept {
  if (a.key_start != b.key_start) return a.key_start < b.key_start;
  if (const int order = Compare(KeyOf(a), KeyOf(b)); order != 0) return order < 0;
  if (a.type != b.type) return a.type < b.type;
  if (const int order = Compare(CanonicalRdataOf(a), CanonicalRdataOf(b)); order != 0) {
    return order < 0;
  }
  return std::tie(a.ttl, a.line, a.offset) < std::tie(b.ttl, b.line, b.offset);
}

bool LocalZoneBuilder::SameName(const Entry& a, const Entry& b) const noexcept {
  return a.key_start == b.key_start && dns::Equal(KeyOf(a), KeyOf(b));
}

bool LocalZoneBuilder::SameRecord(const Entry& a, const Entry& b) const noexcept {
  return SameName(a, b) && a.type == b.type && dns::Equal(CanonicalRdataOf(a), CanonicalRdataOf(b));
}

Result<std::shared_ptr<const LocalZone>> LocalZoneBuilder::Build() {
  error_line_ = 0;
  std::vector<Entry> entries = std::exchange(entries_, {});
  std::sort(entries.begin(), entries.end(),
            [this](const Entry& a, const Entry& b) { return Before(a, b); });
  entries.erase(std::unique(entries.begin(), entries.end(),
                            [this](const Entry& a, const Entry& b) { return SameRecord(a, b); }),
                entries.end());

  ZoneArena arena(hash_seed_, octets_.size() + entries.size() * 24);
  NodeData data;
  const std::span<const Entry> all(entries);
  if (const Status apex = CheckApex(all); !apex) return Error{apex.error()};
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin + 1;
    while (end < all.size() && SameName(all[begin], all[end])) ++end;
    const auto name = all.subspan(begin, end - begin);
    Collect(name, data);
    if (const Status fit = CheckName(name, data); !fit) return Error{fit.error()};
    arena.Add(OwnerOf(name.front()), data);
    begin = end;
  }
  std::vector<std::uint8_t>().swap(octets_);
  return arena.Finish();
}

// The RRsets of one name; its records are ordered by type.
void LocalZoneBuilder::Collect(std::span<const Entry> name, NodeData& data) const {
  data.Clear();
  for (const Entry& entry : name) {
    if (data.sets.empty() || data.sets.back().type != entry.type) {
      data.sets.push_back({entry.type, entry.ttl, data.rdata.size(), 0});
    }
    NodeData::Set& set = data.sets.back();
    set.ttl = std::min(set.ttl, entry.ttl);  // RFC 2181 section 5.2
    ++set.count;
    data.rdata.push_back(RdataOf(entry));
  }
}

}  // namespace sealwire::proxy
