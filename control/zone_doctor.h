// Examines a zone as the world sees it: what each edge answers, and how long its signatures last.
// For sealctl doctor.
//
// Threading: blocks on the network; any thread. Ownership: values. Errors: findings, each with what
// to do about it.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "control/dns_asker.h"

namespace sealwire::control {

struct Finding {
  enum class State : std::uint8_t { kGood, kSkipped, kWarning, kFault };
  State state = State::kGood;
  std::string what;    // what was looked at: "edge 192.0.2.1:53"
  std::string text;    // what was seen
  std::string advice;  // empty: nothing to do
};
std::string_view ToText(Finding::State state) noexcept;

// What the answers are held against.
struct ZoneExpectation {
  dns::Name apex;
  bool is_signed = false;
  std::set<std::string> dnskeys;  // "257 3 13 …", as the API has them
  std::int64_t now = 0;           // seconds since 1970
};

// One listener: SOA, DNSKEY, and a random name (which is a denial or a wildcard's answer). `asker`
// must set DO.
std::vector<Finding> ExamineEdge(DnsAsker& asker, const net::Endpoint& edge,
                                 const ZoneExpectation& expected);

// What delv says, which validates as resolvers do: of an answer and of a denial, from this edge,
// with the zone's own DS records as the only trust. `ds` are RDATA texts.
std::vector<Finding> Validate(const net::Endpoint& edge, const dns::Name& apex,
                              const std::vector<std::string>& ds);

// The kernel's word on this host's clock.
Finding ExamineClock();

}  // namespace sealwire::control
