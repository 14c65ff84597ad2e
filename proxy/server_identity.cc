#include "proxy/server_identity.h"

#include <algorithm>

#include "dns/case_fold.h"

namespace sealwire::proxy {
namespace {

bool LabelIs(dns::NameView name, std::string_view text) noexcept {
  const dns::Bytes label = name.FirstLabel();
  return std::equal(
      label.begin(), label.end(), text.begin(), text.end(),
      [](std::uint8_t a, char b) { return dns::ToLower(a) == static_cast<std::uint8_t>(b); });
}

}  // namespace

std::string_view ServerIdentity::ChaosText(dns::NameView name, dns::RRType type) const noexcept {
  if ((type != dns::RRType::kTXT && type != dns::RRType::kANY) || name.LabelCount() != 2) return {};
  const dns::NameView top = name.Parent();
  if (LabelIs(top, "bind")) {
    if (LabelIs(name, "version")) return version;
    if (LabelIs(name, "hostname")) return hostname;
  } else if (LabelIs(top, "server")) {
    if (LabelIs(name, "version")) return version;
    if (LabelIs(name, "id")) return hostname;
  }
  return {};
}

bool IsErrorReport(dns::NameView name, dns::NameView agent) noexcept {
  const int inner = name.LabelCount() - agent.LabelCount();
  // `_er`, type, at least the error code, `_er`; a report about the root has no label of a name.
  if (inner < 4 || !name.IsBelow(agent)) return false;
  return LabelIs(name, "_er") && LabelIs(name.Suffix(agent.LabelCount() + 1), "_er");
}

}  // namespace sealwire::proxy
