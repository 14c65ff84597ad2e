// Spans of time as people write them: "3d", "12h", "30m", "90s", "1d12h".
//
// Threading: pure functions. Errors: a sentence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dns/result.h"

namespace sealwire::control {

// Seconds; units d, h, m, s, largest first, each at most once. A bare number is refused: it says no
// unit.
Result<std::uint32_t> ParseDuration(std::string_view text);
// The shortest spelling that ParseDuration reads back: 93600 is "1d2h", 0 is "0s".
std::string FormatDuration(std::uint32_t seconds);

}  // namespace sealwire::control
