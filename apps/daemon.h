// sealwired put together: configuration → state → HSM → workers → zones → APIs. Only composition.
// With `user`, root's rights go once the workers' ports are open, and the HSM comes after that.
//
// Threading: the thread that calls Run() is the control thread. Errors: Create() gives a sentence
// for a person; while running, what fails is logged and the rest goes on.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "apps/dpdk_edges.h"
#include "apps/http_doors.h"
#include "apps/signers.h"
#include "control/api.h"
#include "control/backend_watch.h"
#include "control/canary.h"
#include "control/catalog_work.h"
#include "control/config.h"
#include "control/dnstap_log.h"
#include "control/executor.h"
#include "control/fleet_member.h"
#include "control/hsm_watch.h"
#include "control/kernel_workers.h"
#include "control/key_work.h"
#include "control/metric_series.h"
#include "control/metrics_page.h"
#include "control/outbound_work.h"
#include "control/parent_check.h"
#include "control/parent_notices.h"
#include "control/process_user.h"
#include "control/state_store.h"
#include "control/transfer_work.h"
#include "control/tsig_keys.h"
#include "control/zone_control.h"
#include "control/zone_registry.h"
#include "keycache/hsm_client.h"
#include "keycache/key_cache.h"
#include "net/event_loop.h"

namespace sealwire::apps {

// Whoever answers queries, by whichever path: they get the same zones.
class AllWorkers final : public control::Workers {
 public:
  AllWorkers(control::KernelWorkers& kernel, DpdkEdges& dpdk) : kernel_(kernel), dpdk_(dpdk) {}
  std::uint64_t Publish(std::shared_ptr<const proxy::ZoneTable> zones) override;
  std::uint64_t Served() const override;

 private:
  control::KernelWorkers& kernel_;
  DpdkEdges& dpdk_;
  std::uint64_t number_ = 0;
};

class Daemon {
 public:
  // Everything is open and bound and every zone is in place when this returns; keys are being
  // opened.
  static Result<std::unique_ptr<Daemon>> Create(const control::Config& config,
                                                std::string config_file);
  ~Daemon();

  // Serves until SIGTERM or SIGINT, then drains.
  void Run();

 private:
  Daemon(const control::Config& config, std::string config_file);

  Status FindUser();
  Status BecomeUser();
  std::string WhoWeBecame() const;
  Status OpenState();
  void StartFleet();
  Status StartHsm();
  Status CreateWorkers();
  Status StartDnstap();
  proxy::PipelineOptions PipelineSettings() const;
  Status LoadZones();
  Status Listen();
  control::NodeFacts Facts();
  proxy::AudienceTotals AudienceOf(proxy::AudienceKey zone) const;
  void StartKeyLoad();
  control::MetricsSources Sources();
  control::SeriesSources SeriesOf();
  void StartTimers();
  void Reload();
  // Why what was read must not come into force; empty: nothing is wrong.
  std::string FaultOf(const Result<control::Config>& config,
                      const Result<control::AccessToken>& token,
                      const Result<HttpDoors::Tls>& tls) const;
  void ReloadCookies();
  void StartTransfers();
  void StartCanary();
  void UseParent(const std::optional<control::ParentConfig>& parent);
  void Stop();  // on a signal: not ready any more, and drains after the configured delay
  void Drain();

  control::Config config_;
  const std::string config_file_;
  const std::int64_t started_;
  bool ready_ = false;
  bool drained_ = false;

  std::optional<control::ProcessUser> user_;  // to become; none: we stay who we are
  std::shared_ptr<const control::TsigKeyring> tsig_keys_;

  // In the order of making; what comes later borrows what comes before.
  std::unique_ptr<net::EventLoop> loop_;
  std::unique_ptr<control::StateStore> file_store_;  // one of the two
  std::unique_ptr<control::FleetMember> fleet_;
  control::StateStore* store_ = nullptr;  // of it
  std::unique_ptr<keycache::HsmClient> hsm_;
  std::unique_ptr<keycache::KeyCache> key_cache_;
  std::unique_ptr<control::KeyMaker> key_maker_;
  std::unique_ptr<Signers> signers_;
  std::shared_ptr<proxy::CookieKeyring> cookies_;
  proxy::Notices notices_{4096};
  proxy::Notices key_calls_{4096};
  std::unique_ptr<proxy::TransferDesk> transfer_desk_;
  std::unique_ptr<control::KernelWorkers> workers_;
  std::unique_ptr<DpdkEdges> edges_;
  std::unique_ptr<control::DnstapLog> dnstap_;
  std::unique_ptr<AllWorkers> all_workers_;
  std::unique_ptr<control::ZoneRegistry> registry_;
  control::SocketAsker asker_;
  std::unique_ptr<control::ZoneControl> zones_;
  std::unique_ptr<control::MetricSeries> series_;
  std::unique_ptr<control::TransferWork> transfers_;
  std::unique_ptr<control::OutboundWork> outbound_;
  std::unique_ptr<control::CatalogWork> catalogs_;
  std::unique_ptr<control::ParentNotices> parent_notices_;
  std::unique_ptr<control::Canary> canary_;
  std::unique_ptr<control::Api> api_;
  std::unique_ptr<control::BackendWatch> backend_watch_;
  std::unique_ptr<control::HsmWatch> hsm_watch_;
  std::unique_ptr<control::MetricsPage> metrics_page_;
  std::unique_ptr<HttpDoors> doors_;
  std::vector<std::unique_ptr<net::Timer>> timers_;
  std::vector<std::unique_ptr<net::SignalWatch>> signals_;
  // Their threads end first: their work uses everything above.
  std::unique_ptr<control::ThreadExecutor> hsm_work_;
  std::unique_ptr<control::ThreadExecutor> key_load_work_;
  std::unique_ptr<control::ThreadExecutor> parent_work_;
  std::unique_ptr<control::ThreadExecutor> file_work_;
  std::unique_ptr<control::ThreadExecutor> transfer_work_;
  std::unique_ptr<control::ThreadExecutor> copy_work_;
  std::unique_ptr<control::ThreadExecutor> notify_work_;
  std::unique_ptr<control::ThreadExecutor> parent_notice_work_;
  std::unique_ptr<control::ThreadExecutor> canary_work_;  // null until a zone is asked about
};

}  // namespace sealwire::apps
