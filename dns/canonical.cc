#include "dns/canonical.h"

#include <algorithm>

#include "dns/name.h"
#include "dns/rdata.h"

namespace sealwire::dns {

void CanonicalizeRdata(RRType type, MutableBytes rdata) noexcept {
  if (!TraitsOf(type).lower_names || !IsWellFormedRdata(type, rdata)) return;
  const auto shape = ShapeOf(type, rdata);
  std::size_t at = shape->first_name;
  for (int i = 0; i < shape->names; ++i) {
    // Label lengths are below 'A' and stay as they are.
    while (rdata[at] != 0) {
      const std::size_t next = at + rdata[at] + 1;
      for (; at < next; ++at) rdata[at] = ToLower(rdata[at]);
    }
    ++at;
  }
}

namespace {

// The only record of a set: no order to find, so it is made where it will stand.
std::size_t WriteCanonicalRecord(const RRsetView& rrset, NameView owner, std::uint32_t original_ttl,
                                 MutableBytes out) noexcept {
  const Bytes rdata = rrset.First();
  Writer writer(out);
  owner.WriteLowered(writer);
  writer.U16(static_cast<std::uint16_t>(rrset.type));
  writer.U16(static_cast<std::uint16_t>(rrset.rr_class));
  writer.U32(original_ttl);
  writer.U16(static_cast<std::uint16_t>(rdata.size()));
  const std::size_t from = writer.size();
  writer.Run(rdata);
  if (!writer.ok()) return 0;
  CanonicalizeRdata(rrset.type, out.subspan(from, rdata.size()));
  return writer.size();
}

}  // namespace

std::size_t WriteCanonicalRRset(const RRsetView& rrset, NameView owner, std::uint32_t original_ttl,
                                CanonicalScratch& scratch, MutableBytes out) noexcept {
  if (rrset.count > CanonicalScratch::kMaxRecords) return 0;
  if (rrset.count == 1) return WriteCanonicalRecord(rrset, owner, original_ttl, out);
  Writer octets(scratch.octets);
  std::size_t count = 0;
  rrset.ForEach([&](Bytes rdata) {
    const std::size_t offset = octets.size();
    octets.Run(rdata);
    if (!octets.ok()) return;
    CanonicalizeRdata(rrset.type, MutableBytes(scratch.octets).subspan(offset, rdata.size()));
    scratch.entries[count++] = {static_cast<std::uint32_t>(offset),
                                static_cast<std::uint16_t>(rdata.size())};
  });
  if (!octets.ok()) return 0;

  using Entry = CanonicalScratch::Entry;
  const auto rdata_of = [&](const Entry& e) {
    return Bytes(scratch.octets).subspan(e.offset, e.size);
  };
  Entry* const begin = scratch.entries;
  Entry* end = begin + count;
  if (count > 1) {
    // RFC 4034 section 6.3: as left-justified unsigned octets, absence before zero.
    std::sort(begin, end, [&](const Entry& a, const Entry& b) {
      const int order = std::memcmp(scratch.octets + a.offset, scratch.octets + b.offset,
                                    std::min(a.size, b.size));
      return order != 0 ? order < 0 : a.size < b.size;
    });
    end = std::unique(begin, end, [&](const Entry& a, const Entry& b) {
      return Equal(rdata_of(a), rdata_of(b));
    });
  }

  const Name lowered = owner.Lowered();
  Writer writer(out);
  for (const Entry* entry = begin; entry != end; ++entry) {
    writer.Run(lowered.wire());
    writer.U16(static_cast<std::uint16_t>(rrset.type));
    writer.U16(static_cast<std::uint16_t>(rrset.rr_class));
    writer.U32(original_ttl);
    writer.U16(entry->size);
    writer.Run(rdata_of(*entry));
  }
  return writer.ok() ? writer.size() : 0;
}

}  // namespace sealwire::dns
