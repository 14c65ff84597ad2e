#include "dns/message_view.h"

#include <algorithm>

#include "dns/rdata.h"

namespace sealwire::dns {
namespace {

// Walks the name at `at`, copying it to `copy` (kMaxNameSize octets) unless that is null. Gives its
// uncompressed size, or 0 when malformed. Every pointer must lead before the run of labels it ends:
// a loop is then impossible (RFC 9267 section 2), and no name of the header's making is accepted.
std::size_t WalkName(Bytes wire, std::size_t at, std::uint8_t* copy, std::size_t& end) noexcept {
  std::size_t size = 0;
  std::size_t run_start = at;
  int pointers = 0;
  while (at < wire.size()) {
    const std::uint8_t length = wire[at];
    if (length <= kMaxLabelSize) {
      const std::size_t octets = length + 1u;
      if (size + octets > kMaxNameSize || wire.size() - at < octets) return 0;
      if (copy != nullptr) std::memcpy(copy + size, &wire[at], octets);
      size += octets;
      at += octets;
      if (length != 0) continue;
      if (pointers == 0) end = at;
      return size;
    }
    // 0x40 and 0x80 are no label types any more (RFC 6891 section 5).
    if (length < 0xc0 || wire.size() - at < 2) return 0;
    if (pointers == 0) end = at + 2;
    const std::size_t target = static_cast<std::size_t>(length & 0x3f) << 8 | wire[at + 1];
    if (target >= run_start || target < kHeaderSize || ++pointers > kMaxPointers) return 0;
    run_start = at = target;
  }
  return 0;
}

// What stands between a record's owner name and its RDATA (RFC 1035 section 4.1.3).
struct FixedPart {
  RRType type;
  std::uint16_t rr_class;
  std::uint32_t ttl;
  std::uint16_t rdata_size;
};

FixedPart ReadFixedPart(Reader& reader) noexcept {
  FixedPart fixed{};
  fixed.type = static_cast<RRType>(reader.U16());
  fixed.rr_class = reader.U16();
  fixed.ttl = reader.U32();
  fixed.rdata_size = reader.U16();
  return fixed;
}

Section SectionOf(const Header& header, std::uint32_t index) noexcept {
  if (index < header.ancount) return Section::kAnswer;
  if (index < std::uint32_t{header.ancount} + header.nscount) return Section::kAuthority;
  return Section::kAdditional;
}

}  // namespace

std::optional<Header> ParseHeader(Bytes message) noexcept {
  if (message.size() < kHeaderSize) return std::nullopt;
  Reader reader(message);
  Header header;
  header.id = reader.U16();
  const std::uint16_t flags = reader.U16();
  header.qr = (flags & 0x8000) != 0;
  header.opcode = static_cast<Opcode>(flags >> 11 & 0xf);
  header.aa = (flags & 0x0400) != 0;
  header.tc = (flags & 0x0200) != 0;
  header.rd = (flags & 0x0100) != 0;
  header.ra = (flags & 0x0080) != 0;
  header.ad = (flags & 0x0020) != 0;
  header.cd = (flags & 0x0010) != 0;
  header.rcode = flags & 0xf;
  header.qdcount = reader.U16();
  header.ancount = reader.U16();
  header.nscount = reader.U16();
  header.arcount = reader.U16();
  return header;
}

std::optional<Bytes> Edns::Find(EdnsOption option) const noexcept {
  for (Reader reader(options); reader.remaining() > 0;) {
    const std::uint16_t code = reader.U16();
    const std::uint16_t size = reader.U16();
    const Bytes data = reader.Run(size);
    if (!reader.ok()) break;
    if (code == static_cast<std::uint16_t>(option)) return data;
  }
  return std::nullopt;
}

ParseError MessageView::Parse(Bytes message, QuestionRule rule) noexcept {
  wire_ = message;
  question_end_ = kHeaderSize;
  record_count_ = 0;
  edns_.reset();
  const auto header = ParseHeader(message);
  if (!header) return ParseError::kShort;
  header_ = *header;

  const bool none_allowed = rule == QuestionRule::kOneOrNone;
  if (header_.qdcount == 0 && none_allowed) {
    question_ = Question();
  } else if (header_.qdcount != 1 || !ParseQuestion()) {
    return ParseError::kQuestion;
  }
  return ParseRecords();
}

bool MessageView::ParseQuestion() noexcept {
  std::size_t end = 0;
  const std::size_t size = WalkName(wire_, kHeaderSize, question_.name.wire_.data(), end);
  if (size == 0) {
    question_.name = Name();
    return false;
  }
  question_.name.size_ = static_cast<std::uint8_t>(size);
  Reader reader(wire_, end);
  question_.type = static_cast<RRType>(reader.U16());
  question_.rr_class = static_cast<RRClass>(reader.U16());
  if (!reader.ok()) return false;
  question_end_ = reader.position();
  return true;
}

ParseError MessageView::ParseRecords() noexcept {
  const std::uint32_t count = std::uint32_t{header_.ancount} + header_.nscount + header_.arcount;
  std::size_t at = question_end_;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::size_t name_end = 0;
    const std::size_t owner_size = WalkName(wire_, at, nullptr, name_end);
    if (owner_size == 0) return ParseError::kRecord;
    Reader reader(wire_, name_end);
    const FixedPart fixed = ReadFixedPart(reader);
    const Bytes rdata = reader.Run(fixed.rdata_size);
    if (!reader.ok()) return ParseError::kRecord;
    if (fixed.type == RRType::kOPT) {
      // RFC 6891 section 6.1.1: one, in the additional section, under the root.
      if (edns_ || owner_size != 1 || SectionOf(header_, i) != Section::kAdditional ||
          !ParseOpt(fixed.rr_class, fixed.ttl, rdata)) {
        edns_.reset();
        return ParseError::kEdns;
      }
    }
    at = reader.position();
  }
  if (at != wire_.size()) return ParseError::kTrailing;
  record_count_ = count;
  return ParseError::kNone;
}

bool MessageView::ParseOpt(std::uint16_t udp_size, std::uint32_t ttl, Bytes options) noexcept {
  Edns& edns = edns_.emplace();
  edns.udp_size = std::max<std::uint16_t>(udp_size, 512);  // RFC 6891 section 6.2.3
  edns.extended_rcode = static_cast<std::uint8_t>(ttl >> 24);
  edns.version = static_cast<std::uint8_t>(ttl >> 16);
  edns.dnssec_ok = (ttl & 0x8000) != 0;
  edns.compact_ok = (ttl & 0x4000) != 0;
  // What stands there in another version is not ours to judge: the answer is BADVERS.
  if (edns.version != 0) return true;
  edns.options = options;
  Reader reader(options);
  while (reader.remaining() > 0) {
    reader.Skip(2);
    const std::uint16_t size = reader.U16();
    reader.Skip(size);
  }
  return reader.ok();
}

Rcode MessageView::rcode() const noexcept {
  const unsigned extended = edns_ ? edns_->extended_rcode : 0u;
  return static_cast<Rcode>(extended << 4 | header_.rcode);
}

std::optional<Name> MessageView::ReadName(std::size_t offset, std::size_t& end) const noexcept {
  std::optional<Name> name(std::in_place);
  const std::size_t size = WalkName(wire_, offset, name->wire_.data(), end);
  if (size == 0) return std::nullopt;
  name->size_ = static_cast<std::uint8_t>(size);
  return name;
}

bool MessageView::Next(Cursor& cursor, RecordView& record) const noexcept {
  if (cursor.index >= record_count_) return false;
  std::size_t name_end = 0;
  const std::size_t size = WalkName(wire_, cursor.offset, record.owner.wire_.data(), name_end);
  record.owner.size_ = static_cast<std::uint8_t>(size);
  Reader reader(wire_, name_end);
  const FixedPart fixed = ReadFixedPart(reader);
  record.section = SectionOf(header_, cursor.index);
  record.type = fixed.type;
  record.rr_class = static_cast<RRClass>(fixed.rr_class);
  record.ttl = fixed.ttl;
  record.rdata_offset = reader.position();
  record.rdata_size = fixed.rdata_size;
  cursor.offset = record.rdata_offset + fixed.rdata_size;
  ++cursor.index;
  return true;
}

bool MessageView::CopyRdata(const RecordView& record, Writer& out) const noexcept {
  const std::size_t end = record.rdata_offset + record.rdata_size;
  if (!out.ok() || end > wire_.size()) return false;
  const Bytes rdata = wire_.subspan(record.rdata_offset, record.rdata_size);
  const auto shape = ShapeOf(record.type, rdata);
  if (!shape) return false;

  const std::size_t undo = out.size();
  const auto copy = [&]() noexcept {
    out.Run(rdata.first(shape->first_name));
    // Up to `end` only: a name may point back to anywhere but must not run on past its own RDATA.
    const Bytes readable = wire_.first(end);
    std::size_t at = record.rdata_offset + shape->first_name;
    for (int i = 0; i < shape->names; ++i) {
      std::array<std::uint8_t, kMaxNameSize> name;
      std::size_t next = 0;
      const std::size_t size = WalkName(readable, at, name.data(), next);
      if (size == 0) return false;
      if (next - at != size && !shape->traits.may_decompress) return false;
      out.Run(Bytes(name).first(size));
      at = next;
    }
    if (!FitsAfterNames(*shape, end - at)) return false;
    out.Run(readable.subspan(at));
    return out.ok() && out.size() - undo <= 0xffff;
  };
  if (copy()) return true;
  out.Rewind(undo);
  return false;
}

}  // namespace sealwire::dns
