#include "control/config.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/config_canary.h"
#include "control/config_dnstap.h"
#include "control/config_http.h"
#include "control/config_key_life.h"
#include "control/config_manners.h"
#include "control/config_state.h"
#include "control/config_tsig.h"
#include "control/duration.h"
#include "control/yaml_map.h"

namespace sealwire::control {
namespace {

constexpr std::size_t kMaxFileSize = 1 << 20;
constexpr std::uint32_t kMinValidity = 3600;
constexpr std::uint32_t kMaxValidity = 90 * 86400;
constexpr std::uint32_t kMaxDrainDelay = 600;

constexpr std::initializer_list<std::pair<const char*, DpdkListen::Memory>> kMemoryWords = {
    {"auto", DpdkListen::Memory::kAuto},
    {"hugepages", DpdkListen::Memory::kHugepages},
    {"ordinary", DpdkListen::Memory::kOrdinary}};
constexpr std::initializer_list<std::pair<const char*, DpdkListen::Exception>> kExceptionWords = {
    {"auto", DpdkListen::Exception::kAuto},
    {"tap", DpdkListen::Exception::kTap},
    {"none", DpdkListen::Exception::kNone}};

Result<net::Endpoint> DnsEndpoint(const std::string& text) {
  return net::Endpoint::FromText(text, 53);
}

// A place to listen at names its port: there is no port that everybody expects.
Result<net::Endpoint> EndpointWithPort(const std::string& text) {
  auto endpoint = net::Endpoint::FromText(text, 0);
  if (endpoint.ok() && endpoint->port == 0) {
    return Error{"'" + text + "' needs a port: write ADDRESS:PORT"};
  }
  return endpoint;
}

Result<net::IpAddress> Address(const std::string& text) {
  return net::IpAddress::FromText(text);
}

void Set(std::string& target, std::optional<std::string> value) {
  if (value) target = std::move(*value);
}

// One of a few words; anything else is an error that names them.
template <class T>
void ReadWord(YamlMap& map, const char* key, std::initializer_list<std::pair<const char*, T>> words,
              T& out) {
  const auto text = map.Text(key);
  if (!text) return;
  std::string known;
  for (const auto& [word, value] : words) {
    if (*text == word) {
      out = value;
      return;
    }
    known += (known.empty() ? "" : ", ") + std::string(word);
  }
  map.Fail(key, fmt::format("'{}' is not possible; possible are: {}", *text, known));
}

void ReadDpdkListen(YamlMap& map, Config& config) {
  DpdkListen entry;
  Set(entry.device, map.Text("device"));
  entry.addresses = map.ParsedList("addresses", Address);
  if (const auto port = map.Number("port", 1, 65535))
    entry.port = static_cast<std::uint16_t>(*port);
  entry.eal = map.Texts("eal").value_or(std::vector<std::string>{});
  ReadWord(map, "poll", {{"busy", true}, {"adaptive", false}}, entry.busy_poll);
  ReadWord(map, "memory", kMemoryWords, entry.memory);
  ReadWord(map, "exception", kExceptionWords, entry.exception);
  Set(entry.tap, map.Text("tap"));
  if (entry.tap.empty() || entry.tap.size() > 15) map.Fail("tap", "must have 1 to 15 characters");
  if (const auto rate = map.Number("exception_rate", 1, 10'000'000)) {
    entry.exception_rate = static_cast<std::uint32_t>(*rate);
  }
  ReadWord(map, "verify_checksums", {{"true", true}, {"false", false}}, entry.verify_checksums);
  if (!map.Has("device")) map.Fail("device", "is missing: name one, like af_xdp:edge0");
  if (!map.Has("addresses")) map.Fail("addresses", "is missing: list the addresses to answer on");
  config.dpdk.push_back(std::move(entry));
}

void ReadKernelListen(YamlMap& map, Config& config) {
  KernelListen entry;
  entry.proxies = map.ParsedList("proxy_protocol", net::Prefix::FromText);
  if (!map.Has("address")) map.Fail("address", "is missing");
  const auto address = map.Parsed("address", EndpointWithPort);
  if (!address) return;
  entry.address = *address;
  if (std::any_of(config.listen.begin(), config.listen.end(),
                  [&](const KernelListen& other) { return other.address == *address; })) {
    map.Fail("address", "is listed twice");
  }
  config.listen.push_back(std::move(entry));
}

void ReadListen(YamlMap& top, Config& config) {
  for (YamlMap& map : top.Maps("listen")) {
    bool dpdk = false;
    ReadWord(map, "io", {{"kernel", false}, {"dpdk", true}}, dpdk);
    if (dpdk) {
      ReadDpdkListen(map, config);
    } else {
      ReadKernelListen(map, config);
    }
    map.RejectUnknown();
  }
  if (config.listen.empty() && config.dpdk.empty()) {
    top.Fail("listen", "at least one address to listen at is needed");
  }
}

void ReadWorkers(YamlMap& top, Config& config) {
  const auto text = top.Text("workers");
  if (!text || *text == "auto") return;
  if (const auto workers = top.Number("workers", 1, 1024)) {
    config.workers = static_cast<unsigned>(*workers);
  }
}

void ReadUser(YamlMap& top, Config& config) {
  Set(config.user, top.Text("user"));
  Set(config.group, top.Text("group"));
  if (top.Has("group") && !top.Has("user")) top.Fail("group", "needs a user beside it");
}

void ReadControl(YamlMap& top, Config& config) {
  auto map = top.Map("control");
  if (!map) return;
  Set(config.control.socket, map->Text("socket"));
  config.control.http = map->Parsed("http", EndpointWithPort);
  Set(config.control.token_file, map->Text("token_file"));
  ReadHttpDoor(*map, false, config.control.door);
  ReadCertificates(*map, config.control);
  map->RejectUnknown();
}

void ReadMetrics(YamlMap& top, Config& config) {
  auto map = top.Map("metrics");
  if (!map) return;
  config.metrics = map->Parsed("address", EndpointWithPort);
  if (!map->Has("address")) map->Fail("address", "is missing");
  // There is no token here that could stand for a client without a certificate.
  ReadHttpDoor(*map, true, config.metrics_door);
  map->RejectUnknown();
}

void ReadToken(YamlMap& map, Config& config) {
  HsmConfig hsm;
  Set(hsm.module, map.Text("module"));
  Set(hsm.token, map.Text("token"));
  Set(hsm.pin_file, map.Text("pin_file"));
  for (const char* key : {"module", "token", "pin_file"}) {
    if (!map.Has(key)) map.Fail(key, "is missing");
  }
  for (const HsmConfig& other : config.hsm) {
    if (other.module == hsm.module && other.token == hsm.token) {
      map.Fail("token", "is in the pool already");
    }
  }
  map.RejectUnknown();
  config.hsm.push_back(std::move(hsm));
}

void ReadHsm(YamlMap& top, Config& config) {
  if (top.HasList("hsm")) {
    for (YamlMap& map : top.Maps("hsm")) ReadToken(map, config);
  } else if (auto map = top.Map("hsm")) {
    ReadToken(*map, config);
  }
}

void ReadParent(YamlMap& top, Config& config) {
  auto map = top.Map("parent");
  if (!map) return;
  ParentConfig parent;
  parent.resolver = map->Parsed("resolver", DnsEndpoint);
  parent.servers = map->ParsedList("servers", DnsEndpoint);
  parent.assumed_ds_ttl =
      map->Parsed("assumed_ds_ttl", ParseDuration).value_or(parent.assumed_ds_ttl);
  if (map->Has("resolver") == map->Has("servers")) {
    map->Fail("servers", "give either a resolver or a list of servers");
  } else if (map->Has("servers") && parent.servers.empty()) {
    map->Fail("servers", "the list is empty");
  } else if (map->Has("servers") && map->Has("assumed_ds_ttl")) {
    map->Fail("assumed_ds_ttl", "goes with a resolver only: servers tell the TTL themselves");
  }
  map->RejectUnknown();
  config.parent = std::move(parent);
}

void ReadPolicy(YamlMap& map, PolicyConfig& policy) {
  ReadWord(map, "denial",
           {{"compact", proxy::DenialMode::kCompact},
            {"white-lies", proxy::DenialMode::kWhiteLies},
            {"nsec3", proxy::DenialMode::kNsec3}},
           policy.denial);
  ReadKeyLife(map, policy.life);
  ReadForwarding(map, policy);
  if (const auto validity = map.Parsed("signature_validity", ParseDuration)) {
    policy.signature_validity = *validity;
    if (*validity < kMinValidity || *validity > kMaxValidity) {
      map.Fail("signature_validity",
               fmt::format("must be from {} to {}", FormatDuration(kMinValidity),
                           FormatDuration(kMaxValidity)));
    }
  }
  map.RejectUnknown();
}

void ReadPolicies(YamlMap& top, Config& config) {
  auto map = top.Map("policies");
  if (!map) return;
  for (const std::string& name : map->keys()) {
    if (auto policy = map->Map(name)) ReadPolicy(*policy, config.policies[name]);
  }
}

void ReadInk(YamlMap& top, Config& config) {
  auto map = top.Map("ink");
  if (!map) return;
  if (const auto pairs = map->Number("pairs", 1024, 1u << 26)) config.ink.pairs = *pairs;
  if (const auto threads = map->Number("threads", 1, 256)) {
    config.ink.threads = static_cast<unsigned>(*threads);
  }
  ReadWord(*map, "implementation",
           {{"auto", InkImplementation::kAuto},
            {"portable", InkImplementation::kPortable},
            {"ifma", InkImplementation::kIfma},
            {"off", InkImplementation::kOff}},
           config.ink.implementation);
  map->RejectUnknown();
}

void ReadKeys(YamlMap& top, Config& config) {
  auto map = top.Map("keys");
  if (!map) return;
  if (const auto cache = map->Number("cache", 1, 10'000'000)) config.keys.cache = *cache;
  map->RejectUnknown();
}

void ReadLog(YamlMap& top, Config& config) {
  auto map = top.Map("log");
  if (!map) return;
  ReadWord(*map, "level",
           {{"debug", LogLevel::kDebug},
            {"info", LogLevel::kInfo},
            {"warning", LogLevel::kWarning},
            {"error", LogLevel::kError}},
           config.log.level);
  ReadWord(*map, "format", {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
           config.log.format);
  map->RejectUnknown();
}

void ReadDrain(YamlMap& top, Config& config) {
  auto map = top.Map("drain");
  if (!map) return;
  config.drain_delay = map->Parsed("delay", ParseDuration).value_or(config.drain_delay);
  if (config.drain_delay > kMaxDrainDelay) {
    map->Fail("delay", "must be at most " + FormatDuration(kMaxDrainDelay));
  }
  map->RejectUnknown();
}

void ReadConfig(YamlMap& top, Config& config) {
  ReadListen(top, config);
  ReadWorkers(top, config);
  ReadUser(top, config);
  ReadControl(top, config);
  ReadMetrics(top, config);
  ReadState(top, config);
  ReadHsm(top, config);
  ReadParent(top, config);
  ReadPolicies(top, config);
  ReadInk(top, config);
  ReadKeys(top, config);
  ReadLog(top, config);
  ReadTsigKeys(top, config.tsig);
  ReadManners(top, config);
  ReadDrain(top, config);
  config.dnstap = ReadDnstap(top);
  config.canary = ReadCanary(top);
}

template <class List, class ToText>
std::string QuotedList(const List& list, ToText to_text) {
  std::string out;
  for (const auto& item : list) out += (out.empty() ? "" : ", ") + Quoted(to_text(item));
  return "[" + out + "]";
}

template <class Words, class Value>
const char* WordFor(const Words& words, Value value) {
  for (const auto& [word, meant] : words) {
    if (meant == value) return word;
  }
  return "";
}

std::string DpdkYaml(const DpdkListen& entry) {
  return fmt::format(
      "  - {{io: dpdk, device: {}, addresses: {}, port: {}, eal: {}, poll: {}, memory: {}, "
      "exception: {}, tap: {}, exception_rate: {}, verify_checksums: {}}}\n",
      Quoted(entry.device), QuotedList(entry.addresses, [](const auto& a) { return a.ToText(); }),
      entry.port, QuotedList(entry.eal, [](const auto& a) { return a; }),
      entry.busy_poll ? "busy" : "adaptive", WordFor(kMemoryWords, entry.memory),
      WordFor(kExceptionWords, entry.exception), Quoted(entry.tap), entry.exception_rate,
      entry.verify_checksums);
}

std::string ParentYaml(const ParentConfig& parent) {
  if (parent.resolver) {
    return fmt::format("parent: {{resolver: {}, assumed_ds_ttl: {}}}\n",
                       Quoted(parent.resolver->ToText()), FormatDuration(parent.assumed_ds_ttl));
  }
  return fmt::format("parent: {{servers: {}}}\n",
                     QuotedList(parent.servers, [](const auto& s) { return s.ToText(); }));
}

std::string InkYaml(const InkConfig& ink) {
  static constexpr const char* kNames[] = {"auto", "portable", "ifma", "off"};
  return fmt::format("ink: {{pairs: {}, threads: {}, implementation: {}}}\n", ink.pairs,
                     ink.threads, kNames[static_cast<int>(ink.implementation)]);
}

}  // namespace

Result<Config> Config::FromFile(const std::string& file) {
  Config config;
  const Status status =
      ReadYamlFile(file, kMaxFileSize, [&](YamlMap& top) { ReadConfig(top, config); });
  if (!status.ok()) return Error{status.error()};
  return config;
}

Result<Config> Config::FromText(const std::string& name, const std::string& yaml) {
  Config config;
  const Status status = ReadYaml(name, yaml, [&](YamlMap& top) { ReadConfig(top, config); });
  if (!status.ok()) return Error{status.error()};
  return config;
}

std::string Config::ToYaml() const {
  static constexpr const char* kDenialModes[] = {"compact", "white-lies", "nsec3"};
  static constexpr const char* kLevels[] = {"debug", "info", "warning", "error"};
  std::string out = "listen:\n";
  for (const KernelListen& entry : listen) {
    out += fmt::format("  - {{address: {}, proxy_protocol: {}}}\n", Quoted(entry.address.ToText()),
                       QuotedList(entry.proxies, [](const auto& p) { return p.ToText(); }));
  }
  for (const DpdkListen& entry : dpdk) out += DpdkYaml(entry);
  out += fmt::format("workers: {}\n", workers ? std::to_string(*workers) : "auto");
  if (!user.empty()) out += fmt::format("user: {}\n", Quoted(user));
  if (!group.empty()) out += fmt::format("group: {}\n", Quoted(group));
  out += fmt::format("control: {{socket: {}, {}token_file: {}, {}{}}}\n", Quoted(control.socket),
                     control.http ? fmt::format("http: {}, ", Quoted(control.http->ToText())) : "",
                     Quoted(control.token_file), HttpDoorYaml(control.door),
                     CertificatesYaml(control.clients));
  if (metrics) {
    out += fmt::format("metrics: {{address: {}, {}}}\n", Quoted(metrics->ToText()),
                       HttpDoorYaml(metrics_door));
  }
  out += StateYaml(*this);
  if (!hsm.empty()) out += "hsm:\n";
  for (const HsmConfig& one : hsm) {
    out += fmt::format("  - {{module: {}, token: {}, pin_file: {}}}\n", Quoted(one.module),
                       Quoted(one.token), Quoted(one.pin_file));
  }
  if (parent) out += ParentYaml(*parent);
  out += "policies:\n";
  for (const auto& [name, policy] : policies) {
    out += fmt::format("  {}: {{denial: {}, signature_validity: {}, {}, {}}}\n", Quoted(name),
                       kDenialModes[static_cast<int>(policy.denial)],
                       FormatDuration(policy.signature_validity), KeyLifeYaml(policy.life),
                       ForwardingYaml(policy));
  }
  out += InkYaml(ink);
  if (keys.cache != 0) out += fmt::format("keys: {{cache: {}}}\n", keys.cache);
  out += fmt::format("log: {{level: {}, format: {}}}\n", kLevels[static_cast<int>(log.level)],
                     log.format == LogFormat::kJson ? "json" : "text");
  out += TsigKeysToYaml(tsig);
  out += MannersYaml(*this);
  if (dnstap) out += DnstapYaml(*dnstap);
  out += CanaryYaml(canary);
  out += fmt::format("drain: {{delay: {}}}\n", FormatDuration(drain_delay));
  return out;
}

}  // namespace sealwire::control
