#include "proxy/soa_stencil.h"

#include <array>
#include <cstring>
#include <span>
#include <utility>

#include "proxy/wide_pages.h"

namespace sealwire::proxy {
namespace {

using dns::Bytes;
using dns::Section;
using Pointer = dns::PreparedRecords::Pointer;

// Behind an owner name: type, class, TTL, RDLENGTH.
constexpr std::size_t kFixed = 10;
constexpr std::size_t kTypeAndClass = 4;

// The octets that one name takes from `at` on, and whether a pointer ends it.
struct Walked {
  std::size_t end = 0;
  bool pointer = false;
};

Walked WalkName(Bytes octets, std::size_t at) noexcept {
  while (octets[at] != 0 && octets[at] < 0xc0) at += octets[at] + 1u;
  const bool pointer = octets[at] != 0;
  return {at + (pointer ? 2 : 1), pointer};
}

}  // namespace

struct alignas(64) SoaStencils::Place {
  static constexpr std::size_t kRoom = 448;
  static constexpr std::size_t kMaxPointers = 4;  // two owners, MNAME, RNAME

  std::uint64_t wanted = 0;   // the zone version that was without one last
  std::uint64_t version = 0;  // of the zone this was cut for; 0: empty
  std::uint64_t from_ms = 0;
  std::uint64_t until_ms = 0;
  std::uint32_t ttl = 0;
  std::uint16_t size = 0;
  std::uint8_t apex_size = 0;
  std::uint8_t pointer_count = 0;
  std::array<Pointer, kMaxPointers> pointers;
  std::array<std::uint8_t, dns::kMaxNameSize> apex;  // as it was spelled
  std::array<std::uint8_t, kRoom> octets;

  Bytes Apex() const noexcept { return Bytes(apex).first(apex_size); }
  void Note(Bytes message, std::size_t begin, std::size_t at) noexcept;
};

// Memory is taken as zones are denied.
struct SoaStencils::Places {
  static constexpr std::size_t kCount = 4096;
  WidePages<Place> all{kCount};
};

SoaStencils::SoaStencils() : places_(std::make_unique<Places>()) {}
SoaStencils::~SoaStencils() = default;

SoaStencils::Place& SoaStencils::PlaceOf(const Zone& zone) const noexcept {
  return places_->all[zone.version() * 0x9e3779b97f4a7c15u >> 32 & (Places::kCount - 1)];
}

bool SoaStencils::Concerns(const AnswerItem& item) noexcept {
  return item.rrset.type == dns::RRType::kSOA && item.section == Section::kAuthority &&
         item.signed_by != nullptr && item.signed_by->local && item.signed_by->keys &&
         !item.signed_by->keys->SignsTwice() && item.made_ahead.empty() && item.rrset.count == 1 &&
         !item.rrset.owner.IsRoot();
}

bool SoaStencils::Find(const AnswerItem& item, const Query& query, std::uint64_t now_ms,
                       Stencil& stencil) const noexcept {
  const Place& place = PlaceOf(*item.signed_by);
  if (place.version != item.signed_by->version() || place.ttl != item.ttl ||
      now_ms < place.from_ms || now_ms >= place.until_ms || query.name.size() < place.apex_size) {
    return false;
  }
  if (!dns::Equal(query.name.wire().last(place.apex_size), place.Apex())) return false;
  stencil.records.octets = Bytes(place.octets).first(place.size);
  stencil.records.pointers = std::span(place.pointers).first(place.pointer_count);
  stencil.records.records = 2;
  stencil.apex_size = place.apex_size;
  stencil.until_ms = place.until_ms;
  return true;
}

// What the pointer at `at` in `message` means, for records that begin at `begin`.
void SoaStencils::Place::Note(Bytes message, std::size_t begin, std::size_t at) noexcept {
  const std::size_t target = std::size_t{message[at] & 0x3fu} << 8 | message[at + 1];
  const bool into_question = target < begin;
  pointers[pointer_count++] = {
      static_cast<std::uint16_t>(at - begin),
      static_cast<std::uint16_t>(target - (into_question ? dns::kHeaderSize : begin)),
      into_question};
}

// Writes an answer about the apex itself, and keeps its authority section.
void SoaStencils::Keep(const AnswerItem& item, Bytes rrsig, std::uint64_t now_ms,
                       std::uint64_t until_ms) noexcept {
  const Zone& zone = *item.signed_by;
  // Who spells the apex in other letters each time must not have it cut anew each time.
  if (!dns::NameView::IdenticalCase(item.rrset.owner, zone.apex)) return;
  Place& place = PlaceOf(zone);
  if (std::exchange(place.wanted, zone.version()) != zone.version()) return;
  const dns::NameView apex = item.rrset.owner;
  std::array<std::uint8_t, 1024> message;
  dns::MessageWriter writer(message, nullptr);
  writer.StartQuery(0, false);
  writer.AddQuestion(apex, item.rrset.type, dns::RRClass::kIN);
  const bool written = writer.AddRRset(Section::kAuthority, item.rrset, apex, item.ttl) &&
                       writer.AddRecord(Section::kAuthority, apex, dns::RRType::kRRSIG,
                                        dns::RRClass::kIN, item.ttl, rrsig);
  const std::size_t end = writer.Finish(dns::Rcode::kNoError);
  const std::size_t begin = dns::kHeaderSize + apex.size() + kTypeAndClass;
  if (!written || end - begin > Place::kRoom) return;

  place.version = zone.version();
  place.from_ms = now_ms;
  place.until_ms = until_ms;
  place.ttl = item.ttl;
  place.size = static_cast<std::uint16_t>(end - begin);
  place.apex_size = static_cast<std::uint8_t>(apex.size());
  std::memcpy(place.apex.data(), apex.wire().data(), apex.size());
  std::memcpy(place.octets.data(), &message[begin], place.size);
  place.pointer_count = 0;
  // The owner, MNAME and RNAME of the SOA (RFC 1035 section 3.3.13), and the owner of its RRSIG.
  std::size_t at = begin;
  for (int name = 0; name < 3; ++name) {
    const Walked walked = WalkName(message, at);
    if (walked.pointer) place.Note(message, begin, walked.end - 2);
    at = walked.end + (name == 0 ? kFixed : 0);
  }
  place.Note(message, begin, at + 5 * sizeof(std::uint32_t));
}

}  // namespace sealwire::proxy
