#include "control/fleet_member.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "control/log.h"

namespace sealwire::control {
namespace {

using namespace std::chrono_literals;

// A start that hears nothing new for this long goes on with what it has.
constexpr auto kStartPatience = 20s;

std::string RandomId() {
  std::array<unsigned char, 16> random;
  RAND_bytes(random.data(), random.size());
  std::string id;
  for (const unsigned char octet : random) id += fmt::format("{:02x}", octet);
  return id;
}

// Sets `stop` when `touched` was not called for too long.
class Impatience {
 public:
  explicit Impatience(std::atomic<bool>& stop) : stop_(stop), thread_([this] { Loop(); }) {}
  ~Impatience() {
    done_.store(true);
    thread_.join();
  }
  void Touch() { last_.store(std::chrono::steady_clock::now().time_since_epoch().count()); }

 private:
  void Loop() {
    while (!done_.load()) {
      const auto last =
          std::chrono::steady_clock::time_point(std::chrono::steady_clock::duration(last_.load()));
      if (std::chrono::steady_clock::now() - last > kStartPatience) stop_.store(true);
      std::this_thread::sleep_for(20ms);
    }
  }

  std::atomic<bool>& stop_;
  std::atomic<bool> done_{false};
  std::atomic<std::chrono::steady_clock::rep> last_{
      std::chrono::steady_clock::now().time_since_epoch().count()};
  std::thread thread_;
};

}  // namespace

FleetMember::FleetMember(const EtcdConfig& config, std::function<std::int64_t()> now)
    : config_(config), now_(std::move(now)) {}

FleetMember::~FleetMember() = default;

Result<std::unique_ptr<FleetMember>> FleetMember::Open(const EtcdConfig& config,
                                                       const std::string& host_name,
                                                       std::function<std::int64_t()> now) {
  std::unique_ptr<FleetMember> member(new FleetMember(config, std::move(now)));
  auto store = EtcdStore::Open(config);
  if (!store.ok()) return Error{store.error()};
  member->store_ = *std::move(store);
  std::string id = member->store_->ReadNote("node");
  if (id.empty()) {
    id = RandomId();
    if (const Status noted = member->store_->WriteNote("node", id); !noted.ok()) {
      return Error{noted.error()};
    }
  }
  const std::string name = config.node.empty() ? host_name : config.node;
  auto lease = FleetLease::Create(config, name, id);
  if (!lease.ok()) return Error{lease.error()};
  member->lease_ = *std::move(lease);
  member->fleet_ = std::make_unique<Fleet>(
      Fleet::Parts{*member->store_, *member->lease_, member->now_, config.silence, name, id});
  if (const Status joined = member->Join(); !joined.ok()) {
    if (member->lease_->refused() || !member->store_->filled()) return Error{joined.error()};
    Log(LogLevel::kError, "etcd-away",
        {{"error", joined.error()}, {"zones", "as they were last known, from " + config.cache}});
    member->away_ = true;
    auto feed = EtcdFeed::Create(config, member->store_->position());
    if (!feed.ok()) return Error{feed.error()};
    member->feed_ = *std::move(feed);
  }
  member->fleet_->Stand();
  return member;
}

Status FleetMember::Join() {
  const auto joined = lease_->Join(EtcdNumber({{"id", store_->ReadNote("lease")}}, "id"));
  if (!joined.ok()) return Error{joined.error()};
  const std::string known = store_->ReadNote("cluster");
  if ((!known.empty() && known != joined->cluster) || joined->revision < store_->position()) {
    Log(LogLevel::kWarning, "etcd-is-another",
        {{"text", "the copy is of another cluster or of a later time, and is read anew"}});
    if (Status cleared = store_->Clear(); !cleared.ok()) return cleared;
    if (Status noted = store_->WriteNote("filled", ""); !noted.ok()) return noted;
  }
  if (Status noted = store_->WriteNote("cluster", joined->cluster); !noted.ok()) return noted;
  return CatchUp(joined->revision);
}

Status FleetMember::CatchUp(std::uint64_t until) {
  auto feed = EtcdFeed::Create(config_, store_->position());
  if (!feed.ok()) return Error{feed.error()};
  feed_ = *std::move(feed);
  std::atomic<bool> stop{false};
  Status kept = Status::Ok();
  {
    Impatience impatience(stop);
    const auto take = [&](EtcdBatch&& batch) {
      const auto news = store_->Take(batch);
      if (!news.ok()) {
        kept = Error{news.error()};
        return false;
      }
      fleet_->Take(*news);
      impatience.Touch();
      return true;
    };
    const Status followed = feed_->Follow(until, take, stop);
    if (!followed.ok()) return followed;
  }
  if (!kept.ok()) return kept;
  if (feed_->position() >= until) return Status::Ok();
  return Error{"etcd does not say what has changed"};
}

void FleetMember::Start(net::EventLoop& loop, ZoneControl& zones, Handlers handlers) {
  zones_ = &zones;
  handlers_ = std::move(handlers);
  lease_->Start(fleet_->Card(handlers_.shown()));
  follower_ = std::make_unique<EtcdFollower>(
      loop, std::move(feed_),
      EtcdFollower::Handlers{[this](const EtcdBatch& batch) { Take(batch); },
                             [](const std::string& error) {
                               Log(LogLevel::kWarning, "etcd-watch-ended", {{"error", error}});
                             }});
}

void FleetMember::Take(const EtcdBatch& batch) {
  const auto news = store_->Take(batch);
  if (!news.ok()) {
    Log(LogLevel::kError, "store-failed", {{"error", news.error()}});
    return;
  }
  zones_->Follow(*news);
  if (news->tokens) handlers_.tokens_changed();
}

void FleetMember::Tick() {
  const FleetLease::Standing standing = lease_->standing();
  store_->SetAway(standing.in_contact ? "" : standing.why);
  store_->LeadSince(standing.leads_since);
  if (std::exchange(away_, !standing.in_contact) != away_) {
    if (away_) {
      Log(LogLevel::kError, "etcd-away",
          {{"error", standing.why}, {"text", "queries are answered, nothing can be changed"}});
    } else {
      Log(LogLevel::kInfo, "etcd-back");
    }
  }
  if (const std::uint64_t lease = lease_->lease(); lease != noted_lease_) {
    noted_lease_ = lease;
    // A restart gives it back, instead of being waited for until it runs out.
    (void)store_->WriteNote("lease", std::to_string(lease));
  }
  zones_->TickFleet(handlers_.shown);
}

void FleetMember::Stop() {
  follower_.reset();
  lease_->Leave();
}

void FleetMember::AddMetrics(MetricsText& out) const {
  using Kind = MetricsText::Kind;
  const FleetLease::Standing standing = lease_->standing();
  out.Add("sealwire_etcd_up", Kind::kGauge, "1 while etcd can be reached.",
          standing.in_contact ? 1 : 0);
  out.Add("sealwire_etcd_contact_age_seconds", Kind::kGauge,
          "Since etcd last answered; -1: it never did.",
          standing.contact_age_ms < 0 ? -1 : static_cast<double>(standing.contact_age_ms) / 1000);
  out.Add("sealwire_etcd_revision", Kind::kGauge, "Revision of etcd that this node has taken in.",
          static_cast<double>(store_->position()));
  out.Add("sealwire_fleet_nodes", Kind::kGauge, "Nodes that are waited for, this one included.",
          static_cast<double>(fleet_->members()));
  out.Add("sealwire_fleet_leader", Kind::kGauge, "1 while this node leads the fleet.",
          standing.leads_since != 0 ? 1 : 0);
  out.Add("sealwire_fleet_lacking_zones", Kind::kGauge,
          "Zones that this node cannot serve as the state says.",
          static_cast<double>(fleet_->lacking()));
}

}  // namespace sealwire::control
