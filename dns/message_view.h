// Reads a DNS message where it lies (RFC 1035 section 4, RFC 6891).
//
// The message is borrowed and hostile. Parse() checks the header, the question and the extent of
// every record; names inside RDATA are checked when a record's RDATA is taken. Compression pointers
// must point backwards and are followed at most kMaxPointers times. Threading: value. No
// allocation.
#pragma once

#include <cstdint>
#include <optional>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/rr_type.h"

namespace sealwire::dns {

inline constexpr std::size_t kHeaderSize = 12;
inline constexpr int kMaxPointers = 64;

// RFC 1035 section 4.1.1, RFC 4035 sections 3.1.6 and 3.2.2 (AD, CD).
struct Header {
  std::uint16_t id = 0;
  bool qr = false;
  Opcode opcode = Opcode::kQuery;
  bool aa = false, tc = false, rd = false, ra = false, ad = false, cd = false;
  std::uint8_t rcode = 0;  // the low four bits
  std::uint16_t qdcount = 0, ancount = 0, nscount = 0, arcount = 0;
};
std::optional<Header> ParseHeader(Bytes message) noexcept;

struct Question {
  Name name;
  RRType type = RRType::kA;
  RRClass rr_class = RRClass::kIN;
};

// The OPT record (RFC 6891), DO (RFC 3225) and CO (RFC 9824 section 5.1) flags.
struct Edns {
  std::uint16_t udp_size = 512;
  std::uint8_t extended_rcode = 0;
  std::uint8_t version = 0;
  bool dnssec_ok = false;   // DO
  bool compact_ok = false;  // CO
  Bytes options;            // (code, length, data)*: well-formed when Parse() said so
  std::optional<Bytes> Find(EdnsOption option) const noexcept;  // the first such option's data
};

enum class Section : std::uint8_t { kAnswer, kAuthority, kAdditional };

// One record in the message. RDATA is where it lies and may hold compressed names: take it with
// MessageView::CopyRdata.
struct RecordView {
  Section section = Section::kAnswer;
  Name owner;
  RRType type = RRType::kA;
  RRClass rr_class = RRClass::kIN;
  std::uint32_t ttl = 0;
  std::size_t rdata_offset = 0;
  std::uint16_t rdata_size = 0;
};

enum class ParseError : std::uint8_t {
  kNone,
  kShort,     // no whole header: no answer is possible
  kQuestion,  // question section malformed or QDCOUNT not 1
  kRecord,    // a record runs past the end, or a name is malformed
  kEdns,      // two OPT records, OPT with a name, or malformed options (RFC 6891 section 6.1.1)
  kTrailing,  // octets after the last record
};

// How many questions a message may have: one (RFC 9619), or perhaps none, as in the later messages
// of a zone transfer (RFC 5936 section 2.2.1), whose question() is then the root's.
enum class QuestionRule : std::uint8_t { kOne, kOneOrNone };

class MessageView {
 public:
  // Parses `message`, which must outlive the view. On an error other than kShort the header is
  // valid, and on kRecord, kEdns and kTrailing the question too; records are there only on kNone.
  ParseError Parse(Bytes message, QuestionRule rule = QuestionRule::kOne) noexcept;

  const Header& header() const noexcept { return header_; }
  const Question& question() const noexcept { return question_; }
  // Where the question ends: a query's first octets up to here are echoed in its reply.
  std::size_t question_end() const noexcept { return question_end_; }
  const std::optional<Edns>& edns() const noexcept { return edns_; }
  Bytes wire() const noexcept { return wire_; }
  // RCODE with the EDNS extension.
  Rcode rcode() const noexcept;

  // Iterates all records but OPT, in order. `visit(const RecordView&)` returns false to stop.
  template <class Visit>
  void ForEachRecord(Visit&& visit) const {
    Cursor cursor = Begin();
    RecordView record;
    while (Next(cursor, record)) {
      if (record.type == RRType::kOPT) continue;
      if (!visit(record)) return;
    }
  }

  // Appends RDATA with its names decompressed (known types only, RFC 3597 section 4). False when
  // the RDATA is malformed or does not fit: nothing is then appended.
  bool CopyRdata(const RecordView& record, Writer& out) const noexcept;

  // Reads a possibly compressed name at `offset`; nothing when malformed. `end` becomes the offset
  // after the name as it lies there.
  std::optional<Name> ReadName(std::size_t offset, std::size_t& end) const noexcept;

 private:
  struct Cursor {
    std::size_t offset = 0;
    std::uint32_t index = 0;
  };
  Cursor Begin() const noexcept { return {question_end_, 0}; }
  bool Next(Cursor& cursor, RecordView& record) const noexcept;
  bool ParseQuestion() noexcept;
  ParseError ParseRecords() noexcept;
  bool ParseOpt(std::uint16_t udp_size, std::uint32_t ttl, Bytes options) noexcept;

  Bytes wire_;
  Header header_;
  Question question_;
  std::size_t question_end_ = kHeaderSize;
  std::uint32_t record_count_ = 0;
  std::optional<Edns> edns_;
};

}  // namespace sealwire::dns
