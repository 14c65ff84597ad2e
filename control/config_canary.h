// The `canary` section of the configuration. Errors: at the keys, as all of the configuration.
#pragma once

#include <string>

#include "control/config.h"
#include "control/yaml_map.h"

namespace sealwire::control {

CanaryConfig ReadCanary(YamlMap& top);
std::string CanaryYaml(const CanaryConfig& config);

}  // namespace sealwire::control
