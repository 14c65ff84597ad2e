// /v1/zones/{name}/synthesis: what is made up for a zone beside what its backend says.

#include "control/api_call.h"

namespace sealwire::control {

using nlohmann::json;

namespace {

Outcome NoZone(const std::string& name) {
  return {Failure::kNotFound, "there is no zone '" + name + "'"};
}

net::HttpResponse SynthesisReply(const ZoneEntry& entry) {
  const ZoneRecord& zone = *entry.record;
  // What a backend answers comes without ALIAS records.
  const bool has_alias = zone.backend.kind != BackendKind::kForward;
  return WithEtag(
      JsonReply(200, {{"flatten_alias", has_alias ? json(zone.flatten_alias) : json(nullptr)}}),
      zone.revision);
}

}  // namespace

void Api::GetSynthesis(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const ZoneEntry* entry = zones_.registry().Find(*name);
  if (entry == nullptr) return call.Send(ProblemOf(NoZone(*name)));
  call.Send(SynthesisReply(*entry));
}

void Api::PutSynthesis(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const auto body = call.Body({"flatten_alias"});
  if (!body) return;
  std::optional<std::uint64_t> revision;
  if (!call.CheckPrecondition(zones_.registry().Find(*name), revision)) return;
  if (!body->contains("flatten_alias") || !(*body)["flatten_alias"].is_boolean()) {
    return call.Send(ProblemOf({Failure::kInvalid, "flatten_alias must be true or false"}));
  }
  const Outcome outcome =
      zones_.SetFlattenAlias(*name, (*body)["flatten_alias"].get<bool>(), revision, call.who);
  if (!outcome.ok()) return call.Send(ProblemOf(outcome));
  call.Send(SynthesisReply(*zones_.registry().Find(*name)));
}

}  // namespace sealwire::control
