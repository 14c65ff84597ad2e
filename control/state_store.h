// The state that must outlive the process: zones, toggles, sealed keys, history and operations, in
// one SQLite file. The only door to SQLite.
//
// A change is durable when Commit() returns Ok (write-ahead log, synchronous=FULL): it may be
// acknowledged then and not before. A file of an older schema is brought up to date when it is
// opened; one of a newer schema is refused. Threading: one thread at a time.
// Errors: a sentence with the file and SQLite's reason; after an error nothing of the change is
// kept.
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
  std::int64_t id = 0;  // grows with time
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

// All of it happens, or nothing does.
struct Change {
  struct Keys {
    std::string name;
    std::vector<std::uint8_t> record;  // keycache::ZoneKeyRecord::Encode(); empty: forget them
  };
  std::vector<ZoneRecord> put;
  std::vector<Keys> keys;  // of zones that exist, or are in `put`
  std::vector<std::string> removed;
  std::vector<HistoryRow> history;
  std::vector<Operation> operations;
  std::vector<TokenRecord> tokens = {};
  std::vector<std::string> removed_tokens = {};
};

class StateStore {
 public:
  // Makes file and folder when they are missing; the file is mode 0600 (it holds sealed keys).
  static Result<std::unique_ptr<StateStore>> Open(const std::string& path);
  ~StateStore();
  StateStore(const StateStore&) = delete;
  StateStore& operator=(const StateStore&) = delete;

  // Every zone in the order of names; `visit` returns false to stop.
  Status ForEachZone(const std::function<bool(ZoneRecord&&)>& visit) const;
  // Puts the next revision into each record of change.put, and writes all.
  Status Commit(Change& change);
  std::uint64_t revision() const noexcept { return revision_; }
  // An id no zone has or had.
  std::uint64_t NextZoneId() noexcept { return ++last_zone_id_; }

  // Encoded keys of the zone; empty when it has none.
  Result<std::vector<std::uint8_t>> ReadKeys(std::string_view name) const;
  // Newest first, older than row `before` (0: from the newest).
  Result<std::vector<HistoryRow>> ReadHistory(std::string_view zone, std::int64_t before,
                                              std::size_t limit) const;
  Result<std::optional<Operation>> ReadOperation(std::string_view id) const;
  // In the order of names.
  Result<std::vector<TokenRecord>> ReadTokens() const;

 private:
  struct Connection;
  explicit StateStore(std::unique_ptr<Connection> connection);
  Status ReadCounters();

  std::unique_ptr<Connection> connection_;
  std::uint64_t revision_ = 0;
  std::uint64_t last_zone_id_ = 0;
};

}  // namespace sealwire::control
