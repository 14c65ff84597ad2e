// /v1/backends, /v1/nodes, /v1/events: what this node sees and does.

#include <algorithm>
#include <map>

#include "control/api_call.h"
#include "control/fleet.h"

namespace sealwire::control {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxListeners = 64;

// Each worker has its own figures for an endpoint: it is up when one of them reaches it.
json BackendsJson(const std::vector<proxy::BackendStatus>& workers) {
  struct Sum {
    bool up = false;
    std::uint32_t round_trip_us = 0;
    std::uint64_t outstanding = 0, questions = 0, answers = 0, timeouts = 0, failures = 0,
                  mismatches = 0, tsig_refused = 0;
  };
  std::map<std::string, Sum> sums;
  for (const proxy::BackendStatus& seen : workers) {
    Sum& sum = sums[seen.endpoint.ToText()];
    sum.up = sum.up || seen.up;
    sum.round_trip_us = std::max(sum.round_trip_us, seen.round_trip_us);
    sum.outstanding += seen.outstanding;
    sum.questions += seen.questions;
    sum.answers += seen.answers;
    sum.timeouts += seen.timeouts;
    sum.failures += seen.failures;
    sum.mismatches += seen.mismatches;
    sum.tsig_refused += seen.tsig_refused;
  }
  json list = json::array();
  for (const auto& [endpoint, sum] : sums) {
    list.push_back({{"endpoint", endpoint},
                    {"up", sum.up},
                    {"round_trip_seconds",
                     sum.round_trip_us == 0 ? json(nullptr) : json(sum.round_trip_us / 1e6)},
                    {"outstanding", sum.outstanding},
                    {"questions", sum.questions},
                    {"answers", sum.answers},
                    {"timeouts", sum.timeouts},
                    {"failures", sum.failures},
                    {"mismatches", sum.mismatches},
                    {"tsig_refused", sum.tsig_refused}});
  }
  return list;
}

json TokenJson(const keycache::HsmStatus& token) {
  return {{"token", token.token},
          {"state", keycache::ToText(token.state)},
          {"up_since", TimeJson(token.up_since)},
          {"starts", token.starts},
          {"calls", token.calls},
          {"failures", token.failures},
          {"wrong_signatures", token.wrong_signatures},
          {"last_error", token.last_error.empty() ? json(nullptr) : json(token.last_error)},
          {"last_error_at", TimeJson(token.last_error_at)}};
}

// The token that serves, and all of the pool; null when no HSM is configured.
json HsmJson(const std::vector<keycache::HsmStatus>& tokens) {
  if (tokens.empty()) return nullptr;
  const auto up = std::find_if(tokens.begin(), tokens.end(), [](const auto& token) {
    return token.state == keycache::HsmState::kUp;
  });
  json hsm = TokenJson(up == tokens.end() ? tokens.front() : *up);
  hsm["pool"] = json::array();
  for (const keycache::HsmStatus& token : tokens) hsm["pool"].push_back(TokenJson(token));
  return hsm;
}

std::string EventText(const std::string& name, const json& data) {
  return "event: " + name + "\ndata: " + data.dump(-1, ' ', false, json::error_handler_t::replace) +
         "\n\n";
}

}  // namespace

void Api::GetBackends(Call& call) {
  json body = json::object();
  if (!call.PutPage(body, "backends", BackendsJson(facts_.backends()), "endpoint")) return;
  call.Send(JsonReply(200, body));
}

json Api::NodeJson() const {
  json by_status = json::object();
  for (const ZoneStatus status :
       {ZoneStatus::kDisabled, ZoneStatus::kDeploying, ZoneStatus::kPending, ZoneStatus::kActive,
        ZoneStatus::kPendingDisabled, ZoneStatus::kError}) {
    by_status[std::string(ToText(status))] = zones_.registry().CountOf(status);
  }
  const auto& fleet = facts_.fleet;
  return {{"name", fleet == nullptr ? facts_.name : fleet->name()},
          {"version", facts_.version},
          {"started", TimeJson(facts_.started)},
          {"ready", facts_.ready()},
          {"workers", facts_.workers},
          {"listening", facts_.listening},
          {"zones", zones_.registry().size()},
          {"zones_by_status", std::move(by_status)},
          {"revision", fleet == nullptr ? zones_.registry().store().revision() : fleet->serves()},
          {"hsm", HsmJson(facts_.hsm())}};
}

// In a fleet also the others, as they last said; `silent_since` is when a node was last heard of.
void Api::GetNodes(Call& call) {
  json node = NodeJson();
  node["leader"] = zones_.Leads();
  node["silent_since"] = nullptr;
  json nodes = json::array({std::move(node)});
  if (facts_.fleet != nullptr) {
    facts_.fleet->ForEachOther(
        [&](const std::string& name, const json& shown, std::int64_t silent_since) {
          // One that has just come says nothing of itself yet.
          json other = shown.contains("name") ? shown : nodes[0];
          if (!shown.contains("name")) {
            for (auto& [key, value] : other.items()) value = nullptr;
            other["ready"] = false;
          }
          other["name"] = name;
          other["leader"] = name == facts_.fleet->leader();
          other["silent_since"] = TimeJson(silent_since);
          nodes.push_back(std::move(other));
        });
  }
  call.Send(JsonReply(200, {{"nodes", std::move(nodes)}}));
}

void Api::GetOpenApi(Call& call) {
  call.Send({200, {{"Content-Type", "application/vnd.oai.openapi+json"}}, kOpenApi});
}

void Api::GetEvents(Call& call) {
  listeners_.remove_if([](const net::HttpReply& listener) { return !listener.open(); });
  if (listeners_.size() >= kMaxListeners) {
    return call.Fail(503, "too-many-listeners", "Too many listeners",
                     "close another event stream first");
  }
  call.reply.Start({200,
                    {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-store"}},
                    ": what changes on this node\n\n"});
  listeners_.push_back(call.reply);
}

void Api::Broadcast(const ZoneEvent& event) {
  powerdns_.OnEvent(event);
  if (listeners_.empty()) return;
  json data = {{"zone", event.zone}, {"at", TimeJson(zones_.Now())}};
  if (event.record) {
    data["enabled"] = event.record->dnssec;
    data["status"] = ToText(event.record->status);
  }
  const std::string text = EventText(event.what, data);
  for (const net::HttpReply& listener : listeners_) listener.Write(text);
}

void Api::KeepListenersAlive() {
  listeners_.remove_if([](const net::HttpReply& listener) { return !listener.open(); });
  for (const net::HttpReply& listener : listeners_) listener.Write(": still here\n\n");
}

void Api::EndListeners() {
  for (const net::HttpReply& listener : listeners_) listener.End();
  listeners_.clear();
}

}  // namespace sealwire::control
