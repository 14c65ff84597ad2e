#include "proxy/transfer_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dns/message_writer.h"
#include "dns/serial.h"
#include "proxy/zone_file.h"

namespace sealwire::proxy {
namespace {

using dns::RRType;
using Step = TransferReader::Step;
using Octets = std::vector<std::uint8_t>;

constexpr std::uint16_t kId = 0x5151;

dns::Name NameOf(const std::string& text) {
  return *dns::Name::FromText(text);
}

struct Record {
  std::string owner;
  RRType type;
  Octets rdata;
};

Record Soa(std::uint32_t serial) {
  Octets rdata(2);  // MNAME and RNAME are the root
  for (const std::uint32_t number : {serial, 3600u, 600u, 86400u, 60u}) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      rdata.push_back(static_cast<std::uint8_t>(number >> shift));
    }
  }
  return {"zone.example", RRType::kSOA, rdata};
}
Record Ns() {
  const dns::Name server = NameOf("ns.zone.example");
  return {"zone.example", RRType::kNS, {server.wire().begin(), server.wire().end()}};
}
Record A(const std::string& owner, std::uint8_t last) {
  return {owner, RRType::kA, {192, 0, 2, last}};
}

Octets Message(const std::vector<Record>& records, std::uint16_t id = kId) {
  Octets out(65535);
  dns::MessageWriter writer(out, nullptr);
  dns::Header query;
  query.id = id;
  writer.StartReply(query, true);
  for (const Record& each : records) {
    writer.AddRecord(dns::Section::kAnswer, NameOf(each.owner), each.type, dns::RRClass::kIN, 300,
                     each.rdata);
  }
  out.resize(writer.Finish(dns::Rcode::kNoError));
  return out;
}

std::shared_ptr<const LocalZone> Version(std::uint32_t serial) {
  TransferReader reader(NameOf("zone.example"), nullptr, kId, 1 << 20);
  EXPECT_EQ(reader.Take(Message(
                {Soa(serial), Ns(), A("a.zone.example", 1), A("b.zone.example", 2), Soa(serial)})),
            Step::kDone);
  auto zone = reader.Finish();
  EXPECT_TRUE(zone.ok()) << zone.error();
  return *zone;
}

bool Has(const LocalZone& zone, const std::string& owner, std::uint8_t last) {
  const auto* node = zone.Exact(NameOf(owner));
  if (node == nullptr) return false;
  const auto rrset = node->Find(RRType::kA);
  bool has = false;
  if (rrset) rrset->ForEach([&](dns::Bytes rdata) { has |= rdata[3] == last; });
  return has;
}

TEST(Serial, Rfc1982Section3_2_WrapsAround) {
  EXPECT_TRUE(dns::SerialIsAfter(1, 0));
  EXPECT_TRUE(dns::SerialIsAfter(0, 0xffffffff));
  EXPECT_TRUE(dns::SerialIsAfter(0x7fffffff, 0));
  EXPECT_FALSE(dns::SerialIsAfter(0x80000000, 0));
  EXPECT_FALSE(dns::SerialIsAfter(5, 5));
  EXPECT_FALSE(dns::SerialIsAfter(0, 1));
}

TEST(TransferReader, Rfc5936Section2_2_AZoneComesInMessagesOfAnySize) {
  const std::vector<Record> records = {Soa(9), Ns(), A("a.zone.example", 1), A("b.zone.example", 2),
                                       Soa(9)};
  TransferReader reader(NameOf("zone.example"), nullptr, kId, 1 << 20);
  for (std::size_t i = 0; i < records.size(); ++i) {
    EXPECT_EQ(reader.Take(Message({records[i]})),
              i + 1 < records.size() ? Step::kMore : Step::kDone);
  }
  const auto zone = reader.Finish();
  ASSERT_TRUE(zone.ok()) << zone.error();
  EXPECT_EQ((*zone)->serial(), 9u);
  EXPECT_TRUE(Has(**zone, "b.zone.example", 2));
  EXPECT_EQ((*zone)->record_count(), 4u);
}

TEST(TransferReader, Rfc1995Section4_DifferencesOfManyVersionsAreApplied) {
  TransferReader reader(NameOf("zone.example"), Version(1), kId, 1 << 20);
  const Octets first = Message({Soa(3), Soa(1), A("a.zone.example", 1), Soa(2),
                                A("c.zone.example", 3), A("d.zone.example", 4)});
  const Octets second =
      Message({Soa(2), A("d.zone.example", 4), Soa(3), A("A.zone.example", 9), Soa(3)});
  EXPECT_EQ(reader.Take(first), Step::kMore);
  ASSERT_EQ(reader.Take(second), Step::kDone) << reader.problem();
  EXPECT_TRUE(reader.incremental());
  const auto zone = reader.Finish();
  ASSERT_TRUE(zone.ok()) << zone.error();
  EXPECT_EQ((*zone)->serial(), 3u);
  EXPECT_FALSE(Has(**zone, "a.zone.example", 1));
  EXPECT_TRUE(Has(**zone, "a.zone.example", 9));
  EXPECT_TRUE(Has(**zone, "b.zone.example", 2));
  EXPECT_TRUE(Has(**zone, "c.zone.example", 3));
  EXPECT_EQ((*zone)->Exact(NameOf("d.zone.example")), nullptr);
}

TEST(TransferReader, Rfc1995Section4_OneSoaThatIsNotNewerSaysThatNothingChanged) {
  for (const std::uint32_t serial : {7u, 6u}) {
    TransferReader reader(NameOf("zone.example"), Version(7), kId, 1 << 20);
    EXPECT_EQ(reader.Take(Message({Soa(serial)})), Step::kUnchanged);
  }
}

TEST(TransferReader, Rfc1995Section4_TheWholeZoneMayComeInstead) {
  TransferReader reader(NameOf("zone.example"), Version(7), kId, 1 << 20);
  ASSERT_EQ(reader.Take(Message({Soa(8), Ns(), A("e.zone.example", 5), Soa(8)})), Step::kDone);
  EXPECT_FALSE(reader.incremental());
  const auto zone = reader.Finish();
  ASSERT_TRUE(zone.ok());
  EXPECT_EQ((*zone)->Exact(NameOf("a.zone.example")), nullptr);
}

TEST(TransferReader, ADifferenceThatDoesNotFitOurZoneIsNotApplied) {
  TransferReader reader(NameOf("zone.example"), Version(1), kId, 1 << 20);
  ASSERT_EQ(reader.Take(Message({Soa(2), Soa(1), A("never.zone.example", 1), Soa(2), Soa(2)})),
            Step::kDone);
  EXPECT_FALSE(reader.Finish().ok());
}

TEST(TransferReader, AHostilePrimaryIsContained) {
  const std::vector<std::vector<Record>> streams = {
      {Ns(), Soa(1)},                                                  // no SOA first
      {Soa(1), Ns(), A("www.other.example", 1), Soa(1)},               // outside the zone
      {Soa(1), Ns(), Soa(2)},                                          // another version at the end
      {Soa(1), Ns(), Soa(1), A("late.zone.example", 1)},               // after the end
      {Soa(1), Ns(), {"a.zone.example", RRType::kA, {1, 2}}, Soa(1)},  // malformed
      {Soa(1), Ns(), {"a.zone.example", RRType::kTSIG, {}}, Soa(1)},   // no data
      {},
  };
  for (const auto& stream : streams) {
    TransferReader reader(NameOf("zone.example"), nullptr, kId, 1 << 20);
    EXPECT_EQ(reader.Take(Message(stream)), Step::kFailed);
    EXPECT_FALSE(reader.problem().empty());
  }
  TransferReader other(NameOf("zone.example"), nullptr, kId, 1 << 20);
  EXPECT_EQ(other.Take(Message({Soa(1), Ns(), Soa(1)}, 1)), Step::kFailed);
  TransferReader small(NameOf("zone.example"), nullptr, kId, 300);
  Step step = small.Take(Message({Soa(1), Ns()}));
  for (int i = 0; i < 10 && step == Step::kMore; ++i) {
    step = small.Take(Message({A("x" + std::to_string(i) + ".zone.example", 1)}));
  }
  EXPECT_EQ(step, Step::kFailed);
  // No NS: no zone.
  TransferReader bare(NameOf("zone.example"), nullptr, kId, 1 << 20);
  ASSERT_EQ(bare.Take(Message({Soa(1), A("a.zone.example", 1), Soa(1)})), Step::kDone);
  EXPECT_FALSE(bare.Finish().ok());
}

}  // namespace
}  // namespace sealwire::proxy
