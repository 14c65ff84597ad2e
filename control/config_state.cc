#include "control/config_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/config_manners.h"
#include "control/duration.h"

namespace sealwire::control {
namespace {

constexpr std::uint32_t kMinLease = 2;
constexpr std::uint32_t kMaxLease = 600;
constexpr std::uint32_t kMaxSilence = 30 * 86400;
constexpr std::size_t kMaxNodeName = 128;

Result<std::string> EndpointUrl(const std::string& text) {
  const bool http = text.starts_with("http://"), https = text.starts_with("https://");
  const std::size_t host = https ? 8 : 7;
  if ((!http && !https) || text.size() <= host ||
      text.find_first_of("/?#@ ", host) != std::string::npos) {
    return Error{"'" + text + "' is no endpoint: write https://host:port"};
  }
  return text;
}

Result<std::string> Prefix(const std::string& text) {
  if (text.size() < 2 || text.front() != '/' || text.back() == '/') {
    return Error{"'" + text + "' is no prefix: write one like /sealwire"};
  }
  return text;
}

Result<std::string> NodeName(const std::string& text) {
  const bool fits = !text.empty() && text.size() <= kMaxNodeName &&
                    std::all_of(text.begin(), text.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                    });
  if (fits) return text;
  return Error{fmt::format("must be 1 to {} letters, digits, '-', '_' and '.'", kMaxNodeName)};
}

EtcdConfig ReadEtcd(YamlMap& map) {
  EtcdConfig etcd;
  etcd.endpoints = map.ParsedList("endpoints", EndpointUrl);
  if (!map.Has("endpoints")) map.Fail("endpoints", "is missing: list the servers of etcd");
  etcd.prefix = map.Parsed("prefix", Prefix).value_or(etcd.prefix);
  etcd.ca = map.Text("ca").value_or("");
  etcd.certificate = map.Text("certificate").value_or("");
  etcd.key = map.Text("key").value_or("");
  if (map.Has("certificate") != map.Has("key")) {
    map.Fail("certificate", "certificate and key go together");
  }
  etcd.user = map.Text("user").value_or("");
  etcd.password_file = map.Text("password_file").value_or("");
  if (map.Has("user") != map.Has("password_file")) {
    map.Fail("user", "user and password_file go together");
  }
  etcd.cache = map.Text("cache").value_or(etcd.cache);
  etcd.node = map.Parsed("node", NodeName).value_or("");
  etcd.lease = map.Parsed("lease", ParseDuration).value_or(etcd.lease);
  if (etcd.lease < kMinLease || etcd.lease > kMaxLease) {
    map.Fail("lease", fmt::format("must be from {} to {}", FormatDuration(kMinLease),
                                  FormatDuration(kMaxLease)));
  }
  etcd.silence = map.Parsed("silence", ParseDuration).value_or(etcd.silence);
  if (etcd.silence > kMaxSilence) {
    map.Fail("silence", "must be at most " + FormatDuration(kMaxSilence));
  }
  map.RejectUnknown();
  return etcd;
}

}  // namespace

void ReadState(YamlMap& top, Config& config) {
  auto map = top.Map("state");
  if (!map) return;
  if (auto path = map->Text("sqlite")) config.state_path = *std::move(path);
  if (auto etcd = map->Map("etcd")) config.etcd = ReadEtcd(*etcd);
  if (map->Has("sqlite") && map->Has("etcd")) map->Fail("etcd", "give either sqlite or etcd");
  map->RejectUnknown();
}

std::string StateYaml(const Config& config) {
  if (!config.etcd) return fmt::format("state: {{sqlite: {}}}\n", Quoted(config.state_path));
  const EtcdConfig& etcd = *config.etcd;
  std::string out = "state:\n  etcd:\n    endpoints: [";
  for (const std::string& endpoint : etcd.endpoints) {
    out += (out.back() == '[' ? "" : ", ") + Quoted(endpoint);
  }
  out += fmt::format("]\n    prefix: {}\n", Quoted(etcd.prefix));
  const auto add = [&out](const char* key, const std::string& value) {
    if (!value.empty()) out += fmt::format("    {}: {}\n", key, Quoted(value));
  };
  add("ca", etcd.ca);
  add("certificate", etcd.certificate);
  add("key", etcd.key);
  add("user", etcd.user);
  add("password_file", etcd.password_file);
  add("cache", etcd.cache);
  add("node", etcd.node);
  out += fmt::format("    lease: {}\n    silence: {}\n", FormatDuration(etcd.lease),
                     FormatDuration(etcd.silence));
  return out;
}

}  // namespace sealwire::control
