// /v1/batch and /v1/operations/{id}: one toggle for many zones, and how far it has come.

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>
#include <set>

#include "control/api_call.h"
#include "control/lifecycle.h"

namespace sealwire::control {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxBatch = 100'000;
constexpr std::size_t kMaxErrorsShown = 100;

std::string RandomId() {
  std::array<unsigned char, 12> random;
  RAND_bytes(random.data(), random.size());
  std::string id;
  for (const unsigned char octet : random) id += fmt::format("{:02x}", octet);
  return id;
}

// The wish was carried out as far as this node can: what remains is the parent's.
bool IsCarriedOut(const ZoneEntry& entry, bool enabled) {
  const ZoneStatus status = ShownStatus(entry);
  if (!enabled) return status == ZoneStatus::kDisabled;
  return status == ZoneStatus::kPending || status == ZoneStatus::kActive;
}

json OperationJson(const Operation& operation, ZoneRegistry& registry) {
  std::size_t done = 0, failed = 0, superseded = 0;
  json errors = json::array();
  for (const std::string& name : operation.names) {
    const ZoneEntry* entry = registry.Find(name);
    if (entry == nullptr || entry->record->dnssec != operation.enabled) {
      ++superseded;
    } else if (IsCarriedOut(*entry, operation.enabled)) {
      ++done;
    } else if (ShownStatus(*entry) == ZoneStatus::kError) {
      ++failed;
      if (errors.size() < kMaxErrorsShown) {
        errors.push_back({{"name", name},
                          {"detail", entry->record->problem.empty() ? entry->key_problem
                                                                    : entry->record->problem}});
      }
    }
  }
  const std::size_t total = operation.names.size();
  const std::size_t waiting = total - done - failed - superseded;
  return {{"id", operation.id},
          {"created", TimeJson(operation.at)},
          {"enabled", operation.enabled},
          {"status", waiting + failed == 0 ? "done" : "running"},
          {"total", total},
          {"done", done},
          {"waiting", waiting},
          {"failed", failed},
          {"superseded", superseded},
          {"errors", std::move(errors)}};
}

}  // namespace

void Api::PostBatch(Call& call) {
  const auto body = call.Body({"names", "enabled"});
  if (!body) return;
  if (!body->contains("enabled") || !(*body)["enabled"].is_boolean() || !body->contains("names") ||
      !(*body)["names"].is_array() || (*body)["names"].empty() ||
      (*body)["names"].size() > kMaxBatch) {
    return call.Send(ProblemOf(
        {Failure::kInvalid,
         fmt::format("needed are enabled, true or false, and names, a list of 1 to {} zones",
                     kMaxBatch)}));
  }
  std::set<std::string> names;
  for (const json& item : (*body)["names"]) {
    auto name = item.is_string() ? NormalizeZoneName(item.get_ref<const std::string&>())
                                 : Result<std::string>(Error{"a name must be text"});
    if (!name.ok()) return call.Send(ProblemOf({Failure::kInvalid, name.error()}));
    names.insert(*std::move(name));
  }
  const bool enabled = (*body)["enabled"].get<bool>();
  const std::string id = RandomId();
  Outcome outcome = zones_.SetDnssecOfMany({names.begin(), names.end()}, enabled, id, call.who);
  if (outcome.failure == Failure::kNotFound) outcome.failure = Failure::kInvalid;
  if (!outcome.ok()) return call.Send(ProblemOf(outcome));
  zones_.Tick();
  const Operation operation{id, zones_.Now(), enabled, {names.begin(), names.end()}};
  auto response = JsonReply(202, OperationJson(operation, zones_.registry()));
  response.headers.emplace_back("Location", "/v1/operations/" + id);
  call.Send(std::move(response));
}

void Api::GetOperation(Call& call) {
  const auto operation = zones_.registry().store().ReadOperation(call.request.segments[2]);
  if (!operation.ok()) return call.Send(ProblemOf({Failure::kInternal, operation.error()}));
  if (!operation->has_value()) {
    return call.Send(ProblemOf({Failure::kNotFound, "there is no such operation"}));
  }
  const json body = OperationJson(**operation, zones_.registry());
  const std::string text = body.dump(-1, ' ', false, json::error_handler_t::replace);
  call.SendTagged(
      body, EtagOf(dns::Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size())));
}

}  // namespace sealwire::control
