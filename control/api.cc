#include "control/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "control/api_call.h"
#include "control/dashboard.h"
#include "control/lifecycle.h"
#include "control/log.h"
#include "control/record_json.h"

namespace sealwire::control {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxReason = 500;
constexpr std::size_t kMaxNameText = 1100;  // 255 octets, each written as \DDD

bool Matches(const std::vector<const char*>& pattern, const std::vector<std::string>& segments) {
  return std::equal(pattern.begin(), pattern.end(), segments.begin(), segments.end(),
                    [](const char* part, const std::string& segment) {
                      return *part == '\0' || segment == part;
                    });
}

bool IsJson(const std::string* content_type) {
  if (content_type == nullptr) return true;
  const std::string_view type = std::string_view(*content_type).substr(0, content_type->find(';'));
  return type == "application/json" || type == "application/merge-patch+json";
}

}  // namespace

std::optional<std::string> Api::Call::ZoneName() const {
  const std::string& text = request.segments[2];
  if (text.size() <= kMaxNameText) {
    auto name = NormalizeZoneName(text);
    if (name.ok()) return *std::move(name);
    Fail(422, "invalid-name", "Not a domain name", name.error());
  } else {
    Fail(422, "invalid-name", "Not a domain name", "a domain name has at most 255 octets");
  }
  return std::nullopt;
}

bool Api::Call::Allows(Scope needed) const {
  if (scopes.Allow(needed)) return true;
  Fail(403, "forbidden", "Forbidden",
       fmt::format("this token has not the scope '{}'", ToText(needed)));
  return false;
}

std::optional<json> Api::Call::Body(std::initializer_list<const char*> known) {
  if (!IsJson(request.Header("Content-Type"))) {
    Fail(415, "not-json", "Unsupported media type", "the body must be application/json");
    return std::nullopt;
  }
  auto body = ParseJson(request.body);
  if (!body || !body->is_object()) {
    Fail(400, "malformed", "Malformed body", "the body must be a JSON object");
    return std::nullopt;
  }
  if (const auto reason = body->find("reason"); reason != body->end()) {
    if (!reason->is_string() || reason->get_ref<const std::string&>().size() > kMaxReason) {
      Fail(422, "invalid", "The request makes no sense",
           fmt::format("reason must be text of at most {} octets", kMaxReason));
      return std::nullopt;
    }
    who.reason = reason->get<std::string>();
  }
  for (const auto& [key, value] : body->items()) {
    if (key == "reason") continue;
    if (std::none_of(known.begin(), known.end(),
                     [&k = key](const char* name) { return k == name; })) {
      Fail(422, "unknown-member", "Unknown member",
           fmt::format("the member '{}' is not known here", key));
      return std::nullopt;
    }
  }
  return body;
}

bool Api::Call::CheckPrecondition(const ZoneEntry* entry,
                                  std::optional<std::uint64_t>& revision) const {
  const Precondition asked = PreconditionOf(request);
  if (asked.malformed) {
    Fail(400, "malformed-tag", "Malformed precondition",
         "If-Match takes one entity tag or *, If-None-Match takes *");
    return false;
  }
  if (asked.must_exist && entry == nullptr) {
    Fail(412, "changed", "Precondition failed", "there is no such zone");
    return false;
  }
  revision = asked.revision;
  return true;
}

bool Api::Call::CheckTag(const std::string& tag) const {
  switch (MatchTag(request.Header("If-Match"), tag)) {
    case TagMatch::kMatch:
      return true;
    case TagMatch::kMalformed:
      Fail(400, "malformed-tag", "Malformed precondition", "If-Match takes entity tags, or *");
      return false;
    case TagMatch::kOther:
      break;
  }
  Fail(412, "changed", "Precondition failed", "it was changed since it was read");
  return false;
}

void Api::Call::SendTagged(const json& body, const std::string& tag) const {
  const std::string* known = request.Header("If-None-Match");
  const bool has_it = known != nullptr && *known == tag;
  net::HttpResponse response = has_it ? net::HttpResponse{304, {}, ""} : JsonReply(200, body);
  response.headers.emplace_back("ETag", tag);
  Send(std::move(response));
}

bool Api::Call::PutPage(json& body, const char* name, json list, const char* key) const {
  constexpr std::uint64_t kDefaultLimit = 100;
  constexpr std::uint64_t kMaxLimit = 1000;
  const auto limit = QueryNumber("limit", kDefaultLimit, 1, kMaxLimit);
  if (!limit) return false;
  const std::string* cursor = request.Query("cursor");
  auto first = list.begin();
  if (cursor != nullptr) {
    first = std::upper_bound(list.begin(), list.end(), *cursor,
                             [key](const std::string& after, const json& item) {
                               return after < item[key].get_ref<const std::string&>();
                             });
  }
  const auto count =
      std::min<std::uint64_t>(*limit, static_cast<std::uint64_t>(list.end() - first));
  const auto last = first + static_cast<json::difference_type>(count);
  body["next_cursor"] = last == list.end() ? json(nullptr) : (*(last - 1))[key];
  json& page = body[name] = json::array();
  for (auto item = first; item != last; ++item) page.push_back(std::move(*item));
  return true;
}

std::optional<std::uint64_t> Api::Call::QueryNumber(const char* name, std::uint64_t fallback,
                                                    std::uint64_t min, std::uint64_t max) const {
  const std::string* text = request.Query(name);
  if (text == nullptr) return fallback;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc() && end == text->data() + text->size() && number >= min &&
      number <= max) {
    return number;
  }
  Fail(422, "invalid-parameter", "Invalid parameter",
       fmt::format("'{}' must be a number from {} to {}", name, min, max));
  return std::nullopt;
}

ZoneStatus ShownStatus(const ZoneEntry& entry) {
  // Keys that are opened in their turn, or when they are asked for, are no fault.
  const bool can_be_opened = entry.key_place == KeyPlace::kStored ||
                             (entry.key_place != KeyPlace::kFailed && entry.key_problem.empty());
  if (IsSigned(*entry.record) && !entry.keys && !can_be_opened) return ZoneStatus::kError;
  return entry.record->status;
}

json ZoneJson(const ZoneEntry& entry) {
  const ZoneRecord& zone = *entry.record;
  std::string problem = entry.content_problem;
  for (const std::string& more : {zone.problem, entry.key_problem}) {
    if (!more.empty() && more != problem) problem += (problem.empty() ? "" : "; ") + more;
  }
  return {{"name", zone.name},
          {"backend", BackendToJson(zone.backend)},
          {"policy", zone.policy},
          {"dnssec", {{"enabled", zone.dnssec}, {"status", ToText(ShownStatus(entry))}}},
          {"created", TimeJson(zone.created)},
          {"changed", TimeJson(zone.changed)},
          {"problem", problem.empty() ? json(nullptr) : json(problem)}};
}

Api::Api(ZoneControl& zones, AccessToken token, NodeFacts facts)
    : zones_(zones),
      access_(std::move(token)),
      facts_(std::move(facts)),
      powerdns_(zones_, access_, facts_.version),
      cloudflare_(zones_, access_) {
  ReadTokens();
}

void Api::ReadTokens() {
  // What cannot be read admits nobody.
  if (const auto tokens = zones_.registry().store().ReadTokens(); tokens.ok()) {
    access_.UseNamed(*tokens);
  } else {
    Log(LogLevel::kError, "tokens-not-read", {{"error", tokens.error()}});
  }
}

const std::vector<Api::Route>& Api::Routes() {
  static const std::vector<Route> routes = {
      {"GET", {"v1", "zones"}, &Api::ListZones, Scope::kRead},
      {"GET", {"v1", "zones", ""}, &Api::GetZone, Scope::kRead},
      {"PUT", {"v1", "zones", ""}, &Api::PutZone, Scope::kZones},
      {"DELETE", {"v1", "zones", ""}, &Api::DeleteZone, Scope::kZones},
      {"GET", {"v1", "zones", "", "dnssec"}, &Api::GetDnssec, Scope::kRead},
      {"PATCH", {"v1", "zones", "", "dnssec"}, &Api::PatchDnssec, Scope::kToggle},
      {"DELETE", {"v1", "zones", "", "dnssec"}, &Api::DeleteDnssec, Scope::kKeys},
      {"POST", {"v1", "zones", "", "dnssec", "check"}, &Api::CheckDnssec, Scope::kRead},
      {"GET", {"v1", "zones", "", "keys"}, &Api::GetKeys, Scope::kRead},
      {"POST", {"v1", "zones", "", "keys"}, &Api::PostKeys, Scope::kKeys},
      {"POST", {"v1", "zones", "", "keys", "", "revoke"}, &Api::RevokeKey, Scope::kOverride},
      {"PUT", {"v1", "zones", "", "keys", "foreign"}, &Api::PutForeignKeys, Scope::kKeys},
      {"GET", {"v1", "zones", "", "rollovers"}, &Api::GetRollovers, Scope::kRead},
      {"POST", {"v1", "zones", "", "rollovers"}, &Api::PostRollover, Scope::kKeys},
      {"DELETE", {"v1", "zones", "", "rollovers", ""}, &Api::DeleteRollover, Scope::kKeys},
      {"GET", {"v1", "zones", "", "history"}, &Api::GetHistory, Scope::kRead},
      {"GET", {"v1", "zones", "", "stats"}, &Api::GetStats, Scope::kRead},
      {"GET", {"v1", "zones", "", "synthesis"}, &Api::GetSynthesis, Scope::kRead},
      {"PUT", {"v1", "zones", "", "synthesis"}, &Api::PutSynthesis, Scope::kZones},
      {"GET", {"v1", "series"}, &Api::GetSeries, Scope::kRead},
      {"POST", {"v1", "batch"}, &Api::PostBatch, Scope::kToggle},
      {"GET", {"v1", "operations", ""}, &Api::GetOperation, Scope::kRead},
      {"GET", {"v1", "tokens"}, &Api::GetTokens},
      {"POST", {"v1", "tokens"}, &Api::PostToken},
      {"DELETE", {"v1", "tokens", ""}, &Api::DeleteToken},
      {"GET", {"v1", "backends"}, &Api::GetBackends, Scope::kRead},
      {"GET", {"v1", "nodes"}, &Api::GetNodes, Scope::kRead},
      {"GET", {"v1", "events"}, &Api::GetEvents, Scope::kRead},
      {"GET", {"v1", "openapi.json"}, &Api::GetOpenApi, Scope::kRead},
  };
  return routes;
}

std::optional<Grant> Api::Admit(const net::HttpRequest& request,
                                const net::HttpReply& reply) const {
  const std::string* authorization = request.Header("Authorization");
  std::optional<std::string_view> token;
  // Another scheme is a token that nobody has.
  if (authorization != nullptr) token = AccessToken::InHeader(*authorization).value_or("");
  auto grant = access_.Admit(request, token);
  if (grant) return grant;
  Log(LogLevel::kWarning, "api-refused", {{"peer", request.peer_address}, {"path", request.path}});
  net::HttpResponse response =
      Problem(401, "unauthorized", "Unauthorized", "a valid bearer token is needed");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"sealwire\"");
  reply.Send(std::move(response));
  return std::nullopt;
}

void Api::Handle(net::HttpRequest request, net::HttpReply reply) {
  if (auto file = DashboardFile(request)) return reply.Send(*std::move(file));
  if (PowerDnsFacade::Serves(request)) {
    return powerdns_.Handle(std::move(request), std::move(reply));
  }
  if (CloudflareFacade::Serves(request)) {
    return cloudflare_.Handle(std::move(request), std::move(reply));
  }
  const auto grant = Admit(request, reply);
  if (!grant) return;
  // Why, where a body cannot say it (DELETE).
  const std::string* reason = request.Header("Sealwire-Reason");
  Actor who(grant->who, reason == nullptr ? "" : reason->substr(0, kMaxReason));
  Call call{std::move(request), std::move(reply), std::move(who), grant->scopes};
  try {
    Dispatch(call);
  } catch (const std::exception& e) {
    // A defect of ours, not the caller's; one answer is lost, not the daemon.
    Log(LogLevel::kError, "api-failed", {{"path", call.request.path}, {"error", e.what()}});
    call.Fail(500, "internal", "Internal error", "the request could not be carried out");
  }
}

void Api::Dispatch(Call& call) {
  std::string allowed;
  for (const Route& route : Routes()) {
    if (!Matches(route.pattern, call.request.segments)) continue;
    if (call.request.method == route.method) {
      if (call.Allows(route.needs)) (this->*route.handler)(call);
      return;
    }
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  if (allowed.empty()) return call.Fail(404, "not-found", "Not found", "there is no such resource");
  net::HttpResponse response = Problem(405, "method-not-allowed", "Method not allowed",
                                       fmt::format("possible here: {}", allowed));
  response.headers.emplace_back("Allow", allowed);
  call.Send(std::move(response));
}

}  // namespace sealwire::control
