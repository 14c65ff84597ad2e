// Backend and parent observation of a zone as JSON: in the API and in the store.
//
// Threading: pure functions. Errors: a sentence for a person; JSON of any shape may be given.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "control/zone_record.h"
#include "dns/result.h"

namespace sealwire::control {

inline constexpr std::size_t kMaxForwardServers = 32;

// Nothing when `text` is no JSON (RFC 8259) or nests deeper than 32.
std::optional<nlohmann::json> ParseJson(std::string_view text);

// {"forward":["192.0.2.1:53"]}, {"file":"/srv/example.zone"} or {"transfer":["192.0.2.1:53"],
// "tsig":"key"}: exactly one of them.
nlohmann::json BackendToJson(const BackendSpec& backend);
Result<BackendSpec> BackendFromJson(const nlohmann::json& json);

nlohmann::json ParentToJson(const ParentObservation& parent);
Result<ParentObservation> ParentFromJson(const nlohmann::json& json);

}  // namespace sealwire::control
