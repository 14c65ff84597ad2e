// /v1/zones/{name}/rollovers and …/keys/foreign: keys that are replaced, and keys of others.

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "control/api_call.h"
#include "control/lifecycle.h"
#include "keycache/zone_key_record.h"

namespace sealwire::control {

using keycache::DnskeyRdata;
using keycache::Role;
using keycache::RollCause;
using nlohmann::json;

namespace {

std::optional<Role> ParseRole(std::string_view text) {
  if (text == "zsk") return Role::kZsk;
  if (text == "ksk") return Role::kKsk;
  return std::nullopt;
}

// Nothing inside: all keys. An error: none of the three words.
Result<std::optional<Role>> ParseRoles(std::string_view text) {
  if (text == "all") return std::optional<Role>();
  if (const auto role = ParseRole(text)) return role;
  return Error{R"(role must be "zsk", "ksk" or "all")"};
}

// "257 3 13 base64…"
Result<DnskeyRdata> ParseDnskey(const std::string& text) {
  unsigned flags = 0, protocol = 0, algorithm = 0;
  char base64[129] = {};
  char more = 0;
  const int fields =
      std::sscanf(text.c_str(), "%u %u %u %128s %c", &flags, &protocol, &algorithm, base64, &more);
  if (fields != 4 || protocol != 3 || (flags != 256 && flags != 257)) {
    return Error{"'" + text + "' is no DNSKEY: write \"256 3 13 BASE64\" or \"257 3 13 BASE64\""};
  }
  if (algorithm > 255 || !signer::IsKnown(static_cast<std::uint8_t>(algorithm))) {
    return Error{"algorithm " + std::to_string(algorithm) +
                 " is not possible; possible are: 13, 14, 15"};
  }
  const auto number = static_cast<std::uint8_t>(algorithm);
  std::array<unsigned char, 96> octets{};
  const std::string_view digits = base64;
  const std::size_t padding = digits.size() - std::min(digits.find('='), digits.size());
  const int size =
      EVP_DecodeBlock(octets.data(), reinterpret_cast<const unsigned char*>(digits.data()),
                      static_cast<int>(digits.size()));
  // EVP_DecodeBlock() counts the padding as octets.
  if (size < 0 || padding > 2 ||
      static_cast<std::size_t>(size) - padding != signer::PublicKeySize(number)) {
    return Error{"'" + text + "' holds no key of " + std::string(signer::AlgorithmName(number))};
  }
  const dns::Bytes key = dns::Bytes(octets).first(signer::PublicKeySize(number));
  return keycache::MakeDnskey(flags == 257 ? Role::kKsk : Role::kZsk, signer::PublicOctets(key),
                              number);
}

Outcome Invalid(std::string detail) {
  return {Failure::kInvalid, std::move(detail)};
}

}  // namespace

json Api::RolloversJson(const ZoneEntry& entry, const keycache::ZoneKeyRecord& record) {
  json list = json::array();
  for (const keycache::Rollover& roll : record.rollovers) {
    const RollDecision next =
        Decide(record, roll, zones_.LifeOf(entry), zones_.FactsOf(entry), zones_.Now());
    list.push_back({{"role", WhatRolls(roll)},
                    {"method", ToText(roll.method)},
                    {"cause", ToText(roll.cause)},
                    {"old_key_tag", roll.old_tag},
                    {"new_key_tag", roll.new_tag},
                    {"step", ToText(roll.step)},
                    {"cancelled", roll.cancelled},
                    {"started", TimeJson(roll.started)},
                    {"step_at", TimeJson(roll.step_at)},
                    {"code", next.code},
                    {"reason", next.reason},
                    {"not_before", TimeJson(next.not_before)}});
  }
  return list;
}

void Api::GetRollovers(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const ZoneEntry* entry = zones_.registry().Find(*name);
  if (entry == nullptr) {
    return call.Send(ProblemOf({Failure::kNotFound, "there is no zone '" + *name + "'"}));
  }
  json list = json::array();
  const auto encoded = zones_.registry().store().ReadKeys(*name);
  if (!encoded.ok()) return call.Send(ProblemOf({Failure::kInternal, encoded.error()}));
  if (!encoded->empty()) {
    const auto record = keycache::ZoneKeyRecord::Decode(*encoded);
    if (!record.ok()) return call.Send(ProblemOf({Failure::kInternal, record.error()}));
    list = RolloversJson(*entry, *record);
  }
  // Its reasons and times follow the clock: the tag is there to change keys by, not to cache by.
  auto response = JsonReply(200, {{"rollovers", std::move(list)}});
  response.headers.emplace_back("ETag", EtagOf(*encoded));
  call.Send(std::move(response));
}

bool Api::MayChangeKeys(const Call& call, const std::string& name) {
  const ZoneEntry* entry = zones_.registry().Find(name);
  if (entry == nullptr || call.request.Header("If-Match") == nullptr) return true;
  const auto encoded = zones_.registry().store().ReadKeys(name);
  if (!encoded.ok()) {
    call.Send(ProblemOf({Failure::kInternal, encoded.error()}));
    return false;
  }
  if (!call.CheckTag(EtagOf(*encoded))) return false;
  // What is under way was begun after the tag was read, or will end after it.
  if (!entry->key_work_runs && !changing_keys_.contains(name)) return true;
  call.Fail(412, "changed", "Precondition failed",
            "the keys are being changed at this moment: read them again");
  return false;
}

Done Api::ChangingKeys(const std::string& name, Done done) {
  changing_keys_.insert(name);
  return [this, name, done = std::move(done)](Outcome outcome) {
    if (const auto found = changing_keys_.find(name); found != changing_keys_.end()) {
      changing_keys_.erase(found);
    }
    done(std::move(outcome));
  };
}

// What came of a change is answered, whatever the reader had before.
void Api::SendChangedKeys(Call& call) {
  std::erase_if(call.request.headers, [](const auto& header) {
    return net::SameFieldName(header.first, "If-None-Match");
  });
  GetKeys(call);
}

void Api::PostRollover(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const auto body = call.Body({"role", "emergency"});
  if (!body) return;
  if (!body->contains("role") || !(*body)["role"].is_string()) {
    return call.Send(ProblemOf(Invalid(R"(role must be "zsk", "ksk" or "all")")));
  }
  const auto role = ParseRoles((*body)["role"].get_ref<const std::string&>());
  if (!role.ok()) return call.Send(ProblemOf(Invalid(role.error())));
  if (body->contains("emergency") && !(*body)["emergency"].is_boolean()) {
    return call.Send(ProblemOf(Invalid("emergency must be true or false")));
  }
  const RollCause cause =
      body->value("emergency", false) ? RollCause::kEmergency : RollCause::kAsked;
  if (!MayChangeKeys(call, *name)) return;
  zones_.RollKeys(*name, *role, cause, call.who,
                  ChangingKeys(*name, [this, call](const Outcome& outcome) mutable {
                    if (!outcome.ok()) return call.Send(ProblemOf(outcome));
                    GetRollovers(call);
                  }));
}

void Api::DeleteRollover(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const auto role = ParseRoles(call.request.segments[4]);
  if (!role.ok()) return call.Send(ProblemOf(Invalid(role.error())));
  if (!MayChangeKeys(call, *name)) return;
  zones_.CancelRollover(*name, *role, call.who, ChangingKeys(*name, [call](const Outcome& outcome) {
    call.Send(outcome.ok() ? net::HttpResponse{204, {}, ""} : ProblemOf(outcome));
  }));
}

void Api::PutForeignKeys(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const auto body = call.Body({"dnskey"});
  if (!body) return;
  if (!body->contains("dnskey") || !(*body)["dnskey"].is_array() ||
      (*body)["dnskey"].size() > keycache::kMaxForeignKeys) {
    return call.Send(ProblemOf(Invalid("dnskey must be a list of at most " +
                                       std::to_string(keycache::kMaxForeignKeys) + " keys")));
  }
  std::vector<DnskeyRdata> keys;
  for (const json& text : (*body)["dnskey"]) {
    auto key = text.is_string() ? ParseDnskey(text.get<std::string>())
                                : Result<DnskeyRdata>(Error{"dnskey must list text"});
    if (!key.ok()) return call.Send(ProblemOf(Invalid(key.error())));
    keys.push_back(*key);
  }
  if (!MayChangeKeys(call, *name)) return;
  zones_.SetForeignKeys(*name, std::move(keys), call.who,
                        ChangingKeys(*name, [this, call](const Outcome& outcome) mutable {
                          if (!outcome.ok()) return call.Send(ProblemOf(outcome));
                          SendChangedKeys(call);
                        }));
}

}  // namespace sealwire::control
