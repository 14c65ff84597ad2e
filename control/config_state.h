// The `state` section of the configuration: a file, or etcd. Errors: at the keys, as all of the
// configuration.
#pragma once

#include <string>

#include "control/config.h"
#include "control/yaml_map.h"

namespace sealwire::control {

void ReadState(YamlMap& top, Config& config);
std::string StateYaml(const Config& config);

}  // namespace sealwire::control
