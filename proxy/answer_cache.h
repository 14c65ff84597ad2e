// Whole answers as they went out, to be copied for the next asker: a hit costs a hash, two cache
// lines and a copy.
//
// Messages lie one after the other in a ring of fixed size. The oldest gives way to the newest, one
// at a time; one that was hit since it was written is moved up instead, so hot answers stay. A key
// is admitted on second sight only (Wanted), so that a flood of names asked once drives nothing
// out. Keys are compared whole: a hash alone never makes a hit. Threading: one thread. Ownership:
// an Entry is valid until the next Insert(). Errors: none; forgetting is no error. All memory is
// taken at the start.
#pragma once

#include <array>
#include <cstdint>

#include "dns/bytes.h"
#include "proxy/audience_key.h"
#include "proxy/wide_pages.h"

namespace sealwire::proxy {

class AnswerCache {
 public:
  // What makes two queries ask for the same octets, but for id, RD, CD and the name's case.
  struct Key {
    std::uint64_t hash = 0;  // of all the others
    dns::Bytes question;     // name, type and class as on the wire
    std::uint8_t flags = 0;  // of the query's OPT record
    // The network whose clients share the answer (ClientSubnet::Number()); 0: everybody does.
    std::uint64_t network = 0;
  };

  struct Entry {
    std::uint64_t hash = 0;
    std::uint64_t zone_version = 0;  // of the zone that answered
    std::uint64_t table_epoch = 0;  // of the zone table for which zone_version was last found right
    std::uint64_t from_ms = 0;      // usable from here
    std::uint64_t until_ms = 0;     // to here, exclusive
    AudienceKey audience;           // of that zone
    std::uint32_t aged = 0;         // seconds by which its TTLs were counted down since from_ms
    std::uint16_t granules = 0;     // length in the ring, this header included
    std::uint16_t size = 0;         // of the message
    std::uint16_t question_size = 0;
    std::uint16_t options_size = 0;  // of the OPT record's options, with which the message ends
    std::uint16_t body_sum = 0;  // of the octets behind the question, as net::SumOctets() adds them
    std::uint8_t flags = 0;
    bool hit : 1 = false;         // since it was written or moved
    bool many_zones : 1 = false;  // other zones had a part in it: good for one table only
    bool ages : 1 = false;        // TTLs count down
    bool is_signed : 1 = false;
    bool nonexistent : 1 = false;
    bool has_network : 1 = false;    // the key's, behind the message
    bool knows_subnets : 1 = false;  // the backend does: its answers have a scope (RFC 7871)
    bool is_scopes : 1 = false;      // no message, but which scopes there are: proxy/scope_set.h
  };

  // What Insert() is told beside the message.
  struct Traits {
    std::uint64_t zone_version = 0;
    std::uint64_t table_epoch = 0;
    std::uint64_t from_ms = 0;
    std::uint64_t until_ms = 0;
    bool many_zones = false;
    bool ages = false;
    bool is_signed = false;
    bool nonexistent = false;
    std::uint16_t options_size = 0;
    bool knows_subnets = false;
    bool is_scopes = false;
    AudienceKey audience = {};
  };

  static constexpr std::size_t kMaxMessage = 4096;

  explicit AnswerCache(std::size_t bytes);

  // The entry for `key` that is usable at `now_ms`, or null.
  Entry* Find(const Key& key, std::uint64_t now_ms) noexcept;
  dns::Bytes message(const Entry& entry) const noexcept;
  // Counts the TTLs in the entry's own message down to what they are `seconds` after from_ms: once
  // a second at most is there anything to do.
  void Age(Entry& entry, std::uint32_t seconds) noexcept;

  // For whoever has several keys to find: brings near what Find() and Wanted() will read first, and
  // in a second round what Find() will read then.
  void PrefetchBucket(std::uint64_t hash) const noexcept;
  void PrefetchEntry(std::uint64_t hash) const noexcept;

  // True when a key of this hash was wanted not long ago; remembers that it is now.
  bool Wanted(std::uint64_t hash) noexcept;
  // Remembers `message`, in place of an entry with the same key.
  void Insert(const Key& key, dns::Bytes message, const Traits& traits) noexcept;

  std::size_t capacity_bytes() const noexcept { return granule_count_ * kGranule; }

 private:
  static constexpr std::size_t kGranule = 64;
  static constexpr std::size_t kWays = 8;
  static constexpr int kMaxMovesPerInsert = 8;
  struct alignas(kGranule) Granule {
    std::array<std::uint8_t, kGranule> octets;
  };
  // Upper half: the hash's upper half; lower half: position in the ring plus one, 0 when empty.
  using Slot = std::uint64_t;
  struct alignas(kGranule) Bucket {
    std::array<Slot, kWays> slots;
  };

  static Slot SlotFor(std::uint64_t hash, std::size_t position) noexcept {
    return (hash >> 32) << 32 | static_cast<Slot>(position + 1);
  }
  static std::size_t PositionOf(Slot slot) noexcept { return (slot & 0xffffffffu) - 1; }
  Bucket& BucketOf(std::uint64_t hash) noexcept { return buckets_[hash & bucket_mask_]; }
  Entry& At(std::size_t position) noexcept;
  const std::uint8_t* MessageAt(const Entry& entry) const noexcept;
  void SumBody(Entry& entry) noexcept;
  static std::uint64_t NetworkOf(const Entry& entry) noexcept;
  bool Matches(const Entry& entry, const Key& key) const noexcept;
  Slot* FindSlot(const Key& key) noexcept;
  void MakeRoom(std::size_t granules) noexcept;
  // The slot that points to the entry at `position`, or null: it was replaced.
  Slot* SlotPointingTo(const Entry& entry, std::size_t position) noexcept;

  std::size_t granule_count_;
  WidePages<Granule> ring_;
  // [0, head_) holds this lap's entries, [tail_, end_) what is left of the lap before.
  std::size_t head_ = 0;
  std::size_t tail_ = 0;
  std::size_t end_ = 0;
  WidePages<Bucket> buckets_;
  std::size_t bucket_mask_;
  WidePages<std::uint32_t> doorkeeper_;
};

}  // namespace sealwire::proxy
