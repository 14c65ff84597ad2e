#include <cstdio>

#include "apps/sealctl.h"

namespace sealwire::apps {

using nlohmann::json;

namespace {

std::string Milliseconds(const json& backend) {
  const json seconds = backend.value("round_trip_seconds", json());
  if (!seconds.is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms", seconds.get<double>() * 1000);
  return text;
}

// Of a fleet one node leads; one that is not heard of any more may still answer queries.
std::string StateOf(const json& node, bool in_fleet) {
  if (const json silent = node.value("silent_since", json()); silent.is_string()) {
    return "silent since " + silent.get<std::string>();
  }
  if (!node.value("ready", false)) return "not ready";
  return in_fleet && node.value("leader", false) ? "ready, leads" : "ready";
}

}  // namespace

int NodeList(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const auto nodes = session->Get("/v1/nodes");
  if (!nodes) return kFailed;
  if (options.json) {
    PrintJson(*nodes);
    return kDone;
  }
  control::TextTable table({"NODE", "STATE", "VERSION", "WORKERS", "ZONES", "HSM"});
  const json list = nodes->value("nodes", json::array());
  for (const json& node : list) {
    table.Add({Text(node, "name"), StateOf(node, list.size() > 1), Text(node, "version"),
               Text(node, "workers"), Text(node, "zones"),
               Text(node.value("hsm", json()), "state")});
  }
  std::fputs(table.ToText(TerminalWidth()).c_str(), stdout);
  return kDone;
}

int BackendList(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const auto backends = session->GetAll("/v1/backends", "backends");
  if (!backends) return kFailed;
  if (options.json) {
    PrintJson(*backends);
    return kDone;
  }
  control::TextTable table({"BACKEND", "STATE", "ROUND TRIP", "QUESTIONS", "TIMEOUTS", "FAILURES"});
  for (const json& backend : backends->value("backends", json::array())) {
    table.Add({Text(backend, "endpoint"), backend.value("up", false) ? "up" : "down",
               Milliseconds(backend), Text(backend, "questions"), Text(backend, "timeouts"),
               Text(backend, "failures")});
  }
  std::fputs(table.ToText(TerminalWidth()).c_str(), stdout);
  return kDone;
}

int BackendCheck(const Options& options) {
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const auto backends = session->GetAll("/v1/backends", "backends");
  if (!backends) return kFailed;
  json down = json::array();
  for (const json& backend : backends->value("backends", json::array())) {
    if (!backend.value("up", false)) down.push_back(Text(backend, "endpoint"));
  }
  if (options.json) {
    PrintJson({{"down", down}});
  } else if (down.empty()) {
    std::printf("every backend that was asked is up\n");
  } else {
    for (const json& endpoint : down)
      std::printf("down: %s\n", endpoint.get<std::string>().c_str());
  }
  return down.empty() ? kDone : kFailed;
}

}  // namespace sealwire::apps
