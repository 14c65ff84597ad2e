#include "control/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

namespace sealwire::control {
namespace {

class StateStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("store-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path() const { return folder_ / "below" / "state.db"; }
  std::unique_ptr<StateStore> Open() {
    auto store = StateStore::Open(Path());
    EXPECT_TRUE(store.ok()) << store.error();
    return std::move(*store);
  }
  static std::vector<ZoneRecord> ZonesOf(const StateStore& store) {
    std::vector<ZoneRecord> zones;
    EXPECT_TRUE(store
                    .ForEachZone([&](ZoneRecord&& zone) {
                      zones.push_back(std::move(zone));
                      return true;
                    })
                    .ok());
    return zones;
  }

  std::filesystem::path folder_;
};

ZoneRecord ForwardZone(const std::string& name) {
  ZoneRecord zone;
  zone.name = name;
  zone.id = 1;
  zone.backend.servers = {*net::Endpoint::FromText("127.0.0.1:5301"),
                          *net::Endpoint::FromText("[2001:db8::1]:53")};
  zone.created = zone.changed = 1795509000;
  return zone;
}

TEST_F(StateStoreTest, KeepsEveryFieldOfAZone) {
  ZoneRecord zone = ForwardZone("example.com");
  zone.dnssec = true;
  zone.status = ZoneStatus::kPendingDisabled;
  zone.status_since = 11;
  zone.problem = "it's \"broken\"";
  zone.policy = "short";
  zone.parent = {ParentState::kPartial, 12, 4, 3, 2, 3600, 7, "one is lame"};
  zone.ds_last_seen = 13;
  zone.ds_ttl_max = 4294967295u;
  zone.signing_until = 14;
  ZoneRecord file = ForwardZone("file.example");
  file.backend = {BackendKind::kFile, {}, "/srv/file.example.zone"};
  Change change{{zone, file}, {{"example.com", {1, 2, 3}}}, {}, {}, {}};
  {
    auto store = Open();
    ASSERT_TRUE(store->Commit(change).ok());
    EXPECT_EQ(store->revision(), 1u);
  }
  auto store = Open();
  EXPECT_EQ(store->revision(), 1u);
  zone.revision = file.revision = 1;
  zone.has_keys = true;
  EXPECT_THAT(ZonesOf(*store), testing::ElementsAre(zone, file));
  EXPECT_THAT(*store->ReadKeys("example.com"), testing::ElementsAre(1, 2, 3));
  EXPECT_TRUE(store->ReadKeys("file.example")->empty());
}

TEST_F(StateStoreTest, RemovedZoneTakesItsKeysAndLeavesItsHistory) {
  auto store = Open();
  Change add{{ForwardZone("a.example")},
             {{"a.example", {9}}},
             {},
             {{0, 5, "a.example", "socket", "zone-created", ""}},
             {}};
  ASSERT_TRUE(store->Commit(add).ok());
  Change remove{{}, {}, {"a.example"}, {{0, 6, "a.example", "token", "zone-removed", "x"}}, {}};
  ASSERT_TRUE(store->Commit(remove).ok());
  EXPECT_TRUE(ZonesOf(*store).empty());
  EXPECT_TRUE(store->ReadKeys("a.example")->empty());
  const auto history = *store->ReadHistory("a.example", 0, 10);
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0].what, "zone-removed");
  EXPECT_EQ(history[1].what, "zone-created");
  EXPECT_EQ(store->ReadHistory("a.example", history[0].id, 10)->size(), 1u);
  EXPECT_TRUE(store->ReadHistory("other.example", 0, 10)->empty());
}

TEST_F(StateStoreTest, ZoneIdsAreNeverUsedAgain) {
  std::uint64_t first = 0;
  {
    auto store = Open();
    first = store->NextZoneId();
    Change change{{ForwardZone("a.example")}, {}, {}, {}, {}};
    ASSERT_TRUE(store->Commit(change).ok());
  }
  EXPECT_GT(Open()->NextZoneId(), first);
}

TEST_F(StateStoreTest, OperationsAreKept) {
  {
    auto store = Open();
    Change change{{}, {}, {}, {}, {{"op-1", 77, true, {"a.example", "b.example"}}}};
    ASSERT_TRUE(store->Commit(change).ok());
  }
  auto store = Open();
  const auto operation = *store->ReadOperation("op-1");
  ASSERT_TRUE(operation.has_value());
  EXPECT_TRUE(operation->enabled);
  EXPECT_THAT(operation->names, testing::ElementsAre("a.example", "b.example"));
  EXPECT_FALSE(store->ReadOperation("op-2")->has_value());
}

TEST_F(StateStoreTest, FileIsForItsOwnerOnly) {
  Open();
  struct stat info = {};
  ASSERT_EQ(::stat(Path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
}

TEST_F(StateStoreTest, SecondDaemonOnTheSameFileIsRefused) {
  auto store = Open();
  const auto second = StateStore::Open(Path());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error(), testing::HasSubstr("another sealwired"));
}

TEST_F(StateStoreTest, NewerSchemaIsRefused) {
  Open();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(Path().c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, "PRAGMA user_version = 999", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
  const auto store = StateStore::Open(Path());
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error(), testing::HasSubstr("made by a newer version (schema 999"));
}

TEST_F(StateStoreTest, FileThatIsNoDatabaseIsRefused) {
  std::filesystem::create_directories(folder_ / "below");
  std::FILE* file = std::fopen(Path().c_str(), "w");
  std::fputs("this is not a database, and longer than a header of one is, by far and for sure ....",
             file);
  std::fclose(file);
  const auto store = StateStore::Open(Path());
  ASSERT_FALSE(store.ok());
  EXPECT_THAT(store.error(), testing::HasSubstr(Path()));
}

// A child commits zone after zone and tells each one it was allowed to acknowledge; it is killed in
// the middle of its work. Everything it acknowledged must be there.
TEST_F(StateStoreTest, WhatWasAcknowledgedSurvivesKill9) {
  for (int round = 0; round < 3; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = StateStore::Open(Path());
      if (!store.ok()) ::_exit(1);
      for (std::uint32_t i = 0;; ++i) {
        const std::string name = "z" + std::to_string(round) + "-" + std::to_string(i) + ".example";
        Change change{{ForwardZone(name)}, {{name, std::vector<std::uint8_t>(700, 7)}}, {}, {}, {}};
        if (!(*store)->Commit(change).ok()) ::_exit(2);
        if (::write(pipe_ends[1], &i, sizeof i) != sizeof i) ::_exit(3);
      }
    }
    ::close(pipe_ends[1]);
    std::uint32_t last = 0;
    for (int i = 0; i < 40 + 17 * round; ++i) {
      ASSERT_EQ(::read(pipe_ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
    }
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    while (::read(pipe_ends[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
    }
    ::close(pipe_ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    auto store = Open();
    const auto zones = ZonesOf(*store);
    std::uint32_t found = 0;
    for (const ZoneRecord& zone : zones) {
      if (zone.name.starts_with("z" + std::to_string(round) + "-")) ++found;
      EXPECT_TRUE(zone.has_keys) << "half of a change";
    }
    EXPECT_GE(found, last + 1);
    EXPECT_LE(found, last + 2) << "at most the one that was not yet told";
  }
}

TEST_F(StateStoreTest, MigrationFromAnEmptyFileCountsItsSteps) {
  Open();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(Path().c_str(), &db), SQLITE_OK);
  sqlite3_stmt* read = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &read, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(read), SQLITE_ROW);
  EXPECT_GE(sqlite3_column_int(read, 0), 2);
  sqlite3_finalize(read);
  sqlite3_close(db);
}

// As the first version wrote it.
constexpr const char* kSchema1 = R"(
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
INSERT INTO zones VALUES ('old.example', 7, '{"forward":["127.0.0.1:53"]}', 'default', 3, 1, 2, 1,
  'active', 2, '', '', 5, 3600, 0);
INSERT INTO keys VALUES ('old.example', x'010203');
INSERT INTO history VALUES (1, 1, 'old.example', 'token', 'zone-created', 'forward 127.0.0.1:53');
INSERT INTO counters VALUES ('revision', 3), ('zone_id', 7);
PRAGMA user_version = 1;
)";

TEST_F(StateStoreTest, FileOfTheFirstSchemaIsBroughtUpToDateAndLosesNothing) {
  std::filesystem::create_directories(std::filesystem::path(Path()).parent_path());
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(Path().c_str(), &db), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(db, kSchema1, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);

  auto store = Open();
  const auto zones = ZonesOf(*store);
  ASSERT_EQ(zones.size(), 1u);
  EXPECT_EQ(zones[0].status, ZoneStatus::kActive);
  EXPECT_EQ(zones[0].ds_ttl_max, 3600u);
  EXPECT_TRUE(zones[0].has_keys);
  EXPECT_TRUE(zones[0].flatten_alias);
  EXPECT_EQ(store->revision(), 3u);
  EXPECT_EQ(store->NextZoneId(), 8u);
  EXPECT_EQ(*store->ReadKeys("old.example"), (std::vector<std::uint8_t>{1, 2, 3}));
  const auto history = store->ReadHistory("old.example", 0, 10);
  ASSERT_EQ(history->size(), 1u);
  EXPECT_EQ((*history)[0].reason, "");
  Change change;
  change.tokens.push_back({"ci", {1, 2}, 1, 9, "token"});
  ASSERT_TRUE(store->Commit(change).ok());
  EXPECT_EQ(store->ReadTokens()->size(), 1u);
}

}  // namespace
}  // namespace sealwire::control
