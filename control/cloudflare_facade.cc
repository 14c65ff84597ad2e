#include "control/cloudflare_facade.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "control/api_reply.h"
#include "control/lifecycle.h"
#include "control/log.h"
#include "control/record_json.h"
#include "keycache/zone_key_record.h"

namespace sealwire::control {

using nlohmann::json;

namespace {

constexpr std::uint64_t kPageSize = 20;
constexpr std::uint64_t kMaxPageSize = 50;
constexpr std::uint64_t kMaxPage = 1'000'000;

json Envelope(json result) {
  return {{"success", true},
          {"errors", json::array()},
          {"messages", json::array()},
          {"result", std::move(result)}};
}

void Send(const FacadeCall& call, json result) {
  call.reply.Send(JsonReply(200, Envelope(std::move(result))));
}

net::HttpResponse Refusal(int status, int code, std::string_view message) {
  return JsonReply(status, {{"success", false},
                            {"errors", json::array({{{"code", code}, {"message", message}}})},
                            {"messages", json::array()},
                            {"result", nullptr}});
}

void Fail(const FacadeCall& call, int status, int code, std::string_view message) {
  call.reply.Send(Refusal(status, code, message));
}

void Fail(const FacadeCall& call, const Outcome& outcome) {
  switch (outcome.failure) {
    case control::Failure::kNotFound:
      return Fail(call, 404, 1001, outcome.detail);
    case control::Failure::kConflict:
      return Fail(call, 409, 1012, outcome.detail);
    case control::Failure::kInternal:
      return Fail(call, 500, 1000, outcome.detail);
    case control::Failure::kUnavailable:
      return Fail(call, 503, 1000, outcome.detail);
    default:
      return Fail(call, 400, 1004, outcome.detail);
  }
}

bool Allows(const FacadeCall& call, Scope needed) {
  if (call.scopes.Allow(needed)) return true;
  Fail(call, 403, 9109, fmt::format("this token has not the scope '{}'", ToText(needed)));
  return false;
}

// Ids are 32 hexadecimal digits there. A record's id is never used again.
std::string IdOf(const ZoneRecord& zone) {
  return fmt::format("{:032x}", zone.id);
}

std::optional<std::uint64_t> ParseId(std::string_view id) {
  std::uint64_t number = 0;
  if (id.size() != 32 || id.find_first_not_of('0') == std::string_view::npos) return std::nullopt;
  const char* first = id.data() + 16;
  if (id.substr(0, 16).find_first_not_of('0') != std::string_view::npos) return std::nullopt;
  const auto [end, error] = std::from_chars(first, first + 16, number, 16);
  return error == std::errc() && end == first + 16 ? std::optional(number) : std::nullopt;
}

json ZoneJson(const ZoneRecord& zone) {
  return {{"id", IdOf(zone)},
          {"name", zone.name},
          {"status", "active"},
          {"paused", false},
          {"type", "full"},
          {"development_mode", 0},
          {"name_servers", json::array()},
          {"original_name_servers", json::array()},
          {"permissions", json::array()},
          {"account", {{"id", std::string(32, '0')}, {"name", "sealwire"}}},
          {"owner", {{"id", nullptr}, {"type", "organization"}, {"name", "sealwire"}}},
          {"meta", json::object()},
          {"plan", json::object()},
          {"created_on", TimeJson(zone.created)},
          {"activated_on", TimeJson(zone.created)},
          {"modified_on", TimeJson(zone.changed)}};
}

const char* StatusText(ZoneStatus status) {
  switch (status) {
    case ZoneStatus::kDisabled:
      return "disabled";
    case ZoneStatus::kActive:
      return "active";
    case ZoneStatus::kPendingDisabled:
      return "pending-disabled";
    case ZoneStatus::kError:
      return "error";
    default:
      return "pending";
  }
}

// Nothing: the answer is sent.
std::optional<std::uint64_t> Number(const FacadeCall& call, const char* name,
                                    std::uint64_t fallback, std::uint64_t max) {
  const std::string* text = call.request.Query(name);
  if (text == nullptr) return fallback;
  std::uint64_t number = 0;
  const char* last = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), last, number);
  if (error == std::errc() && end == last && number >= 1 && number <= max) return number;
  Fail(call, 400, 1004, fmt::format("{} must be a number from 1 to {}", name, max));
  return std::nullopt;
}

}  // namespace

bool CloudflareFacade::Serves(const net::HttpRequest& request) {
  return request.segments.size() > 2 && request.segments[0] == "client" &&
         request.segments[1] == "v4";
}

void CloudflareFacade::Handle(net::HttpRequest request, net::HttpReply reply) {
  std::optional<std::string_view> token;
  if (const std::string* bearer = request.Header("Authorization")) {
    token = AccessToken::InHeader(*bearer).value_or("");
  } else if (const std::string* key = request.Header("X-Auth-Key")) {
    token = *key;
  }
  const auto grant = access_.Admit(request, token);
  if (!grant) {
    Log(LogLevel::kWarning, "api-refused",
        {{"peer", request.peer_address}, {"path", request.path}});
    return reply.Send(Refusal(403, 10000, "Authentication error"));
  }
  FacadeCall call{std::move(request), std::move(reply), grant->who, grant->scopes};
  try {
    Dispatch(call);
  } catch (const std::exception& e) {
    Log(LogLevel::kError, "api-failed", {{"path", call.request.path}, {"error", e.what()}});
    Fail(call, 500, 1000, "the request could not be carried out");
  }
}

void CloudflareFacade::Dispatch(const FacadeCall& call) {
  if (call.Is("GET") && !Allows(call, Scope::kRead)) return;
  if (call.parts() == 5 && call.Part(2) == "user" && call.Part(3) == "tokens" &&
      call.Part(4) == "verify" && call.Is("GET")) {
    return Send(call, {{"id", std::string(32, '0')}, {"status", "active"}});
  }
  if (call.Part(2) != "zones") return Fail(call, 404, 7003, "there is no such resource");
  if (call.parts() == 3) {
    if (call.Is("GET")) return ListZones(call);
    return Fail(call, 405, 10405, "a zone needs a backend: make it with /v1/zones");
  }
  const auto id = ParseId(call.Part(3));
  const ZoneEntry* entry = id ? zones_.registry().FindById(*id) : nullptr;
  if (entry == nullptr) return Fail(call, 404, 7003, "there is no such zone");
  const std::string name = entry->record->name;
  if (call.parts() == 4) {
    if (call.Is("GET")) return Send(call, ZoneJson(*entry->record));
    if (call.Is("DELETE")) return DeleteZone(call, name);
  } else if (call.parts() == 5 && call.Part(4) == "dnssec") {
    if (call.Is("GET")) return SendDnssec(call, name);
    if (call.Is("PATCH")) return ChangeDnssec(call, name);
    if (call.Is("DELETE")) return DeleteDnssec(call, name);
  } else {
    return Fail(call, 404, 7003, "there is no such resource");
  }
  Fail(call, 405, 10405, "Method not allowed");
}

void CloudflareFacade::ListZones(const FacadeCall& call) {
  ZoneRegistry& registry = zones_.registry();
  const auto page = Number(call, "page", 1, kMaxPage);
  const auto size = page ? Number(call, "per_page", kPageSize, kMaxPageSize) : std::nullopt;
  if (!size) return;
  json list = json::array();
  std::size_t total = registry.size();
  if (const std::string* asked = call.request.Query("name")) {
    const auto name = NormalizeZoneName(*asked);
    const ZoneEntry* entry = name.ok() ? registry.Find(*name) : nullptr;
    total = entry != nullptr ? 1 : 0;
    if (entry != nullptr && *page == 1) list.push_back(ZoneJson(*entry->record));
  } else {
    std::uint64_t skip = (*page - 1) * *size;
    std::string after;
    for (ZonePage part; list.size() < *size; after = part.zones.back()->name) {
      part =
          registry.List(after, std::min<std::size_t>(skip > 0 ? skip : *size - list.size(), 1000),
                        std::nullopt, "");
      if (part.zones.empty()) break;
      if (skip > 0) {
        skip -= std::min<std::uint64_t>(skip, part.zones.size());
      } else {
        for (const auto& zone : part.zones) list.push_back(ZoneJson(*zone));
      }
      if (!part.more) break;
    }
  }
  json body = Envelope(list);
  body["result_info"] = {{"page", *page},
                         {"per_page", *size},
                         {"count", list.size()},
                         {"total_count", total},
                         {"total_pages", (total + *size - 1) / *size}};
  call.reply.Send(JsonReply(200, body));
}

void CloudflareFacade::DeleteZone(const FacadeCall& call, const std::string& name) {
  if (!Allows(call, Scope::kZones)) return;
  const std::string id = call.Part(3);
  const Outcome outcome = zones_.RemoveZone(name, std::nullopt, call.who);
  if (!outcome.ok()) return Fail(call, outcome);
  Send(call, {{"id", id}});
}

json CloudflareFacade::DnssecJson(const ZoneEntry& entry) const {
  const ZoneRecord& zone = *entry.record;
  json object = {{"status", StatusText(zone.status)},
                 {"dnssec_multi_signer", false},
                 {"dnssec_presigned", false},
                 {"dnssec_use_nsec3", false},
                 {"modified_on", TimeJson(zone.changed)}};
  for (const char* key : {"flags", "algorithm", "key_type", "digest_type", "digest_algorithm",
                          "digest", "ds", "key_tag", "public_key"}) {
    object[key] = nullptr;
  }
  const auto encoded = zones_.registry().store().ReadKeys(zone.name);
  if (!encoded.ok() || encoded->empty() || !ShowsDs(zone)) return object;
  const auto keys = keycache::ZoneKeyRecord::Decode(*encoded);
  const keycache::KeyRecord* ksk = keys.ok() ? keys->SigningKeyOf(keycache::Role::kKsk) : nullptr;
  if (ksk == nullptr) return object;
  const keycache::DsRecord ds = keycache::MakeDs(keys->apex, ksk->Dnskey());
  const std::string dnskey = keycache::DnskeyText(ksk->Dnskey());
  object["flags"] = 257;
  object["algorithm"] = std::to_string(ksk->algorithm);
  object["key_type"] = signer::AlgorithmName(ksk->algorithm);
  object["digest_type"] = "2";
  object["digest_algorithm"] = "SHA256";
  object["digest"] = ds.DigestText();
  object["ds"] = fmt::format("{}. {} IN DS {}", zone.name, keycache::kKeyTtl, ds.ToText());
  object["key_tag"] = ds.key_tag;
  object["public_key"] = dnskey.substr(dnskey.find_last_of(' ') + 1);
  return object;
}

void CloudflareFacade::SendDnssec(const FacadeCall& call, const std::string& name) {
  Send(call, DnssecJson(*zones_.registry().Find(name)));
}

void CloudflareFacade::ChangeDnssec(const FacadeCall& call, const std::string& name) {
  if (!Allows(call, Scope::kToggle)) return;
  const auto body = ParseJson(call.request.body);
  if (!body || !body->is_object()) return Fail(call, 400, 1004, "the body must be a JSON object");
  for (const auto& [key, value] : body->items()) {
    if (key == "status" || (key.starts_with("dnssec_") && value == false)) continue;
    return Fail(call, 400, 1004, "'" + key + "' cannot be set to this here");
  }
  const json status = body->value("status", json());
  if (status != "active" && status != "disabled") {
    return Fail(call, 400, 1004, "status must be active or disabled");
  }
  const Outcome outcome = zones_.SetDnssec(name, status == "active", "", std::nullopt, call.who);
  if (!outcome.ok()) return Fail(call, outcome);
  zones_.Tick();
  SendDnssec(call, name);
}

// Off first; the keys of a zone that is no longer signed are forgotten.
void CloudflareFacade::DeleteDnssec(const FacadeCall& call, const std::string& name) {
  const bool idle = IsIdle(*zones_.registry().Find(name)->record);
  if (!Allows(call, idle ? Scope::kKeys : Scope::kToggle)) return;
  const Outcome outcome = idle ? zones_.ForgetKeys(name, std::nullopt, call.who)
                               : zones_.SetDnssec(name, false, "", std::nullopt, call.who);
  if (!outcome.ok()) return Fail(call, outcome);
  Send(call, "");
}

}  // namespace sealwire::control
