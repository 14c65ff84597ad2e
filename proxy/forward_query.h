// A question to a backend as octets, and the test whether a reply belongs to it.
//
// Replies are untrusted: whoever can send from the backend's address may forge one (RFC 5452
// sections 4 and 9). Threading: pure functions. No allocation.
#pragma once

#include <cstdint>
#include <optional>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/rr_type.h"
#include "net/address.h"
#include "net/random.h"
#include "proxy/client_subnet.h"

namespace sealwire::proxy {

// Header, the longest question, and OPT with the longest subnet; before it, perhaps, a PROXY
// header.
inline constexpr std::size_t kMaxForwardQuery = 12 + 255 + 4 + 11 + 4 + 4 + 16;

struct EdnsOffer {
  std::uint16_t udp_payload = 1232;
  std::optional<ClientSubnet> subnet;
};

// Writes the query, without RD and DO: a backend is authoritative and unsigned. `edns` may be null.
// Returns its size; `out` must hold kMaxForwardQuery octets.
std::size_t WriteForwardQuery(std::uint16_t id, dns::NameView name, dns::RRType type,
                              const EdnsOffer* edns, dns::MutableBytes out) noexcept;

// Turns each letter to upper or lower case by lot: up to one more bit per letter that a forger has
// to guess (draft-vixie-dnsext-dns0x20).
void RandomizeCase(dns::Name& name, net::Random& random) noexcept;

enum class ReplyMatch : std::uint8_t {
  kAnswer,
  kTruncated,   // the answer, cut short (TC)
  kOtherCase,   // the answer or a forgery: the name has the right letters in other case
  kNoQuestion,  // an error under the right id that does not repeat the question
  kNoMatch,
};
// `name` as it was spelled in the query.
ReplyMatch MatchReply(dns::Bytes reply, std::uint16_t id, dns::NameView name,
                      dns::RRType type) noexcept;

// Gives a matching reply's question the spelling `name`, which differs in case only: names in the
// answer that are compressed to it follow.
void RespellQuestion(dns::MutableBytes reply, dns::NameView name) noexcept;

}  // namespace sealwire::proxy
