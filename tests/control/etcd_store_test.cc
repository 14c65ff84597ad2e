#include "control/etcd_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/etcd_records.h"
#include "tests/control/etcd_server.h"

namespace sealwire::control {
namespace {

ZoneRecord Zone(const std::string& name) {
  ZoneRecord zone;
  zone.name = name;
  zone.id = 7;
  zone.backend.servers = {*net::Endpoint::FromText("127.0.0.1:5301")};
  zone.created = zone.changed = 1795509000;
  return zone;
}

TEST(EtcdRecords, KeepEveryFieldOfAZone) {
  ZoneRecord zone = Zone("example.com");
  zone.id = ~std::uint64_t{0} >> 1;
  zone.dnssec = true;
  zone.status = ZoneStatus::kPendingDisabled;
  zone.status_since = 11;
  zone.problem = "it's \"broken\"";
  zone.policy = "short";
  zone.flatten_alias = false;
  zone.parent = {ParentState::kPartial, 12, 4, 3, 2, 3600, 7, "one is lame"};
  zone.ds_last_seen = 13;
  zone.ds_ttl_max = 4294967295u;
  zone.signing_until = 14;
  const auto read = ZoneFromEtcd("example.com", ZoneToEtcd(zone));
  ASSERT_TRUE(read.ok()) << read.error();
  EXPECT_EQ(*read, zone);
}

TEST(EtcdRecords, RefuseWhatIsNoZone) {
  EXPECT_FALSE(ZoneFromEtcd("example.com", "").ok());
  EXPECT_FALSE(ZoneFromEtcd("example.com", "[]").ok());
  EXPECT_FALSE(ZoneFromEtcd("EXAMPLE.com", ZoneToEtcd(Zone("example.com"))).ok());
  EXPECT_FALSE(ZoneFromEtcd("example.com", R"({"status":"melted","backend":{}})").ok());
}

TEST(EtcdRecords, HistoryIdsGrowWithTimeAndTellTheirSlot) {
  EXPECT_LT(HistoryId(5, 119, 31), HistoryId(6, 0, 0));
  EXPECT_LT(HistoryId(5, 1, 31), HistoryId(5, 2, 0));
  EXPECT_EQ(SlotOf(HistoryId(1u << 30, 119, 31)), 31u);
}

TEST(EtcdClient, ReadsNumbersAndOctetsAsTheGatewayWritesThem) {
  EXPECT_EQ(EtcdNumber({{"n", "18446744073709551615"}}, "n"), ~std::uint64_t{0});
  EXPECT_EQ(EtcdNumber({{"n", 5}}, "n"), 5u);
  EXPECT_EQ(EtcdNumber({{"n", -5}}, "n"), 0u);
  EXPECT_EQ(EtcdNumber({{"n", "5x"}}, "n"), 0u);
  EXPECT_EQ(EtcdNumber("text", "n"), 0u);
  for (const char* octets : {"", "a", "ab", "abc", "\xff\xfe"}) {
    EXPECT_EQ(ParseEtcdOctets(EtcdOctets(octets)), octets);
  }
  EXPECT_FALSE(ParseEtcdOctets("a"));
  EXPECT_FALSE(ParseEtcdOctets("****"));
  EXPECT_EQ(EtcdEndOf("/a/"), "/a0");
}

class SlowEtcdStore : public testing::Test {
 protected:
  void SetUp() override {
    if (!EtcdServer::Installed()) GTEST_SKIP() << "etcd-server is not installed";
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("etcd-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    server_ = std::make_unique<EtcdServer>(folder_);
  }
  void TearDown() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<EtcdStore> Open(const std::string& node) {
    auto store = EtcdStore::Open(server_->Config(node));
    EXPECT_TRUE(store.ok()) << store.error();
    EXPECT_TRUE(CatchUp(**store, node));
    return *std::move(store);
  }
  // Takes in all that has happened until now; how often the whole was read.
  bool CatchUp(EtcdStore& store, const std::string& node) {
    const EtcdReply mark = Call("/v3/kv/put", {{"key", EtcdOctets("/test/nodes/mark")}});
    auto feed = EtcdFeed::Create(server_->Config(node), store.position());
    if (!mark.ok() || !feed.ok()) return false;
    wholes_ = 0;
    const std::atomic<bool> stop{false};
    return (*feed)
        ->Follow(
            EtcdRevision(mark.body),
            [&](EtcdBatch&& batch) {
              wholes_ += batch.kind == EtcdBatch::Kind::kWholeEnds;
              const auto news = store.Take(batch);
              EXPECT_TRUE(news.ok()) << news.error();
              if (news.ok()) news_.insert(news->zones.begin(), news->zones.end());
              return news.ok();
            },
            stop)
        .ok();
  }
  EtcdReply Call(std::string_view path, const nlohmann::json& request) {
    auto client = EtcdClient::Create(server_->Config("probe"), std::chrono::milliseconds(3000));
    return (*client)->Call(path, request, EtcdClient::Kind::kChanges);
  }
  static std::vector<std::string> NamesIn(const StateStore& store) {
    std::vector<std::string> names;
    EXPECT_TRUE(store
                    .ForEachZone([&](ZoneRecord&& zone) {
                      names.push_back(zone.name);
                      return true;
                    })
                    .ok());
    return names;
  }

  std::filesystem::path folder_;
  std::unique_ptr<EtcdServer> server_;
  std::set<std::string> news_;
  int wholes_ = 0;
};

TEST_F(SlowEtcdStore, BringsAChangeToTheOtherNodes) {
  auto one = Open("one"), two = Open("two");
  Change change{{Zone("a.example"), Zone("0/25.2.0.192.in-addr.arpa")},
                {{"a.example", {1, 2, 3}}},
                {},
                {{0, 5, "a.example", "test", "zone-created", "detail"}},
                {{"op", 6, true, {"a.example"}}}};
  ASSERT_TRUE(one->Commit(change).ok());
  EXPECT_GT(change.put[0].revision, 0u);
  ASSERT_TRUE(CatchUp(*two, "two"));
  EXPECT_THAT(NamesIn(*two), testing::ElementsAre("0/25.2.0.192.in-addr.arpa", "a.example"));
  EXPECT_THAT(*two->ReadKeys("a.example"), testing::ElementsAre(1, 2, 3));
  EXPECT_EQ((*two->ReadZone("a.example"))->revision, change.put[0].revision);
  EXPECT_TRUE((*two->ReadZone("a.example"))->has_keys);
  EXPECT_EQ(two->KeysRevision("a.example"), change.keys[0].revision);
  ASSERT_EQ(two->ReadHistory("a.example", 0, 10)->size(), 1u);
  EXPECT_EQ(two->ReadHistory("a.example", 0, 10)->at(0).id, change.history[0].id);
  EXPECT_THAT((*two->ReadOperation("op"))->names, testing::ElementsAre("a.example"));
  // What a node changed itself is no news to it.
  news_.clear();
  ASSERT_TRUE(CatchUp(*one, "one"));
  EXPECT_THAT(news_, testing::IsEmpty());
}

TEST_F(SlowEtcdStore, RefusesAChangeToWhatAnotherNodeChanged) {
  auto one = Open("one"), two = Open("two");
  Change made{{Zone("a.example")}, {}, {}, {}, {}};
  ASSERT_TRUE(one->Commit(made).ok());
  ASSERT_TRUE(CatchUp(*two, "two"));
  Change first{{*one->ReadZone("a.example").value()}, {}, {}, {}, {}};
  Change second{{*two->ReadZone("a.example").value()}, {}, {}, {}, {}};
  first.put[0].dnssec = true;
  second.put[0].policy = "other";
  ASSERT_TRUE(one->Commit(first).ok());
  EXPECT_EQ(two->Commit(second).failure(), CommitFailure::kConflict);
  EXPECT_EQ((*two->ReadZone("a.example"))->policy, "default");
  Change again{{Zone("a.example")}, {}, {}, {}, {}};  // there is one already
  EXPECT_EQ(two->Commit(again).failure(), CommitFailure::kConflict);
  Change keys{{}, {{"a.example", {1}}}, {}, {}, {}};  // of a record that is not the newest
  EXPECT_EQ(two->Commit(keys).failure(), CommitFailure::kConflict);
}

TEST_F(SlowEtcdStore, ChangesAsLeaderOnlyWhileItLeads) {
  auto one = Open("one");
  Change change{{Zone("a.example")}, {}, {}, {}, {}};
  change.as_leader = true;
  EXPECT_EQ(one->Commit(change).failure(), CommitFailure::kConflict);
  const EtcdReply leader =
      Call("/v3/kv/put", {{"key", EtcdOctets("/test/leader")}, {"value", EtcdOctets("one")}});
  one->LeadSince(EtcdRevision(leader.body));
  EXPECT_TRUE(one->Commit(change).ok());
  (void)Call("/v3/kv/deleterange", {{"key", EtcdOctets("/test/leader")}});
  Change late{{*one->ReadZone("a.example").value()}, {}, {}, {}, {}};
  late.as_leader = true;
  EXPECT_EQ(one->Commit(late).failure(), CommitFailure::kConflict);
}

TEST_F(SlowEtcdStore, ReadsTheWholeAnewWhenWhatCameNextIsCompacted) {
  auto one = Open("one"), two = Open("two");
  EXPECT_EQ(wholes_, 1);
  Change made{{Zone("a.example"), Zone("b.example")}, {{"b.example", {1}}}, {}, {}, {}};
  ASSERT_TRUE(one->Commit(made).ok());
  ASSERT_TRUE(CatchUp(*two, "two"));
  EXPECT_EQ(wholes_, 0);
  Change gone{{Zone("c.example")}, {}, {"a.example"}, {}, {}};
  ASSERT_TRUE(one->Commit(gone).ok());
  Change forgotten{{}, {{"b.example", {}}}, {}, {}, {}};
  ASSERT_TRUE(one->Commit(forgotten).ok());
  (void)Call(
      "/v3/kv/compaction",
      {{"revision",
        std::to_string(EtcdRevision(Call("/v3/kv/put", {{"key", EtcdOctets("/other")}}).body))}});
  news_.clear();
  ASSERT_TRUE(CatchUp(*two, "two"));
  EXPECT_EQ(wholes_, 1);
  EXPECT_THAT(NamesIn(*two), testing::ElementsAre("b.example", "c.example"));
  EXPECT_THAT(*two->ReadKeys("b.example"), testing::IsEmpty());
  EXPECT_THAT(news_, testing::ElementsAre("a.example", "b.example", "c.example"));
}

TEST_F(SlowEtcdStore, CutsAChangeThatIsTooBigForOneTransaction) {
  auto one = Open("one"), two = Open("two");
  Change change;
  Operation operation{"big", 1, true, {}};
  for (int i = 0; i < 700; ++i) {
    const std::string name = "z" + std::to_string(i) + ".example";
    change.put.push_back(Zone(name));
    change.history.push_back({0, 1, name, "test", "zone-created", ""});
    operation.names.push_back(name);
  }
  for (int i = 0; i < 5000; ++i) operation.names.push_back("n" + std::to_string(i) + ".example");
  change.operations.push_back(operation);
  ASSERT_TRUE(one->Commit(change).ok());
  ASSERT_TRUE(CatchUp(*two, "two"));
  EXPECT_EQ(NamesIn(*two).size(), 700u);
  EXPECT_EQ((*two->ReadOperation("big"))->names.size(), 5700u);
  EXPECT_EQ((*two->ReadZone("z699.example"))->revision, change.put[699].revision);
}

TEST_F(SlowEtcdStore, KeepsTheNewestRowsOfAZonesHistoryInEtcd) {
  auto one = Open("one");
  for (int i = 0; i < 40; ++i) {
    Change change;
    change.history.push_back({0, i, "a.example", "test", "row", std::to_string(i)});
    ASSERT_TRUE(one->Commit(change).ok());
  }
  EXPECT_EQ(one->ReadHistory("a.example", 0, 100)->size(), 40u);
  auto fresh = Open("fresh");
  const auto rows = fresh->ReadHistory("a.example", 0, 100);
  ASSERT_EQ(rows->size(), kHistorySlots);
  EXPECT_EQ(rows->front().detail, "39");
  EXPECT_EQ(rows->back().detail, "8");
}

TEST_F(SlowEtcdStore, RefusesChangesAndGoesOnReadingWhileEtcdIsAway) {
  auto one = Open("one");
  Change made{{Zone("a.example")}, {}, {}, {}, {}};
  ASSERT_TRUE(one->Commit(made).ok());
  server_->Kill();
  Change change{{*one->ReadZone("a.example").value()}, {}, {}, {}, {}};
  change.put[0].dnssec = true;
  EXPECT_EQ(one->Commit(change).failure(), CommitFailure::kAway);
  EXPECT_FALSE((*one->ReadZone("a.example"))->dnssec);
  one.reset();
  auto again = EtcdStore::Open(server_->Config("one"));
  ASSERT_TRUE(again.ok()) << again.error();
  EXPECT_TRUE((*again)->filled());
  EXPECT_THAT(NamesIn(**again), testing::ElementsAre("a.example"));
  server_->Start();
  EXPECT_TRUE((*again)->Commit(change).ok());
}

}  // namespace
}  // namespace sealwire::control
