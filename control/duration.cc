#include "control/duration.h"

#include <charconv>
#include <limits>

namespace sealwire::control {
namespace {

struct Unit {
  char letter;
  std::uint32_t seconds;
};
constexpr Unit kUnits[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

Error NotADuration(std::string_view text) {
  return {"'" + std::string(text) + "' is no duration: write it like 3d, 12h, 30m, 90s or 1d12h"};
}

}  // namespace

Result<std::uint32_t> ParseDuration(std::string_view text) {
  std::uint64_t total = 0;
  std::string_view rest = text;
  std::size_t next_unit = 0;
  do {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || end == rest.data() + rest.size()) return NotADuration(text);
    while (next_unit < std::size(kUnits) && kUnits[next_unit].letter != *end) ++next_unit;
    if (next_unit == std::size(kUnits)) return NotADuration(text);
    total += std::uint64_t{number} * kUnits[next_unit++].seconds;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
  } while (!rest.empty());
  if (total > std::numeric_limits<std::uint32_t>::max()) {
    return Error{"'" + std::string(text) + "' is longer than a duration can be"};
  }
  return static_cast<std::uint32_t>(total);
}

std::string FormatDuration(std::uint32_t seconds) {
  if (seconds == 0) return "0s";
  std::string text;
  for (const Unit& unit : kUnits) {
    if (seconds >= unit.seconds) text += std::to_string(seconds / unit.seconds) + unit.letter;
    seconds %= unit.seconds;
  }
  return text;
}

}  // namespace sealwire::control
