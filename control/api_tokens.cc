// /v1/tokens: named bearer tokens. The token itself is in the answer that made it, and nowhere
// else.

#include <fmt/format.h>

#include <algorithm>

#include "control/api_call.h"
#include "control/log.h"

namespace sealwire::control {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxTokens = 1000;
constexpr std::size_t kMaxName = 64;

json TokenJson(const TokenRecord& token) {
  return {{"name", token.name},
          {"scopes", Scopes::FromBits(token.scopes).Names()},
          {"created", TimeJson(token.created)},
          {"created_by", token.created_by}};
}

bool IsTokenName(const std::string& name) {
  return !name.empty() && name.size() <= kMaxName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

// Nothing when it is no list of scopes.
std::optional<Scopes> ScopesFromJson(const json& list) {
  if (!list.is_array() || list.empty()) return std::nullopt;
  Scopes scopes;
  for (const json& item : list) {
    const auto scope =
        item.is_string() ? ParseScope(item.get_ref<const std::string&>()) : std::nullopt;
    if (!scope) return std::nullopt;
    scopes.Add(*scope);
  }
  return scopes;
}

// Of all tokens, the secret halves included.
std::string TagOf(const std::vector<TokenRecord>& tokens) {
  std::vector<std::uint8_t> octets;
  for (const TokenRecord& token : tokens) {
    octets.insert(octets.end(), token.hash.begin(), token.hash.end());
    octets.insert(octets.end(), token.name.begin(), token.name.end());
    octets.push_back(token.scopes);
  }
  return EtagOf(octets);
}

bool Holds(const std::vector<TokenRecord>& tokens, const std::string& name) {
  return std::any_of(tokens.begin(), tokens.end(),
                     [&](const TokenRecord& token) { return token.name == name; });
}

}  // namespace

void Api::GetTokens(Call& call) {
  const auto tokens = zones_.registry().store().ReadTokens();
  if (!tokens.ok()) return call.Send(ProblemOf({Failure::kInternal, tokens.error()}));
  json list = json::array();
  for (const TokenRecord& token : *tokens) list.push_back(TokenJson(token));
  json body = json::object();
  if (!call.PutPage(body, "tokens", std::move(list), "name")) return;
  call.SendTagged(body, TagOf(*tokens));
}

void Api::PostToken(Call& call) {
  const auto body = call.Body({"name", "scopes"});
  if (!body) return;
  const std::string name = body->contains("name") && (*body)["name"].is_string()
                               ? (*body)["name"].get<std::string>()
                               : "";
  if (!IsTokenName(name)) {
    return call.Send(ProblemOf(
        {Failure::kInvalid,
         fmt::format("name must be 1 to {} letters, digits, '-', '_' and '.'", kMaxName)}));
  }
  const auto scopes = ScopesFromJson(body->value("scopes", json()));
  if (!scopes) {
    return call.Send(ProblemOf(
        {Failure::kInvalid, "scopes must list some of: read, toggle, keys, override, zones"}));
  }
  const auto tokens = zones_.registry().store().ReadTokens();
  if (!tokens.ok()) return call.Send(ProblemOf({Failure::kInternal, tokens.error()}));
  if (!call.CheckTag(TagOf(*tokens))) return;
  if (Holds(*tokens, name) || tokens->size() >= kMaxTokens) {
    return call.Fail(409, "conflict", "Conflict",
                     Holds(*tokens, name) ? fmt::format("there is a token '{}' already", name)
                                          : fmt::format("there are {} tokens already", kMaxTokens));
  }
  auto made = MakeToken(name, *scopes, zones_.Now(), call.who.name);
  if (!made.ok()) return call.Send(ProblemOf({Failure::kInternal, made.error()}));
  Change change;
  change.tokens.push_back(made->record);
  if (!CommitTokens(call, change)) return;
  json answer = TokenJson(made->record);
  answer["token"] = made->secret;
  auto response = JsonReply(201, answer);
  response.headers.emplace_back("Location", "/v1/tokens/" + name);
  call.Send(std::move(response));
  Log(LogLevel::kInfo, "token-added", {{"token", name}, {"who", call.who.name}});
}

void Api::DeleteToken(Call& call) {
  const std::string& name = call.request.segments[2];
  const auto tokens = zones_.registry().store().ReadTokens();
  if (!tokens.ok()) return call.Send(ProblemOf({Failure::kInternal, tokens.error()}));
  if (!Holds(*tokens, name)) {
    return call.Send(ProblemOf({Failure::kNotFound, "there is no such token"}));
  }
  if (!call.CheckTag(TagOf(*tokens))) return;
  Change change;
  change.removed_tokens.push_back(name);
  if (!CommitTokens(call, change)) return;
  call.Send({204, {}, ""});
  Log(LogLevel::kInfo, "token-removed", {{"token", name}, {"who", call.who.name}});
}

// Stored before it admits anybody, and no longer admitted when it is known to be removed.
bool Api::CommitTokens(Call& call, Change& change) {
  StateStore& store = zones_.registry().store();
  CommitStatus status = store.Commit(change);
  if (status.ok()) {
    const auto tokens = store.ReadTokens();
    if (tokens.ok()) {
      access_.UseNamed(*tokens);
      return true;
    }
    status = Error{tokens.error()};
  }
  call.Send(ProblemOf(OutcomeOf(status)));
  return false;
}

}  // namespace sealwire::control
