// Asks a server about a zone as a validating resolver would that knows nothing but one DS of it.
//
// libunbound validates: the DNSKEY RRset, the SOA, a name that is not there, a type that is not
// there, a name that a wildcard stands for. Nobody but the server is asked, and every call begins
// with empty caches, of some 100 KiB. Without keys nothing else is asked: an answer that cannot be
// checked because its keys did not arrive says nothing of the answer.
// Threading: blocks for seconds, and ends soon after `stop` is set; any thread. Ownership: values.
// Errors: kUnknown, with why; only what a validator refused is kBogus.
// RFC: 4035 section 5.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "dns/name.h"
#include "net/address.h"

namespace sealwire::control {

struct ProbeVerdict {
  enum class State : std::uint8_t { kSecure, kBogus, kUnknown } state = State::kUnknown;
  std::string why;  // of the last two
};

struct ProbeOrder {
  net::Endpoint server;
  dns::Name apex;
  std::vector<std::string> ds;  // RDATA texts; each must do alone
  std::string wildcard = {};    // a name below which `*` stands; empty: none is known
};

// The worst that was seen.
ProbeVerdict ProbeZone(const ProbeOrder& order, const std::atomic<bool>& stop);

}  // namespace sealwire::control
