// What was parsed, written and parsed again is the same: same records, in order, with the same
// case.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "dns/message_view.h"
#include "dns/message_writer.h"

using namespace sealwire::dns;  // NOLINT(google-build-using-namespace)

namespace {

struct Record {
  Section section;
  Name owner;
  RRType type;
  RRClass rr_class;
  std::uint32_t ttl;
  std::vector<std::uint8_t> rdata;

  bool SameAs(const Record& other) const {
    return section == other.section && NameView::IdenticalCase(owner, other.owner) &&
           type == other.type && rr_class == other.rr_class && ttl == other.ttl &&
           rdata == other.rdata;
  }
};

void Require(bool condition) {
  if (!condition) std::abort();
}

// False when some RDATA is malformed.
bool Collect(const MessageView& view, std::vector<Record>& records) {
  static std::vector<std::uint8_t> buffer(1 << 17);
  bool good = true;
  view.ForEachRecord([&](const RecordView& record) {
    Writer out(buffer);
    good = view.CopyRdata(record, out);
    records.push_back({record.section,
                       record.owner,
                       record.type,
                       record.rr_class,
                       record.ttl,
                       {out.written().begin(), out.written().end()}});
    return good;
  });
  return good;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first octets choose how much room there is; the rest is the message.
  if (size < 2) return 0;
  const std::size_t limit = static_cast<std::size_t>(data[0]) << 8 | data[1];
  MessageView view;
  if (view.Parse(Bytes(data, size).subspan(2)) != ParseError::kNone) return 0;
  std::vector<Record> records;
  if (!Collect(view, records)) return 0;

  std::vector<std::uint8_t> out(limit);
  EdnsReply edns;
  if (view.edns()) {
    edns.udp_size = view.edns()->udp_size;
    edns.dnssec_ok = view.edns()->dnssec_ok;
    edns.compact_ok = view.edns()->compact_ok;
    edns.options = view.edns()->options;
  }
  MessageWriter writer(out, view.edns() ? &edns : nullptr);
  writer.StartReply(view.header(), view.header().aa);
  writer.AddQuestion(view.question().name, view.question().type, view.question().rr_class);
  std::vector<Record> kept;
  for (const Record& record : records) {
    if (writer.AddRecord(record.section, record.owner, record.type, record.rr_class, record.ttl,
                         record.rdata)) {
      kept.push_back(record);
    }
  }
  const std::size_t written = writer.Finish(view.rcode());
  Require(written <= limit);
  if (written == 0) return 0;

  MessageView again;
  Require(again.Parse(Bytes(out).first(written)) == ParseError::kNone);
  Require(again.header().id == view.header().id && again.header().tc == writer.truncated());
  Require(NameView::IdenticalCase(again.question().name, view.question().name));
  Require(again.edns().has_value() == view.edns().has_value());
  if (again.edns()) Require(Equal(again.edns()->options, edns.options));
  std::vector<Record> reread;
  Require(Collect(again, reread));
  Require(std::equal(kept.begin(), kept.end(), reread.begin(), reread.end(),
                     [](const Record& a, const Record& b) { return a.SameAs(b); }));
  return 0;
}
