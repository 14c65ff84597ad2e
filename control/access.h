// Who may do what through the control API: the token of the token file and whoever may open the
// unix socket may do everything, named tokens have the scopes they were given.
//
// Threading: the control thread. Ownership: values. A token is in memory and in the store as its
// SHA-256 only; tokens are random numbers of 256 bits, so that a hash tells nothing of them and is
// looked up like any other key.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/access_token.h"
#include "control/state_store.h"
#include "net/http_server.h"

namespace sealwire::control {

// What a request needs, and what a token gives. Each of them includes kRead.
enum class Scope : std::uint8_t {
  kRead = 1,
  kToggle = 2,        // DNSSEC on and off, one zone or many
  kKeys = 4,          // keys and rollovers
  kOverride = 8,      // what may make a zone bogus; includes kToggle
  kZones = 16,        // zones, where their data come from, what is synthesized
  kEverything = 128,  // the above, and tokens
};

class Scopes {
 public:
  constexpr Scopes() = default;
  explicit constexpr Scopes(Scope scope) { Add(scope); }
  // As stored; bits that no scope has are dropped.
  static Scopes FromBits(std::uint8_t bits);
  constexpr void Add(Scope scope) { bits_ |= static_cast<std::uint8_t>(scope); }
  bool Allow(Scope needed) const noexcept;
  std::uint8_t bits() const noexcept { return bits_; }
  std::vector<std::string> Names() const;

 private:
  std::uint8_t bits_ = 0;
};
// "read", "toggle", "keys", "override", "zones".
std::optional<Scope> ParseScope(std::string_view name) noexcept;
std::string_view ToText(Scope scope) noexcept;

// What was found out about whoever sent a request.
struct Grant {
  std::string who;  // as in HistoryRow
  Scopes scopes;
};

// A client certificate that stands for a token; one of subject and san is set.
struct CertificateGrant {
  std::string subject;
  std::string san;
  Grant grant;
};

class Access {
 public:
  explicit Access(AccessToken token) : token_(std::move(token)) {}
  void UseToken(AccessToken token) { token_ = std::move(token); }
  void UseNamed(const std::vector<TokenRecord>& tokens);
  void UseCertificates(std::vector<CertificateGrant> certificates) {
    certificates_ = std::move(certificates);
  }

  // Nothing: nobody knows this token.
  std::optional<Grant> Find(std::string_view token) const;
  // What a request that carries `token` may do. Without one, the file mode of the unix socket is
  // the authority over it, and TCP gives what a certificate that the client proved stands for.
  std::optional<Grant> Admit(const net::HttpRequest& request,
                             std::optional<std::string_view> token) const;

 private:
  std::optional<Grant> Find(const net::PeerCertificate& certificate) const;

  AccessToken token_;
  std::vector<CertificateGrant> certificates_;
  std::map<std::array<std::uint8_t, 32>, Grant> named_;
};

// A new token: `secret` is shown to whoever asked for it, once.
struct NewToken {
  std::string secret;
  TokenRecord record;
};
Result<NewToken> MakeToken(std::string name, Scopes scopes, std::int64_t now, std::string made_by);

}  // namespace sealwire::control
