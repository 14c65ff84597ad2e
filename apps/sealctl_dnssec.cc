#include <chrono>
#include <cstdio>
#include <thread>

#include "apps/sealctl.h"

namespace sealwire::apps {

using nlohmann::json;

namespace {

constexpr auto kPoll = std::chrono::milliseconds(200);
constexpr auto kDeployPatience = std::chrono::seconds(15);
constexpr auto kCheckEvery = std::chrono::seconds(5);

// What was wished for is there; or it failed; or others must act first.
int ExitOf(const json& dnssec) {
  const std::string status = Text(dnssec, "status");
  if (status == "error") return kFailed;
  const bool enabled = dnssec.value("enabled", false);
  return status == (enabled ? "active" : "disabled") ? kDone : kPending;
}

void ShowDs(const std::string& zone, const json& dnssec) {
  const std::string owner = zone.ends_with('.') ? zone : zone + ".";
  for (const json& ds : dnssec.value("ds", json::array())) {
    std::printf("%s IN DS %s\n", owner.c_str(), Text(ds, "rdata").c_str());
  }
}

void ShowDnssec(const std::string& zone, const json& dnssec) {
  const json parent = dnssec.value("parent", json::object());
  const json step = dnssec.value("next_step", json::object());
  std::printf("zone     %s\nwanted   %s\nstatus   %s since %s\nparent   %s", zone.c_str(),
              dnssec.value("enabled", false) ? "on" : "off", Text(dnssec, "status").c_str(),
              Text(dnssec, "since").c_str(), Text(parent, "state").c_str());
  if (parent.value("servers", 0) > 0) {
    std::printf(" (%s of %s servers have a DS, seen %s)", Text(parent, "with_ds").c_str(),
                Text(parent, "servers").c_str(), Text(parent, "checked_at").c_str());
  }
  std::printf("\nnext     %s\n", control::Wrapped(Text(step, "text"), TerminalWidth(), 9).c_str());
  if (!step.value("not_before", json()).is_null()) {
    std::printf("         not before %s\n", Text(step, "not_before").c_str());
  }
  ShowRollovers(dnssec.value("rollovers", json::array()));
  ShowDs(zone, dnssec);
}

void Show(const Options& options, const json& dnssec) {
  if (options.json) {
    PrintJson(dnssec);
  } else {
    ShowDnssec(options.zone, dnssec);
  }
}

// Follows the zone until its keys are served everywhere, or until the wish is fulfilled (--wait).
std::optional<json> Follow(Session& session, const Options& options, json dnssec) {
  using Clock = std::chrono::steady_clock;
  const auto give_up = Clock::now() + kDeployPatience;
  auto next_check = Clock::now();
  std::string shown;
  for (;;) {
    const std::string status = Text(dnssec, "status");
    if (options.wait && status != shown) {
      std::fprintf(stderr, "%s: %s. %s\n", options.zone.c_str(), status.c_str(),
                   Text(dnssec.value("next_step", json::object()), "text").c_str());
      shown = status;
    }
    const bool deploying = status == "deploying" || status == "error";
    if (ExitOf(dnssec) == kDone) return dnssec;
    if (!options.wait && (!deploying || status == "error" || Clock::now() > give_up)) return dnssec;
    std::this_thread::sleep_for(kPoll);
    const bool check = !deploying && Clock::now() >= next_check;
    if (check) next_check = Clock::now() + kCheckEvery;
    auto now = check ? session.Send({"POST", ZonePath(options.zone) + "/dnssec/check", {}, false})
                     : session.Get(ZonePath(options.zone) + "/dnssec");
    if (!now) return std::nullopt;
    dnssec = *std::move(now);
  }
}

int Toggle(const Options& options, bool enabled) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  json body = {{"enabled", enabled}};
  if (!options.override_name.empty()) body["override"] = options.override_name;
  auto dnssec = session->Send({"PATCH", ZonePath(options.zone) + "/dnssec", body.dump(), false});
  if (!dnssec) return kFailed;
  dnssec = Follow(*session, options, *std::move(dnssec));
  if (!dnssec) return kFailed;
  Show(options, *dnssec);
  return ExitOf(*dnssec);
}

}  // namespace

int DnssecOn(const Options& options) {
  return Toggle(options, true);
}
int DnssecOff(const Options& options) {
  return Toggle(options, false);
}

int DnssecStatus(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  auto dnssec = session->Get(ZonePath(options.zone) + "/dnssec");
  if (dnssec && options.wait) dnssec = Follow(*session, options, *std::move(dnssec));
  if (!dnssec) return kFailed;
  Show(options, *dnssec);
  return ExitOf(*dnssec);
}

int DnssecDs(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const auto dnssec = session->Get(ZonePath(options.zone) + "/dnssec");
  if (!dnssec) return kFailed;
  const json ds = dnssec->value("ds", json::array());
  if (options.json) {
    PrintJson(ds);
  } else {
    ShowDs(options.zone, *dnssec);
  }
  if (!ds.empty()) return kDone;
  PrintError("there is no DS record to publish: DNSSEC is " + Text(*dnssec, "status"));
  return Text(*dnssec, "status") == "deploying" ? kPending : kFailed;
}

int DnssecCheck(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  auto dnssec = session->Send({"POST", ZonePath(options.zone) + "/dnssec/check", {}, false});
  if (dnssec && options.wait) dnssec = Follow(*session, options, *std::move(dnssec));
  if (!dnssec) return kFailed;
  Show(options, *dnssec);
  return ExitOf(*dnssec);
}

}  // namespace sealwire::apps
