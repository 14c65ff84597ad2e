#include "dns/message_writer.h"

#include <gtest/gtest.h>

#include "dns/edns_options.h"
#include "tests/dns/message_fixture.h"

namespace sealwire::dns {
namespace {

using test::Build;
using test::N;
using test::Octets;
using test::Set;

const Octets kLoopback = {127, 0, 0, 1};

// A reply to "www.example.com A" being written into `limit` octets.
class MessageWriting : public testing::Test {
 protected:
  void Start(std::size_t limit, const EdnsReply* edns = nullptr) {
    buffer_.assign(limit, 0xee);
    writer_.emplace(buffer_, edns);
    Header query;
    query.id = 0x1234;
    query.rd = query.cd = query.ad = true;
    writer_->StartReply(query, true);
    writer_->AddQuestion(N("www.example.com"), RRType::kA, RRClass::kIN);
  }
  Octets Finish(Rcode rcode = Rcode::kNoError) {
    const std::size_t size = writer_->Finish(rcode);
    return {buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size)};
  }
  static MessageView Parsed(const Octets& message) {
    MessageView view;
    EXPECT_EQ(view.Parse(message), ParseError::kNone);
    return view;
  }

  Octets buffer_;
  std::optional<MessageWriter> writer_;
};

constexpr std::size_t kQuestionEnd = 12 + 17 + 4;

TEST_F(MessageWriting, Rfc1035Section411_HeaderOfAReply) {
  Start(512);
  const Octets message = Finish(Rcode::kNXDomain);
  ASSERT_EQ(message.size(), kQuestionEnd);
  const MessageView view = Parsed(message);
  EXPECT_EQ(view.header().id, 0x1234);
  EXPECT_TRUE(view.header().qr && view.header().aa && view.header().rd);
  EXPECT_FALSE(view.header().tc || view.header().ra);
  EXPECT_EQ(view.rcode(), Rcode::kNXDomain);
}

TEST_F(MessageWriting, Rfc4035Section316_CdIsCopiedAndAdIsNot) {
  Start(512);
  const Octets message = Finish();
  EXPECT_TRUE(Parsed(message).header().cd);
  EXPECT_FALSE(Parsed(message).header().ad);
}

TEST_F(MessageWriting, QueryHasNothingButItsQuestion) {
  Octets buffer(512);
  MessageWriter writer(buffer, nullptr);
  writer.StartQuery(77, true);
  writer.AddQuestion(N("a.example"), RRType::kMX, RRClass::kIN);
  buffer.resize(writer.Finish(Rcode::kNoError));
  EXPECT_EQ(buffer, Build()
                        .U16(77)
                        .U16(0x0100)
                        .U16(1)
                        .U16(0)
                        .U16(0)
                        .U16(0)
                        .Name("a.example")
                        .U16(15)
                        .U16(1)
                        .Done());
}

TEST_F(MessageWriting, Rfc1035Section414_OwnerEqualToTheQuestionIsAPointer) {
  Start(512);
  ASSERT_TRUE(writer_->AddRRset(
      Section::kAnswer, Set("www.example.com", RRType::kA, 60, {{1, 2, 3, 4}, kLoopback}).view()));
  const Octets message = Finish();
  const Octets expected = Build()
                              .Pointer(12)
                              .Fixed(RRType::kA, 60, 4)
                              .Raw(Octets{1, 2, 3, 4})
                              .Pointer(12)
                              .Fixed(RRType::kA, 60, 4)
                              .Raw(kLoopback)
                              .Done();
  EXPECT_EQ(Octets(message.begin() + kQuestionEnd, message.end()), expected);
}

TEST_F(MessageWriting, Rfc1035Section414_SuffixesAndNamesInRdataAreCompressed) {
  Start(512);
  ASSERT_TRUE(writer_->AddRRset(Section::kAnswer, Set("www.example.com", RRType::kCNAME, 60,
                                                      {Build().Name("web.cdn.example.com").Done()})
                                                      .view()));
  ASSERT_TRUE(writer_->AddRRset(
      Section::kAnswer,
      Set("web.cdn.example.com", RRType::kA, 60, {kLoopback, {1, 1, 1, 1}}).view()));
  ASSERT_TRUE(writer_->AddRRset(
      Section::kAuthority,
      Set("example.com", RRType::kNS, 60, {Build().Name("ns.cdn.example.com").Done()}).view()));
  const Octets message = Finish();
  constexpr unsigned kExample = 12 + 4;
  constexpr unsigned kTarget = kQuestionEnd + 12;
  const Octets expected = Build()
                              .Pointer(12)
                              .Fixed(RRType::kCNAME, 60, 10)
                              .String("web")
                              .String("cdn")
                              .Pointer(kExample)
                              .Pointer(kTarget)
                              .Fixed(RRType::kA, 60, 4)
                              .Raw(kLoopback)
                              .Pointer(kTarget)
                              .Fixed(RRType::kA, 60, 4)
                              .Raw(Octets{1, 1, 1, 1})
                              .Pointer(kExample)
                              .Fixed(RRType::kNS, 60, 5)
                              .String("ns")
                              .Pointer(kTarget + 4)
                              .Done();
  EXPECT_EQ(Octets(message.begin() + kQuestionEnd, message.end()), expected);
}

TEST_F(MessageWriting, LaterRecordsOfANewOwnerPointToTheFirst) {
  Start(512);
  ASSERT_TRUE(writer_->AddRRset(
      Section::kAnswer,
      Set("other.example.com", RRType::kA, 60, {kLoopback, {1, 1, 1, 1}}).view()));
  const Octets message = Finish();
  const Octets expected = Build()
                              .String("other")
                              .Pointer(16)
                              .Fixed(RRType::kA, 60, 4)
                              .Raw(kLoopback)
                              .Pointer(kQuestionEnd)
                              .Fixed(RRType::kA, 60, 4)
                              .Raw(Octets{1, 1, 1, 1})
                              .Done();
  EXPECT_EQ(Octets(message.begin() + kQuestionEnd, message.end()), expected);
}

TEST_F(MessageWriting, CompressionPreservesCase) {
  Start(512);
  ASSERT_TRUE(writer_->AddRecord(Section::kAnswer, N("WWW.example.com"), RRType::kNS, RRClass::kIN,
                                 1, Build().Name("www.EXAMPLE.com").Done()));
  const Octets message = Finish();
  const Octets expected = Build()
                              .String("WWW")
                              .Pointer(16)
                              .Fixed(RRType::kNS, 1, 14)
                              .String("www")
                              .String("EXAMPLE")
                              .Pointer(24)
                              .Done();
  EXPECT_EQ(Octets(message.begin() + kQuestionEnd, message.end()), expected);
}

TEST_F(MessageWriting, Rfc3597Section4_NamesOfLaterTypesAreNotCompressed) {
  const Octets srv = Build().U16(1).U16(2).U16(53).Name("www.example.com").Done();
  const Octets svcb = Build().U16(1).Name("www.example.com").Done();
  const Octets rrsig =
      Build().U32(0).U32(0).U32(0).U32(0).U16(7).Name("example.com").Text("sig").Done();
  const Octets nsec = Build().Name("www.example.com").Text(std::string_view("\0\1\100", 3)).Done();
  const Octets dname = Build().Name("www.example.com").Done();
  const std::pair<RRType, Octets> records[] = {{RRType::kSRV, srv},
                                               {RRType::kSVCB, svcb},
                                               {RRType::kRRSIG, rrsig},
                                               {RRType::kNSEC, nsec},
                                               {RRType::kDNAME, dname}};
  for (const auto& [type, rdata] : records) {
    Start(512);
    ASSERT_TRUE(
        writer_->AddRecord(Section::kAnswer, N("www.example.com"), type, RRClass::kIN, 1, rdata));
    const Octets message = Finish();
    EXPECT_EQ(Octets(message.begin() + kQuestionEnd + 12, message.end()), rdata) << ToText(type);
  }
}

TEST_F(MessageWriting, RootIsWrittenAsItself) {
  Start(512);
  ASSERT_TRUE(writer_->AddRRset(Section::kAnswer,
                                Set(".", RRType::kNS, 1, {{0}, Build().Name("a.").Done()}).view()));
  const Octets message = Finish();
  const Octets expected =
      Build().U8(0).Fixed(RRType::kNS, 1, 1).U8(0).U8(0).Fixed(RRType::kNS, 1, 3).Name("a.").Done();
  EXPECT_EQ(Octets(message.begin() + kQuestionEnd, message.end()), expected);
}

TEST_F(MessageWriting, Rfc2181Section9_SetThatDoesNotFitIsLeftOutWholeAndMarksTheMessage) {
  Start(kQuestionEnd + 16 + 15);
  EXPECT_FALSE(writer_->AddRRset(
      Section::kAnswer, Set("www.example.com", RRType::kA, 60, {kLoopback, {1, 1, 1, 1}}).view()));
  EXPECT_TRUE(writer_->truncated());
  EXPECT_TRUE(writer_->AddRRset(Section::kAuthority,
                                Set("www.example.com", RRType::kA, 60, {kLoopback}).view()));
  const Octets message = Finish();
  const MessageView view = Parsed(message);
  EXPECT_TRUE(view.header().tc);
  EXPECT_EQ(view.header().ancount, 0);
  EXPECT_EQ(view.header().nscount, 1);
}

TEST_F(MessageWriting, Rfc2181Section9_MissingAdditionalDataDoesNotMarkTheMessage) {
  Start(kQuestionEnd + 15);
  EXPECT_FALSE(writer_->AddRRset(Section::kAdditional,
                                 Set("www.example.com", RRType::kA, 60, {kLoopback}).view()));
  const Octets message = Finish();
  EXPECT_FALSE(Parsed(message).header().tc);
  EXPECT_EQ(message.size(), kQuestionEnd);
}

TEST_F(MessageWriting, NamesOfARecordTakenBackAreNotPointedTo) {
  Start(kQuestionEnd + 40);
  const Octets big(60, 1);
  EXPECT_FALSE(writer_->AddRecord(Section::kAnswer, N("a.b.c.example.com"), RRType::kTXT,
                                  RRClass::kIN, 1, big));
  EXPECT_TRUE(writer_->AddRecord(Section::kAnswer, N("x.b.c.example.com"), RRType::kA, RRClass::kIN,
                                 1, kLoopback));
  const Octets message = Finish();
  const MessageView view = Parsed(message);
  view.ForEachRecord([](const RecordView& record) {
    EXPECT_EQ(record.owner, N("x.b.c.example.com"));
    return true;
  });
}

TEST_F(MessageWriting, Rfc6891Section611_RoomForTheOptRecordIsKept) {
  Octets options(64);
  Writer option_writer(options);
  WriteExtendedError(option_writer, ExtendedError::kStaleAnswer, "old");
  EdnsReply edns;
  edns.dnssec_ok = edns.compact_ok = true;
  edns.options = option_writer.written();
  const std::size_t opt_size = 11 + 9;
  Start(kQuestionEnd + 16 + opt_size, &edns);
  EXPECT_TRUE(writer_->AddRRset(Section::kAnswer,
                                Set("www.example.com", RRType::kA, 60, {kLoopback}).view()));
  EXPECT_FALSE(writer_->AddRRset(Section::kAdditional, Set(".", RRType::kNS, 60, {{0}}).view()));
  const Octets message = Finish(Rcode::kBadVers);
  EXPECT_EQ(message.size(), kQuestionEnd + 16 + opt_size);
  const MessageView view = Parsed(message);
  ASSERT_TRUE(view.edns());
  EXPECT_TRUE(view.edns()->dnssec_ok && view.edns()->compact_ok);
  EXPECT_EQ(view.edns()->udp_size, 1232);
  EXPECT_EQ(view.rcode(), Rcode::kBadVers);
  const auto error = view.edns()->Find(EdnsOption::kExtendedError);
  ASSERT_TRUE(error);
  EXPECT_TRUE(Equal(*error, Build().U16(3).Text("old").Done()));
}

TEST_F(MessageWriting, NothingIsGivenWhenHeaderQuestionAndOptDoNotFit) {
  const EdnsReply edns;
  for (std::size_t limit = 0; limit < kQuestionEnd + 11; ++limit) {
    Start(limit, &edns);
    EXPECT_FALSE(writer_->AddRecord(Section::kAnswer, N("www.example.com"), RRType::kA,
                                    RRClass::kIN, 1, kLoopback));
    EXPECT_EQ(writer_->Finish(Rcode::kNoError), 0u) << limit;
  }
  Start(kQuestionEnd + 11, &edns);
  EXPECT_EQ(writer_->Finish(Rcode::kNoError), kQuestionEnd + 11);
}

TEST_F(MessageWriting, Rfc1035Section414_NoPointerLeadsBeyond14Bits) {
  Start(65535);
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(writer_->AddRecord(Section::kAnswer,
                                   N("t" + std::to_string(i) + ".x" + std::to_string(i)),
                                   RRType::kTXT, RRClass::kIN, 1, Octets(90, 1)));
  }
  ASSERT_TRUE(writer_->AddRRset(Section::kAnswer,
                                Set("late.y", RRType::kA, 1, {kLoopback, {1, 1, 1, 1}}).view()));
  const Octets message = Finish();
  int late = 0;
  Parsed(message).ForEachRecord([&](const RecordView& record) {
    late += record.owner == N("late.y") ? 1 : 0;
    return true;
  });
  EXPECT_EQ(late, 2);
}

}  // namespace
}  // namespace sealwire::dns
