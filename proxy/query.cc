#include "proxy/query.h"

namespace sealwire::proxy {
namespace {

// OPT: root name, type, size, extended RCODE, version, flags, RDLENGTH.
constexpr std::size_t kOptSize = 11;

bool OptionsAreWellFormed(dns::Bytes options) noexcept {
  dns::Reader reader(options);
  while (reader.remaining() > 0) {
    reader.U16();
    reader.Skip(reader.U16());
  }
  return reader.ok();
}

// Reads `rest` as exactly one OPT record; nothing when it is anything else.
std::optional<dns::Edns> ParseLoneOpt(dns::Bytes rest) noexcept {
  if (rest.size() < kOptSize) return std::nullopt;
  dns::Reader reader(rest);
  if (reader.U8() != 0 || reader.U16() != static_cast<std::uint16_t>(dns::RRType::kOPT)) {
    return std::nullopt;
  }
  dns::Edns edns;
  edns.udp_size = reader.U16();
  edns.extended_rcode = reader.U8();
  edns.version = reader.U8();
  const std::uint16_t flags = reader.U16();
  edns.dnssec_ok = (flags & 0x8000) != 0;
  edns.compact_ok = (flags & 0x4000) != 0;
  edns.options = reader.Run(reader.U16());
  if (!reader.ok() || reader.remaining() > 0) return std::nullopt;
  if (!OptionsAreWellFormed(edns.options)) return std::nullopt;
  return edns;
}

}  // namespace

QueryError Query::Parse(dns::Bytes message) noexcept {
  wire = message;
  edns.reset();
  const std::optional<dns::Header> parsed = dns::ParseHeader(message);
  if (!parsed || parsed->qr) return QueryError::kUnanswerable;
  header = *parsed;
  question_end = dns::kHeaderSize;
  if (header.opcode != dns::Opcode::kQuery) return QueryError::kOpcode;
  if (header.qdcount == 0) {
    return ParseRecords() == QueryError::kNone ? QueryError::kNoQuestion : QueryError::kQuestion;
  }
  if (header.qdcount != 1) return QueryError::kQuestion;

  // Nothing stands before the question's name that a compression pointer could sensibly mean.
  const auto spelled = dns::NameView::Parse(message.subspan(dns::kHeaderSize));
  if (!spelled) return QueryError::kQuestion;
  dns::Reader reader(message, dns::kHeaderSize + spelled->size());
  type = static_cast<dns::RRType>(reader.U16());
  rr_class = static_cast<dns::RRClass>(reader.U16());
  if (!reader.ok()) return QueryError::kQuestion;
  name = *spelled;
  question_end = reader.position();
  return ParseRecords();
}

QueryError Query::ParseRecords() noexcept {
  const dns::Bytes rest = wire.subspan(question_end);
  if (header.ancount == 0 && header.nscount == 0) {
    if (header.arcount == 0) {
      return rest.empty() ? QueryError::kNone : QueryError::kRecords;
    }
    if (header.arcount == 1 && (edns = ParseLoneOpt(rest))) return QueryError::kNone;
  }
  dns::MessageView view;
  const auto rule = header.qdcount == 0 ? dns::QuestionRule::kOneOrNone : dns::QuestionRule::kOne;
  if (view.Parse(wire, rule) != dns::ParseError::kNone) return QueryError::kRecords;
  edns = view.edns();
  return QueryError::kNone;
}

}  // namespace sealwire::proxy
