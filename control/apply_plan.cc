#include "control/apply_plan.h"

#include <nlohmann/json.hpp>
#include <set>

#include "control/record_json.h"
#include "control/yaml_map.h"

namespace sealwire::control {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxFileSize = 256u << 20;

Result<net::Endpoint> DnsEndpoint(const std::string& text) {
  return net::Endpoint::FromText(text, 53);
}

void ReadDnssec(YamlMap& entry, std::optional<bool>& dnssec) {
  const auto word = entry.Text("dnssec");
  if (!word) return;
  if (*word == "on" || *word == "off") {
    dnssec = *word == "on";
  } else {
    entry.Fail("dnssec", "'" + *word + "' is not possible; possible are: on, off");
  }
}

// `transfer` is one primary, or a list of them.
void ReadTransfer(YamlMap& map, BackendSpec& backend) {
  if (!map.Has("transfer")) return;
  backend.kind = BackendKind::kTransfer;
  if (map.HasList("transfer")) {
    backend.servers = map.ParsedList("transfer", DnsEndpoint);
    if (backend.servers.empty() || backend.servers.size() > kMaxForwardServers) {
      map.Fail("transfer", "list 1 to " + std::to_string(kMaxForwardServers) + " primaries");
    }
  } else if (const auto primary = map.Parsed("transfer", DnsEndpoint)) {
    backend.servers = {*primary};
  }
  if (auto members = map.Map("members")) {
    MemberSpec spec;
    if (auto policy = members->Text("policy")) spec.policy = *std::move(policy);
    std::optional<bool> dnssec;
    ReadDnssec(*members, dnssec);
    spec.dnssec = dnssec.value_or(false);
    members->RejectUnknown();
    backend.members = std::move(spec);
  }
}

// `secondaries: [{address: "…", tsig: name}]`
void ReadSecondaries(YamlMap& map, BackendSpec& backend) {
  for (YamlMap& each : map.Maps("secondaries")) {
    Secondary secondary;
    if (const auto address = each.Parsed("address", DnsEndpoint)) secondary.address = *address;
    if (!each.Has("address")) each.Fail("address", "is missing");
    if (auto key = each.Parsed("tsig", [](const std::string& t) { return NormalizeZoneName(t); })) {
      secondary.tsig = *std::move(key);
    }
    each.RejectUnknown();
    backend.secondaries.push_back(std::move(secondary));
  }
  if (backend.secondaries.size() > kMaxForwardServers) {
    map.Fail("secondaries", "list at most " + std::to_string(kMaxForwardServers));
  }
  if (map.Has("secondaries") && map.Has("forward")) {
    map.Fail("secondaries", "only zones held whole (file, transfer) can be copied");
  }
}

// What goes with `forward`.
void ReadForward(YamlMap& map, BackendSpec& backend) {
  backend.servers = map.ParsedList("forward", DnsEndpoint);
  if (const auto how = map.Text("client_address")) {
    if (const auto parsed = ParseClientAddress(*how)) {
      backend.client_address = *parsed;
    } else {
      map.Fail("client_address", "'" + *how + "' is not possible; possible are: ecs, proxy, none");
    }
    if (!map.Has("forward")) map.Fail("client_address", "goes with forward only");
  }
}

void ReadBackend(YamlMap& entry, BackendSpec& backend) {
  auto map = entry.Map("backend");
  if (!map) {
    if (!entry.Has("backend")) entry.Fail("backend", "is missing");
    return;
  }
  ReadForward(*map, backend);
  if (auto key = map->Parsed("tsig", [](const std::string& t) { return NormalizeZoneName(t); })) {
    backend.tsig = *std::move(key);
    if (map->Has("file")) map->Fail("tsig", "goes with forward and transfer only");
  }
  if (const auto path = map->Text("file")) {
    backend.kind = BackendKind::kFile;
    backend.path = *path;
    if (path->front() != '/') map->Fail("file", "must be an absolute path on the node");
  }
  ReadTransfer(*map, backend);
  ReadSecondaries(*map, backend);
  if (map->Has("forward") + map->Has("file") + map->Has("transfer") != 1) {
    map->Fail("forward", "give exactly one of forward, transfer and file");
  } else if (map->Has("forward") &&
             (backend.servers.empty() || backend.servers.size() > kMaxForwardServers)) {
    map->Fail("forward", "list 1 to " + std::to_string(kMaxForwardServers) + " servers");
  }
  map->RejectUnknown();
}

void ReadZones(YamlMap& top, std::vector<ZoneWish>& wishes) {
  std::set<std::string> names;
  for (YamlMap& entry : top.Maps("zones")) {
    ZoneWish wish;
    if (const auto name =
            entry.Parsed("name", [](const std::string& t) { return NormalizeZoneName(t); })) {
      wish.name = *name;
      if (!names.insert(*name).second) entry.Fail("name", "this zone is here twice");
    } else if (!entry.Has("name")) {
      entry.Fail("name", "is missing");
    }
    ReadBackend(entry, wish.backend);
    if (const auto policy = entry.Text("policy")) wish.policy = *policy;
    ReadDnssec(entry, wish.dnssec);
    entry.RejectUnknown();
    wishes.push_back(std::move(wish));
  }
  if (!top.Has("zones")) top.Fail("zones", "is missing");
}

}  // namespace

Result<std::vector<ZoneWish>> ReadZoneWishes(const std::string& file) {
  std::vector<ZoneWish> wishes;
  const Status status =
      ReadYamlFile(file, kMaxFileSize, [&](YamlMap& top) { ReadZones(top, wishes); });
  if (!status.ok()) return Error{status.error()};
  return wishes;
}

Result<std::vector<ZoneWish>> ParseZoneWishes(const std::string& name, const std::string& yaml) {
  std::vector<ZoneWish> wishes;
  const Status status = ReadYaml(name, yaml, [&](YamlMap& top) { ReadZones(top, wishes); });
  if (!status.ok()) return Error{status.error()};
  return wishes;
}

ApplyStep PlanFor(const ZoneWish& wish, const json& zone) {
  ApplyStep step;
  if (!zone.is_object()) {
    step.put = ApplyStep::Put::kCreate;
  } else if (zone.value("backend", json()) != BackendToJson(wish.backend) ||
             zone.value("policy", "") != wish.policy) {
    step.put = ApplyStep::Put::kChange;
  }
  const json dnssec = zone.is_object() ? zone.value("dnssec", json::object()) : json::object();
  const bool enabled = dnssec.is_object() && dnssec.value("enabled", false);
  if (wish.dnssec && *wish.dnssec != enabled) step.dnssec = wish.dnssec;
  return step;
}

std::string ApplyStep::ToText() const {
  std::string text = put == Put::kCreate ? "create" : put == Put::kChange ? "change" : "";
  if (dnssec)
    text += std::string(text.empty() ? "" : ", ") + (*dnssec ? "DNSSEC on" : "DNSSEC off");
  return text.empty() ? "nothing" : text;
}

}  // namespace sealwire::control
