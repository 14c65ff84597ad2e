// The answer cache as the pipeline uses it: which queries share an answer, for how long it holds,
// and what of it changes from asker to asker.
//
// An answer that a backend steered by the asker's network is kept for that network (RFC 7871
// section 7.3.1): beside it, where an answer for everybody would be, lies the set of sizes of such
// networks.
//
// An entry holds as long as the zone that would answer is the same snapshot. A new zone table does
// not throw entries away: each proves itself on its next hit by a look-up of its zone.
// Threading: one worker. No allocation after construction.
#pragma once

#include <cstdint>
#include <optional>

#include "proxy/answer.h"
#include "proxy/answer_cache.h"
#include "proxy/client_subnet.h"
#include "proxy/counters.h"
#include "proxy/query.h"
#include "proxy/resolution.h"
#include "proxy/zone.h"

namespace sealwire::proxy {

// For whom an answer made of backends' replies is good.
struct AnswerScope {
  std::optional<ClientSubnet> told;  // what the backends knew of the asker
  std::optional<std::uint8_t> bits;  // of the network; absent: none of them gave a scope
};

class CachedAnswers {
 public:
  CachedAnswers(std::size_t bytes, std::uint64_t seed, PipelineCounters& counters)
      : cache_(bytes), seed_(seed), counters_(counters) {}

  void UseZones(const ZoneTable* zones) noexcept {
    zones_ = zones;
    ++epoch_;
  }

  AnswerCache::Key KeyFor(const Query& query) const noexcept;

  // The entry to answer `query` from, or null.
  AnswerCache::Entry* Find(const AnswerCache::Key& key, const Query& query,
                           std::uint64_t now_ms) noexcept;
  // The same for an asker in the network `who`, when what Find() gave is_scopes. `bits` becomes the
  // size of the network that shares the answer.
  AnswerCache::Entry* FindFor(const AnswerCache::Entry& scopes, const AnswerCache::Key& key,
                              const Query& query, const ClientSubnet& who, std::uint64_t now_ms,
                              std::uint8_t& bits) noexcept;
  const AnswerCache& cache() const noexcept { return cache_; }

  // Writes the entry's answer as one to `query`: its id, RD, CD and spelling of the name (the case
  // some askers randomize). Names compressed against the question take its spelling too; no
  // signature cares, for only types signed in lower case are compressed. 0: it is longer than
  // `out`. `sum` becomes the Internet checksum's sum of what was written.
  std::uint32_t Copy(AnswerCache::Entry& entry, const Query& query, std::uint64_t now_ms,
                     dns::MutableBytes out, std::uint16_t& sum) noexcept;
  bool IsAuthoritative(const AnswerCache::Entry& entry) const noexcept;
  dns::Rcode RcodeOf(const AnswerCache::Entry& entry) const noexcept {
    return static_cast<dns::Rcode>(cache_.message(entry)[3] & 0x0f);
  }

  // Remembers an answer just written, if it may be given again and was wanted before.
  // `options_size` is the AnswerEncoder's.
  void Remember(const AnswerCache::Key& key, dns::Bytes message, const Answer& answer,
                const Resolution& resolution, bool is_signed, std::size_t options_size,
                std::uint64_t now_ms, const AnswerScope& scope = {}) noexcept;

 private:
  bool Holds(AnswerCache::Entry& entry, const Query& query) noexcept;
  void RememberScoped(const AnswerCache::Key& key, dns::Bytes message, AnswerCache::Traits traits,
                      const ClientSubnet& told, std::uint8_t bits) noexcept;

  AnswerCache cache_;
  std::uint64_t seed_;
  PipelineCounters& counters_;
  const ZoneTable* zones_ = nullptr;
  std::uint64_t epoch_ = 0;
};

}  // namespace sealwire::proxy
