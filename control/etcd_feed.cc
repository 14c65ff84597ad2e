#include "control/etcd_feed.h"

#include "control/etcd_client.h"

namespace sealwire::control {
namespace {

using nlohmann::json;
using Outcome = EtcdReply::Outcome;

constexpr int kPageKeys = 1000;
constexpr auto kPatience = std::chrono::milliseconds(10'000);

// Nothing: the message is not what it should be, or the key is not below `base`.
std::optional<EtcdEvent> EventOf(const json& kv, bool gone, std::string_view base) {
  if (!kv.is_object()) return std::nullopt;
  auto key = ParseEtcdOctets(kv.value("key", ""));
  auto value = ParseEtcdOctets(kv.value("value", ""));
  if (!key || !value || !key->starts_with(base)) return std::nullopt;
  return EtcdEvent{key->substr(base.size()), EtcdNumber(kv, "mod_revision"), gone,
                   *std::move(value)};
}

bool IsTrue(const json& object, const char* member) {
  return object.contains(member) && object[member] == true;
}

std::vector<EtcdEvent> EventsOf(const json& message, std::string_view base) {
  std::vector<EtcdEvent> events;
  if (!message.contains("events") || !message["events"].is_array()) return events;
  for (const json& item : message["events"]) {
    if (!item.is_object() || !item.contains("kv")) continue;
    const bool gone = item.contains("type") && item["type"] == "DELETE";
    if (auto event = EventOf(item["kv"], gone, base)) events.push_back(*std::move(event));
  }
  return events;
}

}  // namespace

EtcdFeed::EtcdFeed(const EtcdConfig& config, std::unique_ptr<EtcdClient> client,
                   std::uint64_t position)
    : base_(config.prefix + "/"), client_(std::move(client)), position_(position) {}
EtcdFeed::~EtcdFeed() = default;

Result<std::unique_ptr<EtcdFeed>> EtcdFeed::Create(const EtcdConfig& config,
                                                   std::uint64_t position) {
  auto client = EtcdClient::Create(config, kPatience);
  if (!client.ok()) return Error{client.error()};
  return std::unique_ptr<EtcdFeed>(new EtcdFeed(config, *std::move(client), position));
}

Status EtcdFeed::Follow(std::uint64_t until, const Take& take, const std::atomic<bool>& stop) {
  while (!stop.load()) {
    const auto step = !fleet_told_     ? ReadFleet(take)
                      : position_ == 0 ? ReadWhole(take, stop)
                                       : Watch(until, take, stop);
    if (!step.ok()) return stop.load() ? Status::Ok() : Status(Error{step.error()});
    if (*step == Step::kEnough || stop.load()) break;
    if (fleet_told_ && until != 0 && position_ >= until) break;
  }
  return Status::Ok();
}

// It is not part of a copy. What the watch tells again of it does no harm.
Result<EtcdFeed::Step> EtcdFeed::ReadFleet(const Take& take) {
  EtcdBatch batch{EtcdBatch::Kind::kFleet, {}, position_};
  for (const char* kind : {"members/", "nodes/", "leader"}) {
    const std::string from = base_ + kind;
    const EtcdReply reply = client_->Call(
        "/v3/kv/range", {{"key", EtcdOctets(from)}, {"range_end", EtcdOctets(EtcdEndOf(from))}},
        EtcdClient::Kind::kReads);
    if (!reply.ok()) return Error{reply.error};
    if (!reply.body.contains("kvs") || !reply.body["kvs"].is_array()) continue;
    for (const json& kv : reply.body["kvs"]) {
      if (auto event = EventOf(kv, false, base_)) batch.events.push_back(*std::move(event));
    }
  }
  fleet_told_ = true;
  return take(std::move(batch)) ? Step::kGoOn : Step::kEnough;
}

Result<EtcdFeed::Step> EtcdFeed::ReadWhole(const Take& take, const std::atomic<bool>& stop) {
  std::uint64_t at = 0;  // the revision that every page is of
  std::string from = base_;
  if (!take({EtcdBatch::Kind::kWholeBegins})) return Step::kEnough;
  for (bool more = true; more && !stop.load();) {
    json request = {{"key", EtcdOctets(from)},
                    {"range_end", EtcdOctets(EtcdEndOf(base_))},
                    {"limit", std::to_string(kPageKeys)}};
    if (at != 0) request["revision"] = std::to_string(at);
    const EtcdReply reply = client_->Call("/v3/kv/range", request, EtcdClient::Kind::kReads);
    // Compacted while it was read: the caller begins anew.
    if (!reply.ok()) return Error{reply.error};
    if (at == 0) at = EtcdRevision(reply.body);
    if (at == 0) return Error{client_->endpoint() + ": the answer has no revision"};
    EtcdBatch page{EtcdBatch::Kind::kPage, {}, at};
    if (reply.body.contains("kvs") && reply.body["kvs"].is_array()) {
      for (const json& kv : reply.body["kvs"]) {
        if (auto event = EventOf(kv, false, base_)) page.events.push_back(*std::move(event));
      }
    }
    more = IsTrue(reply.body, "more") && !page.events.empty();
    if (more) from = base_ + page.events.back().key + '\0';
    if (!take(std::move(page))) return Step::kEnough;
  }
  if (stop.load()) return Step::kEnough;
  position_ = at;
  return take({EtcdBatch::Kind::kWholeEnds, {}, at}) ? Step::kGoOn : Step::kEnough;
}

Result<EtcdFeed::Step> EtcdFeed::Watch(std::uint64_t until, const Take& take,
                                       const std::atomic<bool>& stop) {
  const json request = {{"create_request",
                         {{"key", EtcdOctets(base_)},
                          {"range_end", EtcdOctets(EtcdEndOf(base_))},
                          {"start_revision", std::to_string(position_ + 1)},
                          {"fragment", true}}}};
  bool compacted = false;
  bool enough = false;
  std::string refusal;
  const auto message = [&](const json& line) {
    if (!line.is_object() || !line.contains("result")) {
      refusal = client_->endpoint() + ": the watch failed: " + line.dump().substr(0, 200);
      return false;
    }
    const json& result = line["result"];
    if (IsTrue(result, "canceled")) {
      compacted = EtcdNumber(result, "compact_revision") != 0;
      refusal = client_->endpoint() +
                ": the watch was cancelled: " + result.value("cancel_reason", "without a reason");
      return false;
    }
    EtcdBatch batch{EtcdBatch::Kind::kChanges, EventsOf(result, base_), position_};
    if (batch.events.empty()) return true;
    // A message that is cut in pieces ends with one that is not marked.
    if (!IsTrue(result, "fragment")) {
      for (const EtcdEvent& event : batch.events) {
        batch.position = std::max(batch.position, event.revision);
      }
    }
    position_ = batch.position;
    enough = !take(std::move(batch));
    return !enough && (until == 0 || position_ < until);
  };
  const EtcdReply reply = client_->Stream("/v3/watch", request, message, stop);
  if (compacted || reply.outcome == Outcome::kCompacted) {
    position_ = 0;
    return Step::kGoOn;
  }
  if (enough) return Step::kEnough;
  if (!refusal.empty()) return Error{refusal};
  if (!reply.ok()) return Error{reply.error};
  return Step::kGoOn;
}

}  // namespace sealwire::control
