#include "control/config_http.h"

#include <fmt/format.h>

#include <algorithm>

namespace sealwire::control {
namespace {

constexpr std::size_t kMaxConnections = 65536;

std::string Quoted(const std::string& text) {
  YAML::Emitter emitter;
  emitter << YAML::DoubleQuoted << text;
  return emitter.c_str();
}

std::optional<net::TlsFiles> ReadTls(YamlMap& door, bool required) {
  auto map = door.Map("tls");
  if (!map) return std::nullopt;
  net::TlsFiles files;
  files.certificate = map->Text("certificate").value_or("");
  files.key = map->Text("key").value_or("");
  files.client_ca = map->Text("client_ca").value_or("");
  for (const char* needed : {"certificate", "key"}) {
    if (!map->Has(needed)) map->Fail(needed, "is missing");
  }
  const auto wanted = map->Text("client_certificate");
  if (wanted && *wanted != "optional" && *wanted != "required") {
    map->Fail("client_certificate",
              fmt::format("'{}' is not possible; possible are: optional, required", *wanted));
  }
  if (wanted && files.client_ca.empty()) {
    map->Fail("client_certificate", "needs a client_ca that signed it");
  }
  files.client_required = !files.client_ca.empty() && (wanted ? *wanted == "required" : required);
  map->RejectUnknown();
  return files;
}

bool IsScope(const std::string& name) {
  return name == ToText(Scope::kEverything) || ParseScope(name).has_value();
}

CertificateConfig ReadCertificate(YamlMap& map) {
  CertificateConfig client;
  client.name = map.Text("name").value_or("");
  client.subject = map.Text("subject").value_or("");
  client.san = map.Text("san").value_or("");
  client.scopes = map.Texts("scopes").value_or(std::vector<std::string>{});
  if (client.name.empty()) map.Fail("name", "is missing: the history calls the client by it");
  if (map.Has("subject") == map.Has("san")) {
    map.Fail("subject", "give either a subject, CN=…, or a san, DNS:…, URI:… or email:…");
  }
  if (client.scopes.empty()) map.Fail("scopes", "is missing: say what the client may do");
  for (const std::string& scope : client.scopes) {
    if (IsScope(scope)) continue;
    map.Fail("scopes", fmt::format("'{}' is not possible; possible are: read, toggle, keys, "
                                   "override, zones, everything",
                                   scope));
  }
  map.RejectUnknown();
  return client;
}

}  // namespace

void ReadHttpDoor(YamlMap& map, bool required, HttpDoorConfig& door) {
  door.tls = ReadTls(map, required);
  door.connections = map.Number("connections", 1, kMaxConnections).value_or(door.connections);
  door.per_client =
      map.Number("connections_per_client", 1, kMaxConnections).value_or(door.per_client);
}

void ReadCertificates(YamlMap& map, ControlConfig& control) {
  for (YamlMap& entry : map.Maps("clients")) {
    CertificateConfig client = ReadCertificate(entry);
    if (std::any_of(control.clients.begin(), control.clients.end(),
                    [&](const CertificateConfig& other) { return other.name == client.name; })) {
      entry.Fail("name", "is listed twice");
    }
    control.clients.push_back(std::move(client));
  }
  if (!control.clients.empty() && (!control.door.tls || control.door.tls->client_ca.empty())) {
    map.Fail("clients", "need tls with a client_ca");
  }
}

std::vector<CertificateGrant> GrantsOf(const std::vector<CertificateConfig>& clients) {
  std::vector<CertificateGrant> grants;
  for (const CertificateConfig& client : clients) {
    Scopes scopes;
    for (const std::string& scope : client.scopes) {
      scopes.Add(ParseScope(scope).value_or(Scope::kEverything));
    }
    grants.push_back({client.subject, client.san, {"certificate:" + client.name, scopes}});
  }
  return grants;
}

std::string HttpDoorYaml(const HttpDoorConfig& door) {
  std::string out =
      fmt::format("connections: {}, connections_per_client: {}", door.connections, door.per_client);
  if (!door.tls) return out;
  out += fmt::format(", tls: {{certificate: {}, key: {}", Quoted(door.tls->certificate),
                     Quoted(door.tls->key));
  if (!door.tls->client_ca.empty()) {
    out += fmt::format(", client_ca: {}, client_certificate: {}", Quoted(door.tls->client_ca),
                       door.tls->client_required ? "required" : "optional");
  }
  return out + "}";
}

std::string CertificatesYaml(const std::vector<CertificateConfig>& clients) {
  if (clients.empty()) return "";
  std::string out;
  for (const CertificateConfig& client : clients) {
    const bool by_subject = !client.subject.empty();
    out += fmt::format("{}{{name: {}, {}: {}, scopes: [{}]}}", out.empty() ? "" : ", ",
                       Quoted(client.name), by_subject ? "subject" : "san",
                       Quoted(by_subject ? client.subject : client.san),
                       fmt::join(client.scopes, ", "));
  }
  return ", clients: [" + out + "]";
}

}  // namespace sealwire::control
