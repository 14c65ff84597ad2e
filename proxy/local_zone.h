// A zone held whole: every name, every RRset, found in the order of RFC 1034 section 4.3.2.
//
// Immutable and in two runs of memory: an arena of nodes in canonical order, and a keyed hash table
// over their names. A node stands for a name that exists, empty non-terminals included (RFC 4592
// section 2.2.2), so that a name exists only if all names above it do: the closest encloser is
// found by bisection over the labels, and the cost of Find() does not grow with the zone.
//
// Threading: const; any thread. Ownership: nodes and the RRsetViews they give live as long as the
// zone. Find() neither allocates nor throws. Made by LocalZoneBuilder (proxy/local_zone_builder.h).
// RFC 1034, RFC 2181 (cuts, CNAME), RFC 4592 (wildcards), RFC 6672 (DNAME), RFC 4035 (DS, bitmaps).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "dns/name.h"
#include "dns/rrset.h"
#include "dns/type_bitmap.h"

namespace sealwire::proxy {

class LocalZone {
 public:
  // A name of the zone and its data.
  class Node {
   public:
    Node(const Node&) = delete;  // its data lie behind it in the arena
    Node& operator=(const Node&) = delete;

    dns::NameView owner() const noexcept;
    // All RRsets, ascending by type; empty at an empty non-terminal.
    std::size_t rrset_count() const noexcept { return rrset_count_; }
    dns::RRsetView rrset(std::size_t index) const noexcept;
    std::optional<dns::RRsetView> Find(dns::RRType type) const noexcept;
    bool Has(dns::RRType type) const noexcept { return Find(type).has_value(); }
    template <class Visit>
    void ForEachRRset(Visit&& visit) const {
      for (std::size_t i = 0; i < rrset_count_; ++i) visit(rrset(i));
    }

    bool IsEmptyNonTerminal() const noexcept { return rrset_count_ == 0; }
    bool IsApex() const noexcept { return (flags_ & kApex) != 0; }
    // A zone cut: NS below the apex. What else stands here is glue, except DS (RFC 4035
    // section 2.4).
    bool IsCut() const noexcept { return (flags_ & kCut) != 0; }
    // Below a cut or a DNAME: glue at most, never an answer.
    bool IsOccluded() const noexcept { return (flags_ & kOccluded) != 0; }
    bool HasDname() const noexcept { return (flags_ & kDnameHere) != 0; }
    // `*` stands below this name: the source of synthesis (RFC 4592 section 3.3.1).
    bool HasWildcard() const noexcept { return (flags_ & kWildcardBelow) != 0; }

    // The types for an NSEC record here, without RRSIG and NSEC themselves; at a cut only NS and DS
    // (RFC 4035 section 2.3). Exact: the builder refuses a name with more types than fit.
    dns::TypeBitmap types() const noexcept;

   private:
    friend class LocalZone;
    friend class ZoneArena;
    enum Flag : std::uint8_t {
      kApex = 1,
      kCut = 2,
      kOccluded = 4,
      kDnameHere = 8,
      kWildcardBelow = 16,
    };
    struct SetEntry {
      dns::RRType type;
      std::uint16_t count;
      std::uint32_t ttl;
      std::uint32_t rdata_end;  // octets from the node's start; the first set begins after the name
    };
    Node() = default;
    dns::Bytes octets() const noexcept;
    SetEntry entry(std::size_t index) const noexcept;
    std::size_t name_offset() const noexcept {
      return sizeof(Node) + rrset_count_ * sizeof(SetEntry);
    }

    // In the arena: Node, rrset_count_ × SetEntry, owner, RDATA as RRsetView has it, padding.
    std::uint32_t size_ = 0;  // octets of all that, a multiple of kAlignment
    std::uint16_t rrset_count_ = 0;
    std::uint8_t owner_size_ = 0;
    std::uint8_t flags_ = 0;
  };

  enum class Match : std::uint8_t {
    kNode,              // the name is there, with data (perhaps not of the type asked for)
    kEmptyNonTerminal,  // the name is there without data: NODATA for every type
    kWildcard,          // the name is not there; `node` is the wildcard it is synthesized from
    kDelegation,  // at or below a cut; `node` is the cut. DS at the cut itself is answered here
    kDname,       // below a DNAME; `node` is its owner
    kNone,        // no such name, no wildcard: NXDOMAIN
  };
  struct Found {
    Match match = Match::kNone;
    const Node* node = nullptr;              // null for kNone only
    const Node* closest_encloser = nullptr;  // for kWildcard and kNone (RFC 4592 section 3.3.1)
  };

  // `qname` must be the apex or below it.
  Found Find(dns::NameView qname) const noexcept;
  // The node of exactly this name, occluded or not: for glue and additional data; null when there
  // is none.
  const Node* Exact(dns::NameView name) const noexcept;
  const Node& apex() const noexcept;
  dns::RRsetView soa() const noexcept { return *apex().Find(dns::RRType::kSOA); }
  std::uint32_t serial() const noexcept;

  // All nodes in canonical order, the apex first.
  template <class Visit>
  void ForEachNode(Visit&& visit) const {
    for (const Node* node = &apex(); node != nullptr; node = Next(*node)) visit(*node);
  }

  std::size_t node_count() const noexcept { return node_count_; }
  std::size_t record_count() const noexcept { return record_count_; }
  std::size_t memory_bytes() const noexcept;

 private:
  friend class ZoneArena;
  static constexpr std::size_t kAlignment = 4;
  static constexpr std::size_t kFirstNode = kAlignment;  // so that unit 0 is no node
  struct Slot {
    std::uint32_t tag = 0;   // the high half of the name's hash
    std::uint32_t unit = 0;  // where the node begins, in kAlignment octets; 0: free
  };

  LocalZone() = default;
  const Node* NodeAt(std::size_t offset) const noexcept;
  std::size_t HomeSlot(std::uint64_t hash) const noexcept {
    return static_cast<std::size_t>((hash & 0xffffffff) * slots_.size() >> 32);
  }
  const Node* Next(const Node& node) const noexcept;
  const Node* ClosestEncloser(dns::NameView qname) const noexcept;
  const Node* Occluder(const Node& occluded) const noexcept;

  std::vector<std::uint8_t> arena_;
  std::vector<Slot> slots_;
  std::uint64_t hash_seed_ = 0;
  std::size_t node_count_ = 0;
  std::size_t record_count_ = 0;
  int apex_labels_ = 0;
  int most_labels_ = 0;  // of the deepest name
};

}  // namespace sealwire::proxy
