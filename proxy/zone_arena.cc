#include "proxy/zone_arena.h"

#include <algorithm>
#include <limits>
#include <type_traits>

namespace sealwire::proxy {

using Node = LocalZone::Node;

ZoneArena::ZoneArena(std::uint64_t hash_seed, std::size_t expected_octets)
    : zone_(new LocalZone()) {
  zone_->hash_seed_ = hash_seed;
  zone_->arena_.reserve(LocalZone::kFirstNode + expected_octets);
  zone_->arena_.resize(LocalZone::kFirstNode);
}

LocalZone::Node& ZoneArena::MutableNode(std::size_t offset) noexcept {
  return *reinterpret_cast<Node*>(&zone_->arena_[offset]);
}

void ZoneArena::Add(dns::NameView owner, const NodeData& data) {
  static const NodeData kNothing;
  const int labels = owner.LabelCount();
  if (path_.empty()) {
    zone_->apex_labels_ = labels;
  } else {
    const int common = last_owner_.view().CommonLabels(owner);
    path_.resize(static_cast<std::size_t>(common - zone_->apex_labels_ + 1));
    // RFC 4592 section 2.2.2: a name above one that exists, exists.
    for (int above = common + 1; above < labels; ++above) Append(owner.Suffix(above), kNothing);
  }
  Append(owner, data);
  last_owner_ = owner;
  zone_->most_labels_ = std::max(zone_->most_labels_, labels);
}

void ZoneArena::Append(dns::NameView owner, const NodeData& data) {
  std::vector<std::uint8_t>& arena = zone_->arena_;
  const std::size_t offset = arena.size();
  std::size_t end = sizeof(Node) + data.sets.size() * sizeof(Node::SetEntry) + owner.size();

  Node node;
  node.rrset_count_ = static_cast<std::uint16_t>(data.sets.size());
  node.owner_size_ = static_cast<std::uint8_t>(owner.size());
  if (path_.empty()) {
    node.flags_ = Node::kApex;
  } else {
    Node& parent = MutableNode(path_.back());
    if (parent.IsOccluded() || parent.IsCut() || parent.HasDname()) node.flags_ = Node::kOccluded;
    if (owner.IsWildcard()) parent.flags_ |= Node::kWildcardBelow;
  }

  const auto append = [&arena](const void* from, std::size_t size) {
    const auto* octets = static_cast<const std::uint8_t*>(from);
    arena.insert(arena.end(), octets, octets + size);
  };
  arena.resize(offset + sizeof(Node));  // the node itself is known last
  for (const NodeData::Set& set : data.sets) {
    if (set.type == dns::RRType::kNS && !path_.empty()) node.flags_ |= Node::kCut;
    if (set.type == dns::RRType::kDNAME) node.flags_ |= Node::kDnameHere;
    for (std::size_t i = 0; i < set.count; ++i) end += 2 + data.rdata[set.first + i].size();
    const Node::SetEntry entry{set.type, set.count, set.ttl, static_cast<std::uint32_t>(end)};
    append(&entry, sizeof entry);
  }
  append(owner.wire().data(), owner.size());
  for (const dns::Bytes rdata : data.rdata) {
    arena.push_back(static_cast<std::uint8_t>(rdata.size() >> 8));
    arena.push_back(static_cast<std::uint8_t>(rdata.size()));
    append(rdata.data(), rdata.size());
  }
  arena.resize((arena.size() + LocalZone::kAlignment - 1) / LocalZone::kAlignment *
               LocalZone::kAlignment);
  node.size_ = static_cast<std::uint32_t>(arena.size() - offset);
  std::memcpy(&arena[offset], &node, sizeof node);

  path_.push_back(offset);
  ++zone_->node_count_;
  zone_->record_count_ += data.rdata.size();
}

void ZoneArena::BuildIndex() {
  // At most 60 % full: a look-up then reads the slots of one cache line, or two.
  zone_->slots_.assign(zone_->node_count_ * 5 / 3 + 1, {});
  zone_->ForEachNode([this](const Node& node) {
    const std::uint64_t hash = node.owner().Hash(zone_->hash_seed_);
    std::size_t at = zone_->HomeSlot(hash);
    while (zone_->slots_[at].unit != 0) at = at + 1 == zone_->slots_.size() ? 0 : at + 1;
    const auto offset = static_cast<std::size_t>(node.octets().data() - zone_->arena_.data());
    zone_->slots_[at] = {static_cast<std::uint32_t>(hash >> 32),
                         static_cast<std::uint32_t>(offset / LocalZone::kAlignment)};
  });
}

Result<std::shared_ptr<const LocalZone>> ZoneArena::Finish() {
  constexpr std::size_t kMost =
      LocalZone::kAlignment * std::size_t{std::numeric_limits<std::uint32_t>::max()};
  if (zone_->arena_.size() > kMost) return Error{"the zone is larger than 16 GiB: split it"};
  zone_->arena_.shrink_to_fit();
  BuildIndex();
  return std::shared_ptr<const LocalZone>(std::move(zone_));
}

}  // namespace sealwire::proxy
