#include "proxy/signed_copy.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dns/message_writer.h"
#include "proxy/transfer_desk.h"
#include "tests/proxy/signed_zone.h"

namespace sealwire::proxy {
namespace {

using dns::RRType;

constexpr std::uint32_t kNow = 1700000000;
constexpr const char* kZone = R"($TTL 300
@ SOA ns hostmaster 41 3600 600 86400 60
@ NS ns
@ ALIAS www
ns A 192.0.2.1
www A 192.0.2.2
www A 192.0.2.3
b.ent TXT "x"
cut NS ns.cut
ns.cut A 192.0.2.4
secure NS ns.cut
secure DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000
old DNAME www
under.old A 192.0.2.5
only ALIAS www
)";

struct Record {
  std::string owner;
  RRType type;
  std::vector<std::uint8_t> rdata;
};

std::vector<Record> RecordsOf(const SignedCopy& copy) {
  std::vector<Record> records;
  dns::Reader reader(copy.records);
  CopiedRecord record;
  while (NextRecord(reader, copy.records, record)) {
    records.push_back(
        {record.owner.ToText(), record.type, {record.rdata.begin(), record.rdata.end()}});
  }
  return records;
}

class SignedCopyOfAZone : public ::testing::Test {
 protected:
  std::shared_ptr<const SignedCopy> Copy(std::uint64_t now = kNow, bool with_keys = true) {
    auto copy = MakeSignedCopy(*zone_, with_keys ? keys_.get() : nullptr, {}, rrsets_, now);
    EXPECT_TRUE(copy.ok()) << copy.error();
    return *copy;
  }
  bool IsSigned(const std::vector<Record>& records, const std::string& owner, RRType type) {
    return std::any_of(records.begin(), records.end(), [&](const Record& each) {
      return each.owner == owner && each.type == RRType::kRRSIG &&
             dns::Reader(each.rdata).U16() == static_cast<std::uint16_t>(type);
    });
  }

  dns::Name apex_ = *dns::Name::FromText("z.example");
  std::shared_ptr<const LocalZone> zone_ = *ParseZoneText(kZone, apex_, "test");
  std::shared_ptr<const keycache::ZoneKeys> keys_ = testing::MakeKeys("z.example", kNow, 7, {true});
  signer::OpensslSigner signer_;
  signer::SignatureMemo memo_{1024};
  signer::RRsetSigner rrsets_{signer_, memo_};
};

TEST_F(SignedCopyOfAZone, Rfc4035Section2_3_NsecLeadsFromNameToName) {
  std::vector<std::pair<std::string, std::string>> chain;
  for (const Record& each : RecordsOf(*Copy())) {
    if (each.type != RRType::kNSEC) continue;
    chain.emplace_back(each.owner, dns::NameView::Parse(each.rdata)->ToText());
  }
  // No NSEC at the empty non-terminal, at glue, below the DNAME, or where an ALIAS alone stands.
  const std::vector<std::string> owners = {"z.example.",    "cut.z.example.", "b.ent.z.example.",
                                           "ns.z.example.", "old.z.example.", "secure.z.example.",
                                           "www.z.example."};
  ASSERT_EQ(chain.size(), owners.size());
  for (std::size_t i = 0; i < owners.size(); ++i) {
    EXPECT_EQ(chain[i].first, owners[i]);
    EXPECT_EQ(chain[i].second, owners[(i + 1) % owners.size()]);
  }
}

TEST_F(SignedCopyOfAZone, Rfc4035Section2_2_SignsWhatIsOursAndNothingElse) {
  const auto records = RecordsOf(*Copy());
  EXPECT_EQ(records[0].type, RRType::kSOA);
  for (const RRType type :
       {RRType::kSOA, RRType::kNS, RRType::kDNSKEY, RRType::kCDS, RRType::kNSEC}) {
    EXPECT_TRUE(IsSigned(records, "z.example.", type)) << dns::ToText(type);
  }
  EXPECT_TRUE(IsSigned(records, "secure.z.example.", RRType::kDS));
  EXPECT_FALSE(IsSigned(records, "secure.z.example.", RRType::kNS));
  EXPECT_FALSE(IsSigned(records, "cut.z.example.", RRType::kNS));
  EXPECT_FALSE(IsSigned(records, "ns.cut.z.example.", RRType::kA));
  for (const Record& each : records) {
    EXPECT_NE(each.type, RRType::kALIAS);
    EXPECT_NE(each.owner, "under.old.z.example.");
  }
}

TEST_F(SignedCopyOfAZone, ASecondCopySignsOnlyWhatIsDue) {
  Copy();
  const std::uint64_t first = rrsets_.counters().signatures;
  Copy();
  EXPECT_EQ(rrsets_.counters().signatures, first);
  // A whole window later every signature is another.
  Copy(kNow + 3 * 86400 / 4);
  EXPECT_EQ(rrsets_.counters().signatures, 2 * first);
}

TEST_F(SignedCopyOfAZone, WithoutKeysIsTheZoneAsItIs) {
  for (const Record& each : RecordsOf(*Copy(kNow, false))) {
    EXPECT_NE(each.type, RRType::kRRSIG);
    EXPECT_NE(each.type, RRType::kNSEC);
  }
}

TEST_F(SignedCopyOfAZone, WithoutAValidKeySignatureIsNotMade) {
  EXPECT_FALSE(MakeSignedCopy(*zone_, keys_.get(), {}, rrsets_, kNow + 30 * 86400).ok());
}

// One secondary at the other end of a socket.
struct Secondary {
  explicit Secondary(TransferDesk& desk, const std::string& address, RRType type,
                     std::uint32_t soa_serial = 0) {
    int pair[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ours = net::FileDescriptor(pair[0]);
    std::vector<std::uint8_t> query(512);
    dns::MessageWriter writer(dns::MutableBytes(query).subspan(2), nullptr);
    writer.StartQuery(7, false);
    writer.AddQuestion(*dns::Name::FromText("z.example"), type, dns::RRClass::kIN);
    if (type == RRType::kIXFR) {
      std::vector<std::uint8_t> soa(22);
      dns::Writer(dns::MutableBytes(soa).subspan(2)).U32(soa_serial);
      writer.AddRecord(dns::Section::kAuthority, *dns::Name::FromText("z.example"), RRType::kSOA,
                       dns::RRClass::kIN, 0, soa);
    }
    const std::size_t size = writer.Finish(dns::Rcode::kNoError);
    dns::Writer(query).U16(static_cast<std::uint16_t>(size));
    query.resize(2 + size);
    desk.Take(net::FileDescriptor(pair[1]), {*net::IpAddress::FromText(address), 53}, query);
    EXPECT_EQ(::shutdown(pair[0], SHUT_WR), 0);
    std::vector<std::uint8_t> chunk(65536);
    for (ssize_t n; (n = ::recv(pair[0], chunk.data(), chunk.size(), 0)) > 0;) {
      received.insert(received.end(), chunk.begin(), chunk.begin() + n);
    }
  }
  // Records of all messages; the RCODE of the last.
  void Read(std::vector<std::string>& owners, dns::Rcode& rcode, std::size_t& messages) {
    dns::Reader reader(received);
    for (messages = 0; reader.remaining() > 0; ++messages) {
      const dns::Bytes message = reader.Run(reader.U16());
      dns::MessageView view;
      ASSERT_EQ(view.Parse(message), dns::ParseError::kNone);
      EXPECT_FALSE(view.header().tc);
      rcode = view.rcode();
      view.ForEachRecord([&](const dns::RecordView& record) {
        owners.push_back(record.owner.ToText());
        return true;
      });
    }
  }
  net::FileDescriptor ours;
  std::vector<std::uint8_t> received;
};

TEST_F(SignedCopyOfAZone, IsInCanonicalOrderOfOwners) {
  const auto copy = Copy();
  dns::Reader reader(copy->records);
  CopiedRecord record;
  for (dns::Name last = apex_; NextRecord(reader, copy->records, record);) {
    EXPECT_TRUE(CanonicalCompare(last, record.owner) <= 0) << record.owner.ToText();
    last = dns::Name(record.owner);
  }
}

TEST_F(SignedCopyOfAZone, Rfc5936Section2_2_IsSentBetweenTwoSoaToWhoIsListed) {
  std::string text = kZone;
  for (int i = 0; i < 500; ++i) text += "n" + std::to_string(i) + " A 192.0.2.9\n";
  zone_ = *ParseZoneText(text, apex_, "test");
  auto peers = std::make_shared<ZoneTransfers>();
  peers->secondaries.push_back({{*net::IpAddress::FromText("192.0.2.53"), 53}, nullptr});
  TransferDesk desk(1,
                    [](const dns::Name&, const net::Endpoint&, TransferDesk::Way, std::size_t) {});
  const auto copy = Copy();
  desk.Offer(apex_, {copy, peers, nullptr});

  std::vector<std::string> owners;
  dns::Rcode rcode = dns::Rcode::kServFail;
  std::size_t messages = 0;
  Secondary(desk, "192.0.2.53", RRType::kAXFR).Read(owners, rcode, messages);
  EXPECT_EQ(rcode, dns::Rcode::kNoError);
  EXPECT_GT(messages, 3u);
  EXPECT_EQ(owners.size(), copy->record_count + 1);
  EXPECT_EQ(owners.front(), "z.example.");
  EXPECT_EQ(owners.back(), "z.example.");

  owners.clear();
  Secondary(desk, "192.0.2.54", RRType::kAXFR).Read(owners, rcode, messages);
  EXPECT_EQ(rcode, dns::Rcode::kRefused);
  EXPECT_TRUE(owners.empty());

  // RFC 1995 section 2: the SOA alone when nothing is newer, else here the whole zone.
  for (const std::uint32_t had : {41u, 42u}) {
    owners.clear();
    Secondary(desk, "192.0.2.53", RRType::kIXFR, had).Read(owners, rcode, messages);
    EXPECT_EQ(owners.size(), 1u);
  }
  owners.clear();
  Secondary(desk, "192.0.2.53", RRType::kIXFR, 40).Read(owners, rcode, messages);
  EXPECT_EQ(owners.size(), copy->record_count + 1);

  desk.Offer(apex_, {});
  owners.clear();
  Secondary(desk, "192.0.2.53", RRType::kAXFR).Read(owners, rcode, messages);
  EXPECT_EQ(rcode, dns::Rcode::kRefused);
}

TEST_F(SignedCopyOfAZone, Rfc1995Section4_DifferencesAreSentBetweenTwoSoa) {
  auto peers = std::make_shared<ZoneTransfers>();
  peers->secondaries.push_back({{*net::IpAddress::FromText("192.0.2.53"), 53}, nullptr});
  TransferDesk desk(1,
                    [](const dns::Name&, const net::Endpoint&, TransferDesk::Way, std::size_t) {});
  std::shared_ptr<const SignedCopy> last;
  std::shared_ptr<const CopyJournal> journal;
  std::string text = kZone;
  for (const char* serial : {"41", "43", "44"}) {
    text.replace(text.find(" hostmaster ") + 12, 2, serial);
    text += std::string("new") + serial + " A 192.0.2.9\n";
    zone_ = *ParseZoneText(text, apex_, "test");
    auto copy = Copy(kNow, false);
    if (last) journal = CopyJournal::Extend(journal.get(), *last, *copy);
    last = std::move(copy);
  }
  desk.Offer(apex_, {last, peers, journal});

  const auto owners_for = [&](std::uint32_t had) {
    std::vector<std::string> owners;
    dns::Rcode rcode = dns::Rcode::kServFail;
    std::size_t messages = 0;
    Secondary(desk, "192.0.2.53", RRType::kIXFR, had).Read(owners, rcode, messages);
    EXPECT_EQ(rcode, dns::Rcode::kNoError);
    return owners;
  };
  const std::string apex = "z.example.";
  EXPECT_EQ(owners_for(43), (std::vector<std::string>{apex, apex, apex, "new44.z.example.", apex}));
  EXPECT_EQ(owners_for(41), (std::vector<std::string>{apex, apex, apex, "new43.z.example.", apex,
                                                      apex, "new44.z.example.", apex}));
  // A version that the journal does not know: the whole zone.
  EXPECT_EQ(owners_for(42).size(), last->record_count + 1);
}

}  // namespace
}  // namespace sealwire::proxy
