#include "control/held_keys.h"

#include <nlohmann/json.hpp>

namespace sealwire::control {

using nlohmann::json;

namespace {

template <typename Map>
void AddDifference(const Map& before, const Map& after, std::set<std::string>& zones) {
  for (const auto& [zone, what] : before) {
    const auto found = after.find(zone);
    if (found == after.end() || found->second != what) zones.insert(zone);
  }
  for (const auto& [zone, what] : after) {
    if (!before.contains(zone)) zones.insert(zone);
  }
}

}  // namespace

json HeldKeys::ToJson() const {
  return {{"held", held}, {"ignored", ignored}, {"more", more}};
}

HeldKeys HeldKeys::FromJson(const json& value) {
  HeldKeys keys;
  if (!value.is_object()) return keys;
  if (const auto held = value.find("held"); held != value.end() && held->is_object()) {
    for (const auto& [zone, why] : held->items()) {
      if (why.is_string()) keys.held[zone] = why.get<std::string>();
    }
  }
  if (const auto ignored = value.find("ignored"); ignored != value.end() && ignored->is_object()) {
    for (const auto& [zone, until] : ignored->items()) {
      if (until.is_number_integer()) keys.ignored[zone] = until.get<std::int64_t>();
    }
  }
  const auto more = value.find("more");
  keys.more = more != value.end() && more->is_boolean() && more->get<bool>();
  return keys;
}

void HeldDifference::Add(const HeldKeys& before, const HeldKeys& after) {
  AddDifference(before.held, after.held, zones);
  AddDifference(before.ignored, after.ignored, zones);
  all |= before.more != after.more;
}

}  // namespace sealwire::control
