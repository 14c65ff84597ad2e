// What this server says of itself: its name to those who ask for it, its version, and whom to tell
// of faults.
//
// NSID (RFC 5001), the CHAOS names version.bind, version.server, hostname.bind and id.server (RFC
// 4892), the agent domain of DNS error reporting (RFC 9567). Threading: immutable. Errors: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/name.h"
#include "dns/rr_type.h"

namespace sealwire::proxy {

struct ServerIdentity {
  std::vector<std::uint8_t> nsid;         // empty: none is sent
  std::string version;                    // empty: asking for it is refused
  std::string hostname;                   // empty: asking for it is refused
  std::optional<dns::Name> report_agent;  // none: nobody is told
  bool operator==(const ServerIdentity&) const = default;

  // The text to answer a CHAOS query for `name` with, empty when that is refused.
  std::string_view ChaosText(dns::NameView name, dns::RRType type) const noexcept;
};

// True for the name of an error report to `agent`: `_er`, type, name, error code, `_er`, agent (RFC
// 9567 section 6.1.1). Whether the labels between make sense is not looked at.
bool IsErrorReport(dns::NameView name, dns::NameView agent) noexcept;

}  // namespace sealwire::proxy
