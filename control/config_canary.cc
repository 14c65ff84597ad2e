#include "control/config_canary.h"

#include <fmt/format.h>

#include "control/duration.h"

namespace sealwire::control {
namespace {

Result<net::Endpoint> ServerFrom(const std::string& text) {
  return net::Endpoint::FromText(text, 53);
}

Result<bool> TrueOrFalse(const std::string& text) {
  if (text != "true" && text != "false") return Error{"write true or false"};
  return text == "true";
}

}  // namespace

CanaryConfig ReadCanary(YamlMap& top) {
  CanaryConfig config;
  auto map = top.Map("canary");
  if (!map) return config;
  config.enabled = map->Parsed("enabled", TrueOrFalse).value_or(config.enabled);
  config.interval = map->Parsed("interval", ParseDuration).value_or(config.interval);
  if (config.interval < 1 || config.interval > 86400) {
    map->Fail("interval", "must be from 1s to 1d");
  }
  config.server = map->Parsed("server", ServerFrom);
  map->RejectUnknown();
  return config;
}

std::string CanaryYaml(const CanaryConfig& config) {
  return fmt::format("canary: {{enabled: {}, interval: {}{}}}\n", config.enabled,
                     FormatDuration(config.interval),
                     config.server ? fmt::format(", server: \"{}\"", config.server->ToText()) : "");
}

}  // namespace sealwire::control
