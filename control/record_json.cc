#include "control/record_json.h"

#include <nlohmann/json.hpp>

namespace sealwire::control {

using nlohmann::json;

namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxPath = 4096;

Result<BackendSpec> ForwardFromJson(const json& servers) {
  BackendSpec backend;
  if (!servers.is_array() || servers.empty() || servers.size() > kMaxForwardServers) {
    return Error{"backend.forward must list 1 to " + std::to_string(kMaxForwardServers) +
                 " servers, as ADDRESS:PORT"};
  }
  for (const json& server : servers) {
    if (!server.is_string()) return Error{"backend.forward must list text, as ADDRESS:PORT"};
    auto endpoint = net::Endpoint::FromText(server.get_ref<const std::string&>(), 53);
    if (!endpoint.ok()) return Error{"backend.forward: " + endpoint.error()};
    backend.servers.push_back(*endpoint);
  }
  return backend;
}

Result<BackendSpec> FileFromJson(const json& path) {
  if (!path.is_string()) return Error{"backend.file must be text, the path of a zone file"};
  BackendSpec backend;
  backend.kind = BackendKind::kFile;
  backend.path = path.get<std::string>();
  if (backend.path.empty() || backend.path.front() != '/' || backend.path.size() > kMaxPath ||
      backend.path.find('\0') != std::string::npos) {
    return Error{"backend.file must be an absolute path of at most 4096 octets"};
  }
  return backend;
}

std::uint64_t NumberOr0(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

}  // namespace

std::optional<json> ParseJson(std::string_view text) {
  bool too_deep = false;
  const json::parser_callback_t watch_depth = [&](int depth, json::parse_event_t, json&) {
    too_deep = too_deep || depth > kMaxDepth;
    return !too_deep;
  };
  json value = json::parse(text, watch_depth, /*allow_exceptions=*/false);
  if (value.is_discarded() || too_deep) return std::nullopt;
  return value;
}

json BackendToJson(const BackendSpec& backend) {
  if (backend.kind == BackendKind::kFile) return {{"file", backend.path}};
  json servers = json::array();
  for (const net::Endpoint& server : backend.servers) servers.push_back(server.ToText());
  return {{"forward", std::move(servers)}};
}

Result<BackendSpec> BackendFromJson(const json& value) {
  if (!value.is_object()) return Error{"backend must be an object"};
  if (value.size() == 1 && value.contains("forward")) return ForwardFromJson(value["forward"]);
  if (value.size() == 1 && value.contains("file")) return FileFromJson(value["file"]);
  return Error{R"(backend must have exactly one member: "forward" or "file")"};
}

json ParentToJson(const ParentObservation& parent) {
  return {{"state", ToText(parent.state)}, {"checked_at", parent.checked_at},
          {"servers", parent.servers},     {"answered", parent.answered},
          {"with_ds", parent.with_ds},     {"ds_ttl", parent.ds_ttl},
          {"hold", parent.hold},           {"detail", parent.detail}};
}

Result<ParentObservation> ParentFromJson(const json& value) {
  if (!value.is_object() || !value.contains("state") || !value["state"].is_string()) {
    return Error{"a parent observation must be an object with a state"};
  }
  const auto state = ParseParentState(value["state"].get_ref<const std::string&>());
  if (!state) return Error{"unknown state of the parent"};
  ParentObservation parent;
  parent.state = *state;
  parent.checked_at = static_cast<std::int64_t>(NumberOr0(value, "checked_at"));
  parent.servers = static_cast<std::uint32_t>(NumberOr0(value, "servers"));
  parent.answered = static_cast<std::uint32_t>(NumberOr0(value, "answered"));
  parent.with_ds = static_cast<std::uint32_t>(NumberOr0(value, "with_ds"));
  parent.ds_ttl = static_cast<std::uint32_t>(NumberOr0(value, "ds_ttl"));
  parent.hold = static_cast<std::uint32_t>(NumberOr0(value, "hold"));
  if (value.contains("detail") && value["detail"].is_string()) {
    parent.detail = value["detail"].get<std::string>();
  }
  return parent;
}

}  // namespace sealwire::control
