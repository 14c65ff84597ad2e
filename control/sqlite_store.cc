#include "control/sqlite_store.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "control/record_json.h"
#include "control/sqlite.h"

namespace sealwire::control {
namespace {

// Schema versions, each the step from the one before it; PRAGMA user_version counts the steps done.
constexpr const char* kMigrations[] = {
    R"(
CREATE TABLE zones (
  name TEXT PRIMARY KEY, id INTEGER NOT NULL, backend TEXT NOT NULL, policy TEXT NOT NULL,
  revision INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL,
  dnssec INTEGER NOT NULL, status TEXT NOT NULL, status_since INTEGER NOT NULL,
  problem TEXT NOT NULL, parent TEXT NOT NULL, ds_last_seen INTEGER NOT NULL,
  ds_ttl_max INTEGER NOT NULL, signing_until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE keys (name TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE history (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, zone TEXT NOT NULL, who TEXT NOT NULL,
  what TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE INDEX history_of_zone ON history (zone, id);
CREATE TABLE operations (
  id TEXT PRIMARY KEY, at INTEGER NOT NULL, enabled INTEGER NOT NULL, names TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
)",
    R"(
ALTER TABLE zones ADD COLUMN flatten_alias INTEGER NOT NULL DEFAULT 1;
ALTER TABLE history ADD COLUMN reason TEXT NOT NULL DEFAULT '';
CREATE TABLE tokens (
  name TEXT PRIMARY KEY, hash BLOB NOT NULL, scopes INTEGER NOT NULL, created INTEGER NOT NULL,
  created_by TEXT NOT NULL
) WITHOUT ROWID;
)",
    R"(
ALTER TABLE keys ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
)",
};
constexpr int kSchemaVersion = static_cast<int>(std::size(kMigrations));

constexpr const char* kPutZone =
    "INSERT INTO zones VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (name) DO UPDATE SET "
    "id=excluded.id, backend=excluded.backend, policy=excluded.policy, revision=excluded.revision, "
    "created=excluded.created, changed=excluded.changed, dnssec=excluded.dnssec, "
    "status=excluded.status, status_since=excluded.status_since, problem=excluded.problem, "
    "parent=excluded.parent, ds_last_seen=excluded.ds_last_seen, "
    "ds_ttl_max=excluded.ds_ttl_max, signing_until=excluded.signing_until, "
    "flatten_alias=excluded.flatten_alias";

constexpr std::string_view kReadZones =
    "SELECT z.name, id, backend, policy, z.revision, created, changed, dnssec, status, "
    "status_since, problem, parent, ds_last_seen, ds_ttl_max, signing_until, k.name IS NOT NULL, "
    "flatten_alias FROM zones z LEFT JOIN keys k ON k.name = z.name ";

// EXCLUSIVE: two daemons on one file would each believe their own index.
constexpr const char* kOpenState =
    "PRAGMA busy_timeout = 500; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
    "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; BEGIN IMMEDIATE; COMMIT;";
constexpr const char* kOpenCopy =
    "PRAGMA busy_timeout = 500; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; "
    "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE; COMMIT; "
    "CREATE TEMP TABLE met (kind INTEGER, name TEXT, PRIMARY KEY (kind, name)) WITHOUT ROWID;";

// Most zones have one of a few backends, and most have not been looked at: a million rows are read
// without parsing the same text a million times.
class ZoneReader {
 public:
  Result<ZoneRecord> Read(const Statement& row) {
    ZoneRecord zone;
    zone.name = row.Text(0);
    zone.id = static_cast<std::uint64_t>(row.Integer(1));
    zone.policy = row.Text(3);
    zone.revision = static_cast<std::uint64_t>(row.Integer(4));
    zone.created = row.Integer(5);
    zone.changed = row.Integer(6);
    zone.dnssec = row.Integer(7) != 0;
    zone.status_since = row.Integer(9);
    zone.problem = row.Text(10);
    zone.ds_last_seen = row.Integer(12);
    zone.ds_ttl_max = static_cast<std::uint32_t>(row.Integer(13));
    zone.signing_until = row.Integer(14);
    zone.has_keys = row.Integer(15) != 0;
    zone.flatten_alias = row.Integer(16) != 0;
    const auto status = ParseZoneStatus(row.Text(8));
    if (!status) return Error{fmt::format("zone '{}' has an unknown status", zone.name)};
    zone.status = *status;
    if (Status read = ReadBackend(row.Text(2), zone.backend); !read.ok()) {
      return Error{fmt::format("zone '{}': {}", zone.name, read.error())};
    }
    if (Status read = ReadParent(row.Text(11), zone.parent); !read.ok()) {
      return Error{fmt::format("zone '{}': {}", zone.name, read.error())};
    }
    return zone;
  }

 private:
  Status ReadBackend(const std::string& text, BackendSpec& out) {
    if (text != last_text_) {
      const auto json = ParseJson(text);
      auto backend =
          json ? BackendFromJson(*json) : Result<BackendSpec>(Error{"its backend is no JSON"});
      if (!backend.ok()) return Error{backend.error()};
      last_text_ = text;
      last_backend_ = *std::move(backend);
    }
    out = last_backend_;
    return Status::Ok();
  }

  static Status ReadParent(const std::string& text, ParentObservation& out) {
    if (text.empty()) return Status::Ok();
    const auto json = ParseJson(text);
    auto parent =
        json ? ParentFromJson(*json) : Result<ParentObservation>(Error{"its parent is no JSON"});
    if (!parent.ok()) return Error{parent.error()};
    out = *std::move(parent);
    return Status::Ok();
  }

  std::string last_text_;
  BackendSpec last_backend_;
};

void BindZone(Statement& put, const ZoneRecord& zone) {
  put.Bind(zone.name)
      .Bind(static_cast<std::int64_t>(zone.id))
      .Bind(BackendToJson(zone.backend).dump())
      .Bind(zone.policy)
      .Bind(static_cast<std::int64_t>(zone.revision))
      .Bind(zone.created)
      .Bind(zone.changed)
      .Bind(std::int64_t{zone.dnssec})
      .Bind(ToText(zone.status))
      .Bind(zone.status_since)
      .Bind(zone.problem)
      .Bind(zone.parent == ParentObservation{} ? std::string() : ParentToJson(zone.parent).dump())
      .Bind(zone.ds_last_seen)
      .Bind(std::int64_t{zone.ds_ttl_max})
      .Bind(zone.signing_until)
      .Bind(std::int64_t{zone.flatten_alias});
}

// The folder, and the file with its mode before SQLite writes a secret's envelope into it.
Status PrepareFile(const std::string& path) {
  std::error_code error;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return Error{fmt::format("{}: {}", folder.string(), error.message())};
  const mode_t old_mask = ::umask(0077);
  std::FILE* file = std::fopen(path.c_str(), "ab");
  const int reason = errno;
  ::umask(old_mask);
  if (file == nullptr) return Error{fmt::format("{}: {}", path, std::strerror(reason))};
  std::fclose(file);
  return Status::Ok();
}

}  // namespace

struct SqliteStore::Connection {
  std::string path;
  Database db;
  std::optional<Statement> put_zone, put_keys, drop_keys, drop_zone, put_history, put_operation,
      put_counter, put_token, drop_token, read_keys, read_zone, keys_revision, zone_revision,
      put_met;

  Error Failure(const char* doing) const {
    return {fmt::format("{}: {}: {}", path, doing, db.message())};
  }

  Status Migrate() {
    Statement read_version(db, "PRAGMA user_version");
    if (!read_version.Step()) return Failure("reading the schema version");
    const auto version = read_version.Integer(0);
    read_version.Reset();
    if (version > kSchemaVersion) {
      return Error{fmt::format("{}: made by a newer version (schema {}, this one knows {})", path,
                               version, kSchemaVersion)};
    }
    for (auto step = version; step < kSchemaVersion; ++step) {
      const std::string sql = fmt::format("BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT;",
                                          kMigrations[step], step + 1);
      if (!db.Run(sql.c_str())) {
        const Error error = Failure("bringing the schema up to date");
        db.Run("ROLLBACK");
        return error;
      }
    }
    return Status::Ok();
  }

  void Prepare() {
    put_zone.emplace(db, kPutZone);
    put_keys.emplace(db, "INSERT OR REPLACE INTO keys VALUES (?,?,?)");
    drop_keys.emplace(db, "DELETE FROM keys WHERE name = ?");
    drop_zone.emplace(db, "DELETE FROM zones WHERE name = ?");
    // An id of 0 is given by SQLite; one that is there already is the same row.
    put_history.emplace(db,
                        "INSERT OR IGNORE INTO history (id, at, zone, who, what, detail, reason) "
                        "VALUES (NULLIF(?,0),?,?,?,?,?,?)");
    put_token.emplace(db, "INSERT OR REPLACE INTO tokens VALUES (?,?,?,?,?)");
    drop_token.emplace(db, "DELETE FROM tokens WHERE name = ?");
    put_operation.emplace(db, "INSERT OR REPLACE INTO operations VALUES (?,?,?,?)");
    put_counter.emplace(db, "INSERT OR REPLACE INTO counters VALUES (?,?)");
    read_keys.emplace(db, "SELECT record FROM keys WHERE name = ?");
    read_zone.emplace(db, (std::string(kReadZones) + "WHERE z.name = ?").c_str());
    keys_revision.emplace(db, "SELECT revision FROM keys WHERE name = ?");
    zone_revision.emplace(db, "SELECT revision FROM zones WHERE name = ?");
  }

  bool Write(const Change& change, std::uint64_t revision, std::uint64_t last_zone_id) {
    for (const std::string& name : change.removed) {
      if (!drop_keys->Bind(name).Run() || !drop_zone->Bind(name).Run()) return false;
    }
    for (const ZoneRecord& zone : change.put) {
      BindZone(*put_zone, zone);
      if (!put_zone->Run()) return false;
    }
    for (const Change::Keys& keys : change.keys) {
      const bool done = keys.record.empty() ? drop_keys->Bind(keys.name).Run()
                                            : put_keys->Bind(keys.name)
                                                  .Bind(dns::Bytes(keys.record))
                                                  .Bind(static_cast<std::int64_t>(keys.revision))
                                                  .Run();
      if (!done) return false;
    }
    for (const HistoryRow& row : change.history) {
      put_history->Bind(row.id).Bind(row.at).Bind(row.zone).Bind(row.who).Bind(row.what);
      put_history->Bind(row.detail).Bind(row.reason);
      if (!put_history->Run()) return false;
    }
    for (const Operation& operation : change.operations) {
      put_operation->Bind(operation.id)
          .Bind(operation.at)
          .Bind(std::int64_t{operation.enabled})
          .Bind(nlohmann::json(operation.names).dump());
      if (!put_operation->Run()) return false;
    }
    return WriteTokens(change) && WriteCounters(revision, last_zone_id);
  }

  Status Transact(const Change& change, std::uint64_t revision, std::uint64_t last_zone_id) {
    if (!db.Run("BEGIN IMMEDIATE")) return Failure("beginning to write");
    if (Write(change, revision, last_zone_id) && db.Run("COMMIT")) return Status::Ok();
    const Error error = Failure("writing");
    db.Run("ROLLBACK");
    return error;
  }

  static std::uint64_t RevisionFrom(Statement& read, std::string_view name) {
    read.Bind(name);
    const auto revision = read.Step() ? static_cast<std::uint64_t>(read.Integer(0)) : 0;
    read.Reset();
    return revision;
  }

  bool WriteTokens(const Change& change) {
    for (const std::string& name : change.removed_tokens) {
      if (!drop_token->Bind(name).Run()) return false;
    }
    for (const TokenRecord& token : change.tokens) {
      put_token->Bind(token.name)
          .Bind(dns::Bytes(token.hash))
          .Bind(std::int64_t{token.scopes})
          .Bind(token.created)
          .Bind(token.created_by);
      if (!put_token->Run()) return false;
    }
    return true;
  }

  bool WriteCounters(std::uint64_t revision, std::uint64_t last_zone_id) {
    return put_counter->Bind("revision").Bind(static_cast<std::int64_t>(revision)).Run() &&
           put_counter->Bind("zone_id").Bind(static_cast<std::int64_t>(last_zone_id)).Run();
  }
};

SqliteStore::SqliteStore(std::unique_ptr<Connection> connection)
    : connection_(std::move(connection)) {}
SqliteStore::~SqliteStore() = default;

Result<std::unique_ptr<StateStore>> StateStore::Open(const std::string& path) {
  auto store = SqliteStore::Open(path, SqliteStore::Use::kState);
  if (!store.ok()) return Error{store.error()};
  return std::unique_ptr<StateStore>(*std::move(store));
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path, Use use) {
  if (auto status = PrepareFile(path); !status.ok()) return Error{status.error()};
  auto connection = std::make_unique<Connection>();
  connection->path = path;
  Database& db = connection->db;
  if (!db.Open(path)) return connection->Failure("opening");
  if (!db.Run(use == Use::kCopy ? kOpenCopy : kOpenState)) {
    return connection->Failure("locking (is another sealwired using it?)");
  }
  if (auto status = connection->Migrate(); !status.ok()) return Error{status.error()};
  connection->Prepare();
  if (use == Use::kCopy) {
    connection->put_met.emplace(db, "INSERT OR IGNORE INTO met VALUES (?,?)");
  }
  std::unique_ptr<SqliteStore> store(new SqliteStore(std::move(connection)));
  if (auto status = store->ReadCounters(); !status.ok()) return Error{status.error()};
  return store;
}

Status SqliteStore::ReadCounters() {
  Statement read(connection_->db, "SELECT name, value FROM counters");
  while (read.Step()) {
    const auto value = static_cast<std::uint64_t>(read.Integer(1));
    (read.Text(0) == "revision" ? revision_ : last_zone_id_) = value;
  }
  if (read.failed()) return connection_->Failure("reading counters");
  return Status::Ok();
}

Status SqliteStore::ForEachZone(const std::function<bool(ZoneRecord&&)>& visit) const {
  Statement read(connection_->db, (std::string(kReadZones) + "ORDER BY z.name").c_str());
  ZoneReader reader;
  while (read.Step()) {
    auto zone = reader.Read(read);
    if (!zone.ok()) return Error{fmt::format("{}: {}", connection_->path, zone.error())};
    if (!visit(std::move(*zone))) return Status::Ok();
  }
  if (read.failed()) return connection_->Failure("reading zones");
  return Status::Ok();
}

CommitStatus SqliteStore::Commit(Change& change) {
  const std::uint64_t next = revision_ + 1;
  for (ZoneRecord& zone : change.put) zone.revision = next;
  for (Change::Keys& keys : change.keys) keys.revision = next;
  if (const Status done = connection_->Transact(change, next, last_zone_id_); !done.ok()) {
    return Error{done.error()};
  }
  revision_ = next;
  return {};
}

Status SqliteStore::Mirror(const Change& change, std::uint64_t revision) {
  if (Status done = connection_->Transact(change, revision, last_zone_id_); !done.ok()) return done;
  revision_ = revision;
  return Status::Ok();
}

Status SqliteStore::Clear() {
  if (!connection_->db.Run("BEGIN; DELETE FROM zones; DELETE FROM keys; DELETE FROM history; "
                           "DELETE FROM operations; DELETE FROM tokens; DELETE FROM counters; "
                           "COMMIT")) {
    return connection_->Failure("forgetting");
  }
  revision_ = 0;
  return Status::Ok();
}

std::uint64_t SqliteStore::KeysRevision(std::string_view name) const {
  return Connection::RevisionFrom(*connection_->keys_revision, name);
}

std::uint64_t SqliteStore::ZoneRevision(std::string_view name) const {
  return Connection::RevisionFrom(*connection_->zone_revision, name);
}

Result<std::optional<ZoneRecord>> SqliteStore::ReadZone(std::string_view name) const {
  Statement& read = *connection_->read_zone;
  read.Bind(name);
  std::optional<ZoneRecord> found;
  Status status = Status::Ok();
  if (read.Step()) {
    auto zone = ZoneReader().Read(read);
    if (zone.ok()) {
      found = *std::move(zone);
    } else {
      status = Error{fmt::format("{}: {}", connection_->path, zone.error())};
    }
  } else if (read.failed()) {
    status = connection_->Failure("reading a zone");
  }
  read.Reset();
  if (!status.ok()) return Error{status.error()};
  return found;
}

std::string SqliteStore::ReadNote(std::string_view name) const {
  Statement read(connection_->db, "SELECT value FROM notes WHERE name = ?");
  read.Bind(name);
  return read.Step() ? read.Text(0) : std::string();
}

Status SqliteStore::WriteNote(std::string_view name, std::string_view text) {
  Statement put(connection_->db, "INSERT OR REPLACE INTO notes VALUES (?,?)");
  return put.Bind(name).Bind(text).Run() ? Status::Ok() : connection_->Failure("writing a note");
}

Status SqliteStore::BeginSweep() {
  return connection_->db.Run("DELETE FROM met") ? Status::Ok()
                                                : connection_->Failure("beginning to sweep");
}

Status SqliteStore::Met(std::string_view zone, std::string_view keys) {
  Statement& put = *connection_->put_met;
  if ((!zone.empty() && !put.Bind(std::int64_t{0}).Bind(zone).Run()) ||
      (!keys.empty() && !put.Bind(std::int64_t{1}).Bind(keys).Run())) {
    return connection_->Failure("noting what was met");
  }
  return Status::Ok();
}

Result<std::pair<std::vector<std::string>, std::vector<std::string>>> SqliteStore::NotMet(
    std::uint64_t revision) const {
  std::pair<std::vector<std::string>, std::vector<std::string>> gone;
  Statement zones(connection_->db,
                  "SELECT name FROM zones WHERE revision <= ? AND NOT EXISTS "
                  "(SELECT 1 FROM met WHERE kind = 0 AND met.name = zones.name)");
  zones.Bind(static_cast<std::int64_t>(revision));
  while (zones.Step()) gone.first.push_back(zones.Text(0));
  Statement keys(connection_->db,
                 "SELECT name FROM keys WHERE revision <= ? AND NOT EXISTS "
                 "(SELECT 1 FROM met WHERE kind = 1 AND met.name = keys.name)");
  keys.Bind(static_cast<std::int64_t>(revision));
  while (keys.Step()) gone.second.push_back(keys.Text(0));
  if (zones.failed() || keys.failed()) return connection_->Failure("sweeping");
  return gone;
}

Result<std::vector<std::uint8_t>> SqliteStore::ReadKeys(std::string_view name) const {
  Statement& read = *connection_->read_keys;
  read.Bind(name);
  std::vector<std::uint8_t> record;
  if (read.Step()) {
    const dns::Bytes octets = read.Blob(0);
    record.assign(octets.begin(), octets.end());
  }
  const bool failed = read.failed();
  read.Reset();
  if (failed) return connection_->Failure("reading keys");
  return record;
}

Result<std::vector<HistoryRow>> SqliteStore::ReadHistory(std::string_view zone, std::int64_t before,
                                                         std::size_t limit) const {
  Statement read(connection_->db,
                 "SELECT id, at, zone, who, what, detail, reason FROM history WHERE zone = ? AND "
                 "(? = 0 OR id < ?) ORDER BY id DESC LIMIT ?");
  read.Bind(zone).Bind(before).Bind(before).Bind(static_cast<std::int64_t>(limit));
  std::vector<HistoryRow> rows;
  while (read.Step()) {
    rows.push_back({read.Integer(0), read.Integer(1), read.Text(2), read.Text(3), read.Text(4),
                    read.Text(5), read.Text(6)});
  }
  if (read.failed()) return connection_->Failure("reading history");
  return rows;
}

Result<std::optional<Operation>> SqliteStore::ReadOperation(std::string_view id) const {
  Statement read(connection_->db, "SELECT id, at, enabled, names FROM operations WHERE id = ?");
  read.Bind(id);
  if (!read.Step()) {
    if (read.failed()) return connection_->Failure("reading an operation");
    return std::optional<Operation>{};
  }
  Operation operation{read.Text(0), read.Integer(1), read.Integer(2) != 0, {}};
  if (const auto names = ParseJson(read.Text(3)); names && names->is_array()) {
    for (const auto& name : *names) {
      if (name.is_string()) operation.names.push_back(name.get<std::string>());
    }
  }
  return std::optional<Operation>{std::move(operation)};
}

Result<std::vector<TokenRecord>> SqliteStore::ReadTokens() const {
  Statement read(connection_->db,
                 "SELECT name, hash, scopes, created, created_by FROM tokens ORDER BY name");
  std::vector<TokenRecord> tokens;
  while (read.Step()) {
    const dns::Bytes hash = read.Blob(1);
    tokens.push_back({read.Text(0),
                      {hash.begin(), hash.end()},
                      static_cast<std::uint8_t>(read.Integer(2)),
                      read.Integer(3),
                      read.Text(4)});
  }
  if (read.failed()) return connection_->Failure("reading tokens");
  return tokens;
}

}  // namespace sealwire::control
