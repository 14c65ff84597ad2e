// The sections of the configuration that say how clients are met, `cookies`, `rate_limit` and
// `identity`, and how backends are.
//
// For control/config.cc; it includes yaml-cpp. Threading: pure. Errors: gathered in the YamlMap.
#pragma once

#include <string>

#include "control/config.h"
#include "control/yaml_map.h"

namespace sealwire::control {

// The keys of a policy that say how its backends are asked.
void ReadForwarding(YamlMap& map, PolicyConfig& policy);
std::string ForwardingYaml(const PolicyConfig& policy);

void ReadManners(YamlMap& top, Config& config);
std::string MannersYaml(const Config& config);

// A text in double quotes, as YAML reads it back.
std::string Quoted(const std::string& text);

}  // namespace sealwire::control
