// The state of a fleet, in etcd: every node has a copy in a file of its own, and etcd decides.
//
// Reading reads the copy, so it needs no network, and a node starts with the copy when etcd is
// away. A change is one transaction of etcd that compares the revision of everything it changes
// with what the copy has; it is acknowledged when etcd has committed it, and never decided by the
// copy. What others change comes by the feed (control/etcd_feed.h) and is taken in by Take().
// Threading: the control thread. Commit() blocks for etcd, for some seconds at most; while etcd is
// known to be away it refuses at once. Errors: the copy's, and CommitFailure::kConflict and kAway.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "control/etcd_client.h"
#include "control/etcd_feed.h"
#include "control/etcd_parts.h"
#include "control/sqlite_store.h"

namespace sealwire::control {

// What another node changed.
struct FleetNews {
  std::set<std::string> zones;  // record or keys changed, or the zone is gone
  std::set<std::string> keys;   // of these, those whose keys changed
  bool tokens = false;
  std::vector<EtcdEvent> fleet = {};  // below members/ and nodes/, and the leader: control/fleet.h
  bool whole_begins = false;          // `fleet` will be told whole
  bool whole_ends = false;
};

class EtcdStore final : public StateStore {
 public:
  static Result<std::unique_ptr<EtcdStore>> Open(const EtcdConfig& config);

  Status ForEachZone(const std::function<bool(ZoneRecord&&)>& visit) const override {
    return copy_->ForEachZone(visit);
  }
  CommitStatus Commit(Change& change) override;
  std::uint64_t revision() const noexcept override { return copy_->revision(); }
  // Random: nodes do not count together.
  std::uint64_t NextZoneId() noexcept override;
  Result<std::optional<ZoneRecord>> ReadZone(std::string_view name) const override {
    return copy_->ReadZone(name);
  }
  Result<std::vector<std::uint8_t>> ReadKeys(std::string_view name) const override {
    return copy_->ReadKeys(name);
  }
  std::uint64_t KeysRevision(std::string_view name) const override {
    return copy_->KeysRevision(name);
  }
  Result<std::vector<HistoryRow>> ReadHistory(std::string_view zone, std::int64_t before,
                                              std::size_t limit) const override {
    return copy_->ReadHistory(zone, before, limit);
  }
  Result<std::optional<Operation>> ReadOperation(std::string_view id) const override {
    return copy_->ReadOperation(id);
  }
  Result<std::vector<TokenRecord>> ReadTokens() const override { return copy_->ReadTokens(); }

  // The revision of etcd that the copy stands at; 0: the whole has to be read.
  std::uint64_t position() const noexcept { return copy_->revision(); }
  // It has once stood at some revision: better than nothing while etcd is away.
  bool filled() const { return !copy_->ReadNote("filled").empty(); }
  // Forgets the copy: it is of another cluster, or of a later time of this one.
  Status Clear() { return copy_->Clear(); }
  Result<FleetNews> Take(const EtcdBatch& batch);

  // Nobody can be asked at the moment: why. Empty: etcd can be reached.
  void SetAway(std::string why) { away_ = std::move(why); }
  const std::string& away() const noexcept { return away_; }
  // Changes made as leader hold only while the leader's key is the one made at this revision; 0:
  // this node does not lead.
  void LeadSince(std::uint64_t revision) noexcept { leads_since_ = revision; }

  // A line of text of this node's own.
  std::string ReadNote(std::string_view name) const { return copy_->ReadNote(name); }
  Status WriteNote(std::string_view name, std::string_view text) {
    return copy_->WriteNote(name, text);
  }

 private:
  EtcdStore(const EtcdConfig& config, std::unique_ptr<SqliteStore> copy,
            std::unique_ptr<EtcdClient> client);
  CommitStatus Transact(const std::vector<EtcdPart>& parts, std::size_t first, std::size_t last,
                        bool as_leader);
  Status TakeZone(const std::string& name, const EtcdEvent& event, bool of_whole, Change& change,
                  FleetNews& news);
  Status TakeKeys(const std::string& name, const EtcdEvent& event, bool of_whole, Change& change,
                  FleetNews& news);
  Status TakeEvent(const EtcdEvent& event, bool of_whole, Change& change, FleetNews& news);
  Status Keep(Change& change, std::uint64_t position);
  Status Sweep(std::uint64_t revision, FleetNews& news, Change& change) const;

  const std::string base_;
  std::unique_ptr<SqliteStore> copy_;
  std::unique_ptr<EtcdClient> client_;
  std::string away_;
  std::uint64_t leads_since_ = 0;
};

}  // namespace sealwire::control
