// /v1/zones/{name}/dnssec and …/keys: the toggle, what is to be published, and the keys behind it.

#include "control/api_call.h"
#include "control/fleet.h"
#include "control/lifecycle.h"
#include "keycache/zone_key_record.h"

namespace sealwire::control {

using nlohmann::json;

namespace {

std::string Hex(dns::Bytes octets) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  for (const std::uint8_t octet : octets) {
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

json DsJson(const keycache::DsRecord& ds) {
  return {{"key_tag", ds.key_tag},
          {"algorithm", ds.algorithm},
          {"digest_type", ds.digest_type},
          {"digest", Hex(ds.digest)},
          {"rdata", ds.ToText()}};
}

// "60485 13 2 2BB183AF…", or "0 0 0 00" (RFC 8078 section 4).
std::string CdsText(dns::Bytes rdata) {
  dns::Reader in(rdata);
  std::string text = std::to_string(in.U16());
  text += ' ' + std::to_string(in.U8());
  text += ' ' + std::to_string(in.U8()) + ' ';
  return text + Hex(in.Run(in.remaining()));
}

json ParentJson(const ParentObservation& seen) {
  return {{"state", ToText(seen.state)},
          {"checked_at", TimeJson(seen.checked_at)},
          {"servers", seen.servers},
          {"answered", seen.answered},
          {"with_ds", seen.with_ds},
          {"ds_ttl", seen.ds_ttl == 0 ? json(nullptr) : json(seen.ds_ttl)},
          {"detail", seen.detail.empty() ? json(nullptr) : json(seen.detail)}};
}

// How many nodes serve the keys, while there are any.
json DeploymentJson(const ZoneRecord& record, const Deployment& deployment) {
  if (!record.has_keys && !record.dnssec) return nullptr;
  return {{"nodes", record.has_keys ? deployment.nodes : 0},
          {"of", deployment.of},
          {"waiting_for", deployment.waiting_for}};
}

json NextStepJson(const ZoneEntry& entry, const std::string& held) {
  NextStep step = NextStepOf(*entry.record);
  if (ShownStatus(entry) == ZoneStatus::kError && entry.record->status != ZoneStatus::kError) {
    step = {"check-hsm",
            "The keys cannot be opened, so the zone is not signed: " +
                (entry.key_problem.empty() ? "they are being opened" : entry.key_problem)};
  }
  if (!held.empty()) step = {"held", held};
  return {{"code", step.code}, {"text", step.text}, {"not_before", TimeJson(step.not_before)}};
}

// What a rollover asks of the parent, when it waits for nothing else.
std::optional<json> AskedOfParent(const json& rollovers) {
  for (const json& roll : rollovers) {
    if (roll["code"] != "wait-parent") continue;
    return json{{"code", "publish-ds"},
                {"text", roll["reason"].get<std::string>() +
                             " It may do so by itself, from CDS; else give it the DS records "
                             "shown here."},
                {"not_before", nullptr}};
  }
  return std::nullopt;
}

Outcome NoZone(const std::string& name) {
  return {Failure::kNotFound, "there is no zone '" + name + "'"};
}

}  // namespace

json Api::DnssecJson(const std::string& name) {
  const ZoneEntry& entry = *zones_.registry().Find(name);
  json ds = json::array();
  json dnskey = json::array();
  json rollovers = json::array();
  const auto encoded = zones_.registry().store().ReadKeys(name);
  if (encoded.ok() && !encoded->empty() && ShowsDs(*entry.record)) {
    if (const auto keys = keycache::ZoneKeyRecord::Decode(*encoded); keys.ok()) {
      for (const keycache::DsRecord& record : keys->DsRecords()) ds.push_back(DsJson(record));
      keys->DnskeyRRset().view().ForEach(
          [&](dns::Bytes rdata) { dnskey.push_back(keycache::DnskeyText(rdata)); });
      rollovers = RolloversJson(entry, *keys);
    }
  }
  json next_step =
      AskedOfParent(rollovers).value_or(NextStepJson(entry, zones_.FactsOf(entry).held));
  return {{"enabled", entry.record->dnssec},
          {"status", ToText(ShownStatus(entry))},
          {"since", TimeJson(entry.record->status_since)},
          {"ds", std::move(ds)},
          {"dnskey", std::move(dnskey)},
          {"rollovers", std::move(rollovers)},
          {"deployment", DeploymentJson(*entry.record, zones_.DeploymentOf(entry))},
          {"parent", ParentJson(entry.record->parent)},
          {"next_step", std::move(next_step)}};
}

void Api::GetDnssec(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const ZoneEntry* entry = zones_.registry().Find(*name);
  if (entry == nullptr) return call.Send(ProblemOf(NoZone(*name)));
  call.Send(WithEtag(JsonReply(200, DnssecJson(*name)), entry->record->revision));
}

void Api::PatchDnssec(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  const auto body = call.Body({"enabled", "override"});
  if (!body) return;
  std::optional<std::uint64_t> revision;
  if (!call.CheckPrecondition(zones_.registry().Find(*name), revision)) return;
  if (!body->contains("enabled") || !(*body)["enabled"].is_boolean()) {
    return call.Send(ProblemOf({Failure::kInvalid, "enabled must be true or false"}));
  }
  std::string override_name;
  if (body->contains("override")) {
    const json& value = (*body)["override"];
    if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
      return call.Send(ProblemOf({Failure::kInvalid, "override must be the name of an override"}));
    }
    override_name = value.get<std::string>();
    if (!call.Allows(Scope::kOverride)) return;
  }
  const Outcome outcome =
      zones_.SetDnssec(*name, (*body)["enabled"].get<bool>(), override_name, revision, call.who);
  if (!outcome.ok()) return call.Send(ProblemOf(outcome));
  zones_.Tick();
  call.Send(
      WithEtag(JsonReply(200, DnssecJson(*name)), zones_.registry().Find(*name)->record->revision));
}

void Api::DeleteDnssec(Call& call) {
  const auto name = call.ZoneName();
  std::optional<std::uint64_t> revision;
  if (!name || !call.CheckPrecondition(zones_.registry().Find(*name), revision)) return;
  const Outcome outcome = zones_.ForgetKeys(*name, revision, call.who);
  call.Send(outcome.ok() ? net::HttpResponse{204, {}, ""} : ProblemOf(outcome));
}

void Api::CheckDnssec(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  zones_.CheckParent(*name, [this, call, name = *name](const Outcome& outcome) {
    if (!outcome.ok()) return call.Send(ProblemOf(outcome));
    call.Send(
        WithEtag(JsonReply(200, DnssecJson(name)), zones_.registry().Find(name)->record->revision));
  });
}

void Api::GetKeys(Call& call) {
  const auto name = call.ZoneName();
  if (!name) return;
  if (zones_.registry().Find(*name) == nullptr) return call.Send(ProblemOf(NoZone(*name)));
  json list = json::array();
  json foreign = json::array();
  json cds = json::array();
  const auto encoded = zones_.registry().store().ReadKeys(*name);
  if (!encoded.ok()) return call.Send(ProblemOf({Failure::kInternal, encoded.error()}));
  if (!encoded->empty()) {
    const auto keys = keycache::ZoneKeyRecord::Decode(*encoded);
    if (!keys.ok()) return call.Send(ProblemOf({Failure::kInternal, keys.error()}));
    for (const keycache::KeyRecord& key : keys->keys) {
      list.push_back({{"key_tag", key.key_tag},
                      {"role", key.signs_data                     ? "csk"
                               : key.role == keycache::Role::kKsk ? "ksk"
                                                                  : "zsk"},
                      {"algorithm", key.algorithm},
                      {"home", key.home == keycache::KeyHome::kHsm ? "hsm" : "sealed"},
                      {"published", key.published},
                      {"signing", key.signing},
                      {"ds", key.role == keycache::Role::kKsk && key.wants_ds},
                      {"created", TimeJson(key.created)},
                      {"dnskey", keycache::DnskeyText(key.Dnskey())}});
    }
    for (const keycache::DnskeyRdata& key : keys->foreign) {
      foreign.push_back(keycache::DnskeyText(key));
    }
    keys->CdsRRset().view().ForEach([&](dns::Bytes rdata) { cds.push_back(CdsText(rdata)); });
  }
  call.SendTagged(
      {{"keys", std::move(list)}, {"foreign", std::move(foreign)}, {"cds", std::move(cds)}},
      EtagOf(*encoded));
}

}  // namespace sealwire::control
