#include "control/etcd_records.h"

#include <nlohmann/json.hpp>

#include "control/etcd_client.h"
#include "control/record_json.h"

namespace sealwire::control {

using nlohmann::json;

namespace {

constexpr unsigned kIndexBits = 7;
constexpr unsigned kSlotBits = 5;
static_assert(kHistorySlots == 1u << kSlotBits);

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

// A member of the wrong kind counts as one that is not there.
class Members {
 public:
  explicit Members(std::string_view value) : json_(ParseJson(value).value_or(nullptr)) {}
  bool ok() const { return json_.is_object(); }
  const json* Find(const char* name) const {
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }
  std::string Text(const char* name) const {
    const json* found = Find(name);
    return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
  }
  std::int64_t Time(const char* name) const {
    return static_cast<std::int64_t>(EtcdNumber(json_, name));
  }
  bool Flag(const char* name, bool fallback) const {
    const json* found = Find(name);
    return found != nullptr && found->is_boolean() ? found->get<bool>() : fallback;
  }

 private:
  json json_;
};

Error Broken(std::string_view what, std::string_view name, std::string_view why) {
  return {std::string(what) + " '" + std::string(name) + "' in etcd: " + std::string(why)};
}

}  // namespace

std::string ZoneToEtcd(const ZoneRecord& zone) {
  json value = {{"id", std::to_string(zone.id)},
                {"backend", BackendToJson(zone.backend)},
                {"policy", zone.policy},
                {"flatten_alias", zone.flatten_alias},
                {"created", zone.created},
                {"changed", zone.changed},
                {"dnssec", zone.dnssec},
                {"status", ToText(zone.status)},
                {"status_since", zone.status_since},
                {"problem", zone.problem},
                {"ds_last_seen", zone.ds_last_seen},
                {"ds_ttl_max", zone.ds_ttl_max},
                {"signing_until", zone.signing_until}};
  if (!(zone.parent == ParentObservation{})) value["parent"] = ParentToJson(zone.parent);
  return Dump(value);
}

Result<ZoneRecord> ZoneFromEtcd(std::string_view name, std::string_view value) {
  const Members members(value);
  if (!members.ok()) return Broken("zone", name, "is no JSON object");
  auto normalized = NormalizeZoneName(name);
  if (!normalized.ok() || *normalized != name) return Broken("zone", name, "is no zone's name");
  const auto status = ParseZoneStatus(members.Text("status"));
  if (!status) return Broken("zone", name, "its status is not known here");
  const json* backend = members.Find("backend");
  auto spec = backend == nullptr ? Result<BackendSpec>(Error{"it has no backend"})
                                 : BackendFromJson(*backend);
  if (!spec.ok()) return Broken("zone", name, spec.error());
  ZoneRecord zone;
  zone.name = std::string(name);
  zone.id = static_cast<std::uint64_t>(members.Time("id"));
  zone.backend = *std::move(spec);
  zone.policy = members.Text("policy");
  zone.flatten_alias = members.Flag("flatten_alias", true);
  zone.created = members.Time("created");
  zone.changed = members.Time("changed");
  zone.dnssec = members.Flag("dnssec", false);
  zone.status = *status;
  zone.status_since = members.Time("status_since");
  zone.problem = members.Text("problem");
  zone.ds_last_seen = members.Time("ds_last_seen");
  zone.ds_ttl_max = static_cast<std::uint32_t>(members.Time("ds_ttl_max"));
  zone.signing_until = members.Time("signing_until");
  if (const json* parent = members.Find("parent")) {
    auto seen = ParentFromJson(*parent);
    if (!seen.ok()) return Broken("zone", name, seen.error());
    zone.parent = *std::move(seen);
  }
  return zone;
}

std::int64_t HistoryId(std::uint64_t revision, unsigned index, unsigned slot) {
  return static_cast<std::int64_t>(revision << (kIndexBits + kSlotBits) |
                                   (index & ((1u << kIndexBits) - 1)) << kSlotBits |
                                   (slot & (kHistorySlots - 1)));
}

unsigned SlotOf(std::int64_t history_id) {
  return static_cast<unsigned>(history_id) & (kHistorySlots - 1);
}

std::string HistoryToEtcd(const HistoryRow& row, unsigned index) {
  return Dump({{"index", index},
               {"at", row.at},
               {"who", row.who},
               {"what", row.what},
               {"detail", row.detail},
               {"reason", row.reason}});
}

Result<HistoryRow> HistoryFromEtcd(std::string_view zone, unsigned slot, std::uint64_t revision,
                                   std::string_view value) {
  const Members members(value);
  if (!members.ok()) return Broken("history of", zone, "is no JSON object");
  return HistoryRow{HistoryId(revision, static_cast<unsigned>(members.Time("index")), slot),
                    members.Time("at"),
                    std::string(zone),
                    members.Text("who"),
                    members.Text("what"),
                    members.Text("detail"),
                    members.Text("reason")};
}

std::string TokenToEtcd(const TokenRecord& token) {
  return Dump(
      {{"hash", EtcdOctets({reinterpret_cast<const char*>(token.hash.data()), token.hash.size()})},
       {"scopes", token.scopes},
       {"created", token.created},
       {"created_by", token.created_by}});
}

Result<TokenRecord> TokenFromEtcd(std::string_view name, std::string_view value) {
  const Members members(value);
  const auto hash = members.ok() ? ParseEtcdOctets(members.Text("hash")) : std::nullopt;
  if (!hash || hash->size() != 32) return Broken("token", name, "has no hash");
  return TokenRecord{std::string(name), std::vector<std::uint8_t>(hash->begin(), hash->end()),
                     static_cast<std::uint8_t>(members.Time("scopes")), members.Time("created"),
                     members.Text("created_by")};
}

std::string OperationToEtcd(const Operation& operation) {
  return Dump({{"at", operation.at}, {"enabled", operation.enabled}, {"names", operation.names}});
}

Result<Operation> OperationFromEtcd(std::string_view id, std::string_view value) {
  const Members members(value);
  if (!members.ok()) return Broken("operation", id, "is no JSON object");
  Operation operation{std::string(id), members.Time("at"), members.Flag("enabled", false), {}};
  if (const json* names = members.Find("names"); names != nullptr && names->is_array()) {
    for (const json& name : *names) {
      if (name.is_string()) operation.names.push_back(name.get<std::string>());
    }
  }
  return operation;
}

}  // namespace sealwire::control
