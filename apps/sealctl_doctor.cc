// sealctl doctor ZONE: node, toggle, parent, every edge, a validator, the clock; what is wrong, and
// what to do.

#include <cstdio>
#include <ctime>

#include "apps/sealctl.h"
#include "control/zone_doctor.h"

namespace sealwire::apps {

using control::Finding;
using nlohmann::json;
using State = Finding::State;

namespace {

// Where a listener can be reached from here: any address is this host's too.
std::optional<net::Endpoint> Reachable(const std::string& listening) {
  auto endpoint = net::Endpoint::FromText(listening, 53);
  if (!endpoint.ok()) return std::nullopt;
  if (endpoint->address == *net::IpAddress::FromText("0.0.0.0")) {
    endpoint->address = *net::IpAddress::FromText("127.0.0.1");
  } else if (endpoint->address == *net::IpAddress::FromText("::")) {
    endpoint->address = *net::IpAddress::FromText("::1");
  }
  return *endpoint;
}

void JudgeNode(const json& node, std::vector<Finding>& findings) {
  const std::string name = "node " + Text(node, "name");
  if (!node.value("ready", false)) {
    findings.push_back({State::kFault, name, "not ready", "look at its log"});
  }
  const json hsm = node.value("hsm", json());
  if (hsm.is_null()) {
    findings.push_back({State::kWarning, name, "has no HSM: no zone can be signed",
                        "add an hsm section to its configuration"});
  } else if (Text(hsm, "state") != "up") {
    findings.push_back({State::kFault, name,
                        "its HSM is " + Text(hsm, "state") + ": " + Text(hsm, "last_error"),
                        "signing goes on with what is open; bring the HSM back before leases end"});
  } else {
    findings.push_back({State::kGood, name, "its HSM is up", ""});
  }
}

void JudgeToggle(const json& zone, const json& dnssec, std::vector<Finding>& findings) {
  if (!zone.value("problem", json()).is_null()) {
    findings.push_back({State::kFault, "zone", Text(zone, "problem"), "see sealctl zone show"});
  }
  const std::string status = Text(dnssec, "status");
  const json step = dnssec.value("next_step", json::object());
  const std::string code = Text(step, "code");
  const bool fault = status == "error" || code == "fix-ds";
  const bool waits = status == "pending" || status == "pending-disabled" || status == "deploying";
  findings.push_back({fault   ? State::kFault
                      : waits ? State::kWarning
                              : State::kGood,
                      "DNSSEC",
                      status + (dnssec.value("enabled", false) ? ", wanted on" : ", wanted off"),
                      code == "none" ? "" : Text(step, "text")});
  const json parent = dnssec.value("parent", json::object());
  if (status == "disabled") return;
  const std::string state = Text(parent, "state");
  const bool unseen = state == "unreachable" || state == "unknown";
  findings.push_back(
      {state == "mismatch" ? State::kFault
       : unseen            ? State::kWarning
                           : State::kGood,
       "parent",
       state + ", " + Text(parent, "with_ds") + " of " + Text(parent, "servers") +
           " servers have a DS" +
           (parent.value("detail", json()).is_null() ? "" : ": " + Text(parent, "detail")),
       unseen ? "set parent.resolver to a resolver that this node reaches" : ""});
}

std::vector<Finding> Examine(Session& session, const std::string& name, const json& zone,
                             const json& dnssec) {
  std::vector<Finding> findings;
  control::ZoneExpectation expected;
  auto apex = dns::Name::FromText(name);
  if (!apex.ok()) return {{State::kFault, "zone", apex.error(), ""}};
  expected.apex = *apex;
  expected.now = static_cast<std::int64_t>(std::time(nullptr));
  for (const json& key : dnssec.value("dnskey", json::array())) expected.dnskeys.insert(key);
  expected.is_signed = !expected.dnskeys.empty();
  std::vector<std::string> ds;
  for (const json& one : dnssec.value("ds", json::array())) ds.push_back(Text(one, "rdata"));

  JudgeToggle(zone, dnssec, findings);
  const auto nodes = session.Get("/v1/nodes");
  const auto take = [&](std::vector<Finding> more) {
    std::move(more.begin(), more.end(), std::back_inserter(findings));
  };
  control::SocketAsker asker(std::chrono::milliseconds(1500), 2, true);
  for (const json& node : nodes ? nodes->value("nodes", json::array()) : json::array()) {
    JudgeNode(node, findings);
    for (const json& listening : node.value("listening", json::array())) {
      const auto edge = Reachable(listening.get<std::string>());
      if (!edge) continue;
      take(control::ExamineEdge(asker, *edge, expected));
      if (!ds.empty()) take(control::Validate(*edge, expected.apex, ds));
    }
  }
  findings.push_back(control::ExamineClock());
  return findings;
}

void Print(const Finding& finding) {
  static constexpr const char* kMarks[] = {"ok  ", "-   ", "warn", "BAD "};
  const std::size_t width = TerminalWidth();
  std::printf("%s  %s\n", kMarks[static_cast<std::size_t>(finding.state)],
              control::Wrapped(finding.what + ": " + finding.text, width, 6).c_str());
  if (!finding.advice.empty() && finding.state != State::kGood) {
    std::printf("      → %s\n", control::Wrapped(finding.advice, width, 8).c_str());
  }
}

}  // namespace

int Doctor(const Options& options) {
  if (options.dpdk) return DoctorDpdk(options);
  auto session = Session::Open(options);
  if (!session) return kFailed;
  const auto zone = session->Get(ZonePath(options.zone));
  if (!zone) return kFailed;
  const auto dnssec = session->Send({"POST", ZonePath(options.zone) + "/dnssec/check", {}, false});
  if (!dnssec) return kFailed;
  const auto findings = Examine(*session, options.zone, *zone, *dnssec);
  std::size_t faults = 0, warnings = 0;
  json list = json::array();
  for (const Finding& finding : findings) {
    faults += finding.state == State::kFault;
    warnings += finding.state == State::kWarning;
    list.push_back({{"state", control::ToText(finding.state)},
                    {"what", finding.what},
                    {"text", finding.text},
                    {"advice", finding.advice.empty() ? json(nullptr) : json(finding.advice)}});
    if (!options.json) Print(finding);
  }
  if (options.json) {
    PrintJson({{"zone", Text(*zone, "name")},
               {"findings", std::move(list)},
               {"faults", faults},
               {"warnings", warnings}});
  } else {
    std::printf("%zu looked at: %zu bad, %zu to watch\n", findings.size(), faults, warnings);
  }
  return faults == 0 ? kDone : kFailed;
}

}  // namespace sealwire::apps
