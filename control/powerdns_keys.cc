// PowerDNS's cryptokeys: a zone's keys are made and used together, by the toggle.

#include <nlohmann/json.hpp>

#include "control/lifecycle.h"
#include "control/powerdns_facade.h"

namespace sealwire::control {

using keycache::KeyRecord;
using keycache::Role;
using keycache::ZoneKeyRecord;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxAwaited = 256;

json KeyJson(const ZoneRecord& zone, const ZoneKeyRecord& keys, const KeyRecord& key) {
  const bool ksk = key.role == Role::kKsk;
  const bool in_use = IsSigned(zone);
  json object = {{"type", "Cryptokey"},
                 {"id", key.key_tag},
                 {"keytype", key.signs_data ? "csk"
                             : ksk          ? "ksk"
                                            : "zsk"},
                 {"active", in_use && key.signing},
                 {"published", in_use && key.published},
                 {"dnskey", keycache::DnskeyText(key.Dnskey())},
                 {"algorithm", signer::AlgorithmName(key.algorithm)},
                 {"bits", key.algorithm == signer::kAlgorithmP384 ? 384 : 256},
                 {"flags", ksk ? 257 : 256}};
  if (!ksk || !ShowsDs(zone)) return object;
  json ds = json::array();
  for (const keycache::DsRecord& record : keys.DsRecords()) {
    if (record.key_tag == key.key_tag) ds.push_back(record.ToText());
  }
  object["ds"] = std::move(ds);
  return object;
}

// What a POST may ask for; nothing: the answer is sent.
std::optional<Role> WantedRole(const FacadeCall& call, const json& body) {
  for (const char* secret : {"privatekey", "content"}) {
    if (body.contains(secret) && body[secret] != "") {
      powerdns::Fail(call, 422, "keys are made here, in the HSM; none is taken in by this way");
      return std::nullopt;
    }
  }
  const json algorithm = body.value("algorithm", json("ecdsa256"));
  if (algorithm != "ecdsa256" && algorithm != "ECDSAP256SHA256" && algorithm != "ecdsap256sha256" &&
      algorithm != 13) {
    powerdns::Fail(call, 422, "the algorithm is ECDSAP256SHA256 (13)");
    return std::nullopt;
  }
  if (body.value("active", json(true)) != true) {
    powerdns::Fail(call, 422, "a zone's keys are made to sign: active must be true");
    return std::nullopt;
  }
  const json type = body.value("keytype", json("ksk"));
  if (type == "ksk" || type == "csk") return Role::kKsk;
  if (type == "zsk") return Role::kZsk;
  powerdns::Fail(call, 422, "keytype must be ksk or zsk");
  return std::nullopt;
}

}  // namespace

std::optional<ZoneKeyRecord> PowerDnsFacade::ReadKeys(const FacadeCall& call,
                                                      const std::string& name) {
  const auto encoded = zones_.registry().store().ReadKeys(name);
  if (encoded.ok() && encoded->empty()) return ZoneKeyRecord{};
  auto keys = encoded.ok() ? ZoneKeyRecord::Decode(*encoded)
                           : Result<ZoneKeyRecord>(Error{encoded.error()});
  if (keys.ok()) return *std::move(keys);
  powerdns::Fail(call, 500, keys.error());
  return std::nullopt;
}

const KeyRecord* PowerDnsFacade::FindKey(const FacadeCall& call,
                                         const ZoneKeyRecord& record) const {
  for (const KeyRecord& key : record.keys) {
    if (std::to_string(key.key_tag) == call.Part(7)) return &key;
  }
  powerdns::Fail(call, 404, "Not Found");
  return nullptr;
}

void PowerDnsFacade::ListKeys(const FacadeCall& call, const std::string& name) {
  const auto keys = ReadKeys(call, name);
  if (!keys) return;
  json list = json::array();
  for (const KeyRecord& key : keys->keys) {
    list.push_back(KeyJson(*zones_.registry().Find(name)->record, *keys, key));
  }
  powerdns::Send(call, 200, list);
}

void PowerDnsFacade::GetKey(const FacadeCall& call, const std::string& name) {
  const auto keys = ReadKeys(call, name);
  const KeyRecord* key = keys ? FindKey(call, *keys) : nullptr;
  if (key == nullptr) return;
  powerdns::Send(call, 200, KeyJson(*zones_.registry().Find(name)->record, *keys, *key));
}

void PowerDnsFacade::CreateKey(const FacadeCall& call, const std::string& name) {
  if (!powerdns::Allows(call, Scope::kToggle)) return;
  const auto body = powerdns::Body(call);
  const auto role = body ? WantedRole(call, *body) : std::nullopt;
  if (!role) return;
  const Outcome outcome = zones_.SetDnssec(name, true, "", std::nullopt, call.who);
  if (!outcome.ok()) return powerdns::Finish(call, outcome);
  if (zones_.registry().Find(name)->record->has_keys) return SendNewKey(call, name, *role);
  if (awaited_.size() >= kMaxAwaited) {
    return powerdns::Fail(call, 503, "too many keys are being made: ask again");
  }
  awaited_.emplace(name, AwaitedKey{call, *role});
  zones_.Tick();
}

void PowerDnsFacade::SendNewKey(const FacadeCall& call, const std::string& name, Role role) {
  const auto keys = ReadKeys(call, name);
  if (!keys) return;
  const KeyRecord* key = keys->SigningKeyOf(role);
  if (key == nullptr) return powerdns::Fail(call, 500, "the key could not be made");
  powerdns::Send(call, 201, KeyJson(*zones_.registry().Find(name)->record, *keys, *key));
}

void PowerDnsFacade::OnEvent(const ZoneEvent& event) {
  const auto [first, last] = awaited_.equal_range(event.zone);
  if (first == last) return;
  const bool made = event.record && event.record->has_keys;
  const bool failed = !event.record || event.what == "keys-failed" || !event.record->dnssec;
  if (!made && !failed) return;
  std::vector<AwaitedKey> awaited;
  for (auto at = first; at != last; ++at) awaited.push_back(std::move(at->second));
  awaited_.erase(first, last);
  for (const AwaitedKey& one : awaited) {
    if (made) {
      SendNewKey(one.call, event.zone, one.role);
    } else {
      powerdns::Fail(one.call, 500,
                     event.record ? event.record->problem : std::string("the zone was removed"));
    }
  }
}

// Keys sign together or not at all: the toggle goes with the key-signing key.
void PowerDnsFacade::ChangeKey(const FacadeCall& call, const std::string& name) {
  if (!powerdns::Allows(call, Scope::kToggle)) return;
  const auto body = powerdns::Body(call);
  const auto keys = body ? ReadKeys(call, name) : std::nullopt;
  const KeyRecord* key = keys ? FindKey(call, *keys) : nullptr;
  if (key == nullptr) return;
  const json active = body->value("active", json());
  if (!active.is_boolean()) return powerdns::Fail(call, 422, "active must be true or false");
  if (key->role != Role::kKsk && !active.get<bool>()) {
    return powerdns::Fail(call, 422, "a zone-signing key ends with its key-signing key");
  }
  const Outcome outcome = zones_.SetDnssec(name, active.get<bool>(), "", std::nullopt, call.who);
  if (outcome.ok()) zones_.Tick();
  powerdns::Finish(call, outcome);
}

// Off first, and the zone goes on being signed while its DS may be cached; the keys of a zone that
// is no longer signed are forgotten.
void PowerDnsFacade::DeleteKey(const FacadeCall& call, const std::string& name) {
  const bool idle = IsIdle(*zones_.registry().Find(name)->record);
  if (!powerdns::Allows(call, idle ? Scope::kKeys : Scope::kToggle)) return;
  const auto keys = ReadKeys(call, name);
  const KeyRecord* key = keys ? FindKey(call, *keys) : nullptr;
  if (key == nullptr) return;
  if (idle) return powerdns::Finish(call, zones_.ForgetKeys(name, std::nullopt, call.who));
  if (key->role != Role::kKsk) {
    return powerdns::Fail(call, 422, "a zone-signing key ends with its key-signing key");
  }
  powerdns::Finish(call, zones_.SetDnssec(name, false, "", std::nullopt, call.who));
}

}  // namespace sealwire::control
