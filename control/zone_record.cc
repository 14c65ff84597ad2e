#include "control/zone_record.h"

#include <array>

namespace sealwire::control {
namespace {

constexpr std::array<std::string_view, 6> kStatusNames = {"disabled", "deploying",        "pending",
                                                          "active",   "pending-disabled", "error"};
constexpr std::array<std::string_view, 6> kParentNames = {"unknown",   "missing",  "partial",
                                                          "published", "mismatch", "unreachable"};

constexpr std::array<std::string_view, 3> kClientAddressNames = {"ecs", "proxy", "none"};

template <class Enum, std::size_t n>
std::optional<Enum> Parse(const std::array<std::string_view, n>& names, std::string_view text) {
  for (std::size_t i = 0; i < n; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view ToText(ZoneStatus status) noexcept {
  return kStatusNames[static_cast<std::size_t>(status)];
}
std::optional<ZoneStatus> ParseZoneStatus(std::string_view text) noexcept {
  return Parse<ZoneStatus>(kStatusNames, text);
}
std::string_view ToText(proxy::ClientAddress how) noexcept {
  return kClientAddressNames[static_cast<std::size_t>(how)];
}
std::optional<proxy::ClientAddress> ParseClientAddress(std::string_view text) noexcept {
  return Parse<proxy::ClientAddress>(kClientAddressNames, text);
}
std::string_view ToText(ParentState state) noexcept {
  return kParentNames[static_cast<std::size_t>(state)];
}
std::optional<ParentState> ParseParentState(std::string_view text) noexcept {
  return Parse<ParentState>(kParentNames, text);
}

std::string KeyOf(dns::NameView apex) {
  std::string text = dns::Name(apex).Lowered().ToText();
  if (text.size() > 1) text.pop_back();
  return text;
}

Result<std::string> NormalizeZoneName(std::string_view text) {
  auto name = dns::Name::FromText(text);
  if (!name.ok()) return Error{name.error()};
  return KeyOf(*name);
}

dns::Name ZoneRecord::apex() const {
  auto parsed = dns::Name::FromText(name);
  return parsed.ok() ? *parsed : dns::Name();
}

}  // namespace sealwire::control
