// The state that must outlive the process: zones, toggles, sealed keys, history and operations. A
// node alone keeps it in a file (control/sqlite_store.h), a fleet in etcd (control/etcd_store.h).
//
// A change is durable when Commit() returns Ok: it may be acknowledged then and not before.
// Threading: one thread at a time. Errors: a sentence with the place and its reason.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/zone_record.h"
#include "dns/bytes.h"
#include "dns/result.h"

namespace sealwire::control {

// Who did what to a zone, and why.
struct HistoryRow {
  std::int64_t id = 0;  // grows with time; given by the store
  std::int64_t at = 0;  // seconds since 1970
  std::string zone;     // empty: the node itself
  std::string who;      // "token", "token:NAME", "uid:0", "sealwired"
  std::string what;     // "zone-created", "dnssec-on", …
  std::string detail;
  std::string reason = {};  // as whoever asked for it gave it
};

// A named bearer token, without the token.
struct TokenRecord {
  std::string name;
  std::vector<std::uint8_t> hash;  // SHA-256
  std::uint8_t scopes = 0;         // control/access.h
  std::int64_t created = 0;        // seconds since 1970
  std::string created_by;
};

// A toggle for many zones, as it was asked for; its progress is seen in the zones.
struct Operation {
  std::string id;
  std::int64_t at = 0;
  bool enabled = false;
  std::vector<std::string> names;
};

// All of it happens, or nothing does; what is too big for one transaction of etcd happens zone by
// zone, and may be repeated.
struct Change {
  struct Keys {
    std::string name;
    std::vector<std::uint8_t> record;  // keycache::ZoneKeyRecord::Encode(); empty: forget them
    std::uint64_t revision = 0;        // given by the store
  };
  std::vector<ZoneRecord> put;  // `revision`: of the record that was changed; 0: there is none
  std::vector<Keys> keys;       // of zones that exist, or are in `put`
  std::vector<std::string> removed;
  std::vector<HistoryRow> history;
  std::vector<Operation> operations;
  std::vector<TokenRecord> tokens = {};
  std::vector<std::string> removed_tokens = {};
  bool as_leader = false;  // of a fleet: not to happen when another node leads by now
};

enum class CommitFailure : std::uint8_t {
  kNone,
  kStore,     // nothing of the change is kept
  kConflict,  // nothing either: another node was there before
  kAway,      // the store cannot be reached; whether the change was kept is not known
};

class [[nodiscard]] CommitStatus : public Status {
 public:
  CommitStatus() = default;
  CommitStatus(Error error)  // NOLINT(google-explicit-constructor)
      : CommitStatus(CommitFailure::kStore, std::move(error)) {}
  CommitStatus(CommitFailure failure, Error error) : Status(std::move(error)), failure_(failure) {}
  CommitFailure failure() const noexcept { return failure_; }

 private:
  CommitFailure failure_ = CommitFailure::kNone;
};

class StateStore {
 public:
  // In a file of this node's own.
  static Result<std::unique_ptr<StateStore>> Open(const std::string& path);
  virtual ~StateStore() = default;

  // Every zone in the order of names; `visit` returns false to stop.
  virtual Status ForEachZone(const std::function<bool(ZoneRecord&&)>& visit) const = 0;
  // Puts the new revision into each record of change.put and change.keys, and writes all.
  virtual CommitStatus Commit(Change& change) = 0;
  virtual std::uint64_t revision() const noexcept = 0;
  // An id no zone has or had.
  virtual std::uint64_t NextZoneId() noexcept = 0;

  virtual Result<std::optional<ZoneRecord>> ReadZone(std::string_view name) const = 0;
  // Encoded keys of the zone; empty when it has none.
  virtual Result<std::vector<std::uint8_t>> ReadKeys(std::string_view name) const = 0;
  // When they changed last; 0 when there are none.
  virtual std::uint64_t KeysRevision(std::string_view name) const = 0;
  // Newest first, older than row `before` (0: from the newest).
  virtual Result<std::vector<HistoryRow>> ReadHistory(std::string_view zone, std::int64_t before,
                                                      std::size_t limit) const = 0;
  virtual Result<std::optional<Operation>> ReadOperation(std::string_view id) const = 0;
  // In the order of names.
  virtual Result<std::vector<TokenRecord>> ReadTokens() const = 0;

 protected:
  StateStore() = default;
  StateStore(const StateStore&) = default;
  StateStore& operator=(const StateStore&) = default;
};

}  // namespace sealwire::control
