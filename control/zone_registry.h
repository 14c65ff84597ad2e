// All zones of this node: the index of their records, and the tables the workers answer from.
//
// Commit() writes a change to the store before the index shows it. What changes in a zone's answers
// is marked by Touch() and reaches the workers with the next Publish(), all changes in one table.
// Threading: the control thread. Ownership: records and snapshots are shared and const; pointers to
// entries live until the zone is removed. Errors: the store's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "control/config.h"
#include "control/state_store.h"
#include "control/tsig_keys.h"
#include "control/zone_record.h"
#include "keycache/zone_key_record.h"
#include "keycache/zone_keys.h"
#include "proxy/local_zone.h"
#include "proxy/zone.h"

namespace sealwire::control {

// Zones for which every worker counts who asks them: 192 MiB of addresses each, of which the kernel
// gives what is touched. Zones beyond are served and not counted.
inline constexpr std::size_t kAudienceZones = std::size_t{1} << 20;

// Those who answer queries.
class Workers {
 public:
  virtual ~Workers() = default;
  // Hands a table to all of them; returns its number.
  virtual std::uint64_t Publish(std::shared_ptr<const proxy::ZoneTable> zones) = 0;
  // The newest table that all of them answer from.
  virtual std::uint64_t Served() const = 0;
};

// By which a file is known to be unchanged.
struct FileStamp {
  std::int64_t modified_ns = 0;
  std::int64_t size = -1;  // -1: the file is not there
  std::uint64_t inode = 0;
  bool operator==(const FileStamp&) const = default;
};

// Unsigned data, from one of the two.
struct Content {
  std::shared_ptr<const proxy::LocalZone> local;
  std::shared_ptr<const proxy::ForwardSet> forward;
  FileStamp stamp;       // of the file that `local` was read from
  bool expired = false;  // no primary confirmed it for too long (control/transfer_work.h)
};

FileStamp StampOf(const std::string& path);
// Blocks on the file.
Result<Content> ReadContent(const std::string& path, const dns::Name& apex);

enum class KeyPlace : std::uint8_t {
  kNone,    // there are none, or nobody has asked for them yet
  kOpen,    // in ZoneEntry::keys
  kQueued,  // are to be opened
  kStored,  // can be opened when a query calls for them
  kFailed,  // could not be opened; work on the keys tries again
};

struct ZoneEntry {
  std::shared_ptr<const ZoneRecord> record;
  proxy::AudienceKey audience;

  // What answers are made of.
  Content content;
  std::shared_ptr<const keycache::ZoneKeys> keys;
  keycache::CdsPublication cds = keycache::CdsPublication::kNone;  // published by `keys`
  std::uint64_t published = 0;  // number of the table that has what is here; 0: not yet

  // Where `keys` are when they are null although they are stored (control/key_load.h).
  KeyPlace key_place = KeyPlace::kNone;
  std::uint32_t key_changes = 0;   // of the stored record: what was read before one is too old
  std::uint64_t asked_before = 0;  // queries counted when it was last looked who may go
  bool is_at_hand = false;         // KeyLoad looks at it in turn

  // What stands in the way now; empty: nothing. Not stored: it is seen again after a restart.
  std::string content_problem;
  std::string key_problem;

  // Work on it (control/zone_work.cc). Times are seconds since 1970.
  bool key_work_runs = false;
  bool stale = false;               // the store has other keys than `keys`: of another node
  std::uint64_t keys_revision = 0;  // of the store when the keys changed last; 0: not looked up yet
  bool check_runs = false;
  int key_failures = 0;
  std::int64_t key_retry_at = 0;
  std::int64_t refresh_at = 0;  // keys are looked at then
  std::int64_t check_at = 0;    // the parent is asked then
  std::int64_t roll_at = 0;     // a rollover may go on, or begin, then; 0: no time is known
  bool awaits_workers = false;  // keys are looked at when every worker has them
  bool awaits_parent = false;   // and after each look at the parent
  std::int64_t due = 0;         // where the zone stands in the queue of work; 0: nowhere
};

struct ZonePage {
  std::vector<std::shared_ptr<const ZoneRecord>> zones;
  bool more = false;  // there are zones after the last
};

class ZoneRegistry {
 public:
  // The three must outlive the registry.
  ZoneRegistry(StateStore& store, Workers& workers,
               const std::map<std::string, PolicyConfig>& policies);

  // Reads all zones of the store into the index; none has content yet.
  Status Load();
  // Writes the change, then shows it. Removed zones leave the tables with the next Publish().
  CommitStatus Commit(Change& change);
  // Who is told of each change that was committed.
  void OnCommit(std::function<void(const Change&)> listener) { listener_ = std::move(listener); }
  // Shows a record whose change is not worth writing (times and counts of the last look), or that
  // another node wrote.
  void Replace(const ZoneRecord& record);
  // The zone was removed from the store.
  void Drop(const std::string& name);

  ZoneEntry* Find(std::string_view name);
  ZoneEntry* FindById(std::uint64_t id);
  std::size_t size() const noexcept { return entries_.size(); }
  std::size_t CountOf(ZoneStatus status) const;
  void ForEach(const std::function<void(const std::string&, ZoneEntry&)>& visit);

  // In the order of names, after `after`: at most `limit` that have the status and contain `part`.
  ZonePage List(std::string_view after, std::size_t limit, std::optional<ZoneStatus> status,
                std::string_view part) const;

  // One set for one list of servers, shared by all zones that name it.
  std::shared_ptr<const proxy::ForwardSet> ForwardTo(const BackendSpec& backend);

  // Before zones are shown: the secrets that their records name.
  void UseTsigKeys(std::shared_ptr<const TsigKeyring> keys) { tsig_keys_ = std::move(keys); }
  const TsigKeyring& tsig_keys() const noexcept { return *tsig_keys_; }

  // The answers of the zone changed.
  void Touch(const std::string& name) { touched_.insert(name); }
  // Gives the workers a table with all changes since the last; nothing when there are none.
  void Publish();
  std::uint64_t served() const { return workers_.Served(); }

  StateStore& store() noexcept { return store_; }
  bool HasPolicy(const std::string& name) const { return policies_.contains(name); }
  // The zone's policy; the built-in one if it is no more.
  const PolicyConfig& PolicyOf(const ZoneRecord& zone) const;
  // A zone whose policy is not among `policies`; null: every zone has its own.
  const ZoneRecord* FirstWithoutPolicy(const std::map<std::string, PolicyConfig>& policies) const;

 private:
  std::shared_ptr<const proxy::ZoneTransfers> TransfersOf(const ZoneRecord& record) const;
  std::shared_ptr<const proxy::Zone> Build(const ZoneEntry& entry);
  void Show(const ZoneRecord& record);
  proxy::AudienceKey TakePlace();

  StateStore& store_;
  Workers& workers_;
  std::function<void(const Change&)> listener_;
  std::shared_ptr<const TsigKeyring> tsig_keys_ = std::make_shared<const TsigKeyring>();
  const std::map<std::string, PolicyConfig>& policies_;
  std::map<std::string, ZoneEntry, std::less<>> entries_;
  std::unordered_map<std::uint64_t, std::string_view> by_id_;   // views of the keys of entries_
  std::map<ZoneStatus, std::set<std::string_view>> by_status_;  // views of the keys of entries_
  std::map<std::string, std::weak_ptr<const proxy::ForwardSet>> forwards_;
  std::set<std::string> touched_;
  std::shared_ptr<const proxy::ZoneTable> table_;
  std::uint64_t last_snapshot_id_ = 0;
  std::uint64_t last_forward_id_ = 0;
  proxy::AudienceKey last_place_;
  std::vector<std::uint32_t> free_places_;  // of zones that were removed
};

}  // namespace sealwire::control
