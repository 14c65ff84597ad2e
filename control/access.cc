#include "control/access.h"

#include <algorithm>

namespace sealwire::control {
namespace {

constexpr std::pair<Scope, std::string_view> kNames[] = {
    {Scope::kRead, "read"},         {Scope::kToggle, "toggle"}, {Scope::kKeys, "keys"},
    {Scope::kOverride, "override"}, {Scope::kZones, "zones"},   {Scope::kEverything, "everything"}};

}  // namespace

Scopes Scopes::FromBits(std::uint8_t bits) {
  Scopes scopes;
  for (const auto& [scope, name] : kNames) {
    if ((bits & static_cast<std::uint8_t>(scope)) != 0) scopes.Add(scope);
  }
  return scopes;
}

bool Scopes::Allow(Scope needed) const noexcept {
  const auto has = [this](Scope scope) { return (bits_ & static_cast<std::uint8_t>(scope)) != 0; };
  if (has(Scope::kEverything) || has(needed)) return true;
  if (needed == Scope::kRead) return bits_ != 0;
  return needed == Scope::kToggle && has(Scope::kOverride);
}

std::vector<std::string> Scopes::Names() const {
  std::vector<std::string> names;
  for (const auto& [scope, name] : kNames) {
    if ((bits_ & static_cast<std::uint8_t>(scope)) != 0) names.emplace_back(name);
  }
  return names;
}

std::optional<Scope> ParseScope(std::string_view name) noexcept {
  const auto found = std::find_if(std::begin(kNames), std::end(kNames), [&](const auto& entry) {
    return entry.second == name && entry.first != Scope::kEverything;
  });
  return found == std::end(kNames) ? std::nullopt : std::optional<Scope>(found->first);
}

std::string_view ToText(Scope scope) noexcept {
  for (const auto& [known, name] : kNames) {
    if (known == scope) return name;
  }
  return "";
}

void Access::UseNamed(const std::vector<TokenRecord>& tokens) {
  named_.clear();
  for (const TokenRecord& token : tokens) {
    AccessToken::Hash hash{};
    if (token.hash.size() != hash.size()) continue;
    std::copy(token.hash.begin(), token.hash.end(), hash.begin());
    named_[hash] = {"token:" + token.name, Scopes::FromBits(token.scopes)};
  }
}

std::optional<Grant> Access::Find(std::string_view token) const {
  const AccessToken::Hash hash = AccessToken::HashOf(token);
  if (token_.HasHash(hash)) return Grant{"token", Scopes(Scope::kEverything)};
  const auto found = named_.find(hash);
  return found == named_.end() ? std::nullopt : std::optional<Grant>(found->second);
}

// The first that fits: the file's order is the operator's.
std::optional<Grant> Access::Find(const net::PeerCertificate& certificate) const {
  for (const CertificateGrant& known : certificates_) {
    const auto& names = certificate.names;
    const bool fits = known.san.empty()
                          ? known.subject == certificate.subject
                          : std::find(names.begin(), names.end(), known.san) != names.end();
    if (fits) return known.grant;
  }
  return std::nullopt;
}

std::optional<Grant> Access::Admit(const net::HttpRequest& request,
                                   std::optional<std::string_view> token) const {
  if (token) return Find(*token);
  if (request.certificate) return Find(*request.certificate);
  if (request.peer != net::HttpRequest::Peer::kUnix) return std::nullopt;
  return Grant{request.peer_uid ? "uid:" + std::to_string(*request.peer_uid) : "socket",
               Scopes(Scope::kEverything)};
}

Result<NewToken> MakeToken(std::string name, Scopes scopes, std::int64_t now, std::string made_by) {
  auto secret = AccessToken::RandomText();
  if (!secret.ok()) return Error{secret.error()};
  const AccessToken::Hash hash = AccessToken::HashOf(*secret);
  return NewToken{
      *std::move(secret),
      {std::move(name), {hash.begin(), hash.end()}, scopes.bits(), now, std::move(made_by)}};
}

}  // namespace sealwire::control
