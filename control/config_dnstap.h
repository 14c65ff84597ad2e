// The `dnstap` section of the configuration. Errors: at the keys, as all of the configuration.
#pragma once

#include <optional>
#include <string>

#include "control/config.h"
#include "control/yaml_map.h"

namespace sealwire::control {

std::optional<DnstapConfig> ReadDnstap(YamlMap& top);
std::string DnstapYaml(const DnstapConfig& config);

}  // namespace sealwire::control
