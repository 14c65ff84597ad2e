// /v1/zones and what belongs to a zone but not to its DNSSEC.

#include <charconv>

#include "control/api_call.h"
#include "control/record_json.h"

namespace sealwire::control {

using nlohmann::json;

namespace {

constexpr std::uint64_t kDefaultLimit = 100;
constexpr std::uint64_t kMaxLimit = 1000;

}  // namespace

void Api::ListZones(Call& call) {
  const auto limit = call.QueryNumber("limit", kDefaultLimit, 1, kMaxLimit);
  if (!limit) return;
  std::optional<ZoneStatus> status;
  if (const std::string* text = call.request.Query("status")) {
    status = ParseZoneStatus(*text);
    if (!status) {
      return call.Fail(
          422, "invalid-parameter", "Invalid parameter",
          "'status' must be disabled, deploying, pending, active, pending-disabled or error");
    }
  }
  const std::string* cursor = call.request.Query("cursor");
  const std::string* part = call.request.Query("q");
  std::string wanted = part == nullptr ? "" : *part;
  for (char& c : wanted) c = static_cast<char>(dns::ToLower(static_cast<std::uint8_t>(c)));
  const ZonePage page =
      zones_.registry().List(cursor == nullptr ? "" : *cursor, *limit, status, wanted);
  json zones = json::array();
  for (const auto& zone : page.zones) {
    if (const ZoneEntry* entry = zones_.registry().Find(zone->name))
      zones.push_back(ZoneJson(*entry));
  }
  call.Send(
      JsonReply(200, {{"zones", std::move(zones)},
                      {"next_cursor", page.more ? json(page.zones.back()->name) : json(nullptr)},
                      {"total", zones_.registry().size()}}));
}

void Api::GetZone(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const ZoneEntry* entry = zones_.registry().Find(*name);
  if (entry == nullptr)
    return call.Send(ProblemOf({Failure::kNotFound, "there is no zone '" + *name + "'"}));
  const std::string* known = call.request.Header("If-None-Match");
  if (known != nullptr && *known == EtagOf(entry->record->revision)) {
    return call.Send(WithEtag({304, {}, ""}, entry->record->revision));
  }
  call.Send(WithEtag(JsonReply(200, ZoneJson(*entry)), entry->record->revision));
}

void Api::PutZone(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const auto body = call.Body({"backend", "policy"});
  if (!body) return;
  std::optional<std::uint64_t> revision;
  if (!call.CheckPrecondition(zones_.registry().Find(*name), revision)) return;
  if (!body->contains("backend")) {
    return call.Send(ProblemOf({Failure::kInvalid, "the member 'backend' is missing"}));
  }
  auto backend = BackendFromJson((*body)["backend"]);
  if (!backend.ok()) return call.Send(ProblemOf({Failure::kInvalid, backend.error()}));
  std::string policy = "default";
  if (body->contains("policy")) {
    if (!(*body)["policy"].is_string()) {
      return call.Send(ProblemOf({Failure::kInvalid, "policy must be text"}));
    }
    policy = (*body)["policy"].get<std::string>();
  }
  zones_.PutZone(*name, *backend, policy, revision, call.who,
                 [this, call, name = *name](const Outcome& outcome, bool created) {
                   if (!outcome.ok()) return call.Send(ProblemOf(outcome));
                   const ZoneEntry* entry = zones_.registry().Find(name);
                   auto response = WithEtag(JsonReply(created ? 201 : 200, ZoneJson(*entry)),
                                            entry->record->revision);
                   if (created) response.headers.emplace_back("Location", call.request.path);
                   call.Send(std::move(response));
                 });
}

void Api::DeleteZone(Call& call) {
  const auto name = call.ZoneName();
  std::optional<std::uint64_t> revision;
  if (!name || !call.CheckPrecondition(zones_.registry().Find(*name), revision)) return;
  const Outcome outcome = zones_.RemoveZone(*name, revision, call.who);
  call.Send(outcome.ok() ? net::HttpResponse{204, {}, ""} : ProblemOf(outcome));
}

void Api::GetHistory(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const auto limit = call.QueryNumber("limit", kDefaultLimit, 1, kMaxLimit);
  if (!limit) return;
  const auto before = call.QueryNumber("cursor", 0, 0, INT64_MAX);
  if (!before) return;
  // One more than asked for tells whether there are more. A removed zone's history can be read.
  const auto rows =
      zones_.registry().store().ReadHistory(*name, static_cast<std::int64_t>(*before), *limit + 1);
  if (!rows.ok()) return call.Send(ProblemOf({Failure::kInternal, rows.error()}));
  if (rows->empty() && *before == 0) {
    return call.Send(ProblemOf({Failure::kNotFound, "there is no zone '" + *name + "'"}));
  }
  json history = json::array();
  for (std::size_t i = 0; i < rows->size() && i < *limit; ++i) {
    const HistoryRow& row = (*rows)[i];
    history.push_back({{"at", TimeJson(row.at)},
                       {"who", row.who},
                       {"what", row.what},
                       {"detail", row.detail},
                       {"reason", row.reason.empty() ? json(nullptr) : json(row.reason)}});
  }
  const bool more = rows->size() > *limit;
  call.Send(JsonReply(
      200, {{"history", std::move(history)},
            {"next_cursor", more ? json(std::to_string((*rows)[*limit - 1].id)) : json(nullptr)}}));
}

}  // namespace sealwire::control
