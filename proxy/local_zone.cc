#include "proxy/local_zone.h"

#include <algorithm>

namespace sealwire::proxy {

using dns::Bytes;
using dns::NameView;

// A node's data lie behind it in the arena, size_ octets in all: the one place that steps from the
// node to them.
Bytes LocalZone::Node::octets() const noexcept {
  return {reinterpret_cast<const std::uint8_t*>(this), size_};
}

LocalZone::Node::SetEntry LocalZone::Node::entry(std::size_t index) const noexcept {
  SetEntry entry;
  const Bytes at = octets().subspan(sizeof(Node) + index * sizeof entry, sizeof entry);
  std::memcpy(&entry, at.data(), sizeof entry);
  return entry;
}

NameView LocalZone::Node::owner() const noexcept {
  return NameView::FromChecked(octets().subspan(name_offset(), owner_size_));
}

dns::RRsetView LocalZone::Node::rrset(std::size_t index) const noexcept {
  const SetEntry set = entry(index);
  const std::size_t begin = index == 0 ? name_offset() + owner_size_ : entry(index - 1).rdata_end;
  dns::RRsetView view;
  view.owner = owner();
  view.type = set.type;
  view.ttl = set.ttl;
  view.count = set.count;
  view.rdata = octets().subspan(begin, set.rdata_end - begin);
  return view;
}

std::optional<dns::RRsetView> LocalZone::Node::Find(dns::RRType type) const noexcept {
  for (std::size_t i = 0; i < rrset_count_; ++i) {
    const dns::RRType here = entry(i).type;
    if (here == type) return rrset(i);
    if (here > type) break;
  }
  return std::nullopt;
}

dns::TypeBitmap LocalZone::Node::types() const noexcept {
  dns::TypeBitmap bitmap;
  for (std::size_t i = 0; i < rrset_count_; ++i) {
    const dns::RRType type = entry(i).type;
    if (!IsCut() || type == dns::RRType::kNS || type == dns::RRType::kDS) bitmap.Add(type);
  }
  return bitmap;
}

const LocalZone::Node* LocalZone::NodeAt(std::size_t offset) const noexcept {
  return reinterpret_cast<const Node*>(&arena_[offset]);
}

const LocalZone::Node& LocalZone::apex() const noexcept {
  return *NodeAt(kFirstNode);
}

const LocalZone::Node* LocalZone::Next(const Node& node) const noexcept {
  const auto offset = static_cast<std::size_t>(node.octets().data() - arena_.data());
  const std::size_t next = offset + node.size_;
  return next < arena_.size() ? NodeAt(next) : nullptr;
}

std::uint32_t LocalZone::serial() const noexcept {
  // RFC 1035 section 3.3.13: five numbers stand last, the serial before the others.
  dns::Reader numbers(soa().First().last(20));
  return numbers.U32();
}

std::size_t LocalZone::memory_bytes() const noexcept {
  return sizeof *this + arena_.capacity() + slots_.capacity() * sizeof(Slot);
}

const LocalZone::Node* LocalZone::Exact(NameView name) const noexcept {
  const std::uint64_t hash = name.Hash(hash_seed_);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  for (std::size_t at = HomeSlot(hash);; at = at + 1 == slots_.size() ? 0 : at + 1) {
    const Slot& slot = slots_[at];
    if (slot.unit == 0) return nullptr;
    if (slot.tag != tag) continue;
    const Node* node = NodeAt(std::size_t{slot.unit} * kAlignment);
    if (node->owner() == name) return node;
  }
}

// The deepest existing name above `qname`, which does not exist itself. When a name exists all
// names above it do, so that bisection finds where existence ends: seven look-ups for 127 labels.
const LocalZone::Node* LocalZone::ClosestEncloser(NameView qname) const noexcept {
  const Node* deepest = &apex();
  int exists = apex_labels_;
  int may_exist = std::min(qname.LabelCount() - 1, most_labels_);
  while (exists < may_exist) {
    const int middle = (exists + may_exist + 1) / 2;
    if (const Node* node = Exact(qname.Suffix(middle))) {
      deepest = node;
      exists = middle;
    } else {
      may_exist = middle - 1;
    }
  }
  return deepest;
}

// The cut or DNAME nearest to the apex above an occluded node: the first node that is not occluded.
const LocalZone::Node* LocalZone::Occluder(const Node& occluded) const noexcept {
  const Node* node = &occluded;
  while (node->IsOccluded()) node = Exact(node->owner().Parent());
  return node;
}

LocalZone::Found LocalZone::Find(NameView qname) const noexcept {
  const Node* exact = Exact(qname);
  if (exact != nullptr && !exact->IsOccluded()) {
    if (exact->IsCut()) return {Match::kDelegation, exact, nullptr};
    return {exact->IsEmptyNonTerminal() ? Match::kEmptyNonTerminal : Match::kNode, exact, nullptr};
  }

  const Node* encloser = exact != nullptr ? exact : ClosestEncloser(qname);
  if (encloser->IsOccluded()) encloser = Occluder(*encloser);
  if (encloser->IsCut()) return {Match::kDelegation, encloser, nullptr};
  if (encloser->HasDname()) return {Match::kDname, encloser, nullptr};
  if (!encloser->HasWildcard()) return {Match::kNone, nullptr, encloser};

  static constexpr std::uint8_t kAsterisk[] = {'*'};
  const auto source = dns::Name::Prepend(kAsterisk, encloser->owner());
  return {Match::kWildcard, Exact(*source), encloser};
}

}  // namespace sealwire::proxy
