#include "dns/message_view.h"

#include <gtest/gtest.h>

#include "tests/dns/message_fixture.h"

namespace sealwire::dns {
namespace {

using test::Build;
using test::N;
using test::Octets;

constexpr unsigned kReply = 0x8400;
constexpr std::size_t kQuestionEnd = 12 + 17 + 4;

// A message with the question "www.example.com A", to which records are added.
Build Asked(unsigned flags, unsigned an = 0, unsigned ns = 0, unsigned ar = 0) {
  return Build().Header(flags, 1, an, ns, ar).Name("www.example.com").U16(1).U16(1);
}

ParseError ErrorOf(const Octets& message) {
  MessageView view;
  return view.Parse(message);
}

// The RDATA of the first record, or nothing.
std::optional<Octets> FirstRdata(const Octets& message) {
  MessageView view;
  EXPECT_EQ(view.Parse(message), ParseError::kNone);
  Octets buffer(70000);
  std::optional<Octets> rdata;
  view.ForEachRecord([&](const RecordView& record) {
    Writer out(buffer);
    if (view.CopyRdata(record, out)) rdata = Octets(out.written().begin(), out.written().end());
    return false;
  });
  return rdata;
}

TEST(MessageHeader, Rfc1035Section411_EveryBitHasItsPlace) {
  const auto header = ParseHeader(Build().Header(0xffff, 1, 2, 3, 4).Done());
  ASSERT_TRUE(header);
  EXPECT_EQ(header->id, 0x1234);
  EXPECT_TRUE(header->qr && header->aa && header->tc && header->rd && header->ra && header->ad &&
              header->cd);
  EXPECT_EQ(static_cast<int>(header->opcode), 15);
  EXPECT_EQ(header->rcode, 15);
  EXPECT_EQ(header->qdcount, 1);
  EXPECT_EQ(header->ancount, 2);
  EXPECT_EQ(header->nscount, 3);
  EXPECT_EQ(header->arcount, 4);
  const auto flag = [](unsigned flags) {
    return *ParseHeader(Build().Header(flags, 0, 0, 0, 0).Done());
  };
  EXPECT_TRUE(flag(0x0400).aa);
  EXPECT_TRUE(flag(0x0200).tc);
  EXPECT_TRUE(flag(0x0020).ad);
  EXPECT_TRUE(flag(0x0010).cd);
  EXPECT_EQ(flag(0x2000).opcode, Opcode::kNotify);
  EXPECT_FALSE(ParseHeader(Octets(11)));
}

TEST(MessageParsing, QuestionIsGivenAsSpelled) {
  const Octets message =
      Build().Header(0x0100, 1, 0, 0, 0).Name("wWw.Example.com").U16(28).U16(3).Done();
  MessageView view;
  ASSERT_EQ(view.Parse(message), ParseError::kNone);
  EXPECT_TRUE(NameView::IdenticalCase(view.question().name, N("wWw.Example.com")));
  EXPECT_EQ(view.question().type, RRType::kAAAA);
  EXPECT_EQ(view.question().rr_class, RRClass::kCH);
  EXPECT_EQ(view.question_end(), message.size());
}

TEST(MessageParsing, EveryCutOfAMessageIsAnError) {
  const Octets message = Asked(kReply, 1, 1, 1)
                             .Pointer(12)
                             .Fixed(RRType::kA, 60, 4)
                             .U32(1)
                             .Pointer(16)
                             .Fixed(RRType::kNS, 60, 5)
                             .String("ns")
                             .Pointer(16)
                             .U8(0)
                             .U16(41)
                             .U16(1232)
                             .U32(0)
                             .U16(0)
                             .Done();
  EXPECT_EQ(ErrorOf(message), ParseError::kNone);
  for (std::size_t size = 0; size < message.size(); ++size) {
    const ParseError error =
        ErrorOf(Octets(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_EQ(error, size < 12             ? ParseError::kShort
                     : size < kQuestionEnd ? ParseError::kQuestion
                                           : ParseError::kRecord)
        << size;
  }
}

TEST(MessageParsing, OctetsAfterTheLastRecordAreAnError) {
  EXPECT_EQ(ErrorOf(Asked(0).U8(0).Done()), ParseError::kTrailing);
}

TEST(MessageParsing, Rfc9619_OneQuestionOnly) {
  EXPECT_EQ(ErrorOf(Build().Header(0, 0, 0, 0, 0).Done()), ParseError::kQuestion);
  EXPECT_EQ(
      ErrorOf(
          Build().Header(0, 2, 0, 0, 0).Name("a.").U16(1).U16(1).Name("b.").U16(1).U16(1).Done()),
      ParseError::kQuestion);
}

TEST(MessageParsing, Rfc5936Section221_LaterTransferMessagesMayHaveNoQuestion) {
  const Octets message =
      Build().Header(kReply, 0, 1, 0, 0).Name("a.").Fixed(RRType::kA, 1, 4).U32(1).Done();
  MessageView view;
  ASSERT_EQ(view.Parse(message, QuestionRule::kOneOrNone), ParseError::kNone);
  int records = 0;
  view.ForEachRecord([&](const RecordView& record) {
    EXPECT_EQ(record.owner, N("a."));
    return ++records > 0;
  });
  EXPECT_EQ(records, 1);
}

TEST(MessageParsing, NoRecordsAreGivenAfterAnError) {
  const Octets message = Asked(kReply, 2).Pointer(12).Fixed(RRType::kA, 1, 4).U32(1).Done();
  MessageView view;
  ASSERT_EQ(view.Parse(message), ParseError::kRecord);
  EXPECT_EQ(view.question().name, N("www.example.com"));
  view.ForEachRecord([](const RecordView&) {
    ADD_FAILURE();
    return true;
  });
}

TEST(MessageParsing, SectionsFollowTheCounts) {
  Build message = Asked(kReply, 1, 2, 1);
  for (int i = 0; i < 4; ++i) message.Pointer(12).Fixed(RRType::kA, 1, 4).U32(1);
  const Octets octets = message.Done();
  MessageView view;
  ASSERT_EQ(view.Parse(octets), ParseError::kNone);
  std::vector<Section> sections;
  view.ForEachRecord([&](const RecordView& record) {
    sections.push_back(record.section);
    return true;
  });
  EXPECT_EQ(sections, (std::vector{Section::kAnswer, Section::kAuthority, Section::kAuthority,
                                   Section::kAdditional}));
}

TEST(CompressionPointers, Rfc9267Section2_LoopsAndForwardPointersAreRefused) {
  const auto owner = [](const Build& name) {
    return ErrorOf(Asked(kReply, 1).Raw(name.Done()).Fixed(RRType::kA, 1, 4).U32(1).Done());
  };
  EXPECT_EQ(owner(Build().Pointer(12)), ParseError::kNone);
  EXPECT_EQ(owner(Build().Pointer(kQuestionEnd)), ParseError::kRecord);      // itself
  EXPECT_EQ(owner(Build().Pointer(kQuestionEnd + 2)), ParseError::kRecord);  // forward
  EXPECT_EQ(owner(Build().Pointer(0x3fff)), ParseError::kRecord);            // beyond the end
  EXPECT_EQ(owner(Build().Pointer(4)), ParseError::kRecord);                 // into the header
  // A label, then back to that very label.
  EXPECT_EQ(owner(Build().String("a").Pointer(kQuestionEnd)), ParseError::kRecord);
  EXPECT_EQ(owner(Build().String("a").U8(0xc0)), ParseError::kRecord);
}

TEST(CompressionPointers, Rfc6891Section5_OtherLabelTypesAreRefused) {
  EXPECT_EQ(ErrorOf(Build().Header(0, 1, 0, 0, 0).U8(0x41).U8(0).U16(1).U16(1).Done()),
            ParseError::kQuestion);
  EXPECT_EQ(ErrorOf(Build().Header(0, 1, 0, 0, 0).U8(0x80).U8(0).U16(1).U16(1).Done()),
            ParseError::kQuestion);
}

TEST(CompressionPointers, ChainsAreBounded) {
  const auto chain = [](unsigned pointers) {
    // Each owner is a pointer to the owner before it.
    Build message = Asked(kReply, pointers);
    unsigned target = 12;
    for (unsigned i = 0; i < pointers; ++i) {
      const auto here = static_cast<unsigned>(message.size());
      message.Pointer(target).Fixed(RRType::kA, 1, 4).U32(1);
      target = here;
    }
    return ErrorOf(message.Done());
  };
  EXPECT_EQ(chain(kMaxPointers), ParseError::kNone);
  EXPECT_EQ(chain(kMaxPointers + 1), ParseError::kRecord);
}

TEST(CompressionPointers, Rfc1035Section234_NameMayNotGrowBeyond255Octets) {
  Build message = Build().Header(kReply, 1, 2, 0, 0);
  for (int i = 0; i < 3; ++i) message.String(std::string(63, 'a'));
  message.U8(0).U16(1).U16(1);  // 193 octets
  const Octets fits = Build(message)
                          .String(std::string(61, 'b'))
                          .Pointer(12)
                          .Fixed(RRType::kA, 1, 4)
                          .U32(1)
                          .Pointer(12)
                          .Fixed(RRType::kA, 1, 4)
                          .U32(1)
                          .Done();
  EXPECT_EQ(ErrorOf(fits), ParseError::kNone);
  const Octets too_long = Build(message)
                              .String(std::string(62, 'b'))
                              .Pointer(12)
                              .Fixed(RRType::kA, 1, 4)
                              .U32(1)
                              .Pointer(12)
                              .Fixed(RRType::kA, 1, 4)
                              .U32(1)
                              .Done();
  EXPECT_EQ(ErrorOf(too_long), ParseError::kRecord);
}

class Opt : public testing::Test {
 protected:
  static Octets With(unsigned owner, std::uint32_t ttl, const Octets& options,
                     unsigned udp = 1232) {
    return Asked(0, 0, 0, 1)
        .U8(owner)
        .U16(41)
        .U16(udp)
        .U32(ttl)
        .U16(static_cast<unsigned>(options.size()))
        .Raw(options)
        .Done();
  }
};

TEST_F(Opt, Rfc6891Section613_FieldsAndFlags) {
  const Octets message =
      With(0, 0x12008000 | 0x4000, Build().U16(10).U16(3).Text("abc").U16(10).U16(0).Done());
  MessageView view;
  ASSERT_EQ(view.Parse(message), ParseError::kNone);
  ASSERT_TRUE(view.edns());
  EXPECT_TRUE(view.edns()->dnssec_ok);
  EXPECT_TRUE(view.edns()->compact_ok);
  EXPECT_EQ(view.edns()->udp_size, 1232);
  EXPECT_EQ(static_cast<int>(view.rcode()), 0x120);
  const auto cookie = view.edns()->Find(EdnsOption::kCookie);
  ASSERT_TRUE(cookie);
  EXPECT_EQ(cookie->size(), 3u);
  EXPECT_FALSE(view.edns()->Find(EdnsOption::kNsid));
}

TEST_F(Opt, Rfc9824Section5_1_CoIsTheSecondFlag) {
  const Octets message = With(0, 0x4000, {});
  MessageView view;
  ASSERT_EQ(view.Parse(message), ParseError::kNone);
  EXPECT_FALSE(view.edns()->dnssec_ok);
  EXPECT_TRUE(view.edns()->compact_ok);
}

TEST_F(Opt, Rfc6891Section623_SmallerThan512Means512) {
  const Octets message = With(0, 0, {}, 100);
  MessageView view;
  ASSERT_EQ(view.Parse(message), ParseError::kNone);
  EXPECT_EQ(view.edns()->udp_size, 512);
}

TEST_F(Opt, Rfc6891Section611_MoreThanOneOrElsewhereIsAnError) {
  const Octets opt = Build().U8(0).U16(41).U16(1232).U32(0).U16(0).Done();
  EXPECT_EQ(ErrorOf(Asked(0, 0, 0, 2).Raw(opt).Raw(opt).Done()), ParseError::kEdns);
  EXPECT_EQ(ErrorOf(Asked(0, 1, 0, 0).Raw(opt).Done()), ParseError::kEdns);
  EXPECT_EQ(ErrorOf(Asked(0, 0, 0, 1).Name("a.").Raw(Bytes(opt).subspan(1)).Done()),
            ParseError::kEdns);
}

TEST_F(Opt, OptionsMustEndWithTheRecord) {
  EXPECT_EQ(ErrorOf(With(0, 0, {0, 10, 0})), ParseError::kEdns);
  EXPECT_EQ(ErrorOf(With(0, 0, {0, 10, 0, 1})), ParseError::kEdns);
  EXPECT_EQ(ErrorOf(With(0, 0, {0, 10, 0, 0})), ParseError::kNone);
}

TEST_F(Opt, Rfc6891Section613_OtherVersionsAreForTheCallerToRefuse) {
  const Octets message = With(0, 0x00010000, {0, 10, 0});
  MessageView view;
  ASSERT_EQ(view.Parse(message), ParseError::kNone);
  EXPECT_EQ(view.edns()->version, 1);
  EXPECT_TRUE(view.edns()->options.empty());
}

TEST(RdataCopying, Rfc1035Section414_CompressedNamesAreExpanded) {
  const Octets soa = Asked(kReply, 1)
                         .Pointer(16)
                         .Fixed(RRType::kSOA, 1, 5 + 2 + 20)
                         .String("ns")
                         .Pointer(16)
                         .Pointer(12)
                         .U32(1)
                         .U32(2)
                         .U32(3)
                         .U32(4)
                         .U32(5)
                         .Done();
  EXPECT_EQ(FirstRdata(soa), Build()
                                 .Name("ns.example.com")
                                 .Name("www.example.com")
                                 .U32(1)
                                 .U32(2)
                                 .U32(3)
                                 .U32(4)
                                 .U32(5)
                                 .Done());
}

TEST(RdataCopying, Rfc3597Section4_TypesThatSomeCompressAreExpanded) {
  const auto received = [](RRType type, const Build& rdata) {
    return FirstRdata(
        Asked(kReply, 1).Pointer(12).Fixed(type, 1, rdata.size()).Raw(rdata.Done()).Done());
  };
  EXPECT_EQ(received(RRType::kSRV, Build().U16(1).U16(2).U16(3).Pointer(16)),
            Build().U16(1).U16(2).U16(3).Name("example.com").Done());
  EXPECT_EQ(received(RRType::kRP, Build().Pointer(12).Pointer(16)),
            Build().Name("www.example.com").Name("example.com").Done());
  EXPECT_EQ(received(RRType::kPX, Build().U16(1).Pointer(12).Pointer(16)),
            Build().U16(1).Name("www.example.com").Name("example.com").Done());
  EXPECT_EQ(received(RRType::kNAPTR,
                     Build().U16(1).U16(2).String("u").String("").String("!x!").Pointer(16)),
            Build().U16(1).U16(2).String("u").String("").String("!x!").Name("example.com").Done());
}

TEST(RdataCopying, Rfc3597Section4_TypesThatNobodyMayCompressAreNot) {
  for (const RRType type : {RRType::kDNAME, RRType::kNSEC}) {
    EXPECT_FALSE(FirstRdata(Asked(kReply, 1).Pointer(12).Fixed(type, 1, 2).Pointer(16).Done()))
        << ToText(type);
    EXPECT_TRUE(FirstRdata(Asked(kReply, 1).Pointer(12).Fixed(type, 1, 3).Name("a.").Done()))
        << ToText(type);
  }
}

TEST(RdataCopying, Rfc3597Section3_UnknownTypesAreUntouched) {
  const Octets raw = {0xc0, 12, 0, 0xff, 0x41};
  EXPECT_EQ(
      FirstRdata(
          Asked(kReply, 1).Pointer(12).Fixed(static_cast<RRType>(65280), 1, 5).Raw(raw).Done()),
      raw);
  EXPECT_EQ(FirstRdata(Asked(kReply, 1).Pointer(12).Fixed(static_cast<RRType>(65280), 1, 0).Done()),
            Octets());
}

TEST(RdataCopying, MalformedRdataIsRefusedAndLeavesNothing) {
  const auto received = [](RRType type, const Build& rdata) {
    return FirstRdata(
        Asked(kReply, 1).Pointer(12).Fixed(type, 1, rdata.size()).Raw(rdata.Done()).Done());
  };
  EXPECT_FALSE(received(RRType::kA, Build().U16(1)));
  EXPECT_FALSE(received(RRType::kAAAA, Build().U32(1)));
  EXPECT_FALSE(received(RRType::kNS, Build()));
  EXPECT_FALSE(received(RRType::kNS, Build().Name("a.").U8(0)));  // octets after the name
  EXPECT_FALSE(received(RRType::kMX, Build().U16(1)));            // no name
  EXPECT_FALSE(received(RRType::kSOA, Build().Name("a.").Name("b.").U32(1)));
  EXPECT_FALSE(received(RRType::kNAPTR, Build().U16(1).U16(2).U8(200)));  // string past the end

  const Octets message =
      Asked(kReply, 1).Pointer(12).Fixed(RRType::kMX, 1, 4).U16(1).U16(0xffff).Done();
  MessageView view;
  ASSERT_EQ(view.Parse(message), ParseError::kNone);
  Octets buffer(64);
  Writer out(buffer);
  out.U8(7);
  view.ForEachRecord([&](const RecordView& record) {
    EXPECT_FALSE(view.CopyRdata(record, out));
    return true;
  });
  EXPECT_TRUE(out.ok());
  EXPECT_EQ(out.size(), 1u);
}

TEST(RdataCopying, NameMayNotRunOnPastItsRdata) {
  // The label of the NS name begins inside the RDATA and ends in the record that follows.
  const Octets message = Asked(kReply, 2)
                             .Pointer(12)
                             .Fixed(RRType::kNS, 1, 1)
                             .U8(1)
                             .Pointer(12)
                             .Fixed(RRType::kA, 1, 4)
                             .U32(1)
                             .Done();
  EXPECT_FALSE(FirstRdata(message));
}

TEST(RdataCopying, NoRoomIsNoResult) {
  const Octets message = Asked(kReply, 1).Pointer(12).Fixed(RRType::kNS, 1, 2).Pointer(12).Done();
  MessageView view;
  ASSERT_EQ(view.Parse(message), ParseError::kNone);
  view.ForEachRecord([&](const RecordView& record) {
    Octets small(16);
    Writer out(small);
    EXPECT_FALSE(view.CopyRdata(record, out));
    Octets exact(17);
    Writer fits(exact);
    EXPECT_TRUE(view.CopyRdata(record, fits));
    return true;
  });
}

}  // namespace
}  // namespace sealwire::dns
