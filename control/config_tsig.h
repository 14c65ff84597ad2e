// The `tsig:` section of the configuration file. Included by control/config.cc alone.
#pragma once

#include <string>
#include <vector>

#include "control/tsig_keys.h"
#include "control/yaml_map.h"

namespace sealwire::control {

void ReadTsigKeys(YamlMap& top, std::vector<TsigKeyConfig>& keys);
std::string TsigKeysToYaml(const std::vector<TsigKeyConfig>& keys);

}  // namespace sealwire::control
