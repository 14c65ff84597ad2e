// This node as one of a fleet, put together: the store, the lease, the feed and what is known of
// the others (docs/fleet.md).
//
// Threading: the control thread; it owns two threads, that of the lease and that of the feed.
// Ownership: the loop and the zones are borrowed, given to Start(), and outlive Stop().
// Errors: Open() gives a sentence; etcd may be away then if there is a copy of its state to start
// from. Later everything is logged and tried again.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/etcd_follower.h"
#include "control/etcd_store.h"
#include "control/fleet.h"
#include "control/metrics_page.h"
#include "control/zone_control.h"

namespace sealwire::control {

class FleetMember {
 public:
  // The copy has caught up with etcd when this returns, or etcd is away. Blocks.
  static Result<std::unique_ptr<FleetMember>> Open(const EtcdConfig& config,
                                                   const std::string& host_name,
                                                   std::function<std::int64_t()> now);
  ~FleetMember();

  EtcdStore& store() noexcept { return *store_; }
  Fleet& fleet() noexcept { return *fleet_; }

  struct Handlers {
    std::function<void()> tokens_changed;
    std::function<nlohmann::json()> shown;  // what the others show of this node
  };
  void Start(net::EventLoop& loop, ZoneControl& zones, Handlers handlers);
  // Many times a second.
  void Tick();
  // Says good-bye: another node leads at once.
  void Stop();
  void AddMetrics(MetricsText& out) const;

 private:
  FleetMember(const EtcdConfig& config, std::function<std::int64_t()> now);
  Status Join();
  Status CatchUp(std::uint64_t until);
  void Take(const EtcdBatch& batch);

  const EtcdConfig config_;
  const std::function<std::int64_t()> now_;
  std::unique_ptr<EtcdStore> store_;
  std::unique_ptr<FleetLease> lease_;
  std::unique_ptr<EtcdFeed> feed_;  // until Start()
  std::unique_ptr<Fleet> fleet_;
  std::unique_ptr<EtcdFollower> follower_;
  ZoneControl* zones_ = nullptr;
  Handlers handlers_;
  std::uint64_t noted_lease_ = 0;
  bool away_ = false;
};

}  // namespace sealwire::control
