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

std::optional<json> Api::Call::Body(std::initializer_list<const char*> known) const {
  if (!IsJson(request.Header("Content-Type"))) {
    Fail(415, "not-json", "Unsupported media type", "the body must be application/json");
    return std::nullopt;
  }
  auto body = ParseJson(request.body);
  if (!body || !body->is_object()) {
    Fail(400, "malformed", "Malformed body", "the body must be a JSON object");
    return std::nullopt;
  }
  for (const auto& [key, value] : body->items()) {
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
  if (IsSigned(*entry.record) && !entry.keys) return ZoneStatus::kError;
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
    : zones_(zones), token_(std::move(token)), facts_(std::move(facts)) {}

const std::vector<Api::Route>& Api::Routes() {
  static const std::vector<Route> routes = {
      {"GET", {"v1", "zones"}, &Api::ListZones},
      {"GET", {"v1", "zones", ""}, &Api::GetZone},
      {"PUT", {"v1", "zones", ""}, &Api::PutZone},
      {"DELETE", {"v1", "zones", ""}, &Api::DeleteZone},
      {"GET", {"v1", "zones", "", "dnssec"}, &Api::GetDnssec},
      {"PATCH", {"v1", "zones", "", "dnssec"}, &Api::PatchDnssec},
      {"DELETE", {"v1", "zones", "", "dnssec"}, &Api::DeleteDnssec},
      {"POST", {"v1", "zones", "", "dnssec", "check"}, &Api::CheckDnssec},
      {"GET", {"v1", "zones", "", "keys"}, &Api::GetKeys},
      {"GET", {"v1", "zones", "", "history"}, &Api::GetHistory},
      {"GET", {"v1", "zones", "", "stats"}, &Api::GetStats},
      {"GET", {"v1", "series"}, &Api::GetSeries},
      {"POST", {"v1", "batch"}, &Api::PostBatch},
      {"GET", {"v1", "operations", ""}, &Api::GetOperation},
      {"GET", {"v1", "backends"}, &Api::GetBackends},
      {"GET", {"v1", "nodes"}, &Api::GetNodes},
      {"GET", {"v1", "events"}, &Api::GetEvents},
      {"GET", {"v1", "openapi.json"}, &Api::GetOpenApi},
  };
  return routes;
}

bool Api::Admits(const net::HttpRequest& request, net::HttpReply& reply) const {
  const std::string* authorization = request.Header("Authorization");
  const bool admitted = authorization != nullptr ? token_.Admits(*authorization)
                                                 : request.peer == net::HttpRequest::Peer::kUnix;
  if (admitted) return true;
  Log(LogLevel::kWarning, "api-refused", {{"peer", request.peer_address}, {"path", request.path}});
  net::HttpResponse response =
      Problem(401, "unauthorized", "Unauthorized", "a valid bearer token is needed");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"sealwire\"");
  reply.Send(std::move(response));
  return false;
}

void Api::Handle(net::HttpRequest request, net::HttpReply reply) {
  if (auto file = DashboardFile(request)) return reply.Send(*std::move(file));
  if (!Admits(request, reply)) return;
  const bool with_token = request.peer == net::HttpRequest::Peer::kTcp;
  Call call{std::move(request), std::move(reply), with_token ? "token" : "socket"};
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
    if (call.request.method == route.method) return (this->*route.handler)(call);
    allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  if (allowed.empty()) return call.Fail(404, "not-found", "Not found", "there is no such resource");
  net::HttpResponse response = Problem(405, "method-not-allowed", "Method not allowed",
                                       fmt::format("possible here: {}", allowed));
  response.headers.emplace_back("Allow", allowed);
  call.Send(std::move(response));
}

}  // namespace sealwire::control
