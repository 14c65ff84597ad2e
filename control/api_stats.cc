// /v1/zones/{name}/stats: who asks a zone. /v1/series: the last hour of this node.

#include <cmath>

#include "control/api_call.h"

namespace sealwire::control {

using nlohmann::json;
using proxy::Heard;

void Api::GetStats(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const ZoneEntry* entry = zones_.registry().Find(*name);
  if (entry == nullptr) {
    return call.Send(ProblemOf({Failure::kNotFound, "there is no zone '" + *name + "'"}));
  }
  const proxy::AudienceTotals seen = facts_.audience(entry->audience);
  const auto askers = static_cast<std::uint64_t>(std::llround(seen.askers.Estimate()));
  const auto validating =
      std::min(static_cast<std::uint64_t>(std::llround(seen.validating.Estimate())), askers);
  call.Send(JsonReply(
      200, {{"since", TimeJson(facts_.started)},
            {"counted", entry->audience.holder != 0},
            {"queries", seen[Heard::kQueries]},
            {"dnssec_ok", seen[Heard::kDnssecOk]},
            {"checking_disabled", seen[Heard::kCheckingDisabled]},
            {"dnskey_queries", seen[Heard::kDnskey]},
            {"key_tag_signals", seen[Heard::kTrustAnchors]},
            {"algorithm_signals", seen[Heard::kUnderstood]},
            {"algorithm_13_signals", seen[Heard::kUnderstoodP256]},
            {"askers",
             {{"estimate", askers},
              {"validating", validating},
              {"validating_share",
               askers == 0 ? json(nullptr)
                           : json(static_cast<double>(validating) / static_cast<double>(askers))},
              {"standard_error", 0.09}}}}));
}

void Api::GetSeries(Call& call) {
  const auto since = call.QueryNumber("since", 0, 0, INT64_MAX);
  if (!since) return;
  call.Send(JsonReply(200, facts_.series->After(static_cast<std::int64_t>(*since))));
}

}  // namespace sealwire::control
