// The state in one SQLite file: that of a node alone, or what a node of a fleet last knew of
// etcd's. The only door to SQLite.
//
// A node alone: Commit() is durable (write-ahead log, synchronous=FULL). A copy of etcd's state is
// written by Mirror() and may lose its last writes with the power: the position it stands at is
// written with them, and what follows is read again. A file of an older schema is brought up to
// date when it is opened; one of a newer schema is refused. Threading: one thread at a time.
// Errors: a sentence with the file and SQLite's reason; after an error nothing of the change is
// kept.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/state_store.h"

namespace sealwire::control {

class SqliteStore final : public StateStore {
 public:
  enum class Use : std::uint8_t { kState, kCopy };
  // Makes file and folder when they are missing; the file is mode 0600 (it holds sealed keys).
  static Result<std::unique_ptr<SqliteStore>> Open(const std::string& path, Use use);
  ~SqliteStore() override;

  Status ForEachZone(const std::function<bool(ZoneRecord&&)>& visit) const override;
  CommitStatus Commit(Change& change) override;
  std::uint64_t revision() const noexcept override { return revision_; }
  std::uint64_t NextZoneId() noexcept override { return ++last_zone_id_; }
  Result<std::optional<ZoneRecord>> ReadZone(std::string_view name) const override;
  Result<std::vector<std::uint8_t>> ReadKeys(std::string_view name) const override;
  std::uint64_t KeysRevision(std::string_view name) const override;
  Result<std::vector<HistoryRow>> ReadHistory(std::string_view zone, std::int64_t before,
                                              std::size_t limit) const override;
  Result<std::optional<Operation>> ReadOperation(std::string_view id) const override;
  Result<std::vector<TokenRecord>> ReadTokens() const override;

  // For a copy. Writes the change with the revisions and ids that it has; the copy stands at
  // `revision` then.
  Status Mirror(const Change& change, std::uint64_t revision);
  // Forgets everything but the notes.
  Status Clear();
  // When the zone's record changed last; 0 when there is none.
  std::uint64_t ZoneRevision(std::string_view name) const;
  // A line of text that is kept beside the state.
  std::string ReadNote(std::string_view name) const;
  Status WriteNote(std::string_view name, std::string_view text);
  // Which zones and keys a reading of the whole has met; those it has not are gone.
  Status BeginSweep();
  Status Met(std::string_view zone, std::string_view keys);  // either may be empty
  // Zones, and zones with keys, that were not met and are not newer than `revision`.
  Result<std::pair<std::vector<std::string>, std::vector<std::string>>> NotMet(
      std::uint64_t revision) const;

 private:
  struct Connection;
  explicit SqliteStore(std::unique_ptr<Connection> connection);
  Status ReadCounters();

  std::unique_ptr<Connection> connection_;
  std::uint64_t revision_ = 0;
  std::uint64_t last_zone_id_ = 0;
};

}  // namespace sealwire::control
