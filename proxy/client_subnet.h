// EDNS Client Subnet (RFC 7871): the network an answer is asked for, and the one it is good for.
//
// Threading: values. Errors: kMalformed for what section 6 wants answered with FORMERR. No
// allocation.
#pragma once

#include <cstdint>
#include <optional>

#include "dns/bytes.h"
#include "net/address.h"
#include "proxy/query.h"
#include "proxy/zone.h"

namespace sealwire::proxy {

struct ClientSubnet {
  net::IpAddress address;
  std::uint8_t prefix = 0;  // bits; what lies behind them is not sent

  // Octets of an option with the longest address, its code and length included.
  static constexpr std::size_t kMaxOption = 4 + 4 + 16;
  // No backend is told more of a client than this (RFC 7871 section 11.1).
  static constexpr std::uint8_t kMaxPrefixV4 = 24;
  static constexpr std::uint8_t kMaxPrefixV6 = 56;

  std::uint8_t max_prefix() const noexcept { return address.IsV6() ? kMaxPrefixV6 : kMaxPrefixV4; }
  // The network of `bits` that this one lies in, as a number that no other network has and that is
  // never 0. `bits` is at most max_prefix().
  std::uint64_t Number(std::uint8_t bits) const noexcept;

  bool operator==(const ClientSubnet&) const = default;
};

enum class SubnetParse : std::uint8_t { kGood, kUnknownFamily, kMalformed };

// The data of the option, as it stands in a query or a reply.
SubnetParse ParseClientSubnet(dns::Bytes data, ClientSubnet& subnet, std::uint8_t& scope) noexcept;

// What `query` says of its client, cut to what we pass on. An option of a family we cannot read
// tells us one thing: not to make up another in its place (section 7.1.2, as for a prefix of 0).
std::optional<ClientSubnet> SubnetIn(const Query& query) noexcept;

// What backends are told of who sent `query` (section 7.1): what it says itself goes before what we
// see; nothing, where the zone's backends are to be told nothing.
std::optional<ClientSubnet> SubnetToTell(ClientAddress how, const Query& query,
                                         const net::IpAddress& client) noexcept;

// The scope that a backend gives its reply.
struct ReplyScope {
  // The reply repeats another network than it was asked for: it MUST be dropped (section 7.3).
  bool is_foreign = false;
  std::optional<std::uint8_t> bits;  // absent: it has no option, and is good for everybody
};
ReplyScope ScopeOf(dns::Bytes reply, const ClientSubnet& told) noexcept;

// Writes the whole option; `scope` is 0 in queries.
void WriteClientSubnet(const ClientSubnet& subnet, std::uint8_t scope, dns::Writer& out) noexcept;

}  // namespace sealwire::proxy
