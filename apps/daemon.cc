#include "apps/daemon.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <thread>

#include "apps/cookie_keyring.h"
#include "apps/user_files.h"
#include "control/config_http.h"
#include "control/lifecycle.h"
#include "control/log.h"
#include "control/service_notify.h"
#include "proxy/notify_sender.h"

namespace sealwire::apps {

using control::Log;
using control::LogLevel;
using namespace std::chrono_literals;

namespace {

constexpr auto kHsmPatience = 5s;
constexpr auto kDrainPatience = 3000ms;
constexpr int kHsmThreads = 2;
constexpr int kParentThreads = 8;
constexpr int kTransferThreads = 4;
constexpr int kNotifyThreads = 4;

std::int64_t UnixTime() {
  return static_cast<std::int64_t>(std::time(nullptr));
}

std::string HostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

// UDP to an address of a DPDK edge never reaches a socket: the edge answers it.
bool IsTakenByDpdk(const net::Endpoint& endpoint, const std::vector<control::DpdkListen>& entries) {
  return std::any_of(entries.begin(), entries.end(), [&](const control::DpdkListen& entry) {
    return entry.port == endpoint.port && std::find(entry.addresses.begin(), entry.addresses.end(),
                                                    endpoint.address) != entry.addresses.end();
  });
}

// Our first listener on kernel sockets, by an address that leads there from here.
std::optional<net::Endpoint> CanaryServer(const control::Config& config) {
  if (config.canary.server) return config.canary.server;
  for (const control::KernelListen& listen : config.listen) {
    if (IsTakenByDpdk(listen.address, config.dpdk)) continue;
    net::Endpoint server = listen.address;
    if (server.address == *net::IpAddress::FromText("0.0.0.0")) {
      server.address = *net::IpAddress::FromText("127.0.0.1");
    } else if (server.address == *net::IpAddress::FromText("::")) {
      server.address = *net::IpAddress::FromText("::1");
    }
    return server;
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t AllWorkers::Publish(std::shared_ptr<const proxy::ZoneTable> zones) {
  dpdk_.Publish(zones);
  kernel_.Publish(std::move(zones));
  return ++number_;
}

std::uint64_t AllWorkers::Served() const {
  return std::min({kernel_.Served(), dpdk_.Served(), number_});
}

Daemon::Daemon(const control::Config& config, std::string config_file)
    : config_(config), config_file_(std::move(config_file)), started_(UnixTime()) {}

Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::Create(const control::Config& config,
                                               std::string config_file) {
  std::unique_ptr<Daemon> daemon(new Daemon(config, std::move(config_file)));
  auto loop = net::EventLoop::Create();
  if (!loop.ok()) return Error{loop.error()};
  daemon->loop_ = *std::move(loop);
  if (Status status = daemon->FindUser(); !status.ok()) return Error{status.error()};
  using Step = Status (Daemon::*)();
  using Steps = std::vector<Step>;
  // State comes first in both: a second sealwired on it ends before it shares a port.
  const Steps as_we_are = {&Daemon::OpenState, &Daemon::StartHsm, &Daemon::CreateWorkers};
  const Steps as_user = {&Daemon::OpenState, &Daemon::CreateWorkers, &Daemon::BecomeUser,
                         &Daemon::StartHsm};
  Steps steps = daemon->user_ ? as_user : as_we_are;
  steps.insert(steps.end(), {&Daemon::StartDnstap, &Daemon::LoadZones, &Daemon::Listen});
  for (const Step step : steps) {
    if (const Status status = (*daemon.*step)(); !status.ok()) {
      return Error{status.error() + daemon->WhoWeBecame()};
    }
  }
  return daemon;
}

Status Daemon::FindUser() {
  if (config_.user.empty()) return Status::Ok();
  auto user = control::ProcessUser::Find(config_.user, config_.group);
  if (!user.ok()) return Error{config_file_ + ": " + user.error()};
  user_ = *std::move(user);
  if (Status status = user_->RefuseNewRights(); !status.ok()) return status;
  return PrepareFilesFor(*user_, config_, config_file_);
}

Status Daemon::BecomeUser() {
  if (Status status = user_->Become(); !status.ok()) return status;
  Log(LogLevel::kInfo, "user-changed",
      {{"user", user_->name},
       {"group", user_->group},
       {"uid", std::to_string(user_->uid)},
       {"gid", std::to_string(user_->gid)}});
  return Status::Ok();
}

// For an error that root would not have had.
std::string Daemon::WhoWeBecame() const {
  return user_ && ::geteuid() == user_->uid ? " (as user '" + user_->name + "')" : "";
}

Status Daemon::OpenState() {
  auto keys = control::TsigKeyring::Load(config_.tsig);
  if (!keys.ok()) return Error{config_file_ + ": tsig: " + keys.error()};
  tsig_keys_ = *std::move(keys);
  const auto open = [this]() -> Status {
    if (config_.etcd) {
      auto fleet = control::FleetMember::Open(*config_.etcd, HostName(), UnixTime);
      if (!fleet.ok()) return Error{fleet.error()};
      fleet_ = *std::move(fleet);
      store_ = &fleet_->store();
      return Status::Ok();
    }
    auto store = control::StateStore::Open(config_.state_path);
    if (!store.ok()) return Error{store.error()};
    file_store_ = *std::move(store);
    store_ = file_store_.get();
    return Status::Ok();
  };
  return user_ ? user_->Acting(open) : open();  // its files belong to whoever reads them next
}

// When the workers answer: from then on this node says what it serves.
void Daemon::StartFleet() {
  if (!fleet_) return;
  fleet_->Start(*loop_, *zones_,
                {[this] { api_->ReadTokens(); }, [this] { return api_->NodeJson(); }});
  timers_.push_back(std::make_unique<net::Timer>(*loop_, [this] { fleet_->Tick(); }));
  timers_.back()->StartEvery(20ms);
}

Status Daemon::StartHsm() {
  if (config_.hsm.empty()) {
    key_maker_ = std::make_unique<control::NoKeyMaker>();
    return Status::Ok();
  }
  std::vector<keycache::HsmOptions> tokens;
  for (const control::HsmConfig& one : config_.hsm) {
    keycache::HsmOptions& token = tokens.emplace_back();
    token.module = one.module;
    token.token = one.token;
    token.pin_file = one.pin_file;
  }
  auto hsm = keycache::HsmClient::Start(std::move(tokens));
  if (!hsm.ok()) return Error{hsm.error()};
  hsm_ = *std::move(hsm);
  key_cache_ = std::make_unique<keycache::KeyCache>(*hsm_, keycache::KeyCacheOptions{});
  key_maker_ = std::make_unique<control::HsmKeyMaker>(*key_cache_);
  if (!hsm_->WaitUntilUp(kHsmPatience)) {
    const auto status = hsm_->status();
    Log(LogLevel::kError, "hsm-away",
        {{"state", std::string(keycache::ToText(status.state))}, {"error", status.last_error}});
  }
  return Status::Ok();
}

proxy::PipelineOptions Daemon::PipelineSettings() const {
  proxy::PipelineOptions options;
  options.cookies = cookies_;
  options.rate_limit = config_.rate_limit;
  options.identity = config_.identity;
  options.tcp_idle_ms = static_cast<std::uint32_t>(proxy::TcpLimits().idle.count());
  return options;
}

Status Daemon::CreateWorkers() {
  const auto secrets = ReadCookieSecrets(config_.cookie_secret_file);
  if (!secrets.ok()) return Error{config_file_ + ": cookies: " + secrets.error()};
  cookies_ = std::make_shared<proxy::CookieKeyring>(*secrets);
  proxy::KernelWorkerOptions options;
  options.pipeline = PipelineSettings();
  options.pipeline.audience_zones = control::kAudienceZones;
  options.pipeline.tap = control::TapOptionsOf(config_.dnstap);
  for (const control::KernelListen& listen : config_.listen) {
    options.listen.push_back(
        {listen.address, !IsTakenByDpdk(listen.address, config_.dpdk), true, listen.proxies});
  }
  options.pipeline.notices = &notices_;
  options.pipeline.key_calls = &key_calls_;
  transfer_desk_ = std::make_unique<proxy::TransferDesk>(
      kTransferThreads, [](const dns::Name& zone, const net::Endpoint& to,
                           proxy::TransferDesk::Way way, std::size_t records) {
        Log(LogLevel::kInfo, "zone-sent",
            {{"zone", zone.ToText()},
             {"to", to.ToText()},
             {"way", way == proxy::TransferDesk::Way::kIxfr ? "ixfr" : "axfr"},
             {"records", std::to_string(records)}});
      });
  options.transfers = transfer_desk_.get();
  const unsigned count =
      config_.workers.value_or(std::max(1u, std::thread::hardware_concurrency()));
  const auto lcores = DpdkEdges::CountSigners(config_.dpdk);
  if (!lcores.ok()) return Error{config_file_ + ": " + lcores.error()};
  auto signers = Signers::Start(config_.ink, count + *lcores);
  if (!signers.ok()) return Error{config_file_ + ": " + signers.error()};
  signers_ = *std::move(signers);
  const auto make_signer = [this] { return signers_->Make(); };
  auto workers = control::KernelWorkers::Create(options, make_signer, count);
  if (!workers.ok()) return Error{workers.error()};
  workers_ = *std::move(workers);
  auto edges = DpdkEdges::Start(config_.dpdk, options.pipeline, make_signer);
  if (!edges.ok()) return Error{config_file_ + ": " + edges.error()};
  edges_ = *std::move(edges);
  all_workers_ = std::make_unique<AllWorkers>(*workers_, *edges_);
  return Status::Ok();
}

Status Daemon::StartDnstap() {
  if (!config_.dnstap) return Status::Ok();
  std::vector<proxy::PacketTap*> taps = edges_->Taps();
  for (const auto& worker : workers_->all()) taps.push_back(&worker->tap());
  auto log = control::DnstapLog::Start(
      *config_.dnstap, HostName(), std::string("sealwire ") + SEALWIRE_VERSION, std::move(taps));
  if (!log.ok()) return Error{log.error()};
  dnstap_ = *std::move(log);
  return Status::Ok();
}

Status Daemon::LoadZones() {
  registry_ = std::make_unique<control::ZoneRegistry>(*store_, *all_workers_, config_.policies);
  registry_->UseTsigKeys(tsig_keys_);
  if (Status status = registry_->Load(); !status.ok()) return status;
  if (const control::ZoneRecord* zone = registry_->FirstWithoutPolicy(config_.policies)) {
    return Error{config_file_ + ": policies: '" + zone->policy + "' is missing, and '" +
                 zone->name + "' uses it"};
  }
  hsm_work_ = std::make_unique<control::ThreadExecutor>(*loop_, kHsmThreads);
  parent_work_ = std::make_unique<control::ThreadExecutor>(*loop_, kParentThreads);
  file_work_ = std::make_unique<control::ThreadExecutor>(*loop_, 1);
  zones_ = std::make_unique<control::ZoneControl>(control::ZoneControl::Parts{
      *registry_, *key_maker_, *hsm_work_, *parent_work_, *file_work_, UnixTime});
  if (fleet_) zones_->UseFleet(&fleet_->fleet());
  UseParent(config_.parent);
  StartTransfers();
  StartKeyLoad();
  StartCanary();
  zones_->Restore();
  return Status::Ok();
}

// In threads of its own: it must not wait behind work that waits for the HSM.
void Daemon::StartKeyLoad() {
  const int threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 8u));
  key_load_work_ = std::make_unique<control::ThreadExecutor>(*loop_, threads);
  control::KeyLoad::Options options;
  options.cache = config_.keys.cache;
  options.batches = 2 * static_cast<std::size_t>(threads);
  options.calls = &key_calls_;
  if (options.cache != 0) {
    options.asked = [this](proxy::AudienceKey zone) {
      return AudienceOf(zone)[proxy::Heard::kQueries];
    };
  }
  zones_->UseKeyLoad(*key_load_work_, std::move(options));
}

void Daemon::StartTransfers() {
  transfer_work_ = std::make_unique<control::ThreadExecutor>(*loop_, kTransferThreads);
  const std::filesystem::path state = config_.etcd ? config_.etcd->cache : config_.state_path;
  const std::string folder = (state.parent_path() / "zones").string();
  transfers_ = std::make_unique<control::TransferWork>(control::TransferWork::Parts{
      *registry_, *transfer_work_, tsig_keys_, notices_, folder, UnixTime,
      [this](const std::string& what, const std::string& zone) { zones_->Emit(what, zone); }});
  zones_->UseTransfers(transfers_.get());
  copy_work_ = std::make_unique<control::ThreadExecutor>(*loop_, 1);
  notify_work_ = std::make_unique<control::ThreadExecutor>(*loop_, kNotifyThreads);
  outbound_ = std::make_unique<control::OutboundWork>(control::OutboundWork::Parts{
      *registry_, *copy_work_, *notify_work_, *transfer_desk_, config_.policies, folder, UnixTime});
  catalogs_ = std::make_unique<control::CatalogWork>(*zones_);
  parent_notice_work_ = std::make_unique<control::ThreadExecutor>(*loop_, kNotifyThreads);
  parent_notices_ = std::make_unique<control::ParentNotices>(
      control::ParentNotices::Parts{*registry_, *parent_notice_work_, asker_, UnixTime,
                                    [](const dns::Name& apex, const std::vector<net::Endpoint>& to,
                                       const std::atomic<bool>& stop) {
                                      return proxy::SendNotifyOf(apex, dns::RRType::kCDS, to, stop);
                                    }});
  parent_notices_->UseParent(config_.parent);
  registry_->ForEach([this](const std::string& name, control::ZoneEntry& entry) {
    if (entry.record->backend.members) catalogs_->Watch(name);
    if (!entry.record->backend.secondaries.empty()) outbound_->Watch(name);
  });
}

void Daemon::StartCanary() {
  if (!config_.canary.enabled) return;
  const auto server = CanaryServer(config_);
  if (!server) {
    Log(LogLevel::kWarning, "canary-off",
        {{"text", "there is no listener to be asked from here: set canary.server"}});
    return;
  }
  canary_ = std::make_unique<control::Canary>(control::Canary::Parts{
      *registry_,
      // Its thread starts with the first signed zone.
      [this](control::Executor::Work work) {
        if (!canary_work_) canary_work_ = std::make_unique<control::ThreadExecutor>(*loop_, 1);
        canary_work_->Run(std::move(work));
      },
      *server, config_.canary.interval, UnixTime, control::ProbeZone,
      [this](const std::string& what, const std::string& zone) {
        zones_->Emit(what, zone);
        zones_->ReconsiderKeys(zone);
      }});
  zones_->UseHolds({[this](const std::string& zone) { return canary_->HeldBecause(zone); },
                    [this](const std::string& zone) { return canary_->Ignore(zone); },
                    [this](const std::string& zone) { return canary_->IsIgnored(zone); },
                    [this] { return canary_->Held(); }});
}

void Daemon::UseParent(const std::optional<control::ParentConfig>& parent) {
  zones_->UseParent(parent ? std::make_shared<control::ParentCheck>(*parent, asker_) : nullptr);
  if (parent_notices_) parent_notices_->UseParent(parent);
}

Status Daemon::Listen() {
  auto token = control::AccessToken::FromFile(config_.control.token_file);
  if (!token.ok()) return Error{token.error()};
  series_ = std::make_unique<control::MetricSeries>(SeriesOf());
  api_ = std::make_unique<control::Api>(*zones_, *std::move(token), Facts());
  zones_->OnEvent([this](const control::ZoneEvent& event) {
    if (event.record && !event.record->backend.secondaries.empty()) outbound_->Watch(event.zone);
    if (event.record && event.record->backend.members) catalogs_->Watch(event.zone);
    if (event.record && IsSigned(*event.record)) parent_notices_->Watch(event.zone);
    if (canary_ && event.what.starts_with("rollover-")) canary_->Watch(event.zone);
    api_->Broadcast(event);
  });
  backend_watch_ = std::make_unique<control::BackendWatch>(Facts().backends);
  hsm_watch_ = std::make_unique<control::HsmWatch>(Facts().hsm);
  api_->UseCertificates(control::GrantsOf(config_.control.clients));
  auto tls = HttpDoors::LoadTls(config_);
  if (!tls.ok()) return Error{config_file_ + ": " + tls.error()};
  metrics_page_ = std::make_unique<control::MetricsPage>(Sources());
  doors_ = std::make_unique<HttpDoors>(
      *loop_, config_,
      [this](net::HttpRequest request, net::HttpReply reply) {
        api_->Handle(std::move(request), std::move(reply));
      },
      [this](const net::HttpRequest& request, const net::HttpReply& reply) {
        metrics_page_->Handle(request, reply);
      });
  doors_->UseTls(*tls);
  return doors_->Listen(config_);
}

proxy::AudienceTotals Daemon::AudienceOf(proxy::AudienceKey zone) const {
  proxy::AudienceTotals totals;
  workers_->AddAudience(totals, zone);
  edges_->AddAudience(totals, zone);
  return totals;
}

control::NodeFacts Daemon::Facts() {
  control::NodeFacts facts;
  facts.name = HostName();
  facts.version = SEALWIRE_VERSION;
  facts.started = started_;
  facts.workers = static_cast<unsigned>(workers_->all().size());
  facts.listening = workers_->Listening();
  const auto edges = edges_->Listening();
  facts.listening.insert(facts.listening.end(), edges.begin(), edges.end());
  facts.ready = [this] { return ready_; };
  facts.backends = [this] {
    auto backends = workers_->Backends();
    const auto more = edges_->Backends();
    backends.insert(backends.end(), more.begin(), more.end());
    return backends;
  };
  facts.hsm = [this] { return hsm_ ? hsm_->tokens() : std::vector<keycache::HsmStatus>(); };
  facts.audience = [this](proxy::AudienceKey zone) { return AudienceOf(zone); };
  facts.series = series_.get();
  if (fleet_) facts.fleet = &fleet_->fleet();
  return facts;
}

control::SeriesSources Daemon::SeriesOf() {
  return {[this] {
            proxy::PipelineTotals totals = workers_->Totals();
            totals.Add(edges_->Totals());
            return totals;
          },
          [this] { return workers_->BackendLatency(); }, [this] { return signers_->Signatures(); },
          [this] { return signers_->ReadyPairs(); }, UnixTime};
}

control::MetricsSources Daemon::Sources() {
  return {SEALWIRE_VERSION,
          started_,
          *registry_,
          *workers_,
          Facts().hsm,
          [this] {
            return key_cache_ ? std::optional<keycache::KeyCacheStatus>(key_cache_->status())
                              : std::nullopt;
          },
          [this] { return ready_; },
          {[this](control::MetricsText& out) { signers_->AddMetrics(out); },
           [this](control::MetricsText& out) { edges_->AddMetrics(out); },
           [this](control::MetricsText& out) { doors_->AddMetrics(out); },
           [this](control::MetricsText& out) { backend_watch_->AddMetrics(out); },
           [this](control::MetricsText& out) { control::AddKeyLoad(out, zones_->key_load()); },
           [this](control::MetricsText& out) {
             if (dnstap_) dnstap_->AddMetrics(out);
             if (fleet_) fleet_->AddMetrics(out);
           },
           [this](control::MetricsText& out) {
             if (canary_) canary_->AddMetrics(out);
           }}};
}

void Daemon::StartTimers() {
  const auto every = [this](std::chrono::microseconds interval, std::function<void()> work) {
    timers_.push_back(std::make_unique<net::Timer>(*loop_, std::move(work)));
    timers_.back()->StartEvery(interval);
  };
  every(20ms, [this] { zones_->Settle(); });
  every(250ms, [this] { zones_->Tick(); });
  every(200ms, [this] { transfers_->Tick(); });
  every(500ms, [this] { outbound_->Tick(); });
  every(1s, [this] {
    // Of a fleet one node adds the members and tells parents; the others are told like of any zone.
    if (!zones_->Leads()) return;
    catalogs_->Tick();
    parent_notices_->Tick();
  });
  if (canary_) every(1s, [this] { canary_->Tick(); });
  every(5s, [this] { zones_->ReloadFiles(false); });
  every(5s, [this] { backend_watch_->Look(); });
  every(1s, [this] { hsm_watch_->Look(); });
  every(15s, [this] { api_->KeepListenersAlive(); });
  every(std::chrono::seconds(control::MetricSeries::kIntervalSeconds),
        [this] { series_->Sample(); });
  if (!key_cache_) return;
  every(60s, [this] {
    hsm_work_->Run([this]() -> control::Executor::Completion {
      key_cache_->Maintain(static_cast<std::uint32_t>(UnixTime()));
      return [] {};
    });
  });
}

void Daemon::Run() {
  signals_.push_back(std::make_unique<net::SignalWatch>(*loop_, SIGHUP, [this] { Reload(); }));
  for (const int number : {SIGTERM, SIGINT}) {
    signals_.push_back(std::make_unique<net::SignalWatch>(*loop_, number, [this] { Stop(); }));
  }
  StartTimers();
  workers_->Start();
  StartFleet();
  ready_ = true;
  std::string at;
  for (const std::string& endpoint : Facts().listening) at += (at.empty() ? "" : ",") + endpoint;
  Log(LogLevel::kInfo, "ready",
      {{"listening", at},
       {"workers", std::to_string(workers_->all().size())},
       {"zones", std::to_string(registry_->size())},
       {"version", SEALWIRE_VERSION}});
  control::NotifyService("READY=1");
  loop_->Run();
}

std::string Daemon::FaultOf(const Result<control::Config>& config,
                            const Result<control::AccessToken>& token,
                            const Result<HttpDoors::Tls>& tls) const {
  if (!config.ok()) return config.error();
  if (!token.ok()) return token.error();
  if (!tls.ok()) return tls.error();
  const control::ZoneRecord* zone = registry_->FirstWithoutPolicy(config->policies);
  if (zone == nullptr) return "";
  return "policies: '" + zone->policy + "' is missing, and '" + zone->name + "' uses it";
}

// Secrets are rolled without a restart; a file with a fault keeps those in force.
void Daemon::ReloadCookies() {
  if (!config_.cookie_secret_file) return;
  const auto secrets = ReadCookieSecrets(config_.cookie_secret_file);
  if (secrets.ok()) return cookies_->Use(*secrets);
  Log(LogLevel::kError, "cookie-secrets-refused",
      {{"error", secrets.error()}, {"settings", "kept"}});
}

void Daemon::Reload() {
  control::NotifyService("RELOADING=1");
  auto config = control::Config::FromFile(config_file_);
  auto token = control::AccessToken::FromFile(config_.control.token_file);
  const auto tls = HttpDoors::LoadTls(config.ok() ? *config : config_);
  if (const std::string fault = FaultOf(config, token, tls); !fault.empty()) {
    Log(LogLevel::kError, "reload-refused", {{"error", fault}, {"settings", "kept"}});
    control::NotifyService("READY=1");
    return;
  }
  // What can change while queries are answered; the rest is told to wait.
  control::Config restarted = *config;
  restarted.parent = config_.parent;
  restarted.policies = config_.policies;
  restarted.log = config_.log;
  restarted.drain_delay = config_.drain_delay;
  restarted.control.door.tls = config_.control.door.tls;
  restarted.control.clients = config_.control.clients;
  restarted.metrics_door.tls = config_.metrics_door.tls;
  if (!(restarted == config_)) {
    Log(LogLevel::kWarning, "reload-needs-restart",
        {{"text",
          "listen, workers, user, group, control, metrics, state, hsm, ink, keys, cookies, "
          "rate_limit, identity, canary and dnstap change with a restart"}});
  }
  if (config->parent != config_.parent) UseParent(config->parent);
  const bool rebuild = config->policies != config_.policies;
  config_.parent = config->parent;
  config_.policies = config->policies;
  config_.log = config->log;
  config_.drain_delay = config->drain_delay;
  config_.control.door.tls = config->control.door.tls;
  config_.control.clients = config->control.clients;
  config_.metrics_door.tls = config->metrics_door.tls;
  doors_->UseTls(*tls);
  api_->UseCertificates(control::GrantsOf(config_.control.clients));
  control::SetLog(config_.log.level, config_.log.format);
  api_->UseToken(*std::move(token));
  ReloadCookies();
  if (rebuild) zones_->RefreshAll();
  zones_->ReloadFiles(true);
  Log(LogLevel::kInfo, "reloaded", {{"file", config_file_}});
  control::NotifyService("READY=1");
}

void Daemon::Stop() {
  // Who routes queries to us (anycast, a load balancer) sees /readyz first and goes elsewhere while
  // we still answer. A second signal ends the wait.
  if (!ready_ || config_.drain_delay == 0) return Drain();
  ready_ = false;
  control::NotifyService("STOPPING=1");
  Log(LogLevel::kInfo, "leaving", {{"seconds", std::to_string(config_.drain_delay)}});
  timers_.push_back(std::make_unique<net::Timer>(*loop_, [this] { Drain(); }));
  timers_.back()->Start(std::chrono::seconds(config_.drain_delay));
}

void Daemon::Drain() {
  if (std::exchange(drained_, true)) return;
  ready_ = false;
  control::NotifyService("STOPPING=1");
  Log(LogLevel::kInfo, "stopping");
  api_->EndListeners();
  transfers_->Stop();
  outbound_->Stop();
  parent_notices_->Stop();
  if (fleet_) fleet_->Stop();
  if (canary_) canary_->Stop();
  workers_->Drain();
  edges_->Stop(kDrainPatience);
  Log(LogLevel::kInfo, "stopped");
  loop_->Stop();
}

}  // namespace sealwire::apps
