#include "control/hsm_watch.h"

#include "control/log.h"

namespace sealwire::control {

using keycache::HsmState;

void HsmWatch::Look() {
  const auto tokens = tokens_();
  seen_.resize(tokens.size());
  for (std::size_t i = 0; i < tokens.size(); ++i) LookAt(tokens[i], seen_[i]);
}

void HsmWatch::LookAt(const keycache::HsmStatus& token, Seen& seen) {
  if (token.wrong_signatures != seen.wrong_signatures) {
    seen.wrong_signatures = token.wrong_signatures;
    Log(LogLevel::kError, "hsm-wrong-signature",
        {{"token", token.token},
         {"count", std::to_string(token.wrong_signatures)},
         {"text", "the signatures were not used, and the HSM process was started again"}});
  }
  const bool away = token.state == HsmState::kAway || token.state == HsmState::kWrongPin;
  if (away && !seen.away) {
    Log(LogLevel::kError, "hsm-away",
        {{"token", token.token},
         {"state", std::string(keycache::ToText(token.state))},
         {"error", token.last_error}});
  } else if (token.state == HsmState::kUp && seen.away) {
    Log(LogLevel::kInfo, "hsm-back", {{"token", token.token}});
  } else if (token.state == HsmState::kUp && token.starts > seen.starts) {
    Log(LogLevel::kWarning, "hsm-restarted", {{"token", token.token}, {"error", token.last_error}});
  }
  if (token.state == HsmState::kUp || away) {
    seen.away = away;
    seen.starts = token.starts;
  }
}

}  // namespace sealwire::control
