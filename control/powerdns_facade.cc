#include "control/powerdns_facade.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "control/api_reply.h"
#include "control/log.h"
#include "control/record_json.h"

namespace sealwire::control {

using nlohmann::json;

namespace powerdns {

void Send(const FacadeCall& call, int status, const json& body) {
  call.reply.Send(JsonReply(status, body));
}

void Fail(const FacadeCall& call, int status, std::string_view error) {
  Send(call, status, {{"error", error}});
}

void Finish(const FacadeCall& call, const Outcome& outcome) {
  switch (outcome.failure) {
    case Failure::kNone:
      return call.reply.Send({204, {}, ""});
    case Failure::kNotFound:
      return Fail(call, 404, "Not Found");
    case Failure::kConflict:
      return Fail(call, 409, outcome.detail);
    case Failure::kInternal:
      return Fail(call, 500, outcome.detail);
    case Failure::kUnavailable:
      return Fail(call, 503, outcome.detail);
    default:
      return Fail(call, 422, outcome.detail);
  }
}

bool Allows(const FacadeCall& call, Scope needed) {
  if (call.scopes.Allow(needed)) return true;
  Fail(call, 403, "this key has not the scope '" + std::string(ToText(needed)) + "'");
  return false;
}

std::optional<json> Body(const FacadeCall& call) {
  auto body = ParseJson(call.request.body);
  if (body && body->is_object()) return body;
  Fail(call, 400, "the body must be a JSON object");
  return std::nullopt;
}

}  // namespace powerdns

namespace {

// A zone's id is its name, with a final dot and "=XX" for octets that do not fit into a URL.
std::optional<std::string> NameOfId(std::string_view id) {
  std::string text;
  for (std::size_t i = 0; i < id.size(); ++i) {
    unsigned octet = 0;
    if (id[i] != '=') {
      text += id[i];
    } else if (id.size() - i > 2 &&
               std::from_chars(id.data() + i + 1, id.data() + i + 3, octet, 16).ptr ==
                   id.data() + i + 3) {
      text += static_cast<char>(octet);
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  auto name = NormalizeZoneName(text);
  return name.ok() ? std::optional<std::string>(*std::move(name)) : std::nullopt;
}

json ServerJson(const std::string& version) {
  return {{"type", "Server"},
          {"id", "localhost"},
          {"daemon_type", "authoritative"},
          {"version", version},
          {"url", "/api/v1/servers/localhost"},
          {"config_url", "/api/v1/servers/localhost/config{/config_setting}"},
          {"zones_url", "/api/v1/servers/localhost/zones{/zone}"}};
}

}  // namespace

bool PowerDnsFacade::Serves(const net::HttpRequest& request) {
  return !request.segments.empty() && request.segments[0] == "api";
}

void PowerDnsFacade::Handle(net::HttpRequest request, net::HttpReply reply) {
  const std::string* key = request.Header("X-API-Key");
  const auto grant =
      access_.Admit(request, key == nullptr ? std::nullopt : std::optional<std::string_view>(*key));
  if (!grant) {
    Log(LogLevel::kWarning, "api-refused",
        {{"peer", request.peer_address}, {"path", request.path}});
    return reply.Send({401, {{"Content-Type", "text/plain"}}, "Unauthorized"});
  }
  FacadeCall call{std::move(request), std::move(reply), grant->who, grant->scopes};
  try {
    Dispatch(call);
  } catch (const std::exception& e) {
    Log(LogLevel::kError, "api-failed", {{"path", call.request.path}, {"error", e.what()}});
    powerdns::Fail(call, 500, "Internal Server Error");
  }
}

void PowerDnsFacade::Dispatch(const FacadeCall& call) {
  if (call.Is("GET") && !powerdns::Allows(call, Scope::kRead)) return;
  if (call.parts() == 1 && call.Is("GET")) {
    return powerdns::Send(call, 200, json::array({{{"url", "/api/v1"}, {"version", 1}}}));
  }
  if (call.Part(1) != "v1" || call.Part(2) != "servers") {
    return powerdns::Fail(call, 404, "Not Found");
  }
  if (call.parts() == 3 && call.Is("GET")) {
    return powerdns::Send(call, 200, json::array({ServerJson(version_)}));
  }
  if (call.Part(3) != "localhost") return powerdns::Fail(call, 404, "Not Found");
  if (call.parts() == 4 && call.Is("GET")) {
    return powerdns::Send(call, 200, ServerJson(version_));
  }
  if (call.Part(4) != "zones") return powerdns::Fail(call, 404, "Not Found");
  if (call.parts() == 5 && call.Is("GET")) return ListZones(call);
  if (call.parts() == 5 && call.Is("POST")) return CreateZone(call);
  if (call.parts() == 5) return powerdns::Fail(call, 405, "Method Not Allowed");
  const auto name = NameOfId(call.Part(5));
  if (!name || zones_.registry().Find(*name) == nullptr) {
    return powerdns::Fail(call, 404, "Not Found");
  }
  DispatchZone(call, *name);
}

void PowerDnsFacade::DispatchZone(const FacadeCall& call, const std::string& name) {
  if (call.parts() == 6) {
    if (call.Is("GET")) return GetZone(call, name);
    if (call.Is("PUT")) return ChangeZone(call, name);
    if (call.Is("DELETE")) return DeleteZone(call, name);
    if (call.Is("PATCH")) {
      return powerdns::Fail(call, 422, "records are kept by the zone's backend, not here");
    }
  } else if (call.Part(6) == "cryptokeys" && call.parts() == 7) {
    if (call.Is("GET")) return ListKeys(call, name);
    if (call.Is("POST")) return CreateKey(call, name);
  } else if (call.Part(6) == "cryptokeys" && call.parts() == 8) {
    if (call.Is("GET")) return GetKey(call, name);
    if (call.Is("PUT")) return ChangeKey(call, name);
    if (call.Is("DELETE")) return DeleteKey(call, name);
  } else {
    return powerdns::Fail(call, 404, "Not Found");
  }
  powerdns::Fail(call, 405, "Method Not Allowed");
}

}  // namespace sealwire::control
