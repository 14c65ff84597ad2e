// The hashes of a name and of all its suffixes, in one pass from the root.
//
// One pass serves both the search for the zone (a table look-up per suffix) and the answer cache
// (the whole name). Hashes are keyed, since clients choose names, and take no notice of ASCII case
// (RFC 4343). Threading: values. No allocation.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "dns/case_fold.h"
#include "dns/name.h"

namespace sealwire::proxy {

// Folds the 128-bit product of two words into one.
inline std::uint64_t FoldedProduct(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

class NameHashes {
 public:
  NameHashes(dns::NameView name, std::uint64_t seed) noexcept : name_(name) {
    const dns::Bytes wire = name.wire();
    for (std::size_t at = 0; wire[at] != 0; at += wire[at] + 1u) {
      offsets_[static_cast<std::size_t>(labels_++)] = static_cast<std::uint8_t>(at);
    }
    std::uint64_t hash = seed;
    hashes_[0] = hash;
    for (int label = labels_ - 1, depth = 1; label >= 0; --label, ++depth) {
      const std::size_t at = offsets_[static_cast<std::size_t>(label)];
      hash = HashLabel(wire.subspan(at, wire[at] + 1u), hash);
      hashes_[static_cast<std::size_t>(depth)] = hash;
    }
  }

  dns::NameView name() const noexcept { return name_; }
  int labels() const noexcept { return labels_; }
  // Hash of the whole name.
  std::uint64_t whole() const noexcept { return hashes_[static_cast<std::size_t>(labels_)]; }
  // Hash and octets of the suffix that has `depth` labels (0: the root).
  std::uint64_t suffix(int depth) const noexcept {
    return hashes_[static_cast<std::size_t>(depth)];
  }
  dns::Bytes suffix_wire(int depth) const noexcept {
    const dns::Bytes wire = name_.wire();
    if (depth == 0) return wire.last(1);
    return wire.subspan(offsets_[static_cast<std::size_t>(labels_ - depth)]);
  }

 private:
  // The label's length octet is hashed with it, so that no two names run into each other.
  static std::uint64_t HashLabel(dns::Bytes label, std::uint64_t hash) noexcept {
    std::size_t at = 0;
    for (; at + 8 <= label.size(); at += 8) hash = Mix(dns::LoadFolded8(&label[at]), hash);
    if (at == label.size()) return hash;
    return Mix(dns::LoadFoldedShort(&label[at], label.size() - at), hash);
  }
  static std::uint64_t Mix(std::uint64_t word, std::uint64_t hash) noexcept {
    return FoldedProduct(word ^ hash ^ 0xa0761d6478bd642fu,
                         std::rotl(hash, 32) ^ 0xe7037ed1a0b428dbu);
  }

  dns::NameView name_;
  int labels_ = 0;
  std::array<std::uint8_t, dns::kMaxLabels + 1> offsets_;
  std::array<std::uint64_t, dns::kMaxLabels + 1> hashes_;
};

}  // namespace sealwire::proxy
