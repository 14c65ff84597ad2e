#include "control/api_reply.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace sealwire::control {

using nlohmann::json;

namespace {

// Octets that are no UTF-8 (a zone file's name in an error) must not end the answer.
std::string Dump(const json& body) {
  return body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

net::HttpResponse JsonReply(int status, const json& body) {
  return {
      status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, Dump(body)};
}

std::string EtagOf(std::uint64_t revision) {
  return fmt::format("\"{}\"", revision);
}

std::string EtagOf(dns::Bytes octets) {
  constexpr std::size_t kShown = 16;
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(octets.data(), octets.size(), digest);
  std::string tag = "\"";
  for (std::size_t i = 0; i < kShown; ++i) tag += fmt::format("{:02x}", digest[i]);
  return tag + "\"";
}

TagMatch MatchTag(const std::string* if_match, std::string_view tag) {
  if (if_match == nullptr || *if_match == "*") return TagMatch::kMatch;
  std::string_view rest = *if_match;
  bool found = false;
  while (!rest.empty()) {
    // A weak tag is well formed and never a match (RFC 9110 section 8.8.3.2).
    const bool weak = rest.starts_with("W/");
    if (weak) rest.remove_prefix(2);
    const std::size_t end = rest.starts_with('"') ? rest.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) return TagMatch::kMalformed;
    found = found || (!weak && rest.substr(0, end + 1) == tag);
    rest.remove_prefix(end + 1);
    if (rest.empty()) return found ? TagMatch::kMatch : TagMatch::kOther;
    if (rest.find_first_not_of(" \t") == std::string_view::npos ||
        rest[rest.find_first_not_of(" \t")] != ',') {
      return TagMatch::kMalformed;
    }
    rest.remove_prefix(rest.find(',') + 1);
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  }
  return TagMatch::kMalformed;
}

net::HttpResponse WithEtag(net::HttpResponse response, std::uint64_t revision) {
  response.headers.emplace_back("ETag", EtagOf(revision));
  return response;
}

net::HttpResponse Problem(int status, std::string_view type, std::string_view title,
                          std::string_view detail) {
  net::HttpResponse response =
      JsonReply(status, {{"type", fmt::format("urn:x-sealwire:problem:{}", type)},
                         {"title", title},
                         {"status", status},
                         {"detail", detail}});
  response.headers[0].second = "application/problem+json";
  return response;
}

net::HttpResponse ProblemOf(const Outcome& outcome) {
  switch (outcome.failure) {
    case Failure::kNotFound:
      return Problem(404, "not-found", "Not found", outcome.detail);
    case Failure::kConflict:
      return Problem(409, "conflict", "The zone's state forbids it", outcome.detail);
    case Failure::kInvalid:
      return Problem(422, "invalid", "The request makes no sense", outcome.detail);
    case Failure::kPrecondition:
      return Problem(412, "changed", "Precondition failed", outcome.detail);
    case Failure::kUnavailable:
      return Problem(503, "state-away", "Nothing can be changed now", outcome.detail);
    default:
      return Problem(500, "internal", "The state could not be stored", outcome.detail);
  }
}

json TimeJson(std::int64_t unix_seconds) {
  if (unix_seconds == 0) return nullptr;
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

Precondition PreconditionOf(const net::HttpRequest& request) {
  Precondition asked;
  if (const std::string* value = request.Header("If-None-Match")) {
    // Only "do not overwrite" makes sense for a change; reading compares the tag itself.
    if (*value == "*") {
      asked.revision = 0;
    } else {
      asked.malformed = request.method != "GET";
    }
  }
  const std::string* value = request.Header("If-Match");
  if (value == nullptr) return asked;
  if (*value == "*") {
    asked.must_exist = true;
    return asked;
  }
  std::uint64_t revision = 0;
  const char* first = value->data() + 1;
  const char* last = value->data() + value->size() - 1;
  const bool quoted = value->size() > 2 && value->front() == '"' && value->back() == '"';
  if (quoted && std::from_chars(first, last, revision).ptr == last && revision != 0) {
    asked.revision = revision;
  } else if (quoted) {
    asked.revision = ~std::uint64_t{0};  // a tag that is not ours matches nothing
  } else {
    asked.malformed = true;
  }
  return asked;
}

}  // namespace sealwire::control
