// What can be done to zones, and what is done for them by itself: the control plane behind the API.
//
// Commands are durable before they return (or call `done`) with success. Work follows the state: a
// zone that should be signed gets keys, a zone with keys is looked after (CDS, signatures, parent),
// whatever was interrupted is taken up again after a restart. Threading: the control thread; what
// blocks goes to executors. Ownership: Parts are borrowed and outlive it.
// Errors: an Outcome with a sentence for a person.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/executor.h"
#include "control/held_keys.h"
#include "control/key_import.h"
#include "control/key_load.h"
#include "control/key_work.h"
#include "control/parent_check.h"
#include "control/zone_registry.h"

namespace sealwire::control {

class TransferWork;  // control/transfer_work.h
class Fleet;         // control/fleet.h
struct FleetNews;    // control/etcd_store.h
struct Deployment;   // control/fleet.h

enum class Failure : std::uint8_t {
  kNone,
  kNotFound,
  kConflict,      // the state of the zone forbids it
  kInvalid,       // what was asked for makes no sense
  kPrecondition,  // the zone changed since the caller saw it
  kInternal,      // the store failed
  kUnavailable,   // the store is away: nothing can be changed now
};

struct Outcome {
  Failure failure = Failure::kNone;
  std::string detail;
  bool ok() const noexcept { return failure == Failure::kNone; }
};
Outcome OutcomeOf(const CommitStatus& status);
using Done = std::function<void(Outcome)>;
using PutDone = std::function<void(Outcome, bool created)>;

// On whose word something is done, and why they want it. A name alone will do.
struct Actor {
  Actor(const char* actor) : name(actor) {}       // NOLINT(google-explicit-constructor)
  Actor(std::string actor, std::string why = {})  // NOLINT(google-explicit-constructor)
      : name(std::move(actor)), reason(std::move(why)) {}

  std::string name;    // as in HistoryRow::who
  std::string reason;  // may be empty
};

// A change that a listener may want to know of (/v1/events).
struct ZoneEvent {
  std::string what;  // as in HistoryRow
  std::string zone;
  std::shared_ptr<const ZoneRecord> record;  // null: the zone was removed
};

class ZoneControl {
 public:
  struct Parts {
    ZoneRegistry& registry;
    KeyMaker& key_maker;
    Executor& hsm_work;
    Executor& parent_work;
    Executor& file_work;
    std::function<std::int64_t()> now;  // seconds since 1970
  };
  explicit ZoneControl(Parts parts);

  // Whom to ask for DS records; null: nobody. Shared with the looks that run.
  void UseParent(std::shared_ptr<ParentCheck> parent) { parent_ = std::move(parent); }
  // Who fetches transferred zones; null: nobody.
  void UseTransfers(TransferWork* transfers) { transfers_ = transfers; }
  // Where and how the stored keys of zones are opened; else by hsm_work.
  void UseKeyLoad(Executor& work, KeyLoad::Options options) {
    key_load_.Use(work, std::move(options));
  }
  // The other nodes that share the state; null: there are none. Zones are loaded already.
  void UseFleet(Fleet* fleet);
  // Who may hold the key changes of a zone: why it does, and how to overrule it.
  struct KeyHolds {
    std::function<std::string(const std::string& zone)> why;
    std::function<bool(const std::string& zone)> ignore;
    std::function<bool(const std::string& zone)> is_ignored;
    std::function<HeldKeys()> all;  // for the other nodes of a fleet
  };
  // After UseFleet().
  void UseHolds(KeyHolds holds);
  // What holds the zone's keys changed: rollovers are looked at again.
  void ReconsiderKeys(const std::string& name);
  void OnEvent(std::function<void(const ZoneEvent&)> listener) { listener_ = std::move(listener); }

  // Tells listeners of a change.
  void Emit(std::string what, const std::string& name);

  // After a start, before queries: gives every zone its content, and begins to open the keys.
  // Blocks.
  void Restore();

  // `revision`: the ETag the caller saw, 0 when it must not exist; nothing: whatever there is.
  void PutZone(const std::string& name, const BackendSpec& backend, const std::string& policy,
               std::optional<std::uint64_t> revision, const Actor& who, PutDone done);
  Outcome RemoveZone(const std::string& name, std::optional<std::uint64_t> revision,
                     const Actor& who);
  // `override_name` is empty, or kOverrideStopSigning with `enabled` false, or
  // kOverrideIgnoreCanary with `enabled` true.
  Outcome SetDnssec(const std::string& name, bool enabled, std::string_view override_name,
                    std::optional<std::uint64_t> revision, const Actor& who);
  // For many zones in one change; all of them must exist.
  Outcome SetDnssecOfMany(const std::vector<std::string>& names, bool enabled,
                          const std::string& operation_id, const Actor& who);
  // Whether ALIAS records of a zone held whole are flattened into addresses.
  Outcome SetFlattenAlias(const std::string& name, bool flatten,
                          std::optional<std::uint64_t> revision, const Actor& who);
  // Forgets the keys of a zone that is disabled.
  Outcome ForgetKeys(const std::string& name, std::optional<std::uint64_t> revision,
                     const Actor& who);
  // Begins a rollover, or takes one back; done when that is durable.
  // Without a role: of all keys, to what the policy asks for.
  void RollKeys(const std::string& name, std::optional<keycache::Role> role,
                keycache::RollCause cause, const Actor& who, Done done);
  void CancelRollover(const std::string& name, std::optional<keycache::Role> role, const Actor& who,
                      Done done);
  // The keys of another provider that signs the same zone (RFC 8901 model 2), in place of those
  // that were set before; done when that is durable.
  void SetForeignKeys(const std::string& name, std::vector<keycache::DnskeyRdata> keys,
                      const Actor& who, Done done);
  // Takes in keys made elsewhere: the first of a zone that is not signed yet, or one to stand ready
  // beside those there are (control/key_import.h); done when that is durable.
  void ImportKeys(const std::string& name, std::shared_ptr<const ImportedKeys> keys,
                  const Actor& who, Done done);
  // Ends the use of a key at once (control/key_revocation.h); done when that is durable.
  void RevokeKey(const std::string& name, std::uint16_t key_tag, std::string_view override_name,
                 const Actor& who, Done done);
  // What rollovers of the zone are decided by.
  RollFacts FactsOf(const ZoneEntry& entry) const;
  KeyLife LifeOf(const ZoneEntry& entry) const {
    const PolicyConfig& policy = parts_.registry.PolicyOf(*entry.record);
    KeyLife life = policy.life;
    life.signature_validity = policy.signature_validity;
    return life;
  }
  // Asks the parent now; done when the answer was taken in.
  void CheckParent(const std::string& name, Done done);

  // Every second or so: work that is due.
  void Tick();
  // Looks whether tables reached all workers, and publishes what changed; often while it is
  // awaited. True while something is awaited.
  bool Settle();
  // Reads again the zone files that changed, or all of them.
  void ReloadFiles(bool all);
  // What other nodes changed, when the store has taken it in.
  void Follow(const FleetNews& news);
  // Many times a second, in a fleet: tells the others what this node serves, and takes up the work
  // when this node leads.
  void TickFleet(const std::function<nlohmann::json()>& shown);
  // Of a fleet one node makes keys, rolls them and asks parents. A node alone leads.
  bool Leads() const;
  Deployment DeploymentOf(const ZoneEntry& entry) const;
  // The policies in the registry changed: every zone is built anew.
  void RefreshAll();

  KeyLoadStatus key_load() const { return key_load_.status(); }
  ZoneRegistry& registry() noexcept { return parts_.registry; }
  std::int64_t Now() const { return parts_.now(); }

 private:
  Outcome CommitZone(ZoneRecord record, const Actor& who, std::string what,
                     std::string detail = {});
  Outcome IgnoreCanary(const ZoneEntry& entry, const Actor& who);
  std::string HeldBecause(const std::string& name) const;
  void ReconsiderHeldElsewhere();
  Outcome CheckRevision(const ZoneEntry* entry, std::optional<std::uint64_t> revision) const;
  void FinishPut(ZoneRecord wanted, std::optional<std::uint64_t> revision, const Content& content,
                 const Actor& who, const PutDone& done);

  // control/zone_content.cc
  struct FileLook;
  void FinishReload(std::vector<FileLook> looks);

  // control/zone_follow.cc
  void FollowZone(const ZoneRecord& record, bool keys_changed);
  void FollowRemoval(const std::string& name);
  void FollowContent(const std::string& name, ZoneEntry& entry);
  static bool HasKeys(const ZoneEntry& entry);
  bool ServedHere(const ZoneEntry& entry) const;
  bool ServedByAll(const ZoneEntry& entry) const;
  std::uint64_t KeysRevisionOf(const ZoneEntry& entry) const;
  std::uint64_t RevisionOf(const ZoneEntry& entry) const;

  // control/zone_keys_work.cc
  // What somebody asked for, and whom to tell.
  struct PendingCommand {
    KeyCommand change;
    KeyNote note;
    Actor who = "sealwired";
    Done done;
    FirstKeys first = nullptr;  // instead of `change`
  };
  bool NeedsKeyWork(const ZoneEntry& entry, std::int64_t now) const;
  void StartKeyWork(const std::string& name, ZoneEntry& entry);
  void FinishKeyWork(const std::string& name, std::uint64_t id, KeyWorkResult result,
                     const PendingCommand& command);
  Outcome StoreKeyWork(const std::string& name, ZoneEntry& entry, KeyWorkResult& result,
                       const PendingCommand& command);
  void PlanKeyWork(ZoneEntry& entry, const KeyWorkResult& result);
  void CommandKeys(const std::string& name, KeyCommand change, KeyNote note, const Actor& who,
                   Done done);
  void CommandKeys(const std::string& name, PendingCommand command);
  void DestroyKeys(const std::string& name, std::vector<std::uint8_t> encoded);

  // control/zone_work.cc
  void Schedule(const std::string& name);
  std::int64_t DueTime(const ZoneEntry& entry) const;
  void Advance(const std::string& name);
  void StartCheck(const std::string& name, ZoneEntry& entry);
  void FinishCheck(const std::string& name, std::uint64_t id, const ParentObservation& seen);
  std::vector<std::vector<std::uint8_t>> KsksOf(const std::string& name);

  Parts parts_;
  KeyLoad key_load_;
  std::shared_ptr<ParentCheck> parent_;
  TransferWork* transfers_ = nullptr;
  KeyHolds holds_;
  std::function<void(const ZoneEvent&)> listener_;
  std::set<std::pair<std::int64_t, std::string>> queue_;  // (due, name)
  std::set<std::string> deploying_;                       // wait for all workers
  std::map<std::string, std::deque<PendingCommand>> commands_;
  std::multimap<std::string, Done> waiting_for_check_;
  int checks_running_ = 0;
  int key_works_running_ = 0;
  bool reload_runs_ = false;
  Fleet* fleet_ = nullptr;
  bool led_ = false;           // when TickFleet() looked last
  bool reload_again_ = false;  // a file of a zone that another node changed is to be read
};

}  // namespace sealwire::control
