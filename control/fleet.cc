#include "control/fleet.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/log.h"
#include "control/record_json.h"

namespace sealwire::control {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxLacking = 256;      // named in a card; beyond, `serves` stays behind
constexpr std::int64_t kLackingAfter = 5;     // seconds
constexpr std::size_t kUnservedLooks = 200;   // at zones that are not served yet, in one tick
constexpr std::size_t kServedLooks = 10'000;  // at zones that are
constexpr std::int64_t kShowEvery = 10;       // seconds, when nothing else is new

}  // namespace

void Fleet::TakeCard(Node& node, const std::string& value) {
  const auto card = ParseJson(value);
  if (!card || !card->is_object()) return;
  node.live = true;
  node.silent_since = 0;
  node.serves = EtcdNumber(*card, "serves");
  node.lacking.clear();
  if (const auto lacking = card->find("lacking"); lacking != card->end() && lacking->is_array()) {
    for (const json& zone : *lacking) {
      if (zone.is_string()) node.lacking.insert(zone.get<std::string>());
    }
  }
  TakeHolds(node, HeldKeys::FromJson(card->value("holds", json::object())));
  node.shown = card->value("shown", json::object()).dump();
}

// What a silent node held stays held for as long as the node is waited for.
void Fleet::TakeHolds(Node& node, HeldKeys holds) {
  hold_difference_.Add(node.holds, holds);
  node.holds = std::move(holds);
}

std::string Fleet::HeldBecause(std::string_view zone) const {
  for (const auto& [name, node] : nodes_) {
    if (name == parts_.name) continue;
    const auto held = node.holds.held.find(zone);
    if (held == node.holds.held.end() && !node.holds.more) continue;
    return "A validator of the node " + name + " refuses " +
           (held != node.holds.held.end()
                ? "an answer of the zone, so its keys stay as they are: " + held->second
                : "answers of more zones than it can name, so no keys change");
  }
  return "";
}

bool Fleet::Overruled(std::string_view zone) const {
  return std::any_of(nodes_.begin(), nodes_.end(), [&](const auto& node) {
    const auto ignored = node.second.holds.ignored.find(zone);
    return ignored != node.second.holds.ignored.end() && parts_.now() < ignored->second;
  });
}

std::map<std::string, Fleet::Node>::iterator Fleet::Erase(
    std::map<std::string, Node>::iterator node) {
  TakeHolds(node->second, {});
  return nodes_.erase(node);
}

void Fleet::NoticeSilence(const std::string& name, Node& node) {
  node.live = false;
  if (node.silent_since != 0) return;
  node.silent_since = parts_.now();
  Log(LogLevel::kWarning, "node-silent",
      {{"node", name}, {"waited_for", std::to_string(parts_.silence) + "s"}});
}

void Fleet::Take(const FleetNews& news) {
  if (news.whole_begins) met_.clear();
  for (const EtcdEvent& event : news.fleet) {
    met_.insert(event.key);
    if (event.key == "leader") {
      leader_ = event.gone ? "" : event.value;
      Log(LogLevel::kInfo, "leader", {{"node", leader_.empty() ? "-" : leader_}});
      if (event.gone) parts_.lease.Wake();
      continue;
    }
    const std::size_t slash = event.key.find('/');
    const std::string name = event.key.substr(slash + 1);
    const bool member = event.key.starts_with("members/");
    if (member && event.gone) {
      // A node that is only thought dead comes back with a card of its own.
      if (const auto node = nodes_.find(name); node != nodes_.end()) {
        node->second.member = false;
        if (!node->second.live) Erase(node);
      }
      continue;
    }
    Node& node = nodes_[name];
    if (member) {
      node.member = true;  // its card comes right after, if it lives
    } else if (!event.gone) {
      if (node.silent_since != 0 && !node.shown.empty())
        Log(LogLevel::kInfo, "node-back", {{"node", name}});
      TakeCard(node, event.value);
    } else if (node.member) {
      NoticeSilence(name, node);
    } else {
      Erase(nodes_.find(name));
    }
  }
  if (!news.whole_ends) return;
  if (!met_.contains("leader")) leader_.clear();
  for (auto at = nodes_.begin(); at != nodes_.end();) {
    Node& node = at->second;
    node.member = met_.contains("members/" + at->first);
    if (!met_.contains("nodes/" + at->first)) {
      if (!node.member) {
        at = Erase(at);
        continue;
      }
      NoticeSilence(at->first, node);
    }
    ++at;
  }
}

bool Fleet::Serves(const std::string& name, const Node& node, const std::string& zone,
                   std::uint64_t revision) const {
  if (name == parts_.name) return serves() >= revision && !lacking_.contains(zone);
  return node.serves >= revision && !node.lacking.contains(zone);
}

bool Fleet::AllServe(const std::string& zone, std::uint64_t revision) const {
  // Who joined before the change is known when the change itself has come back by the feed.
  if (parts_.store.position() < revision) return false;
  for (const auto& [name, node] : nodes_) {
    if (!Serves(name, node, zone, revision)) return false;
  }
  return !nodes_.empty();
}

Deployment Fleet::DeploymentOf(const std::string& zone, std::uint64_t revision) const {
  Deployment deployment;
  for (const auto& [name, node] : nodes_) {
    ++deployment.of;
    if (Serves(name, node, zone, revision)) {
      ++deployment.nodes;
    } else {
      deployment.waiting_for.push_back(name);
    }
  }
  return deployment;
}

void Fleet::Changed(const std::string& zone, std::uint64_t revision) {
  highest_ = std::max(highest_, revision);
  const auto [at, added] = since_.try_emplace(zone, revision, parts_.now());
  if (!added) {
    unserved_.erase({at->second.first, zone});
    at->second.first = std::max(at->second.first, revision);
  }
  if (!lacking_.contains(zone)) unserved_.emplace(at->second.first, zone);
}

std::uint64_t Fleet::serves() const {
  return unserved_.empty() ? highest_ : unserved_.begin()->first - 1;
}

void Fleet::CheckOwn(const std::function<bool(const std::string&)>& is_served) {
  const std::int64_t now = parts_.now();
  std::size_t served = 0, unserved = 0;
  for (auto at = unserved_.begin();
       at != unserved_.end() && served < kServedLooks && unserved < kUnservedLooks;) {
    if (is_served(at->second)) {
      ++served;
      since_.erase(at->second);
      at = unserved_.erase(at);
      continue;
    }
    ++unserved;
    if (lacking_.size() < kMaxLacking && now - since_[at->second].second >= kLackingAfter) {
      lacking_.insert(at->second);
      at = unserved_.erase(at);
      continue;
    }
    ++at;
  }
  for (auto at = lacking_.begin(); at != lacking_.end();) {
    if (!is_served(*at)) {
      ++at;
      continue;
    }
    since_.erase(*at);
    at = lacking_.erase(at);
  }
}

std::string Fleet::Card(const json& shown) const {
  return json{{"id", parts_.id},
              {"serves", std::to_string(serves())},
              {"lacking", lacking_},
              {"holds", own_holds_ ? own_holds_().ToJson() : HeldKeys().ToJson()},
              {"shown", shown}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

void Fleet::Tick(const std::function<bool(const std::string&)>& is_served,
                 const std::function<json()>& shown) {
  const std::uint64_t serves_before = serves();
  const std::set<std::string> lacking_before = lacking_;
  CheckOwn(is_served);
  const std::int64_t now = parts_.now();
  const bool holds_changed = std::exchange(holds_changed_, false);
  if (serves() != serves_before || lacking_ != lacking_before || holds_changed ||
      now - shown_at_ >= kShowEvery) {
    shown_at_ = now;
    parts_.lease.Show(Card(shown()));
  }
  const bool leader = leads();
  for (auto& [name, node] : nodes_) {
    if (!node.live && node.silent_since == 0) node.silent_since = now;
    if (!leader || node.live || now - node.silent_since < parts_.silence) continue;
    Log(LogLevel::kWarning, "node-not-waited-for",
        {{"node", name}, {"silent", std::to_string(now - node.silent_since) + "s"}});
    node.silent_since = now;  // not again before this could be done
    parts_.lease.Forget(name);
  }
}

void Fleet::ForEachOther(
    const std::function<void(const std::string&, const json&, std::int64_t)>& visit) const {
  for (const auto& [name, node] : nodes_) {
    if (name == parts_.name) continue;
    visit(name, ParseJson(node.shown).value_or(json::object()), node.silent_since);
  }
}

}  // namespace sealwire::control
