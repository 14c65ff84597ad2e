#include "proxy/stale_replies.h"

#include <limits>
#include <optional>

#include "dns/message_view.h"
#include "proxy/name_hash.h"

namespace sealwire::proxy {
namespace {

// The expiry in the SOA record of `apex` in `reply`, in seconds.
std::optional<std::uint32_t> ExpiryIn(dns::Bytes reply, dns::NameView apex) noexcept {
  constexpr std::size_t kBehind = 8;  // expire and minimum end the RDATA
  constexpr std::size_t kLeastRdata = 22;
  dns::MessageView view;
  if (view.Parse(reply) != dns::ParseError::kNone) return std::nullopt;
  std::optional<std::uint32_t> expiry;
  view.ForEachRecord([&](const dns::RecordView& record) {
    if (record.type != dns::RRType::kSOA || record.rdata_size < kLeastRdata) return true;
    if (!(record.owner == apex)) return true;
    expiry = dns::Reader(reply, record.rdata_offset + record.rdata_size - kBehind).U32();
    return false;
  });
  return expiry;
}

// RCODE, and whether there is an answer: what a reply denies.
unsigned KindOf(dns::Bytes reply) noexcept {
  const auto header = dns::ParseHeader(reply);
  return header ? header->rcode * 2u + (header->ancount != 0) : ~0u;
}

bool Denies(dns::Bytes reply) noexcept {
  const auto header = dns::ParseHeader(reply);
  return !header || header->ancount == 0;
}

}  // namespace

StaleReplies::StaleReplies(std::size_t bytes, std::uint64_t seed)
    : replies_(bytes), expiries_(kZones), seed_(seed) {}

StaleReplies::Audience StaleReplies::AudienceOf(ClientAddress how,
                                                const std::optional<ClientSubnet>& told,
                                                const net::IpAddress& client) noexcept {
  Audience audience;
  if (how == ClientAddress::kProxy) {
    // Told the whole address, it gives no scope: its neighbours are taken to be answered alike.
    const ClientSubnet seen{client, 0};
    audience.shared = seen.Number(seen.max_prefix());
  }
  audience.own = told ? told->Number(told->prefix) : audience.shared;
  return audience;
}

AnswerCache::Key StaleReplies::KeyFor(const Question& question, std::uint64_t audience) noexcept {
  dns::Writer writer(question_);
  writer.Run(question.name.wire());
  writer.U16(static_cast<std::uint16_t>(question.type));
  writer.U16(static_cast<std::uint16_t>(dns::RRClass::kIN));
  AnswerCache::Key key;
  key.question = writer.written();
  key.network = audience;
  const std::uint64_t name = NameHashes(question.name, seed_).whole() ^ question.forward_id;
  key.hash = FoldedProduct(FoldedProduct(name, ~static_cast<std::uint64_t>(question.type)) ^ seed_,
                           audience ^ 0x9e3779b97f4a7c15u);
  return key;
}

AnswerCache::Entry* StaleReplies::FindEntry(const AnswerCache::Key& key, std::uint64_t forward_id,
                                            std::uint64_t now_ms) noexcept {
  AnswerCache::Entry* entry = replies_.Find(key, now_ms);
  return entry != nullptr && entry->zone_version == forward_id ? entry : nullptr;
}

StaleReplies::Expiry& StaleReplies::ExpiryOf(const Question& question,
                                             std::uint64_t& zone) noexcept {
  zone = FoldedProduct(NameHashes(question.apex, seed_).whole() ^ question.forward_id,
                       0x9e3779b97f4a7c15u);
  return expiries_[zone % kZones];
}

void StaleReplies::TakeExpiry(const Question& question, dns::Bytes reply) noexcept {
  const auto seconds = ExpiryIn(reply, question.apex);
  if (!seconds) return;
  std::uint64_t zone = 0;
  Expiry& expiry = ExpiryOf(question, zone);
  expiry = {zone, *seconds};
}

std::uint64_t StaleReplies::MaxAge(const Question& question) noexcept {
  std::uint64_t zone = 0;
  const Expiry& expiry = ExpiryOf(question, zone);
  if (expiry.zone != zone) return std::numeric_limits<std::uint64_t>::max();
  return std::uint64_t{expiry.seconds} * 1000;
}

void StaleReplies::Remember(const Question& question, std::uint64_t audience, dns::Bytes reply,
                            std::uint32_t max_age, std::uint64_t now_ms) noexcept {
  const AnswerCache::Key key = KeyFor(question, audience);
  const AnswerCache::Entry* known = FindEntry(key, question.forward_id, now_ms);
  if (known != nullptr && now_ms - known->from_ms < kRefresh &&
      KindOf(replies_.message(*known)) == KindOf(reply)) {
    return;
  }
  TakeExpiry(question, reply);
  if (known == nullptr && Denies(reply) && !replies_.Wanted(key.hash)) return;
  AnswerCache::Traits traits;
  traits.zone_version = question.forward_id;
  traits.from_ms = now_ms;
  traits.until_ms = now_ms + std::uint64_t{max_age} * 1000;
  replies_.Insert(key, reply, traits);
}

dns::Bytes StaleReplies::Find(const Question& question, const Audience& audience,
                              std::uint64_t now_ms) noexcept {
  const AnswerCache::Entry* entry =
      FindEntry(KeyFor(question, audience.own), question.forward_id, now_ms);
  if (audience.own != audience.shared) {
    const AnswerCache::Entry* shared =
        FindEntry(KeyFor(question, audience.shared), question.forward_id, now_ms);
    if (entry == nullptr || (shared != nullptr && shared->from_ms > entry->from_ms)) entry = shared;
  }
  if (entry == nullptr || now_ms - entry->from_ms >= MaxAge(question)) return {};
  return replies_.message(*entry);
}

}  // namespace sealwire::proxy
