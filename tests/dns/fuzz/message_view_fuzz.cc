// Any octets: parsing ends, and everything the view gives is well-formed.
#include <cstdlib>
#include <vector>

#include "dns/message_view.h"
#include "dns/rdata.h"

using namespace sealwire::dns;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

void RequireWellFormed(NameView name) {
  const auto parsed = NameView::Parse(name.wire());
  Require(parsed.has_value() && parsed->size() == name.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::vector<std::uint8_t> buffer(1 << 17);
  const Bytes wire(data, size);
  MessageView view;
  const ParseError error = view.Parse(wire, QuestionRule::kOneOrNone);
  std::uint32_t records = 0;
  view.ForEachRecord([&](const RecordView& record) {
    ++records;
    RequireWellFormed(record.owner);
    Require(record.rdata_offset + record.rdata_size <= size);
    Writer out(buffer);
    if (view.CopyRdata(record, out)) {
      Require(IsWellFormedRdata(record.type, out.written()));
    } else {
      Require(out.size() == 0 && out.ok());
    }
    return true;
  });
  if (error == ParseError::kNone) {
    const Header& header = view.header();
    const std::uint32_t announced = std::uint32_t{header.ancount} + header.nscount + header.arcount;
    Require(records + (view.edns() ? 1 : 0) == announced);
    RequireWellFormed(view.question().name);
    (void)view.rcode();
    if (view.edns()) {
      for (unsigned code = 0; code < 20; ++code) {
        (void)view.edns()->Find(static_cast<EdnsOption>(code));
      }
    }
  } else {
    Require(records == 0);
  }
  for (std::size_t at = 0; at < size && at < 64; ++at) {
    std::size_t end = 0;
    if (const auto name = view.ReadName(at, end)) {
      RequireWellFormed(*name);
      Require(end > at && end <= size);
    }
  }
  return 0;
}
