#include "control/etcd_store.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <algorithm>

#include "control/etcd_records.h"
#include "control/log.h"

namespace sealwire::control {
namespace {

using nlohmann::json;
using Outcome = EtcdReply::Outcome;

constexpr auto kCommitPatience = std::chrono::milliseconds(2000);
constexpr std::uint64_t kOperationLifetime = 30 * 86400;

// "NAME/n": names may have slashes themselves.
std::pair<std::string, std::string> SplitAtLast(const std::string& text) {
  const std::size_t slash = text.rfind('/');
  if (slash == std::string::npos) return {text, ""};
  return {text.substr(0, slash), text.substr(slash + 1)};
}

json Unchanged(const std::string& key, std::uint64_t revision) {
  return {{"key", EtcdOctets(key)},
          {"target", "MOD"},
          {"result", "EQUAL"},
          {"mod_revision", std::to_string(revision)}};
}

CommitStatus FailureOf(const EtcdReply& reply) {
  switch (reply.outcome) {
    case Outcome::kAway:
      return {CommitFailure::kAway, {"etcd is away, nothing can be changed: " + reply.error}};
    case Outcome::kUnknown:
      return {CommitFailure::kAway,
              {"etcd did not say whether this was changed, look again: " + reply.error}};
    default:
      return {CommitFailure::kStore, {"etcd refused the change: " + reply.error}};
  }
}

}  // namespace

EtcdStore::EtcdStore(const EtcdConfig& config, std::unique_ptr<SqliteStore> copy,
                     std::unique_ptr<EtcdClient> client)
    : base_(config.prefix + "/"), copy_(std::move(copy)), client_(std::move(client)) {}

Result<std::unique_ptr<EtcdStore>> EtcdStore::Open(const EtcdConfig& config) {
  auto copy = SqliteStore::Open(config.cache, SqliteStore::Use::kCopy);
  if (!copy.ok()) return Error{copy.error()};
  auto client = EtcdClient::Create(config, kCommitPatience);
  if (!client.ok()) return Error{client.error()};
  return std::unique_ptr<EtcdStore>(new EtcdStore(config, *std::move(copy), *std::move(client)));
}

std::uint64_t EtcdStore::NextZoneId() noexcept {
  std::uint64_t id = 0;
  while (id == 0) {
    RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id);
    id >>= 1;  // SQLite's integers have a sign
  }
  return id;
}

// Parts [first, last) in one transaction.
CommitStatus EtcdStore::Transact(const std::vector<EtcdPart>& parts, std::size_t first,
                                 std::size_t last, bool as_leader) {
  json compare = json::array(), success = json::array();
  std::string lease;
  if (as_leader) {
    compare.push_back({{"key", EtcdOctets(base_ + "leader")},
                       {"target", "CREATE"},
                       {"result", "EQUAL"},
                       {"create_revision", std::to_string(leads_since_)}});
  }
  for (std::size_t i = first; i < last; ++i) {
    const EtcdPart& part = parts[i];
    if (part.expires && lease.empty()) {
      const EtcdReply granted =
          client_->Call("/v3/lease/grant", {{"TTL", std::to_string(kOperationLifetime)}},
                        EtcdClient::Kind::kChanges);
      if (!granted.ok()) return FailureOf(granted);
      lease = std::to_string(EtcdNumber(granted.body, "ID"));
    }
    for (const auto& [key, revision] : part.unchanged) compare.push_back(Unchanged(key, revision));
    for (const auto& key : part.removed) {
      success.push_back({{"request_delete_range", {{"key", EtcdOctets(key)}}}});
    }
    for (const auto& [key, value] : part.put) {
      json put = {{"key", EtcdOctets(key)}, {"value", EtcdOctets(value)}};
      if (part.expires) put["lease"] = lease;
      success.push_back({{"request_put", std::move(put)}});
    }
  }
  const EtcdReply reply = client_->Call(
      "/v3/kv/txn", {{"compare", std::move(compare)}, {"success", std::move(success)}},
      EtcdClient::Kind::kChanges);
  if (!reply.ok()) return FailureOf(reply);
  if (!reply.body.contains("succeeded") || reply.body["succeeded"] != true) {
    return {CommitFailure::kConflict,
            {fmt::format("{}{} was changed by another node meanwhile: look again",
                         parts[first].what, last - first > 1 ? ", or one of the others," : "")}};
  }
  const std::uint64_t revision = EtcdRevision(reply.body);
  for (std::size_t i = first; i < last; ++i) {
    for (ZoneRecord* zone : parts[i].zones) zone->revision = revision;
    for (Change::Keys* keys : parts[i].keys) keys->revision = revision;
    for (const auto& [row, index, slot] : parts[i].rows) {
      row->id = HistoryId(revision, index, slot);
    }
  }
  return {};
}

CommitStatus EtcdStore::Commit(Change& change) {
  if (!away_.empty()) {
    return {CommitFailure::kAway, {"etcd is away, nothing can be changed: " + away_}};
  }
  if (change.as_leader && leads_since_ == 0) {
    return {CommitFailure::kConflict, {"another node leads by now"}};
  }
  const std::vector<EtcdPart> parts = PartsOf(change, base_, *copy_);
  for (std::size_t first = 0; first < parts.size();) {
    std::size_t last = first, comparisons = 1, operations = 0, octets = 0;
    for (; last < parts.size(); ++last) {
      comparisons += parts[last].comparisons();
      operations += parts[last].operations();
      octets += parts[last].octets();
      if (last > first &&
          (std::max(comparisons, operations) > kMaxEtcdOperations || octets > kMaxEtcdOctets)) {
        break;
      }
    }
    // What went before a part that fails comes by the feed, like the changes of another node.
    if (CommitStatus done = Transact(parts, first, last, change.as_leader); !done.ok()) return done;
    first = last;
  }
  // The copy stands where it stood: changes of others, earlier than this, are still to come.
  if (const Status kept = copy_->Mirror(change, position()); !kept.ok()) return Error{kept.error()};
  return {};
}

Status EtcdStore::TakeZone(const std::string& name, const EtcdEvent& event, bool of_whole,
                           Change& change, FleetNews& news) {
  if (of_whole) {
    if (Status met = copy_->Met(name, ""); !met.ok()) return met;
  }
  if (event.revision <= copy_->ZoneRevision(name)) return Status::Ok();
  if (event.gone) {
    change.removed.push_back(name);
  } else {
    auto zone = ZoneFromEtcd(name, event.value);
    if (!zone.ok()) return Error{zone.error()};
    zone->revision = event.revision;
    change.put.push_back(*std::move(zone));
  }
  news.zones.insert(name);
  return Status::Ok();
}

Status EtcdStore::TakeKeys(const std::string& name, const EtcdEvent& event, bool of_whole,
                           Change& change, FleetNews& news) {
  if (of_whole) {
    if (Status met = copy_->Met("", name); !met.ok()) return met;
  }
  if (event.revision <= copy_->KeysRevision(name)) return Status::Ok();
  change.keys.push_back({name, {event.value.begin(), event.value.end()}, event.revision});
  news.zones.insert(name);
  news.keys.insert(name);
  return Status::Ok();
}

Status EtcdStore::TakeEvent(const EtcdEvent& event, bool of_whole, Change& change,
                            FleetNews& news) {
  const std::size_t slash = event.key.find('/');
  const std::string kind = event.key.substr(0, slash);
  const std::string rest = slash == std::string::npos ? "" : event.key.substr(slash + 1);
  if (kind == "zones") return TakeZone(rest, event, of_whole, change, news);
  if (kind == "keys") return TakeKeys(rest, event, of_whole, change, news);
  if (kind == "nodes" || kind == "members" || kind == "leader") {
    news.fleet.push_back(event);
  } else if (kind == "tokens") {
    news.tokens = true;
    if (event.gone) {
      change.removed_tokens.push_back(rest);
      return Status::Ok();
    }
    auto token = TokenFromEtcd(rest, event.value);
    if (!token.ok()) return Error{token.error()};
    change.tokens.push_back(*std::move(token));
  } else if (kind == "history" && !event.gone) {
    const auto [zone, slot] = SplitAtLast(rest);
    auto row = HistoryFromEtcd(zone, static_cast<unsigned>(std::atoi(slot.c_str())), event.revision,
                               event.value);
    if (!row.ok()) return Error{row.error()};
    change.history.push_back(*std::move(row));
  } else if (kind == "operations" && !event.gone) {
    auto operation = OperationFromEtcd(SplitAtLast(rest).first, event.value);
    if (!operation.ok()) return Error{operation.error()};
    change.operations.push_back(*std::move(operation));
  }
  return Status::Ok();
}

Status EtcdStore::Sweep(std::uint64_t revision, FleetNews& news, Change& change) const {
  auto gone = copy_->NotMet(revision);
  if (!gone.ok()) return Error{gone.error()};
  news.zones.insert(gone->first.begin(), gone->first.end());
  news.zones.insert(gone->second.begin(), gone->second.end());
  news.keys.insert(gone->second.begin(), gone->second.end());
  change.removed = std::move(gone->first);
  for (std::string& name : gone->second) change.keys.push_back({std::move(name), {}});
  return Status::Ok();
}

Status EtcdStore::Keep(Change& change, std::uint64_t position) {
  for (Operation& operation : change.operations) {
    // Its parts add up.
    const auto known = copy_->ReadOperation(operation.id);
    if (!known.ok() || !known->has_value()) continue;
    std::set<std::string> names((*known)->names.begin(), (*known)->names.end());
    names.insert(operation.names.begin(), operation.names.end());
    operation.names.assign(names.begin(), names.end());
  }
  Status kept = copy_->Mirror(change, position);
  change = {};
  return kept;
}

Result<FleetNews> EtcdStore::Take(const EtcdBatch& batch) {
  FleetNews news;
  if (batch.kind == EtcdBatch::Kind::kFleet) {
    news.fleet = batch.events;
    news.whole_begins = news.whole_ends = true;
    return news;
  }
  const bool of_whole = batch.kind == EtcdBatch::Kind::kPage;
  std::uint64_t position = batch.position;
  if (batch.kind == EtcdBatch::Kind::kWholeBegins) {
    if (Status begun = copy_->BeginSweep(); !begun.ok()) return Error{begun.error()};
    news.whole_begins = true;
    position = 0;
  }
  if (of_whole) position = 0;  // a copy that is half read begins anew
  Change change;
  const std::uint64_t before = position == 0 ? 0 : this->position();
  std::set<std::string> seen;
  for (const EtcdEvent& event : batch.events) {
    // A key twice in a batch is two changes: each sees the copy as the one before left it.
    const bool part = event.key.starts_with("operations/");
    if (!seen.insert(part ? SplitAtLast(event.key).first : event.key).second) {
      if (const Status kept = Keep(change, before); !kept.ok()) return Error{kept.error()};
      seen.clear();
    }
    if (const Status taken = TakeEvent(event, of_whole, change, news); !taken.ok()) {
      // Written by a later version, or by hand: the rest is taken in all the same.
      Log(LogLevel::kError, "record-not-understood", {{"error", taken.error()}});
    }
  }
  if (batch.kind == EtcdBatch::Kind::kWholeEnds) {
    if (const Status swept = Sweep(batch.position, news, change); !swept.ok()) {
      return Error{swept.error()};
    }
    news.whole_ends = true;
  }
  if (const Status kept = Keep(change, position); !kept.ok()) return Error{kept.error()};
  if (news.whole_ends && !filled()) {
    if (const Status noted = copy_->WriteNote("filled", "yes"); !noted.ok()) {
      return Error{noted.error()};
    }
  }
  return news;
}

}  // namespace sealwire::control
