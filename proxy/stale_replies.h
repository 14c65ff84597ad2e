// What backends said last, for the time when none of them can be asked (RFC 8767).
//
// Replies are kept as they came, apart from the answer cache: what a backend steers is not given
// again while it can be asked, and everything while it cannot. They re-enter where the backend's
// reply would have, are believed no more than that, and are signed anew. What was said to one
// network is said to that network only. A denial is kept on second sight, anything else on first;
// what is kept is looked at again after kRefresh, and at once when the backend says of another kind
// (a name that came to be must not be denied). No reply outlives the expiry of the SOA record its
// zone showed last (RFC 1035 section 3.3.13). Threading: one worker. Bounded: a ring of fixed size,
// the oldest gives way. No allocation after construction.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/rr_type.h"
#include "proxy/answer_cache.h"
#include "proxy/client_subnet.h"

namespace sealwire::proxy {

class StaleReplies {
 public:
  static constexpr std::uint64_t kRefresh = 10000;  // milliseconds
  static constexpr std::uint32_t kTtl = 30;         // seconds (RFC 8767 section 5)

  StaleReplies(std::size_t bytes, std::uint64_t seed);

  struct Question {
    std::uint64_t forward_id = 0;  // who was asked
    dns::NameView apex;
    dns::NameView name;
    dns::RRType type = dns::RRType::kA;
  };

  // Who shares a reply (ClientSubnet::Number(); 0: everybody): those whom the backend cannot tell
  // from the asker by what it was told, and those whom it need not.
  struct Audience {
    std::uint64_t own = 0;
    std::uint64_t shared = 0;
  };
  static Audience AudienceOf(ClientAddress how, const std::optional<ClientSubnet>& told,
                             const net::IpAddress& client) noexcept;

  // `reply` is good for `audience`, for at most `max_age` seconds from now.
  void Remember(const Question& question, std::uint64_t audience, dns::Bytes reply,
                std::uint32_t max_age, std::uint64_t now_ms) noexcept;

  // What was said last to its own network, or to those it shares answers with; empty when nothing
  // is known that is young enough.
  dns::Bytes Find(const Question& question, const Audience& audience,
                  std::uint64_t now_ms) noexcept;

 private:
  static constexpr std::size_t kMaxQuestion = dns::kMaxNameSize + 4;
  static constexpr std::size_t kZones = 4096;

  // Seconds a zone's replies are good for, as its SOA record said last.
  struct Expiry {
    std::uint64_t zone = 0;
    std::uint32_t seconds = 0;
  };

  AnswerCache::Key KeyFor(const Question& question, std::uint64_t audience) noexcept;
  AnswerCache::Entry* FindEntry(const AnswerCache::Key& key, std::uint64_t forward_id,
                                std::uint64_t now_ms) noexcept;
  Expiry& ExpiryOf(const Question& question, std::uint64_t& zone) noexcept;
  void TakeExpiry(const Question& question, dns::Bytes reply) noexcept;
  // Milliseconds that a reply may be old.
  std::uint64_t MaxAge(const Question& question) noexcept;

  AnswerCache replies_;
  std::vector<Expiry> expiries_;
  std::uint64_t seed_;
  std::array<std::uint8_t, kMaxQuestion> question_;
};

}  // namespace sealwire::proxy
