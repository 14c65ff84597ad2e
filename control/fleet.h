// The nodes of a fleet as this one sees them: who is there, who leads, and who serves what.
//
// A node says of itself up to which revision it answers from the state (`serves`), and which zones
// it lacks all the same (its HSM is away, a file is not there). So one number a node tells for a
// million zones who serves their keys. A node whose lease ran out is silent: it may be dead, or cut
// off and still answering. It is waited for until it has been silent for `silence`; then it is
// forgotten, and that is logged (decision 0197). Threading: the control thread. Ownership: the
// parts are borrowed and outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/etcd_store.h"
#include "control/fleet_lease.h"
#include "control/held_keys.h"

namespace sealwire::control {

// How far the keys of a zone have come.
struct Deployment {
  std::size_t nodes = 0;                 // that serve them
  std::size_t of = 0;                    // that are waited for
  std::vector<std::string> waiting_for;  // the others, by name
};

class Fleet {
 public:
  struct Parts {
    EtcdStore& store;
    FleetLease& lease;
    std::function<std::int64_t()> now;  // seconds since 1970
    std::uint32_t silence = 0;          // seconds
    std::string name;                   // this node's
    std::string id;
  };
  explicit Fleet(Parts parts) : parts_(std::move(parts)) {}
  // What the store holds by now is served, but for what Changed() says.
  void Stand() { highest_ = parts_.store.position(); }

  // Members, nodes and the leader, as they change.
  void Take(const FleetNews& news);
  bool leads() const { return parts_.lease.standing().leads_since != 0; }
  FleetLease::Standing standing() const { return parts_.lease.standing(); }
  const std::string& name() const noexcept { return parts_.name; }
  const std::string& leader() const noexcept { return leader_; }

  // Who answers from the state of `revision` as far as the zone is concerned.
  Deployment DeploymentOf(const std::string& zone, std::uint64_t revision) const;
  bool AllServe(const std::string& zone, std::uint64_t revision) const;

  // This node has to serve the zone as it is since `revision`.
  void Changed(const std::string& zone, std::uint64_t revision);
  // Many times a second: `is_served` says of a zone whether this node answers from what the store
  // has. `shown` makes what other nodes show of this one.
  void Tick(const std::function<bool(const std::string& zone)>& is_served,
            const std::function<nlohmann::json()>& shown);
  // What this node would say now.
  std::string Card(const nlohmann::json& shown) const;
  std::uint64_t serves() const;

  // Whose keys this node holds, for its card; and that this changed.
  void UseHolds(std::function<HeldKeys()> own) { own_holds_ = std::move(own); }
  void HoldsChanged() { holds_changed_ = true; }
  // Why the keys of a zone may not change, as another node sees it; empty: none says so.
  std::string HeldBecause(std::string_view zone) const;
  // An operator said at another node that they may nevertheless.
  bool Overruled(std::string_view zone) const;
  // What else the others hold than when this was last asked.
  HeldDifference TakeHoldDifference() { return std::exchange(hold_difference_, {}); }

  // What the other nodes say of themselves.
  void ForEachOther(const std::function<void(const std::string& name, const nlohmann::json& shown,
                                             std::int64_t silent_since)>& visit) const;
  std::size_t members() const noexcept { return nodes_.size(); }
  std::size_t lacking() const noexcept { return lacking_.size(); }

 private:
  struct Node {
    bool member = false;
    bool live = false;
    std::int64_t silent_since = 0;  // as noticed here; 0: it is not silent
    std::uint64_t serves = 0;
    std::set<std::string> lacking;
    HeldKeys holds;
    std::string shown;  // JSON
  };
  void TakeCard(Node& node, const std::string& value);
  std::map<std::string, Node>::iterator Erase(std::map<std::string, Node>::iterator node);
  void TakeHolds(Node& node, HeldKeys holds);
  void NoticeSilence(const std::string& name, Node& node);
  void CheckOwn(const std::function<bool(const std::string&)>& is_served);
  bool Serves(const std::string& name, const Node& node, const std::string& zone,
              std::uint64_t revision) const;

  Parts parts_;
  std::map<std::string, Node> nodes_;
  std::set<std::string> met_;  // while the whole is told
  std::string leader_;
  HeldDifference hold_difference_;

  // This node's own.
  std::set<std::pair<std::uint64_t, std::string>> unserved_;             // (revision, zone)
  std::map<std::string, std::pair<std::uint64_t, std::int64_t>> since_;  // revision, noticed at
  std::set<std::string> lacking_;
  std::uint64_t highest_ = 0;
  std::int64_t shown_at_ = 0;
  std::function<HeldKeys()> own_holds_;  // null: this node holds none
  bool holds_changed_ = false;
};

}  // namespace sealwire::control
