#include "control/config_manners.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/duration.h"

namespace sealwire::control {
namespace {

constexpr std::size_t kMaxNsid = 128;
constexpr std::size_t kMaxText = 255;  // one character-string of a TXT record
constexpr std::uint64_t kMaxRate = 1000000;
constexpr std::uint32_t kMaxStale = 7 * 86400;  // as a secondary's usual expiry
constexpr std::uint32_t kMaxForwardCache = 3600;

template <class T>
void ReadNumber(YamlMap& map, const char* key, std::uint64_t min, std::uint64_t max, T& out) {
  if (const auto number = map.Number(key, min, max)) out = static_cast<T>(*number);
}

void ReadCookies(YamlMap& top, Config& config) {
  auto map = top.Map("cookies");
  if (!map) return;
  if (auto file = map->Text("secret_file")) config.cookie_secret_file = *file;
  if (!map->Has("secret_file")) map->Fail("secret_file", "is missing");
  map->RejectUnknown();
}

void ReadRateLimit(YamlMap& top, Config& config) {
  auto map = top.Map("rate_limit");
  if (!map) return;
  proxy::RateLimitOptions& limit = config.rate_limit;
  ReadNumber(*map, "responses_per_second", 0, kMaxRate, limit.responses_per_second);
  limit.nxdomains_per_second = limit.errors_per_second = limit.responses_per_second;
  ReadNumber(*map, "nxdomains_per_second", 0, kMaxRate, limit.nxdomains_per_second);
  ReadNumber(*map, "errors_per_second", 0, kMaxRate, limit.errors_per_second);
  ReadNumber(*map, "all_per_second", 0, kMaxRate, limit.all_per_second);
  ReadNumber(*map, "window", 1, 3600, limit.window);
  ReadNumber(*map, "slip", 0, 10, limit.slip);
  ReadNumber(*map, "ipv4_prefix", 1, 32, limit.ipv4_prefix);
  ReadNumber(*map, "ipv6_prefix", 1, 128, limit.ipv6_prefix);
  ReadNumber(*map, "table_size", 1024, 1u << 26, limit.table_size);
  limit.exempt = map->ParsedList("exempt", net::Prefix::FromText);
  if (const auto only = map->Text("log_only")) {
    limit.log_only = *only == "true";
    if (*only != "true" && *only != "false") map->Fail("log_only", "write true or false");
  }
  if (!limit.enabled()) map->Fail("responses_per_second", "no rate is given: nothing is limited");
  map->RejectUnknown();
}

Result<std::vector<std::uint8_t>> ParseNsid(const std::string& text) {
  std::vector<std::uint8_t> out(text.begin(), text.end());
  if (text.starts_with("0x")) {
    const std::string digits = text.substr(2);
    if (digits.empty() || digits.size() % 2 != 0 ||
        digits.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
      return Error{"'" + text + "' is no hexadecimal number of whole octets"};
    }
    out.clear();
    for (std::size_t i = 0; i < digits.size(); i += 2) {
      out.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
    }
  }
  if (out.empty() || out.size() > kMaxNsid) return Error{"must be 1 to 128 octets long"};
  return out;
}

// The text to tell, or `off`, which is what is done when nothing is said.
Result<std::string> ParseTold(const std::string& text) {
  if (text == "off") return std::string();
  if (text.empty() || text.size() > kMaxText) return Error{"must be 1 to 255 octets long, or off"};
  return text;
}

Result<dns::Name> ParseAgent(const std::string& text) {
  auto name = dns::Name::FromText(text);
  if (name.ok() && name->view().IsRoot()) return Error{"the root is no agent domain"};
  return name;
}

void ReadIdentity(YamlMap& top, Config& config) {
  auto map = top.Map("identity");
  if (!map) return;
  proxy::ServerIdentity& identity = config.identity;
  if (auto nsid = map->Parsed("nsid", ParseNsid)) identity.nsid = *std::move(nsid);
  if (auto version = map->Parsed("version", ParseTold)) identity.version = *std::move(version);
  if (auto host = map->Parsed("hostname", ParseTold)) identity.hostname = *std::move(host);
  identity.report_agent = map->Parsed("report_agent", ParseAgent);
  map->RejectUnknown();
}

std::string RateLimitYaml(const proxy::RateLimitOptions& limit) {
  std::string exempt;
  for (const net::Prefix& prefix : limit.exempt) {
    exempt += (exempt.empty() ? "" : ", ") + Quoted(prefix.ToText());
  }
  return fmt::format(
      "rate_limit: {{responses_per_second: {}, nxdomains_per_second: {}, errors_per_second: {}, "
      "all_per_second: {}, window: {}, slip: {}, ipv4_prefix: {}, ipv6_prefix: {}, exempt: [{}], "
      "table_size: {}, log_only: {}}}\n",
      limit.responses_per_second, limit.nxdomains_per_second, limit.errors_per_second,
      limit.all_per_second, limit.window, limit.slip, limit.ipv4_prefix, limit.ipv6_prefix, exempt,
      limit.table_size, limit.log_only);
}

std::string IdentityYaml(const proxy::ServerIdentity& identity) {
  const auto told = [](const std::string& text) { return text.empty() ? "off" : Quoted(text); };
  std::string out =
      "identity: {version: " + told(identity.version) + ", hostname: " + told(identity.hostname);
  if (!identity.nsid.empty()) {
    out += ", nsid: \"0x";
    for (const std::uint8_t octet : identity.nsid) out += fmt::format("{:02x}", octet);
    out += "\"";
  }
  if (identity.report_agent) out += ", report_agent: " + Quoted(identity.report_agent->ToText());
  return out + "}\n";
}

}  // namespace

std::string Quoted(const std::string& text) {
  YAML::Emitter emitter;
  emitter << YAML::DoubleQuoted << text;
  return emitter.c_str();
}

void ReadForwarding(YamlMap& map, PolicyConfig& policy) {
  const auto read = [&](const char* key, std::uint32_t most, std::uint32_t& out) {
    if (map.Text(key) == "off") {
      out = 0;
    } else if (const auto duration = map.Parsed(key, ParseDuration)) {
      out = *duration;
      if (*duration > most) map.Fail(key, "must be off, or at most " + FormatDuration(most));
    }
  };
  read("serve_stale", kMaxStale, policy.serve_stale);
  read("forward_cache", kMaxForwardCache, policy.forward_cache);
}

std::string ForwardingYaml(const PolicyConfig& policy) {
  const auto text = [](std::uint32_t seconds) {
    return seconds == 0 ? std::string("off") : FormatDuration(seconds);
  };
  return "serve_stale: " + text(policy.serve_stale) +
         ", forward_cache: " + text(policy.forward_cache);
}

void ReadManners(YamlMap& top, Config& config) {
  ReadCookies(top, config);
  ReadRateLimit(top, config);
  ReadIdentity(top, config);
}

std::string MannersYaml(const Config& config) {
  std::string out;
  if (config.cookie_secret_file) {
    out += fmt::format("cookies: {{secret_file: {}}}\n", Quoted(*config.cookie_secret_file));
  }
  if (config.rate_limit.enabled()) out += RateLimitYaml(config.rate_limit);
  if (config.identity != proxy::ServerIdentity()) out += IdentityYaml(config.identity);
  return out;
}

}  // namespace sealwire::control
