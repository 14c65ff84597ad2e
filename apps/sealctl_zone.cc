#include <cstdio>
#include <filesystem>

#include "apps/sealctl.h"
#include "control/apply_plan.h"
#include "control/record_json.h"

namespace sealwire::apps {

using nlohmann::json;

namespace {

std::string BackendText(const json& zone) {
  const json backend = zone.value("backend", json::object());
  if (backend.contains("file")) return "file " + Text(backend, "file");
  const char* kind = backend.contains("transfer") ? "transfer" : "forward";
  std::string text = kind;
  for (const json& server : backend.value(kind, json::array())) {
    text += ' ' + server.get<std::string>();
  }
  if (backend.contains("catalog")) text += " of " + Text(backend, "catalog");
  if (backend.contains("tsig")) text += " tsig " + Text(backend, "tsig");
  if (backend.contains("client_address")) {
    text += " client-address " + Text(backend, "client_address");
  }
  return text;
}

void ShowZone(const json& zone) {
  const json dnssec = zone.value("dnssec", json::object());
  std::printf("zone     %s\nbackend  %s\npolicy   %s\ndnssec   %s, wanted %s\nchanged  %s\n",
              Text(zone, "name").c_str(), BackendText(zone).c_str(), Text(zone, "policy").c_str(),
              Text(dnssec, "status").c_str(), dnssec.value("enabled", false) ? "on" : "off",
              Text(zone, "changed").c_str());
  if (zone.contains("problem") && !zone["problem"].is_null()) {
    std::printf("problem  %s\n", Text(zone, "problem").c_str());
  }
}

// Every page of the list.
std::optional<json> AllZones(Session& session, const Options& options) {
  std::string path = "/v1/zones?q=" + control::ApiClient::Encode(options.part);
  if (!options.status.empty()) path += "&status=" + control::ApiClient::Encode(options.status);
  auto all = session.GetAll(path, "zones");
  if (!all) return std::nullopt;
  return std::move((*all)["zones"]);
}

// Carries out one step of a plan; nothing when it failed, else whether it is still pending.
std::optional<bool> ApplyOne(Session& session, const control::ZoneWish& wish,
                             const control::ApplyStep& step) {
  if (step.put != control::ApplyStep::Put::kNothing) {
    const json body = {{"backend", control::BackendToJson(wish.backend)}, {"policy", wish.policy}};
    if (!session.Send({"PUT", ZonePath(wish.name), body.dump(), false})) return std::nullopt;
  }
  if (!step.dnssec) return false;
  const json body = {{"enabled", *step.dnssec}};
  const auto dnssec = session.Send({"PATCH", ZonePath(wish.name) + "/dnssec", body.dump(), false});
  if (!dnssec) return std::nullopt;
  return Text(*dnssec, "status") != (*step.dnssec ? "active" : "disabled");
}

}  // namespace

int ZoneAdd(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  json backend;
  if (!options.transfer.empty()) {
    backend["transfer"] = options.transfer;
    if (options.catalog) {
      backend["members"] = {{"dnssec", options.member_dnssec}};
      if (!options.member_policy.empty()) backend["members"]["policy"] = options.member_policy;
    }
  } else if (options.file.empty()) {
    backend["forward"] = options.forward;
    if (!options.client_address.empty()) backend["client_address"] = options.client_address;
  } else {
    // The daemon has another working directory.
    std::error_code error;
    backend["file"] = std::filesystem::absolute(options.file, error).lexically_normal().string();
  }
  if (!options.tsig.empty()) backend["tsig"] = options.tsig;
  for (const std::string& each : options.secondaries) {
    const std::size_t at = each.find('@');
    json secondary = {{"address", each.substr(0, at)}};
    if (at != std::string::npos) secondary["tsig"] = each.substr(at + 1);
    backend["secondaries"].push_back(std::move(secondary));
  }
  json body = {{"backend", backend}};
  if (!options.policy.empty()) body["policy"] = options.policy;
  const auto there = session->GetIfThere(ZonePath(options.zone));
  if (!there) return kFailed;
  if (!there->is_null()) {
    PrintError("'" + Text(*there, "name") + "' is there already; sealctl apply changes it");
    return kFailed;
  }
  const auto zone = session->Send({"PUT", ZonePath(options.zone), body.dump(), true});
  if (!zone) return kFailed;
  if (options.json) {
    PrintJson(*zone);
  } else {
    std::printf("added %s (%s)\n", Text(*zone, "name").c_str(), BackendText(*zone).c_str());
  }
  return kDone;
}

int ZoneList(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const auto zones = AllZones(*session, options);
  if (!zones) return kFailed;
  if (options.json) {
    PrintJson({{"zones", *zones}});
    return kDone;
  }
  control::TextTable table({"ZONE", "DNSSEC", "BACKEND"});
  for (const json& zone : *zones) {
    table.Add({Text(zone, "name"), Text(zone.value("dnssec", json::object()), "status"),
               BackendText(zone)});
  }
  std::fputs(table.ToText(TerminalWidth()).c_str(), stdout);
  return kDone;
}

int ZoneShow(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const auto zone = session->Get(ZonePath(options.zone));
  if (!zone) return kFailed;
  if (options.json) {
    PrintJson(*zone);
  } else {
    ShowZone(*zone);
  }
  return kDone;
}

int ZoneRemove(const Options& options) {
  auto session = Session::Open(options);
  if (!session || !session->Send({"DELETE", ZonePath(options.zone), {}, false})) return kFailed;
  if (!options.json) std::printf("removed %s\n", options.zone.c_str());
  return kDone;
}

namespace {

struct Planned {
  const control::ZoneWish* wish;
  control::ApplyStep step;
};

void PrintPlan(const std::vector<Planned>& plan, std::size_t unchanged) {
  control::TextTable table({"ZONE", "CHANGE"});
  for (const Planned& planned : plan) table.Add({planned.wish->name, planned.step.ToText()});
  if (!plan.empty()) std::fputs(table.ToText(TerminalWidth()).c_str(), stdout);
  std::printf("%zu to change, %zu as they should be\n", plan.size(), unchanged);
}

}  // namespace

int Apply(const Options& options) {
  const auto wishes = control::ReadZoneWishes(options.file);
  if (!wishes.ok()) {
    PrintError(wishes.error());
    return kFailed;
  }
  auto session = Session::Open(options);
  if (!session) return kFailed;
  std::vector<Planned> plan;
  json steps = json::array();
  for (const control::ZoneWish& wish : *wishes) {
    const auto zone = session->GetIfThere(ZonePath(wish.name));
    if (!zone) return kFailed;
    const control::ApplyStep step = control::PlanFor(wish, *zone);
    if (step.Empty()) continue;
    plan.push_back({&wish, step});
    steps.push_back({{"name", wish.name}, {"change", step.ToText()}});
  }
  const std::size_t unchanged = wishes->size() - plan.size();
  // Before anything is done: whoever looks may still stop it.
  if (!options.json) PrintPlan(plan, unchanged);
  std::size_t failed = 0, pending = 0;
  if (!options.dry_run) {
    for (const Planned& planned : plan) {
      const auto done = ApplyOne(*session, *planned.wish, planned.step);
      failed += !done;
      pending += done.value_or(false);
    }
  }
  if (options.json) {
    PrintJson({{"changes", steps},
               {"unchanged", unchanged},
               {"failed", failed},
               {"pending", pending},
               {"dry_run", options.dry_run}});
  } else if (options.dry_run) {
    std::printf("nothing was done\n");
  } else if (!plan.empty()) {
    std::printf("%zu done, %zu of them pending, %zu failed\n", plan.size() - failed, pending,
                failed);
  }
  return failed > 0 ? kFailed : pending > 0 ? kPending : kDone;
}

}  // namespace sealwire::apps
