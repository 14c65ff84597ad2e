#include "control/record_json.h"

#include <nlohmann/json.hpp>

namespace sealwire::control {

using nlohmann::json;

namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kMaxPath = 4096;

// `member` is how the list is called in errors.
Result<BackendSpec> ServersFromJson(const std::string& member, const json& servers) {
  BackendSpec backend;
  if (!servers.is_array() || servers.empty() || servers.size() > kMaxForwardServers) {
    return Error{member + " must list 1 to " + std::to_string(kMaxForwardServers) +
                 " servers, as ADDRESS:PORT"};
  }
  for (const json& server : servers) {
    if (!server.is_string()) return Error{member + " must list text, as ADDRESS:PORT"};
    auto endpoint = net::Endpoint::FromText(server.get_ref<const std::string&>(), 53);
    if (!endpoint.ok()) return Error{member + ": " + endpoint.error()};
    backend.servers.push_back(*endpoint);
  }
  return backend;
}

// The name of a key at `backend.tsig`, where there is one.
Status TsigFromJson(const json& value, BackendSpec& backend) {
  const auto tsig = value.find("tsig");
  if (tsig == value.end()) return Status::Ok();
  if (!tsig->is_string()) return Error{"backend.tsig must be text, the name of a key"};
  auto name = NormalizeZoneName(tsig->get_ref<const std::string&>());
  if (!name.ok()) return Error{"backend.tsig: " + name.error()};
  backend.tsig = *std::move(name);
  return Status::Ok();
}

// {"forward": ["192.0.2.1:53"], "client_address": "proxy", "tsig": "key"}
Result<BackendSpec> ForwardFromJson(const json& value) {
  auto backend = ServersFromJson("backend.forward", value["forward"]);
  if (!backend.ok()) return backend;
  if (const auto told = value.find("client_address"); told != value.end()) {
    const auto how =
        told->is_string() ? ParseClientAddress(told->get_ref<const std::string&>()) : std::nullopt;
    if (!how) return Error{"backend.client_address must be ecs, proxy or none"};
    backend->client_address = *how;
  }
  const Status tsig = TsigFromJson(value, *backend);
  if (!tsig.ok()) return Error{tsig.error()};
  return backend;
}

// [{"address": "192.0.2.1:53", "tsig": "key"}]
Status SecondariesFromJson(const json& list, std::vector<Secondary>& out) {
  if (!list.is_array() || list.size() > kMaxForwardServers) {
    return Error{"backend.secondaries must list at most " + std::to_string(kMaxForwardServers) +
                 " objects with an address"};
  }
  for (const json& each : list) {
    if (!each.is_object() || !each.contains("address") || !each["address"].is_string() ||
        each.size() != 1 + each.count("tsig")) {
      return Error{"backend.secondaries must list objects with an address, and perhaps tsig"};
    }
    Secondary secondary;
    auto address = net::Endpoint::FromText(each["address"].get_ref<const std::string&>(), 53);
    if (!address.ok()) return Error{"backend.secondaries: " + address.error()};
    secondary.address = *address;
    if (each.contains("tsig")) {
      if (!each["tsig"].is_string()) return Error{"backend.secondaries: tsig must be text"};
      auto name = NormalizeZoneName(each["tsig"].get_ref<const std::string&>());
      if (!name.ok()) return Error{"backend.secondaries: " + name.error()};
      secondary.tsig = *std::move(name);
    }
    out.push_back(std::move(secondary));
  }
  return Status::Ok();
}

// {"policy": "default", "dnssec": true}
Result<MemberSpec> MembersFromJson(const json& value) {
  MemberSpec members;
  if (!value.is_object() || value.size() != value.count("policy") + value.count("dnssec")) {
    return Error{"backend.members must be an object with policy and dnssec, or empty"};
  }
  if (value.contains("policy")) {
    if (!value["policy"].is_string()) return Error{"backend.members: policy must be text"};
    members.policy = value["policy"].get<std::string>();
  }
  if (value.contains("dnssec")) {
    if (!value["dnssec"].is_boolean())
      return Error{"backend.members: dnssec must be true or false"};
    members.dnssec = value["dnssec"].get<bool>();
  }
  return members;
}

// {"transfer": "192.0.2.1:53"} or {"transfer": ["…", "…"], "tsig": "key"}.
Result<BackendSpec> TransferFromJson(const json& value) {
  const json& primaries = value["transfer"];
  auto backend = ServersFromJson("backend.transfer",
                                 primaries.is_string() ? json::array({primaries}) : primaries);
  if (!backend.ok()) return backend;
  backend->kind = BackendKind::kTransfer;
  const Status tsig = TsigFromJson(value, *backend);
  if (!tsig.ok()) return Error{tsig.error()};
  if (value.contains("members")) {
    auto members = MembersFromJson(value["members"]);
    if (!members.ok()) return Error{members.error()};
    backend->members = *std::move(members);
  }
  if (const auto catalog = value.find("catalog"); catalog != value.end()) {
    if (!catalog->is_string()) return Error{"backend.catalog must be text, the name of a zone"};
    auto name = NormalizeZoneName(catalog->get_ref<const std::string&>());
    if (!name.ok()) return Error{"backend.catalog: " + name.error()};
    backend->catalog = *std::move(name);
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
  json out;
  if (backend.kind == BackendKind::kFile) {
    out["file"] = backend.path;
  } else {
    json servers = json::array();
    for (const net::Endpoint& server : backend.servers) servers.push_back(server.ToText());
    out[backend.kind == BackendKind::kForward ? "forward" : "transfer"] = std::move(servers);
  }
  if (backend.client_address != proxy::ClientAddress::kSubnet) {
    out["client_address"] = ToText(backend.client_address);
  }
  if (!backend.tsig.empty()) out["tsig"] = backend.tsig;
  if (backend.members) {
    out["members"] = {{"policy", backend.members->policy}, {"dnssec", backend.members->dnssec}};
  }
  if (!backend.catalog.empty()) out["catalog"] = backend.catalog;
  for (const Secondary& each : backend.secondaries) {
    json secondary = {{"address", each.address.ToText()}};
    if (!each.tsig.empty()) secondary["tsig"] = each.tsig;
    out["secondaries"].push_back(std::move(secondary));
  }
  return out;
}

Result<BackendSpec> BackendFromJson(const json& value) {
  if (!value.is_object()) return Error{"backend must be an object"};
  const std::size_t copies = value.count("secondaries");
  const bool held = !value.contains("forward");
  Result<BackendSpec> backend = Error{
      R"(backend must have exactly one member: "forward", "file" or "transfer"; "tsig" may go with "forward" and "transfer", "client_address" with "forward", "secondaries" with the last two)"};
  if (value.contains("forward") &&
      value.size() == 1 + value.count("client_address") + value.count("tsig")) {
    backend = ForwardFromJson(value);
  } else if (value.size() == 1 + copies && value.contains("file")) {
    backend = FileFromJson(value["file"]);
  } else if (value.contains("transfer") && value.size() == 1 + copies + value.count("tsig") +
                                                               value.count("members") +
                                                               value.count("catalog")) {
    backend = TransferFromJson(value);
  }
  if (backend.ok() && held && copies != 0) {
    const Status read = SecondariesFromJson(value["secondaries"], backend->secondaries);
    if (!read.ok()) return Error{read.error()};
  }
  return backend;
}

json ParentToJson(const ParentObservation& parent) {
  json ours = json::array();
  for (const DsSeen& seen : parent.ours) ours.push_back({seen.key_tag, seen.servers});
  return {{"state", ToText(parent.state)}, {"checked_at", parent.checked_at},
          {"servers", parent.servers},     {"answered", parent.answered},
          {"with_ds", parent.with_ds},     {"ds_ttl", parent.ds_ttl},
          {"hold", parent.hold},           {"detail", parent.detail},
          {"ours", std::move(ours)}};
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
  if (value.contains("ours") && value["ours"].is_array()) {
    for (const json& seen : value["ours"]) {
      if (!seen.is_array() || seen.size() != 2 || !seen[0].is_number_unsigned() ||
          !seen[1].is_number_unsigned()) {
        return Error{"a parent observation has a malformed list of DS records"};
      }
      parent.ours.push_back({seen[0].get<std::uint16_t>(), seen[1].get<std::uint32_t>()});
    }
  }
  if (value.contains("detail") && value["detail"].is_string()) {
    parent.detail = value["detail"].get<std::string>();
  }
  return parent;
}

}  // namespace sealwire::control
