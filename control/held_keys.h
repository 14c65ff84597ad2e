// The zones whose keys stay as they are because a validator refused an answer of theirs, as one
// node of a fleet tells the others (control/canary.h, control/fleet.h).
//
// Threading, ownership: a value. Errors: what is no such document is read as "nothing is held".
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

namespace sealwire::control {

struct HeldKeys {
  static constexpr std::size_t kMost = 256;  // of each kind that are named

  std::map<std::string, std::string, std::less<>> held;      // zone, and why
  std::map<std::string, std::int64_t, std::less<>> ignored;  // until when an operator overrules it
  bool more = false;  // more are held than can be named: every zone counts as held
  bool operator==(const HeldKeys&) const = default;

  nlohmann::json ToJson() const;
  static HeldKeys FromJson(const nlohmann::json& value);
};

// The zones of which two such lists say something else.
struct HeldDifference {
  std::set<std::string> zones;
  bool all = false;

  void Add(const HeldKeys& before, const HeldKeys& after);
};

}  // namespace sealwire::control
