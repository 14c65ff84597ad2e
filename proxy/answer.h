// An answer before it is written: RRsets by section, who signs them, and what the header will say.
//
// Threading: one owner. Ownership: RRsets are borrowed: from the zone snapshot, from the keys, or
// from the Arena, all of which outlive the answer. No allocation; an answer that
// did not fit stays failed, and one check at the end suffices.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "dns/bytes.h"
#include "dns/message_view.h"
#include "dns/rrset.h"
#include "proxy/zone.h"

namespace sealwire::proxy {

// Octets and names made while one answer is made. Nothing moves until Clear().
class Arena {
 public:
  static constexpr std::size_t kSize = 192 * 1024;  // three messages of the greatest size

  Arena() : octets_(std::make_unique_for_overwrite<std::uint8_t[]>(kSize)), writer_(Whole()) {}

  void Clear() noexcept { writer_ = dns::Writer(Whole()); }
  dns::Writer& writer() noexcept { return writer_; }
  // What was written since the arena had the size `from`.
  dns::Bytes Since(std::size_t from) const noexcept { return writer_.written().subspan(from); }

  // A copy that lives as long as the answer; nothing when the arena is full.
  std::optional<dns::NameView> Keep(dns::NameView name) noexcept {
    const std::size_t from = writer_.size();
    writer_.Run(name.wire());
    if (!writer_.ok()) return std::nullopt;
    return dns::NameView::Parse(Since(from));
  }

 private:
  dns::MutableBytes Whole() noexcept { return {octets_.get(), kSize}; }

  std::unique_ptr<std::uint8_t[]> octets_;
  dns::Writer writer_;
};

struct AnswerItem {
  dns::Section section = dns::Section::kAnswer;
  dns::RRsetView rrset;             // owner as it is to be spelled; TTL as it is signed
  std::uint32_t ttl = 0;            // as it is sent: at most rrset.ttl
  const Zone* signed_by = nullptr;  // the zone, if it has keys; null: never signed
  dns::Bytes made_ahead;            // RRSIG RDATA, for the apex key RRsets
  bool required = true;             // leaving it out truncates (RFC 9471 for glue)
  bool signature_only = false;      // for RRSIG queries: the set itself is not sent
};

class Answer {
 public:
  static constexpr std::size_t kMaxItems = 256;

  dns::Rcode rcode = dns::Rcode::kNoError;
  bool authoritative = true;
  bool nonexistent = false;  // the last name of the chain does not exist, whatever `rcode` says
  std::optional<dns::ExtendedError> error;
  std::uint64_t reuse_until_ms = 0;  // the answer is the same until then, if its zones are

  void Clear() noexcept {
    rcode = dns::Rcode::kNoError;
    authoritative = true;
    nonexistent = false;
    error.reset();
    reuse_until_ms = UINT64_MAX;
    size_ = 0;
    failed_ = false;
  }

  // Adds the set under its own owner and TTL; the result may be adjusted. Null when full.
  AnswerItem* Add(dns::Section section, const dns::RRsetView& rrset,
                  const Zone* signed_by) noexcept {
    if (size_ == kMaxItems) {
      failed_ = true;
      return nullptr;
    }
    AnswerItem& item = items_[size_++];
    item.section = section;
    item.rrset = rrset;
    item.ttl = rrset.ttl;
    item.signed_by = signed_by;
    item.made_ahead = {};
    item.signature_only = false;
    item.required = section != dns::Section::kAdditional;
    return &item;
  }

  // No set lives longer than `ttl`, in caches as in signatures.
  void CapTtls(std::uint32_t ttl) noexcept {
    for (std::size_t i = 0; i < size_; ++i) {
      if (items_[i].rrset.ttl > ttl) items_[i].rrset.ttl = ttl;
      if (items_[i].ttl > ttl) items_[i].ttl = ttl;
    }
  }
  // Takes back all items after the first `size`.
  void Truncate(std::size_t size) noexcept {
    if (size < size_) size_ = size;
  }
  // Takes one item back.
  void Erase(std::size_t index) noexcept {
    if (index >= size_) return;
    std::move(items_.begin() + static_cast<std::ptrdiff_t>(index) + 1,
              items_.begin() + static_cast<std::ptrdiff_t>(size_),
              items_.begin() + static_cast<std::ptrdiff_t>(index));
    --size_;
  }
  void DropAdditional() noexcept {
    while (size_ > 0 && items_[size_ - 1].section == dns::Section::kAdditional) --size_;
  }
  bool Has(dns::RRType type, dns::NameView owner) const noexcept {
    for (const AnswerItem& item : items()) {
      if (item.rrset.type == type && item.rrset.owner == owner) return true;
    }
    return false;
  }
  bool HasAnswerSection() const noexcept {
    return size_ > 0 && items_[0].section == dns::Section::kAnswer;
  }
  void ReuseUntil(std::uint64_t unix_ms) noexcept {
    if (unix_ms < reuse_until_ms) reuse_until_ms = unix_ms;
  }

  std::size_t size() const noexcept { return size_; }
  // Something that belongs to the answer found no room.
  bool failed() const noexcept { return failed_; }
  void Fail() noexcept { failed_ = true; }
  std::span<const AnswerItem> items() const noexcept { return {items_.data(), size_}; }

 private:
  std::array<AnswerItem, kMaxItems> items_;
  std::size_t size_ = 0;
  bool failed_ = false;
};

}  // namespace sealwire::proxy
