// PowerDNS's zones: what its clients list, make and change.

#include <nlohmann/json.hpp>

#include "control/powerdns_facade.h"
#include "control/record_json.h"
#include "proxy/local_zone.h"

namespace sealwire::control {

using nlohmann::json;

namespace {

json ZoneJson(const ZoneEntry& entry) {
  const ZoneRecord& zone = *entry.record;
  const std::string id = zone.name == "." ? "." : zone.name + ".";
  const std::uint32_t serial = entry.content.local ? entry.content.local->serial() : 0;
  json servers = json::array();
  for (const net::Endpoint& server : zone.backend.servers) servers.push_back(server.ToText());
  const bool asked = zone.backend.kind == BackendKind::kForward;
  json object = {{"id", id},
                 {"name", id},
                 {"type", "Zone"},
                 {"url", "/api/v1/servers/localhost/zones/" + id},
                 {"kind", asked ? "Forwarded" : "Native"},
                 {"serial", serial},
                 {"edited_serial", serial},
                 {"notified_serial", 0},
                 {"last_check", 0},
                 {"dnssec", zone.dnssec},
                 {"masters", json::array()},
                 {"account", ""},
                 {"catalog", ""}};
  if (asked) object["servers"] = std::move(servers);
  return object;
}

// Records are the backend's; what is left of a zone is shown as PowerDNS would.
json WholeZoneJson(const ZoneEntry& entry) {
  json object = ZoneJson(entry);
  object["rrsets"] = json::array();
  object["api_rectify"] = true;
  object["nsec3param"] = "";
  object["nsec3narrow"] = false;
  object["presigned"] = false;
  object["soa_edit"] = "";
  object["soa_edit_api"] = "";
  object["master_tsig_key_ids"] = json::array();
  object["slave_tsig_key_ids"] = json::array();
  object["nameservers"] = json::array();
  return object;
}

// Nothing when every member is one that may be given; else the name of the first that may not.
// Signatures are made when asked for: there is nothing to rectify, whatever is said of it.
std::optional<std::string> Unmapped(const json& body, const json& shown,
                                    std::initializer_list<const char*> mapped) {
  for (const auto& [key, value] : body.items()) {
    const bool known = std::any_of(mapped.begin(), mapped.end(),
                                   [&k = key](const char* name) { return k == name; });
    if (known || key == "api_rectify") continue;
    if (!shown.contains(key) || shown[key] != value) return key;
  }
  return std::nullopt;
}

std::optional<bool> DnssecOf(const json& body) {
  const auto dnssec = body.find("dnssec");
  if (dnssec == body.end() || !dnssec->is_boolean()) return std::nullopt;
  return dnssec->get<bool>();
}

}  // namespace

void PowerDnsFacade::ListZones(const FacadeCall& call) {
  json list = json::array();
  if (const std::string* asked = call.request.Query("zone")) {
    const auto name = NormalizeZoneName(*asked);
    const ZoneEntry* entry = name.ok() ? zones_.registry().Find(*name) : nullptr;
    if (entry != nullptr) list.push_back(ZoneJson(*entry));
    return powerdns::Send(call, 200, list);
  }
  zones_.registry().ForEach(
      [&](const std::string&, ZoneEntry& entry) { list.push_back(ZoneJson(entry)); });
  powerdns::Send(call, 200, list);
}

void PowerDnsFacade::GetZone(const FacadeCall& call, const std::string& name) {
  powerdns::Send(call, 200, WholeZoneJson(*zones_.registry().Find(name)));
}

void PowerDnsFacade::CreateZone(const FacadeCall& call) {
  if (!powerdns::Allows(call, Scope::kZones)) return;
  const auto body = powerdns::Body(call);
  if (!body) return;
  const auto text = [&](const char* key) {
    const auto found = body->find(key);
    return found != body->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const auto name = NormalizeZoneName(text("name"));
  if (!name.ok() || text("name").empty()) {
    return powerdns::Fail(call, 422, "name must be a domain name");
  }
  if (text("kind") != "Forwarded") {
    return powerdns::Fail(call, 422,
                          "records are kept by a zone's backend, not here: give kind Forwarded "
                          "with servers, as ADDRESS:PORT");
  }
  if (zones_.registry().Find(*name) != nullptr) return powerdns::Fail(call, 409, "Conflict");
  const json shown = {
      {"type", "Zone"},           {"rrsets", json::array()}, {"nameservers", json::array()},
      {"masters", json::array()}, {"account", ""},           {"recursion_desired", false}};
  if (const auto key = Unmapped(*body, shown, {"name", "id", "kind", "servers", "dnssec"})) {
    return powerdns::Fail(call, 422, "'" + *key + "' cannot be set here");
  }
  auto backend = BackendFromJson({{"forward", body->value("servers", json())}});
  if (!backend.ok()) return powerdns::Fail(call, 422, "servers: " + backend.error());
  const bool dnssec = DnssecOf(*body).value_or(false);
  if (dnssec && !powerdns::Allows(call, Scope::kToggle)) return;
  zones_.PutZone(*name, *backend, "default", 0, call.who,
                 [this, call, dnssec, name = *name](const Outcome& outcome, bool) {
                   if (!outcome.ok()) return powerdns::Finish(call, outcome);
                   if (dnssec) {
                     const Outcome on = zones_.SetDnssec(name, true, "", std::nullopt, call.who);
                     if (!on.ok()) return powerdns::Finish(call, on);
                     zones_.Tick();
                   }
                   powerdns::Send(call, 201, WholeZoneJson(*zones_.registry().Find(name)));
                 });
}

void PowerDnsFacade::ChangeZone(const FacadeCall& call, const std::string& name) {
  if (!powerdns::Allows(call, Scope::kToggle)) return;
  const auto body = powerdns::Body(call);
  if (!body) return;
  const json shown = WholeZoneJson(*zones_.registry().Find(name));
  if (const auto key = Unmapped(*body, shown, {"dnssec"})) {
    return powerdns::Fail(call, 422, "'" + *key + "' cannot be changed here");
  }
  const auto dnssec = DnssecOf(*body);
  if (!dnssec && body->contains("dnssec")) {
    return powerdns::Fail(call, 422, "dnssec must be true or false");
  }
  if (!dnssec) return powerdns::Finish(call, {});
  const Outcome outcome = zones_.SetDnssec(name, *dnssec, "", std::nullopt, call.who);
  if (outcome.ok()) zones_.Tick();
  powerdns::Finish(call, outcome);
}

void PowerDnsFacade::DeleteZone(const FacadeCall& call, const std::string& name) {
  if (!powerdns::Allows(call, Scope::kZones)) return;
  powerdns::Finish(call, zones_.RemoveZone(name, std::nullopt, call.who));
}

}  // namespace sealwire::control
