// DNS Cookies: who has shown that it gets answers at the address it asks from.
//
// RFC 7873 with the interoperable server cookies of RFC 9018 (version 1, SipHash-2-4): any server
// that has the same secrets verifies what another made. Threading: one worker. Ownership: shares
// the keyring. Errors: standings. No allocation, no lock but when secrets change.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "dns/bytes.h"
#include "net/address.h"
#include "proxy/cookie_secrets.h"

namespace sealwire::proxy {

enum class CookieStanding : std::uint8_t {
  kNone,       // no COOKIE option
  kMalformed,  // of a length that no cookie has: FORMERR (RFC 7873 section 5.2.2)
  kUnproven,   // a client cookie, without a server cookie that holds
  kProven,     // with a server cookie of ours
};

class ServerCookies {
 public:
  static constexpr std::size_t kSize = 24;  // client cookie and version 1 server cookie
  using Cookie = std::array<std::uint8_t, kSize>;

  // RFC 9018 section 4.3, in seconds.
  static constexpr std::int32_t kMaxAge = 3600;
  static constexpr std::int32_t kMaxAhead = 300;
  static constexpr std::int32_t kRenewAfter = 1800;

  explicit ServerCookies(std::shared_ptr<const CookieKeyring> keyring);

  // Takes new secrets, if there are any: between batches.
  void Refresh() noexcept;

  // What the data of a COOKIE option from `client` is worth. Unless it is malformed, `reply`
  // becomes the data of the option to answer with: what the client has while that is young, or a
  // new one.
  CookieStanding Judge(dns::Bytes data, const net::IpAddress& client, std::uint32_t now,
                       Cookie& reply) const noexcept;

 private:
  static constexpr std::size_t kNobody = CookieSecrets::kMax;

  // Which secret made `cookie`, or kNobody.
  std::size_t MadeBy(const Cookie& cookie, const net::IpAddress& client) const noexcept;

  std::shared_ptr<const CookieKeyring> keyring_;
  std::uint64_t version_ = 0;
  CookieSecrets secrets_;
};

}  // namespace sealwire::proxy
