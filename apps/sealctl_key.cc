// sealctl key: what the keys of a zone are, and what becomes of them.

#include <chrono>
#include <cstdio>
#include <thread>

#include "apps/sealctl.h"

namespace sealwire::apps {

using nlohmann::json;

namespace {

constexpr auto kPoll = std::chrono::milliseconds(500);
constexpr auto kCheckEvery = std::chrono::seconds(5);

std::string RoleOf(const Options& options) {
  return options.all ? "all" : options.ksk ? "ksk" : "zsk";
}

std::string RolloversPath(const Options& options) {
  return ZonePath(options.zone) + "/rollovers";
}

// The rollover of the role, or null when there is none.
json RolloverOf(const json& rollovers, const std::string& role) {
  for (const json& roll : rollovers.value("rollovers", json::array())) {
    if (Text(roll, "role") == role) return roll;
  }
  return json();
}

// Follows a rollover to its end; the parent is asked meanwhile, for it may have to act.
int Follow(Session& session, const Options& options, const std::string& role) {
  std::string shown;
  auto next_check = std::chrono::steady_clock::now() + kCheckEvery;
  for (;;) {
    const auto rollovers = session.Get(RolloversPath(options));
    if (!rollovers) return kFailed;
    const json roll = RolloverOf(*rollovers, role);
    if (roll.is_null()) return kDone;
    const std::string line = Text(roll, "step") + ": " + Text(roll, "reason");
    if (line != shown) std::fprintf(stderr, "%s: %s\n", options.zone.c_str(), line.c_str());
    shown = line;
    std::this_thread::sleep_for(kPoll);
    if (std::chrono::steady_clock::now() < next_check) continue;
    next_check += kCheckEvery;
    if (!session.Send({"POST", ZonePath(options.zone) + "/dnssec/check", {}, false})) {
      return kFailed;
    }
  }
}

}  // namespace

void ShowRollovers(const json& rollovers) {
  for (const json& roll : rollovers) {
    std::printf("rolling  %s %s to %s, %s, %s since %s\n         %s\n", Text(roll, "role").c_str(),
                Text(roll, "old_key_tag").c_str(), Text(roll, "new_key_tag").c_str(),
                Text(roll, "method").c_str(), Text(roll, "step").c_str(),
                Text(roll, "step_at").c_str(),
                control::Wrapped(Text(roll, "reason"), 80, 9).c_str());
    if (!roll.value("not_before", json()).is_null()) {
      std::printf("         not before %s\n", Text(roll, "not_before").c_str());
    }
  }
}

void ShowKeys(const json& keys) {
  control::TextTable table({"TAG", "ROLE", "ALGORITHM", "HOME", "STATE", "CREATED"});
  for (const json& key : keys.value("keys", json::array())) {
    const bool signing = key.value("signing", false);
    table.Add({Text(key, "key_tag"), Text(key, "role"), Text(key, "algorithm"), Text(key, "home"),
               signing                         ? "signing"
               : key.value("published", false) ? "published"
                                               : "kept",
               Text(key, "created")});
  }
  std::fputs(table.ToText(TerminalWidth()).c_str(), stdout);
}

int KeyList(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const auto keys = session->Get(ZonePath(options.zone) + "/keys");
  if (!keys) return kFailed;
  if (options.json) {
    PrintJson(*keys);
  } else {
    ShowKeys(*keys);
  }
  return kDone;
}

int KeyRoll(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const std::string role = RoleOf(options);
  const json body = {{"role", role}, {"emergency", options.now}};
  const auto rollovers = session->Send({"POST", RolloversPath(options), body.dump(), false});
  if (!rollovers) return kFailed;
  if (options.wait) return Follow(*session, options, role);
  if (options.json) {
    PrintJson(*rollovers);
  } else {
    ShowRollovers(rollovers->value("rollovers", json::array()));
  }
  return kPending;
}

int KeyCancel(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const std::string role = RoleOf(options);
  return session->Send({"DELETE", RolloversPath(options) + "/" + role, {}, false}) ? kDone
                                                                                   : kFailed;
}

int KeyExport(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const auto keys = session->Get(ZonePath(options.zone) + "/keys");
  const auto dnssec = keys ? session->Get(ZonePath(options.zone) + "/dnssec") : std::nullopt;
  if (!dnssec) return kFailed;
  json out = {{"dnskey", dnssec->value("dnskey", json::array())},
              {"ds", json::array()},
              {"cds", keys->value("cds", json::array())}};
  for (const json& ds : dnssec->value("ds", json::array())) out["ds"].push_back(Text(ds, "rdata"));
  if (options.json) {
    PrintJson(out);
    return kDone;
  }
  const std::string owner = options.zone.ends_with('.') ? options.zone : options.zone + ".";
  const std::pair<const char*, const char*> kinds[] = {
      {"dnskey", "DNSKEY"}, {"ds", "DS"}, {"cds", "CDS"}};
  for (const auto& [member, type] : kinds) {
    for (const json& rdata : out[member]) {
      std::printf("%s IN %s %s\n", owner.c_str(), type, rdata.get<std::string>().c_str());
    }
  }
  return kDone;
}

int KeyForeign(const Options& options) {
  if (options.keys.empty() != options.clear) {
    PrintError("give the other provider's DNSKEY records, or --clear");
    return kUsage;
  }
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const json body = {{"dnskey", options.keys}};
  const auto keys =
      session->Send({"PUT", ZonePath(options.zone) + "/keys/foreign", body.dump(), false});
  if (!keys) return kFailed;
  if (options.json) PrintJson(*keys);
  return kDone;
}

}  // namespace sealwire::apps
