#include "proxy/draft.h"

namespace sealwire::proxy {
namespace {

using dns::RRType;

constexpr std::uint8_t kSigned = 1;
constexpr std::uint8_t kRequired = 2;

void PackItem(const AnswerItem& item, dns::Writer& writer) noexcept {
  writer.U8(static_cast<std::uint8_t>(item.section));
  writer.U8(static_cast<std::uint8_t>((item.signed_by != nullptr ? kSigned : 0) |
                                      (item.required ? kRequired : 0)));
  writer.U16(static_cast<std::uint16_t>(item.rrset.type));
  writer.U32(item.rrset.ttl);
  writer.U32(item.ttl);
  writer.U16(item.rrset.count);
  writer.Run(item.rrset.owner.wire());
  writer.U32(static_cast<std::uint32_t>(item.rrset.rdata.size()));
  writer.Run(item.rrset.rdata);
}

bool UnpackItem(dns::Bytes packed, dns::Reader& reader, const ZoneTable& zones,
                Answer& answer) noexcept {
  const auto section = static_cast<dns::Section>(reader.U8());
  const std::uint8_t flags = reader.U8();
  dns::RRsetView rrset;
  rrset.type = static_cast<RRType>(reader.U16());
  rrset.ttl = reader.U32();
  const std::uint32_t ttl = reader.U32();
  rrset.count = reader.U16();
  const auto owner = dns::NameView::Parse(packed.subspan(reader.position()));
  if (!owner) return false;
  rrset.owner = *owner;
  reader.Skip(owner->size());
  rrset.rdata = reader.Run(reader.U32());
  if (!reader.ok()) return false;
  const Zone* signed_by =
      (flags & kSigned) != 0 ? zones.Find(rrset.owner, rrset.type == RRType::kDS) : nullptr;
  AnswerItem* item = answer.Add(section, rrset, signed_by);
  if (item == nullptr) return false;
  item->ttl = ttl;
  item->required = (flags & kRequired) != 0;
  return true;
}

}  // namespace

std::optional<std::size_t> PackDraft(const Answer& answer, dns::MutableBytes out) noexcept {
  dns::Writer writer(out);
  writer.U8(answer.authoritative ? 1 : 0);
  for (const AnswerItem& item : answer.items()) PackItem(item, writer);
  if (!writer.ok()) return std::nullopt;
  return writer.size();
}

bool UnpackDraft(dns::Bytes packed, const ZoneTable& zones, Answer& answer) noexcept {
  dns::Reader reader(packed);
  answer.authoritative = reader.U8() != 0;
  while (reader.ok() && reader.remaining() > 0) {
    if (!UnpackItem(packed, reader, zones, answer)) return false;
  }
  return reader.ok();
}

}  // namespace sealwire::proxy
