#include "signer/signature_memo.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace sealwire::signer {

struct alignas(64) SignatureMemo::Entry {
  Digest digest;
  std::uint64_t key_id;
  Signature signature;
};

// What a look-up reads before it touches an entry: half a cache line.
struct alignas(32) SignatureMemo::Set {
  std::array<std::uint16_t, kWays> tags;
  std::uint8_t used;        // one bit per way
  std::uint8_t referenced;  // one bit per way: found since the hand came by
  std::uint8_t hand;        // the way to look at next when room is needed
};

namespace {

// A digest is uniform: its octets serve as they are, and keyed hashing would add nothing. Who tries
// digests until many share a set drives out eight strangers' signatures, at a whole signature each.
std::uint64_t SetHash(const Digest& digest) noexcept {
  std::uint64_t hash;
  std::memcpy(&hash, digest.data(), sizeof hash);
  return hash;
}

std::uint16_t Tag(const Digest& digest) noexcept {
  std::uint16_t tag;
  std::memcpy(&tag, digest.data() + sizeof(std::uint64_t), sizeof tag);
  return tag;
}

constexpr std::uint8_t Bit(unsigned way) noexcept {
  return static_cast<std::uint8_t>(1u << way);
}

}  // namespace

SignatureMemo::SignatureMemo(std::size_t entries)
    : set_mask_(std::bit_ceil(std::max<std::size_t>(entries, kWays)) / kWays - 1),
      sets_(std::make_unique<Set[]>(set_mask_ + 1)),
      entries_(std::make_unique<Entry[]>((set_mask_ + 1) * kWays)) {}

SignatureMemo::~SignatureMemo() = default;

std::size_t SignatureMemo::capacity() const noexcept {
  return (set_mask_ + 1) * kWays;
}

int SignatureMemo::FindWay(std::size_t set_index, std::uint64_t key_id,
                           const Digest& digest) const noexcept {
  const Set& set = sets_[set_index];
  const std::uint16_t tag = Tag(digest);
  unsigned candidates = 0;
  for (unsigned way = 0; way < kWays; ++way) candidates |= unsigned{set.tags[way] == tag} << way;
  candidates &= set.used;
  for (; candidates != 0; candidates &= candidates - 1) {
    const int way = std::countr_zero(candidates);
    const Entry& entry = entries_[set_index * kWays + static_cast<unsigned>(way)];
    if (entry.key_id == key_id && entry.digest == digest) return way;
  }
  return -1;
}

const Signature* SignatureMemo::Find(std::uint64_t key_id, const Digest& digest) noexcept {
  const std::size_t set_index = SetHash(digest) & set_mask_;
  const int way = FindWay(set_index, key_id, digest);
  if (way < 0) {
    PrefetchFor(set_index);
    return nullptr;
  }
  sets_[set_index].referenced |= Bit(static_cast<unsigned>(way));
  return &entries_[set_index * kWays + static_cast<unsigned>(way)].signature;
}

void SignatureMemo::Insert(std::uint64_t key_id, const Digest& digest,
                           const Signature& signature) noexcept {
  const std::size_t set_index = SetHash(digest) & set_mask_;
  Set& set = sets_[set_index];
  int way = FindWay(set_index, key_id, digest);
  if (way < 0) way = MakeRoom(set);
  const auto place = static_cast<unsigned>(way);
  set.tags[place] = Tag(digest);
  set.used |= Bit(place);
  entries_[set_index * kWays + place] = {digest, key_id, signature};
}

// A miss is followed by a signature and then Insert(): what it will overwrite comes nearer
// meanwhile.
void SignatureMemo::PrefetchFor(std::size_t set_index) const noexcept {
  const Set& set = sets_[set_index];
  const unsigned way =
      set.used != 0xff ? static_cast<unsigned>(std::countr_one(set.used)) : set.hand;
  const Entry& entry = entries_[set_index * kWays + way];
  __builtin_prefetch(&entry, 1);
  __builtin_prefetch(&entry.signature.back(), 1);
}

int SignatureMemo::MakeRoom(Set& set) noexcept {
  if (set.used != 0xff) {
    ++size_;
    return std::countr_one(set.used);
  }
  // Each way that was found since the hand came by is spared once.
  while ((set.referenced & Bit(set.hand)) != 0) {
    set.referenced &= static_cast<std::uint8_t>(~Bit(set.hand));
    set.hand = (set.hand + 1) % kWays;
  }
  const int way = set.hand;
  set.hand = (set.hand + 1) % kWays;
  return way;
}

}  // namespace sealwire::signer
