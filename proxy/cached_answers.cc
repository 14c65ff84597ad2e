#include "proxy/cached_answers.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "net/internet_checksum.h"
#include "proxy/name_hash.h"

namespace sealwire::proxy {
namespace {

constexpr std::uint8_t kHasEdns = 1;
constexpr std::uint8_t kDnssecOk = 2;
constexpr std::uint8_t kCompactOk = 4;

// Header octets 2 and 3.
constexpr std::uint8_t kAa = 0x04;
constexpr std::uint8_t kRd = 0x01;
constexpr std::uint8_t kCd = 0x10;

// What of a header's first four octets is the asker's own.
constexpr auto kAskers =
    std::bit_cast<std::uint32_t>(std::array<std::uint8_t, 4>{0xff, 0xff, kRd, kCd});

template <class Unsigned>
Unsigned Word(dns::Bytes at) noexcept {
  Unsigned word;
  std::memcpy(&word, at.data(), sizeof word);
  return word;
}

}  // namespace

AnswerCache::Key CachedAnswers::KeyFor(const Query& query) const noexcept {
  AnswerCache::Key key;
  key.question = query.question_wire();
  key.flags =
      static_cast<std::uint8_t>((query.edns ? kHasEdns : 0) | (query.dnssec_ok() ? kDnssecOk : 0) |
                                (query.compact_ok() ? kCompactOk : 0));
  const std::uint64_t rest = static_cast<std::uint64_t>(query.type) << 8 | key.flags;
  key.hash = FoldedProduct(query.name.Hash(seed_) ^ seed_, rest ^ 0x9e3779b97f4a7c15u);
  return key;
}

AnswerCache::Entry* CachedAnswers::Find(const AnswerCache::Key& key, const Query& query,
                                        std::uint64_t now_ms) noexcept {
  AnswerCache::Entry* entry = cache_.Find(key, now_ms);
  if (entry != nullptr && entry->table_epoch != epoch_) {
    const Zone* zone =
        entry->many_zones ? nullptr : zones_->Find(query.name, query.type == dns::RRType::kDS);
    if (zone != nullptr && zone->version() == entry->zone_version) {
      entry->table_epoch = epoch_;
    } else {
      entry = nullptr;
    }
  }
  counters_.Add(entry != nullptr ? Count::kCacheHits : Count::kCacheMisses);
  return entry;
}

std::uint32_t CachedAnswers::Copy(AnswerCache::Entry& entry, const Query& query,
                                  std::uint64_t now_ms, dns::MutableBytes out,
                                  std::uint16_t& sum) noexcept {
  if (entry.size > out.size()) return 0;
  if (entry.ages) {
    cache_.Age(entry, static_cast<std::uint32_t>((now_ms - entry.from_ms) / 1000));
  }
  const dns::Bytes message = cache_.message(entry);
  std::memcpy(out.data(), message.data(), message.size());
  // The id and two flags are the asker's.
  const std::uint32_t start =
      (Word<std::uint32_t>(message) & ~kAskers) | (Word<std::uint32_t>(query.wire) & kAskers);
  std::memcpy(out.data(), &start, sizeof start);
  const dns::Bytes question = query.question_wire();
  std::memcpy(out.data() + dns::kHeaderSize, question.data(), question.size());
  // Summed where it was read: what was just written is not yet to be had in whole words.
  sum = net::Fold(start + net::SumOctets(message.subspan(4, 8)) + net::SumOctets(question) +
                  net::ShiftedTo(question.size(), entry.body_sum));
  return entry.size;
}

bool CachedAnswers::IsAuthoritative(const AnswerCache::Entry& entry) const noexcept {
  return (cache_.message(entry)[2] & kAa) != 0;
}

void CachedAnswers::Remember(const AnswerCache::Key& key, dns::Bytes message, const Answer& answer,
                             const Resolution& resolution, bool is_signed, std::size_t options_size,
                             std::uint64_t now_ms) noexcept {
  const Zone* zone = resolution.first_zone();
  std::uint64_t until_ms = answer.reuse_until_ms;
  if (resolution.asked_backend()) {
    std::uint32_t seconds = resolution.reuse_seconds();
    for (const AnswerItem& item : answer.items()) seconds = std::min(seconds, item.ttl);
    until_ms = std::min(until_ms, now_ms + std::uint64_t{seconds} * 1000);
  }
  if (until_ms <= now_ms || !cache_.Wanted(key.hash)) return;
  cache_.Insert(key, message,
                {zone->version(), epoch_, now_ms, until_ms, resolution.many_zones(),
                 resolution.asked_backend(), is_signed, answer.nonexistent,
                 static_cast<std::uint16_t>(options_size), zone->audience});
}

}  // namespace sealwire::proxy
