#include "proxy/denial.h"

#include <algorithm>

#include "signer/compact_nsec.h"

namespace sealwire::proxy {
namespace {

using dns::Rcode;
using dns::RRType;
using dns::Section;

// SOA RDATA ends with five 32-bit fields, MINIMUM last (RFC 1035 section 3.3.13).
std::uint32_t SoaMinimum(dns::Bytes rdata) noexcept {
  if (rdata.size() < 4) return 0;
  return dns::Reader(rdata, rdata.size() - 4).U32();
}

}  // namespace

std::uint32_t DenyingZone::NegativeTtl() const noexcept {
  return std::min({soa.ttl, SoaMinimum(soa.First()), zone.policy.negative_ttl_cap});
}

signer::ApexTypes ApexTypesOf(const Zone& zone) noexcept {
  return {zone.keys && !zone.keys->dnskey.empty(), zone.keys && !zone.keys->cds.empty(),
          zone.keys && !zone.keys->cdnskey.empty(),
          zone.keys && zone.policy.denial == DenialMode::kNsec3};
}

void Denial::NoSuchName(const DenyingZone& by, const MissingName& missing) noexcept {
  answer_.nonexistent = true;
  AddSoa(by);
  if (!Proves(by.zone)) {
    answer_.rcode = Rcode::kNXDomain;
    return;
  }
  switch (by.zone.policy.denial) {
    case DenialMode::kNsec3:
      return CoverByNsec3(by, missing);
    case DenialMode::kWhiteLies:
      if (CoverByNsec(by, missing)) return;
      [[fallthrough]];  // the compact lie is always possible, and as well believed
    case DenialMode::kCompact:
      return LieThatItExists(by, missing.name);
  }
}

void Denial::LieThatItExists(const DenyingZone& by, dns::NameView name) noexcept {
  // RFC 9824 section 5.1: the asker who knows of the lie is told the truth in the header.
  if (query_.compact_ok()) answer_.rcode = Rcode::kNXDomain;
  Nsec(Section::kAuthority, by, name, signer::NonexistentTypes());
}

void Denial::NoSuchType(const DenyingZone& by, dns::NameView name,
                        const dns::TypeBitmap& types) noexcept {
  AddSoa(by);
  if (Proves(by.zone)) ProveNoType(by, name, types);
}

void Denial::ProveNoType(const DenyingZone& by, dns::NameView name,
                         const dns::TypeBitmap& types) noexcept {
  if (by.zone.policy.denial == DenialMode::kNsec3) return MatchNsec3(by, name, types);
  Nsec(Section::kAuthority, by, name, types);
}

void Denial::NoDsAtCut(const DenyingZone& by, dns::NameView cut) noexcept {
  if (!Proves(by.zone)) return;
  const dns::TypeBitmap& types = signer::UnsignedCutTypes();
  if (by.zone.policy.denial == DenialMode::kNsec3) return MatchNsec3(by, cut, types);
  Nsec(Section::kAuthority, by, cut, signer::NextNameAtCut(cut, by.zone.apex), types);
}

void Denial::NoDsAsked(const DenyingZone& by, dns::NameView cut) noexcept {
  AddSoa(by);
  NoDsAtCut(by, cut);
}

AnswerItem* Denial::Nsec(Section section, const DenyingZone& by, dns::NameView owner,
                         const dns::TypeBitmap& types) noexcept {
  const std::size_t from = arena_.writer().size();
  arena_.writer().U16(0);
  signer::WriteNsecOfOneName(owner, by.zone.apex, types, arena_.writer());
  return AddRecord(section, by, owner, RRType::kNSEC, from);
}

AnswerItem* Denial::Nsec(Section section, const DenyingZone& by, dns::NameView owner,
                         dns::NameView next, const dns::TypeBitmap& types) noexcept {
  const std::size_t from = arena_.writer().size();
  arena_.writer().U16(0);
  signer::WriteNsec(next, types, arena_.writer());
  return AddRecord(section, by, owner, RRType::kNSEC, from);
}

AnswerItem* Denial::AddRecord(Section section, const DenyingZone& by, dns::NameView owner,
                              RRType type, std::size_t from) noexcept {
  dns::Writer& writer = arena_.writer();
  writer.PatchU16(from, static_cast<std::uint16_t>(writer.size() - from - 2));
  if (!writer.ok()) {
    answer_.Fail();
    return nullptr;
  }
  return answer_.Add(
      section, {owner, type, dns::RRClass::kIN, by.NegativeTtl(), 1, arena_.Since(from)}, &by.zone);
}

void Denial::AddSoa(const DenyingZone& by) noexcept {
  AnswerItem* soa = answer_.Add(Section::kAuthority, by.soa, &by.zone);
  // Signed with the TTL it has at the apex, so that both uses share one signature; a lesser TTL
  // is always valid (RFC 4035 section 5.3.3).
  if (soa != nullptr) soa->ttl = by.NegativeTtl();
}

}  // namespace sealwire::proxy
