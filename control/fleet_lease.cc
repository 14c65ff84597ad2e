#include "control/fleet_lease.h"

#include <algorithm>

#include "control/etcd_client.h"
#include "control/log.h"

namespace sealwire::control {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;
using Kind = EtcdClient::Kind;

constexpr auto kPatience = std::chrono::milliseconds(2000);

json Put(const std::string& key, const std::string& value, std::uint64_t lease) {
  json put = {{"key", EtcdOctets(key)}, {"value", EtcdOctets(value)}};
  if (lease != 0) put["lease"] = std::to_string(lease);
  return {{"request_put", std::move(put)}};
}

bool Succeeded(const EtcdReply& reply) {
  return reply.ok() && reply.body.contains("succeeded") && reply.body["succeeded"] == true;
}

// The one pair that a failed transaction read instead; null when there is none.
json ReadInstead(const EtcdReply& reply) {
  const json::json_pointer pair("/responses/0/response_range/kvs/0");
  return reply.ok() && reply.body.contains(pair) ? reply.body[pair] : json();
}

}  // namespace

FleetLease::FleetLease(const EtcdConfig& config, std::unique_ptr<EtcdClient> client,
                       std::string name, std::string id)
    : config_(config),
      base_(config.prefix + "/"),
      name_(std::move(name)),
      id_(std::move(id)),
      client_(std::move(client)) {}

FleetLease::~FleetLease() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<std::unique_ptr<FleetLease>> FleetLease::Create(const EtcdConfig& config, std::string name,
                                                       std::string id) {
  auto client = EtcdClient::Create(
      config, std::min<std::chrono::milliseconds>(
                  kPatience, std::chrono::milliseconds(config.lease * 1000 / 3)));
  if (!client.ok()) return Error{client.error()};
  return std::unique_ptr<FleetLease>(
      new FleetLease(config, *std::move(client), std::move(name), std::move(id)));
}

void FleetLease::Remember(const EtcdReply& reply) {
  const std::lock_guard lock(mutex_);
  if (reply.ok()) {
    last_contact_ = Clock::now();
  } else {
    why_ = reply.error;
  }
}

bool FleetLease::Grant() {
  const auto asked = Clock::now();
  const EtcdReply reply =
      client_->Call("/v3/lease/grant", {{"TTL", std::to_string(config_.lease)}}, Kind::kChanges);
  Remember(reply);
  if (!reply.ok()) return false;
  lease_.store(EtcdNumber(reply.body, "ID"));
  const std::lock_guard lock(mutex_);
  valid_until_ = asked + std::chrono::seconds(config_.lease);
  leads_since_ = 0;
  return true;
}

// The name is free, or was this node's before.
bool FleetLease::Register(const std::string& card, std::uint64_t& revision) {
  const std::string member = base_ + "members/" + name_;
  const json claim = {
      {"compare", {{{"key", EtcdOctets(member)}, {"target", "CREATE"}, {"create_revision", "0"}}}},
      {"success", {Put(member, id_, 0)}},
      {"failure", {{{"request_range", {{"key", EtcdOctets(member)}}}}}}};
  EtcdReply reply = client_->Call("/v3/kv/txn", claim, Kind::kChanges);
  Remember(reply);
  if (!reply.ok()) return false;
  if (const json pair = ReadInstead(reply); !Succeeded(reply) && pair.is_object()) {
    const auto owner = ParseEtcdOctets(pair.value("value", ""));
    refused_.store(!owner || *owner != id_);
    if (refused_.load()) {
      const std::lock_guard lock(mutex_);
      why_ =
          "another node is called '" + name_ + "' in this fleet: give this one a name of its own";
      return false;
    }
  }
  reply = client_->Call("/v3/kv/txn",
                        {{"success", {Put(base_ + "nodes/" + name_, card, lease_.load())}}},
                        Kind::kChanges);
  Remember(reply);
  if (!reply.ok()) return false;
  shown_ = card;
  revision = EtcdRevision(reply.body);
  return true;
}

Result<FleetLease::Joined> FleetLease::Join(std::uint64_t former_lease) {
  if (former_lease != 0) {
    // What it held ends at once; a lease that has run out is no fault.
    (void)client_->Call("/v3/lease/revoke", {{"ID", std::to_string(former_lease)}}, Kind::kChanges);
  }
  Joined joined;
  const std::string card = json{{"id", id_}, {"serves", "0"}}.dump();
  if (!Grant() || !Register(card, joined.revision)) {
    const std::lock_guard lock(mutex_);
    return Error{why_};
  }
  const EtcdReply reply = client_->Call(
      "/v3/kv/range", {{"key", EtcdOctets(base_)}, {"count_only", true}}, Kind::kReads);
  if (!reply.ok()) return Error{reply.error};
  if (reply.body.contains("header") && reply.body["header"].is_object()) {
    joined.cluster = std::to_string(EtcdNumber(reply.body["header"], "cluster_id"));
  }
  return joined;
}

void FleetLease::Start(std::string card) {
  card_ = std::move(card);
  thread_ = std::thread([this] { Loop(); });
}

void FleetLease::Show(std::string card) {
  const std::lock_guard lock(mutex_);
  if (card_ == card) return;
  card_ = std::move(card);
  woken_ = true;
  wake_.notify_all();
}

void FleetLease::Forget(const std::string& member) {
  const std::lock_guard lock(mutex_);
  to_forget_.insert(member);
  woken_ = true;
  wake_.notify_all();
}

void FleetLease::Wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  wake_.notify_all();
}

void FleetLease::Leave() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  valid_until_ = {};
  const std::uint64_t lease = lease_.exchange(0);
  if (lease == 0) return;
  (void)client_->Call("/v3/lease/revoke", {{"ID", std::to_string(lease)}}, Kind::kChanges);
}

FleetLease::Standing FleetLease::standing() const {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  Standing standing;
  standing.in_contact = now < valid_until_;
  if (!standing.in_contact) standing.why = why_.empty() ? "nothing was heard from it yet" : why_;
  // A leader that did not hear from etcd for the length of its lease is none.
  if (standing.in_contact) standing.leads_since = leads_since_;
  if (last_contact_ != Clock::time_point()) {
    standing.contact_age_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(now - last_contact_).count();
  }
  return standing;
}

// False: the lease has to be taken anew, or nobody could be asked.
bool FleetLease::Renew() {
  if (lease_.load() == 0) return false;
  const auto asked = Clock::now();
  const EtcdReply reply =
      client_->Call("/v3/lease/keepalive", {{"ID", std::to_string(lease_.load())}}, Kind::kReads);
  Remember(reply);
  if (!reply.ok()) return false;
  const json left = reply.body.value("result", json::object());
  if (EtcdNumber(left, "TTL") == 0) {
    lease_.store(0);
    return false;
  }
  const std::lock_guard lock(mutex_);
  valid_until_ = asked + std::chrono::seconds(config_.lease);
  return true;
}

// Takes the leader's place when it is free; else sees whether it is this node's.
bool FleetLease::Elect() {
  const std::string key = base_ + "leader";
  const EtcdReply reply = client_->Call(
      "/v3/kv/txn",
      {{"compare", {{{"key", EtcdOctets(key)}, {"target", "CREATE"}, {"create_revision", "0"}}}},
       {"success", {Put(key, name_, lease_.load())}},
       {"failure", {{{"request_range", {{"key", EtcdOctets(key)}}}}}}},
      Kind::kChanges);
  Remember(reply);
  if (!reply.ok()) return false;
  std::uint64_t since = 0;
  if (Succeeded(reply)) {
    since = EtcdRevision(reply.body);
  } else if (const json pair = ReadInstead(reply);
             pair.is_object() && EtcdNumber(pair, "lease") == lease_.load()) {
    since = EtcdNumber(pair, "create_revision");
  }
  const std::lock_guard lock(mutex_);
  leads_since_ = since;
  return true;
}

bool FleetLease::Round() {
  std::string card;
  std::set<std::string> to_forget;
  {
    const std::lock_guard lock(mutex_);
    card = card_;
    to_forget = to_forget_;
    woken_ = false;
  }
  bool fresh = false;
  if (!Renew()) {
    if (lease_.load() != 0) return false;
    if (!Grant()) return false;
    fresh = true;
  }
  std::uint64_t revision = 0;
  if ((fresh || card != shown_) && !Register(card, revision)) {
    if (fresh) lease_.store(0);  // without its place in the fleet a lease is worth nothing
    return false;
  }
  for (const std::string& member : to_forget) {
    const EtcdReply reply = client_->Call(
        "/v3/kv/deleterange", {{"key", EtcdOctets(base_ + "members/" + member)}}, Kind::kChanges);
    Remember(reply);
    if (!reply.ok()) return false;
    const std::lock_guard lock(mutex_);
    to_forget_.erase(member);
  }
  return Elect();
}

void FleetLease::Loop() {
  const auto pause = std::chrono::milliseconds(config_.lease * 1000 / 3);
  // Cards that change all the time are not written more often than this.
  constexpr auto kLeast = std::chrono::milliseconds(100);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const bool done = Round();
    lock.lock();
    if (stopping_) break;
    wake_.wait_for(lock, kLeast, [this] { return stopping_; });
    wake_.wait_for(lock, done ? pause : std::min<std::chrono::milliseconds>(pause, kPatience) / 2,
                   [this] { return stopping_ || woken_; });
  }
}

}  // namespace sealwire::control
