#include "proxy/answer_cache.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "dns/case_fold.h"
#include "net/internet_checksum.h"
#include "proxy/ttl_aging.h"

namespace sealwire::proxy {
namespace {

// Type and class stand behind the name and are no letters.
constexpr std::size_t kTypeAndClass = 4;
constexpr std::size_t kHeader = 12;

bool SameQuestion(dns::Bytes a, dns::Bytes b) noexcept {
  if (a.size() != b.size() || a.size() < kTypeAndClass) return false;
  if (std::memcmp(a.data(), b.data(), a.size()) == 0) return true;  // spelled alike, as most are
  const std::size_t name = a.size() - kTypeAndClass;
  return dns::EqualFolded(a.data(), b.data(), name) &&
         std::memcmp(a.data() + name, b.data() + name, kTypeAndClass) == 0;
}

}  // namespace

AnswerCache::AnswerCache(std::size_t bytes)
    : granule_count_(std::clamp<std::size_t>(bytes / kGranule, 512, 0xfffffffeu)),
      ring_(granule_count_),
      buckets_(std::bit_ceil(granule_count_ / 16)),
      bucket_mask_(buckets_.size() - 1),
      doorkeeper_(buckets_.size() * 2) {
  static_assert(sizeof(Entry) <= kGranule);
}

AnswerCache::Entry& AnswerCache::At(std::size_t position) noexcept {
  return *std::launder(reinterpret_cast<Entry*>(ring_[position].octets.data()));
}

const std::uint8_t* AnswerCache::MessageAt(const Entry& entry) const noexcept {
  return reinterpret_cast<const std::uint8_t*>(&entry) + kGranule;
}

dns::Bytes AnswerCache::message(const Entry& entry) const noexcept {
  return {MessageAt(entry), entry.size};
}

std::uint64_t AnswerCache::NetworkOf(const Entry& entry) noexcept {
  std::uint64_t network = 0;
  std::memcpy(&network, reinterpret_cast<const std::uint8_t*>(&entry) + kGranule + entry.size,
              sizeof network);
  return network;
}

bool AnswerCache::Matches(const Entry& entry, const Key& key) const noexcept {
  return entry.hash == key.hash && entry.flags == key.flags &&
         entry.has_network == (key.network != 0) &&
         (!entry.has_network || NetworkOf(entry) == key.network) &&
         SameQuestion({MessageAt(entry) + kHeader, entry.question_size}, key.question);
}

AnswerCache::Slot* AnswerCache::FindSlot(const Key& key) noexcept {
  for (Slot& slot : BucketOf(key.hash).slots) {
    if (slot >> 32 != key.hash >> 32 || slot << 32 == 0) continue;
    if (Matches(At(PositionOf(slot)), key)) return &slot;
  }
  return nullptr;
}

AnswerCache::Entry* AnswerCache::Find(const Key& key, std::uint64_t now_ms) noexcept {
  const Slot* slot = FindSlot(key);
  if (slot == nullptr) return nullptr;
  Entry& entry = At(PositionOf(*slot));
  // A clock that went back makes the difference huge: not usable either.
  if (now_ms - entry.from_ms >= entry.until_ms - entry.from_ms) return nullptr;
  entry.hit = true;
  return &entry;
}

void AnswerCache::Age(Entry& entry, std::uint32_t seconds) noexcept {
  if (!entry.ages || seconds <= entry.aged) return;
  AgeTtls({const_cast<std::uint8_t*>(MessageAt(entry)), entry.size}, seconds - entry.aged);
  entry.aged = seconds;
  SumBody(entry);
}

void AnswerCache::SumBody(Entry& entry) noexcept {
  const std::size_t body = kHeader + entry.question_size;
  entry.body_sum = net::Fold(net::SumOctets(message(entry).subspan(body)));
}

void AnswerCache::PrefetchBucket(std::uint64_t hash) const noexcept {
  __builtin_prefetch(&buckets_[hash & bucket_mask_]);
}

void AnswerCache::PrefetchEntry(std::uint64_t hash) const noexcept {
  for (const Slot slot : buckets_[hash & bucket_mask_].slots) {
    if (slot >> 32 != hash >> 32 || slot << 32 == 0) continue;
    const Granule* entry = &ring_[PositionOf(slot)];
    // Most answers lie in four granules behind the entry's own.
    for (int granule = 0; granule < 5; ++granule) __builtin_prefetch(entry + granule);
    return;
  }
  __builtin_prefetch(&doorkeeper_[hash & (doorkeeper_.size() - 1)], 1);
}

bool AnswerCache::Wanted(std::uint64_t hash) noexcept {
  std::uint32_t& seen = doorkeeper_[hash & (doorkeeper_.size() - 1)];
  const auto mark = static_cast<std::uint32_t>(hash >> 32);
  if (seen == mark) return true;
  seen = mark;
  return false;
}

AnswerCache::Slot* AnswerCache::SlotPointingTo(const Entry& entry, std::size_t position) noexcept {
  const Slot wanted = SlotFor(entry.hash, position);
  for (Slot& slot : BucketOf(entry.hash).slots) {
    if (slot == wanted) return &slot;
  }
  return nullptr;
}

void AnswerCache::MakeRoom(std::size_t granules) noexcept {
  for (int moves = 0;;) {
    const bool old_entries = tail_ < end_;
    if (head_ + granules <= (old_entries ? tail_ : granule_count_)) return;
    if (!old_entries) {
      end_ = head_;
      head_ = tail_ = 0;
      continue;
    }
    Entry& oldest = At(tail_);
    const std::size_t size = oldest.granules;
    Slot* slot = SlotPointingTo(oldest, tail_);
    if (slot != nullptr && oldest.hit && moves < kMaxMovesPerInsert) {
      oldest.hit = false;
      *slot = SlotFor(oldest.hash, head_);
      std::memmove(ring_[head_].octets.data(), ring_[tail_].octets.data(), size * kGranule);
      head_ += size;
      ++moves;
    } else if (slot != nullptr) {
      *slot = 0;
    }
    tail_ += size;
  }
}

void AnswerCache::Insert(const Key& key, dns::Bytes message, const Traits& traits) noexcept {
  if (message.size() > kMaxMessage || message.size() < kHeader + key.question.size()) return;
  const std::size_t size = message.size() + (key.network != 0 ? sizeof key.network : 0);
  const std::size_t granules = 1 + (size + kGranule - 1) / kGranule;
  if (Slot* old = FindSlot(key)) *old = 0;
  MakeRoom(granules);

  Entry& entry = *new (ring_[head_].octets.data()) Entry;
  entry.hash = key.hash;
  entry.zone_version = traits.zone_version;
  entry.audience = traits.audience;
  entry.table_epoch = traits.table_epoch;
  entry.from_ms = traits.from_ms;
  entry.until_ms = traits.until_ms;
  entry.granules = static_cast<std::uint16_t>(granules);
  entry.size = static_cast<std::uint16_t>(message.size());
  entry.question_size = static_cast<std::uint16_t>(key.question.size());
  entry.options_size = traits.options_size;
  entry.flags = key.flags;
  entry.many_zones = traits.many_zones;
  entry.ages = traits.ages;
  entry.is_signed = traits.is_signed;
  entry.nonexistent = traits.nonexistent;
  entry.has_network = key.network != 0;
  entry.knows_subnets = traits.knows_subnets;
  entry.is_scopes = traits.is_scopes;
  std::uint8_t* const at = ring_[head_].octets.data() + kGranule;
  std::memcpy(at, message.data(), message.size());
  if (entry.has_network) std::memcpy(at + message.size(), &key.network, sizeof key.network);
  SumBody(entry);

  auto& slots = BucketOf(key.hash).slots;
  auto free = std::find(slots.begin(), slots.end(), Slot{0});
  // A full bucket: one of its entries can no longer be found, and gives its room back in its turn.
  if (free == slots.end()) free = slots.begin() + static_cast<int>(key.hash >> 29 & (kWays - 1));
  *free = SlotFor(key.hash, head_);
  head_ += granules;
}

}  // namespace sealwire::proxy
