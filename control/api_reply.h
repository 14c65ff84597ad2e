// Answers of the control API: JSON bodies, problem documents (RFC 9457), entity tags (RFC 9110
// section 8.8.3), times (RFC 3339).
//
// Threading: pure functions.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "control/zone_control.h"
#include "net/http_server.h"

namespace sealwire::control {

net::HttpResponse JsonReply(int status, const nlohmann::json& body);
net::HttpResponse WithEtag(net::HttpResponse response, std::uint64_t revision);

// `type` is the last part of the problem's URI, "zone-not-found".
net::HttpResponse Problem(int status, std::string_view type, std::string_view title,
                          std::string_view detail);
net::HttpResponse ProblemOf(const Outcome& outcome);

// "2026-11-24T08:30:00Z", or null for 0.
nlohmann::json TimeJson(std::int64_t unix_seconds);

// What If-Match and If-None-Match ask for.
struct Precondition {
  bool malformed = false;
  std::optional<std::uint64_t> revision;  // what there must be; 0: nothing
  bool must_exist = false;                // If-Match: *
};
Precondition PreconditionOf(const net::HttpRequest& request);
std::string EtagOf(std::uint64_t revision);
// A tag of what is not numbered: it changes with the octets.
std::string EtagOf(dns::Bytes octets);

// If-Match (RFC 9110 section 13.1.1) against the tag of what there is; a header that is not there
// is a match.
enum class TagMatch : std::uint8_t { kMatch, kOther, kMalformed };
TagMatch MatchTag(const std::string* if_match, std::string_view tag);

}  // namespace sealwire::control
