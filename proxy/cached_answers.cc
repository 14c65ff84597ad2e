#include "proxy/cached_answers.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "net/internet_checksum.h"
#include "proxy/name_hash.h"
#include "proxy/scope_set.h"

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

constexpr std::size_t kMaxQuestion = dns::kMaxNameSize + 4;
// Milliseconds for which a set of scopes is good after the last of its answers, so that it need not
// be written again with each.
constexpr std::uint64_t kScopesOutlive = 60000;

// The key of an answer for one network only.
AnswerCache::Key KeyIn(AnswerCache::Key key, std::uint64_t network) noexcept {
  key.network = network;
  key.hash = FoldedProduct(key.hash ^ network, 0x9e3779b97f4a7c15u);
  return key;
}

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
  if (entry != nullptr && !Holds(*entry, query)) entry = nullptr;
  if (entry != nullptr && entry->is_scopes) return entry;  // FindFor() counts
  counters_.Add(entry != nullptr ? Count::kCacheHits : Count::kCacheMisses);
  return entry;
}

AnswerCache::Entry* CachedAnswers::FindFor(const AnswerCache::Entry& scopes,
                                           const AnswerCache::Key& key, const Query& query,
                                           const ClientSubnet& who, std::uint64_t now_ms,
                                           std::uint8_t& bits) noexcept {
  AnswerCache::Entry* found = nullptr;
  ScopeSet::Read(cache_.message(scopes)).ForEachAround(who, [&](std::uint8_t size) {
    found = cache_.Find(KeyIn(key, who.Number(size)), now_ms);
    if (found != nullptr && !Holds(*found, query)) found = nullptr;
    bits = size;
    return found != nullptr;
  });
  counters_.Add(found != nullptr ? Count::kCacheHits : Count::kCacheMisses);
  return found;
}

bool CachedAnswers::Holds(AnswerCache::Entry& entry, const Query& query) noexcept {
  if (entry.table_epoch == epoch_) return true;
  const Zone* zone =
      entry.many_zones ? nullptr : zones_->Find(query.name, query.type == dns::RRType::kDS);
  if (zone == nullptr || zone->version() != entry.zone_version) return false;
  entry.table_epoch = epoch_;
  return true;
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
                             std::uint64_t now_ms, const AnswerScope& scope) noexcept {
  const Zone* zone = resolution.first_zone();
  std::uint64_t until_ms = answer.reuse_until_ms;
  if (resolution.asked_backend()) {
    std::uint32_t seconds = resolution.reuse_seconds();
    for (const AnswerItem& item : answer.items()) seconds = std::min(seconds, item.ttl);
    until_ms = std::min(until_ms, now_ms + std::uint64_t{seconds} * 1000);
  }
  if (until_ms <= now_ms) return;
  AnswerCache::Traits traits;
  traits.zone_version = zone->version();
  traits.table_epoch = epoch_;
  traits.from_ms = now_ms;
  traits.until_ms = until_ms;
  traits.many_zones = resolution.many_zones();
  traits.ages = resolution.asked_backend();
  traits.is_signed = is_signed;
  traits.nonexistent = answer.nonexistent;
  traits.options_size = static_cast<std::uint16_t>(options_size);
  traits.knows_subnets = scope.bits.has_value();
  traits.audience = zone->audience;
  if (resolution.asked_backend() && scope.told) {
    return RememberScoped(key, message, traits, *scope.told, scope.bits.value_or(0));
  }
  if (cache_.Wanted(key.hash)) cache_.Insert(key, message, traits);
}

// RFC 7871 section 7.3.1.
void CachedAnswers::RememberScoped(const AnswerCache::Key& key, dns::Bytes message,
                                   AnswerCache::Traits traits, const ClientSubnet& told,
                                   std::uint8_t bits) noexcept {
  // What was said to somebody who wants no subnet told is for nobody else.
  if (told.prefix == 0) return;
  // More than was told decides the answer: it is for who tells exactly as much. Nobody tells more
  // than the most; of others none is kept.
  if (bits > told.prefix && told.prefix != told.max_prefix()) return;
  bits = std::min(bits, told.prefix);
  const AnswerCache::Entry* there = cache_.Find(key, traits.from_ms);
  if (there != nullptr && (!there->is_scopes || there->zone_version != traits.zone_version)) {
    there = nullptr;
  }
  if (bits == 0 && there == nullptr) {
    if (cache_.Wanted(key.hash)) cache_.Insert(key, message, traits);
    return;
  }
  const AnswerCache::Key narrow = KeyIn(key, told.Number(bits));
  if (!cache_.Wanted(narrow.hash)) return;
  ScopeSet scopes;
  bool known = false;
  if (there != nullptr) {
    scopes = ScopeSet::Read(cache_.message(*there));
    known = scopes.Has(told, bits) && there->until_ms >= traits.until_ms;
  }
  cache_.Insert(narrow, message, traits);
  if (known) return;
  scopes.Add(told, bits);
  std::array<std::uint8_t, dns::kHeaderSize + kMaxQuestion + ScopeSet::kSize> octets{};
  dns::Writer writer(octets);
  writer.Run(message.first(dns::kHeaderSize));
  writer.Run(key.question);
  scopes.Write(writer);
  traits.is_scopes = traits.knows_subnets = true;
  traits.ages = false;
  traits.until_ms += kScopesOutlive;
  cache_.Insert(key, writer.written(), traits);
}

}  // namespace sealwire::proxy
