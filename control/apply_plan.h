// `sealctl apply`: the zones of a file, and what has to be done so that the node has them.
//
// Zones that the file does not name are left alone, and so is DNSSEC where an entry does not say.
// Applying twice changes nothing the second time. Threading: pure functions.
// Errors: FILE:LINE:COLUMN: KEY: what is wrong, all of them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "control/zone_record.h"
#include "dns/result.h"

namespace sealwire::control {

// One entry of `zones:`.
struct ZoneWish {
  std::string name;  // normalized
  BackendSpec backend;
  std::string policy = "default";
  std::optional<bool> dnssec;
};

Result<std::vector<ZoneWish>> ReadZoneWishes(const std::string& file);
Result<std::vector<ZoneWish>> ParseZoneWishes(const std::string& name, const std::string& yaml);

// What one entry needs.
struct ApplyStep {
  enum class Put : unsigned char { kNothing, kCreate, kChange };
  Put put = Put::kNothing;
  std::optional<bool> dnssec;  // to be toggled to this
  bool Empty() const noexcept { return put == Put::kNothing && !dnssec; }
  std::string ToText() const;  // "create, DNSSEC on"
};
// `zone` is the node's zone resource, null when there is none.
ApplyStep PlanFor(const ZoneWish& wish, const nlohmann::json& zone);

}  // namespace sealwire::control
