#include "signer/rrsig.h"

namespace sealwire::signer {

std::uint8_t RrsigLabels(dns::NameView owner) noexcept {
  return static_cast<std::uint8_t>(owner.LabelCount() - (owner.IsWildcard() ? 1 : 0));
}

RrsigFields FieldsFor(const dns::RRsetView& rrset, dns::NameView apex, const Validity& validity,
                      std::uint16_t key_tag, std::uint8_t algorithm) noexcept {
  RrsigFields fields;
  fields.algorithm = algorithm;
  fields.covered = rrset.type;
  fields.labels = RrsigLabels(rrset.owner);
  fields.original_ttl = rrset.ttl;
  fields.validity = validity;
  fields.key_tag = key_tag;
  fields.signer = apex;
  return fields;
}

void WriteRrsigPrefix(const RrsigFields& fields, dns::Writer& out) noexcept {
  out.U16(static_cast<std::uint16_t>(fields.covered));
  out.U8(fields.algorithm);
  out.U8(fields.labels);
  out.U32(fields.original_ttl);
  out.U32(fields.validity.expiration);
  out.U32(fields.validity.inception);
  out.U16(fields.key_tag);
  fields.signer.WriteLowered(out);
}

std::size_t WriteSignedData(const RrsigFields& fields, const dns::RRsetView& rrset,
                            dns::CanonicalScratch& scratch, dns::MutableBytes out) noexcept {
  dns::Writer prefix(out);
  WriteRrsigPrefix(fields, prefix);
  if (!prefix.ok()) return 0;
  const std::size_t size = dns::WriteCanonicalRRset(rrset, rrset.owner, fields.original_ttl,
                                                    scratch, out.subspan(prefix.size()));
  return size == 0 ? 0 : prefix.size() + size;
}

std::uint16_t KeyTag(dns::Bytes dnskey_rdata) noexcept {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < dnskey_rdata.size(); ++i) {
    sum += i % 2 == 0 ? std::uint32_t{dnskey_rdata[i]} << 8 : dnskey_rdata[i];
  }
  return static_cast<std::uint16_t>(sum + (sum >> 16));
}

}  // namespace sealwire::signer
