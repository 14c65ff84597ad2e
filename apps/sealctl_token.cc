#include <cstdio>

#include "apps/sealctl.h"

namespace sealwire::apps {

using nlohmann::json;

namespace {

std::string ScopesText(const json& token) {
  std::string text;
  for (const json& scope : token.value("scopes", json::array())) {
    text += (text.empty() ? "" : ",") + scope.get<std::string>();
  }
  return text;
}

}  // namespace

int TokenAdd(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const json body = {{"name", options.name}, {"scopes", options.scopes}};
  const auto token = session->Send({"POST", "/v1/tokens", body.dump(), false});
  if (!token) return kFailed;
  if (options.json) {
    PrintJson(*token);
  } else {
    // The token alone on stdout: it goes into a file.
    std::fprintf(stderr, "%s may: %s. The token is not shown again:\n", options.name.c_str(),
                 ScopesText(*token).c_str());
    std::printf("%s\n", Text(*token, "token").c_str());
  }
  return kDone;
}

int TokenList(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const auto tokens = session->GetAll("/v1/tokens", "tokens");
  if (!tokens) return kFailed;
  if (options.json) {
    PrintJson(*tokens);
    return kDone;
  }
  control::TextTable table({"TOKEN", "SCOPES", "CREATED", "BY"});
  for (const json& token : tokens->value("tokens", json::array())) {
    table.Add({Text(token, "name"), ScopesText(token), Text(token, "created"),
               Text(token, "created_by")});
  }
  std::fputs(table.ToText(TerminalWidth()).c_str(), stdout);
  return kDone;
}

int TokenRemove(const Options& options) {
  auto session = Session::Open(options);
  const std::string path = "/v1/tokens/" + control::ApiClient::Encode(options.name);
  if (!session || !session->Send({"DELETE", path, {}, false})) return kFailed;
  if (!options.json) std::printf("removed %s\n", options.name.c_str());
  return kDone;
}

}  // namespace sealwire::apps
