#include "control/dsync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "control/parent_notices.h"
#include "tests/control/control_fixture.h"

namespace sealwire::control {
namespace {

using dns::RRType;
using testing::ElementsAre;
using testing::SizeIs;

dns::Name N(const std::string& text) {
  return *dns::Name::FromText(text);
}

// A parent that answers from a script, and denies the rest with the SOA of its zone.
class ScriptedParent : public DnsAsker {
 public:
  Result<std::vector<std::uint8_t>> Ask(const net::Endpoint&, const dns::Name& name, RRType type,
                                        bool) override {
    asked.push_back(name.ToText());
    std::vector<std::uint8_t> out(4096);
    dns::MessageWriter writer(out, nullptr);
    writer.StartReply({}, true);
    writer.AddQuestion(name, type, dns::RRClass::kIN);
    const auto found = records.find({name.ToText(), type});
    if (found != records.end()) {
      writer.AddRecord(dns::Section::kAnswer, name, type, dns::RRClass::kIN, 60, found->second);
    } else {
      const std::vector<std::uint8_t> soa(22);
      writer.AddRecord(dns::Section::kAuthority, N(zone), RRType::kSOA, dns::RRClass::kIN, 60, soa);
    }
    out.resize(writer.Finish(dns::Rcode::kNoError));
    return out;
  }
  // DSYNC RDATA for `type` of `scheme`.
  void Dsync(const std::string& owner, std::uint16_t type, std::uint8_t scheme,
             std::uint16_t port) {
    std::vector<std::uint8_t> rdata = {
        static_cast<std::uint8_t>(type >> 8), static_cast<std::uint8_t>(type), scheme,
        static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port)};
    const dns::Name host = N("scanner.example.");
    rdata.insert(rdata.end(), host.wire().begin(), host.wire().end());
    records[{owner, RRType::kDSYNC}] = rdata;
  }

  std::string zone = "example.";
  std::map<std::pair<std::string, RRType>, std::vector<std::uint8_t>> records;
  std::vector<std::string> asked;
};

const net::Endpoint kServer = *net::Endpoint::FromText("192.0.2.1:53");

TEST(Dsync, Rfc9859Section4_1_IsFoundBelowTheNameAboveTheZone) {
  ScriptedParent parent;
  parent.Dsync("shop._dsync.example.", 59, 1, 5359);
  const auto found = FindDsync(parent, kServer, N("shop.example."));
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, (DsyncTarget{N("scanner.example."), 5359}));
  EXPECT_THAT(parent.asked, ElementsAre("shop._dsync.example."));
}

TEST(Dsync, Rfc9859Section4_1_ADenialTellsWhereTheParentEnds) {
  ScriptedParent parent;
  parent.Dsync("a.b._dsync.example.", 59, 1, 53);
  EXPECT_TRUE(FindDsync(parent, kServer, N("a.b.example.")));
  EXPECT_THAT(parent.asked, ElementsAre("a._dsync.b.example.", "a.b._dsync.example."));
}

TEST(Dsync, Rfc9859Section4_1_WhatTheParentSaysForAllIsLast) {
  ScriptedParent parent;
  parent.Dsync("_dsync.example.", 59, 1, 53);
  EXPECT_TRUE(FindDsync(parent, kServer, N("shop.example.")));
  EXPECT_THAT(parent.asked, ElementsAre("shop._dsync.example.", "_dsync.example."));
}

TEST(Dsync, OtherTypesSchemesAndBrokenRecordsNameNobody) {
  for (const auto& [type, scheme, port] :
       std::vector<std::tuple<int, int, int>>{{62, 1, 53}, {59, 0, 53}, {59, 2, 53}, {59, 1, 0}}) {
    ScriptedParent parent;
    parent.Dsync("shop._dsync.example.", static_cast<std::uint16_t>(type),
                 static_cast<std::uint8_t>(scheme), static_cast<std::uint16_t>(port));
    EXPECT_FALSE(FindDsync(parent, kServer, N("shop.example.")));
  }
  ScriptedParent parent;
  parent.records[{"shop._dsync.example.", RRType::kDSYNC}] = {0, 59, 1, 0, 53, 63, 1};
  EXPECT_FALSE(FindDsync(parent, kServer, N("shop.example.")));
  EXPECT_FALSE(FindDsync(parent, kServer, N("."))) << "the root has no parent";
}

class ParentNoticesTest : public ControlFixture {
 protected:
  void SetUp() override {
    ControlFixture::SetUp();
    asker_.zone = "com.";
    asker_.Dsync("example._dsync.com.", 59, 1, 5359);
    asker_.records[{"scanner.example.", RRType::kA}] = {192, 0, 2, 7};
    notices_ = std::make_unique<ParentNotices>(ParentNotices::Parts{
        *registry_, here_, asker_, [this] { return now_; },
        [this](const dns::Name& apex, const std::vector<net::Endpoint>& to, const auto&) {
          sent_.push_back(apex.ToText() + " to " + to.front().ToText());
          return silent_ ? to : std::vector<net::Endpoint>();
        }});
    ParentConfig parent;
    parent.servers = {kServer};
    notices_->UseParent(parent);
    Add("example.com");
    Toggle("example.com", true);
  }
  void Happen() {
    Settle();
    notices_->Watch("example.com");
    notices_->Tick();
  }
  std::string LastOfHistory() {
    const auto rows = store_->ReadHistory("example.com", 0, 1);
    return rows.ok() && !rows->empty() ? rows->front().what + ": " + rows->front().detail : "";
  }

  ScriptedParent asker_;
  std::unique_ptr<ParentNotices> notices_;
  std::vector<std::string> sent_;
  bool silent_ = false;
};

TEST_F(ParentNoticesTest, TellsOnceOfEachFormOfTheCdsRRset) {
  Happen();
  EXPECT_THAT(sent_, ElementsAre("example.com. to 192.0.2.7:5359"));
  EXPECT_EQ(LastOfHistory(), "parent-notified: scanner.example. port 5359 took NOTIFY(CDS)");
  Happen();
  EXPECT_THAT(sent_, SizeIs(1)) << "nothing changed";
  PublishDs("example.com");
  Pass(3600);
  Toggle("example.com", false);
  Happen();
  EXPECT_THAT(sent_, SizeIs(2)) << "the CDS asks for removal";
}

TEST_F(ParentNoticesTest, NothingIsToldBeforeEveryWorkerServesIt) {
  workers_.prompt = false;
  Happen();
  EXPECT_THAT(sent_, SizeIs(0));
  workers_.prompt = true;
  Settle();
  notices_->Tick();
  EXPECT_THAT(sent_, SizeIs(1));
}

TEST_F(ParentNoticesTest, SilenceIsSaidInTheHistory) {
  silent_ = true;
  Happen();
  EXPECT_EQ(LastOfHistory(),
            "parent-not-notified: scanner.example. port 5359 did not answer NOTIFY(CDS)");
}

}  // namespace
}  // namespace sealwire::control
