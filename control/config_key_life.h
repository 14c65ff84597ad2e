// The part of a policy that is about keys (control/key_life.h), read from YAML and written back.
//
// Threading: pure functions. Errors: gathered in the map.
#pragma once

#include <string>

#include "control/key_life.h"

namespace sealwire::control {

class YamlMap;

void ReadKeyLife(YamlMap& policy, KeyLife& life);
// "ksk: hsm, zsk: sealed, …", as it stands between a policy's braces.
std::string KeyLifeYaml(const KeyLife& life);

}  // namespace sealwire::control
