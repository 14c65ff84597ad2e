// RRSIG RDATA and the octets that a signature covers (RFC 4034 sections 3.1 and 3.1.8.1), and key
// tags (RFC 4034 appendix B).
//
// Threading: pure functions; scratch belongs to the caller. Errors: 0 or a failed Writer when the
// output is too small. No allocation.
#pragma once

#include <cstdint>

#include "dns/bytes.h"
#include "dns/canonical.h"
#include "dns/name.h"
#include "dns/rrset.h"
#include "signer/algorithm.h"
#include "signer/ecdsa.h"
#include "signer/validity.h"

namespace sealwire::signer {

inline constexpr std::size_t kRrsigFixedSize = 18;  // everything before the signer's name
inline constexpr std::size_t kMaxRrsigSize =
    kRrsigFixedSize + dns::kMaxNameSize + kMaxSignatureSize;

// RRSIG RDATA but for the signature.
struct RrsigFields {
  dns::RRType covered = dns::RRType::kA;
  std::uint8_t algorithm = kAlgorithmP256;
  std::uint8_t labels = 0;
  std::uint32_t original_ttl = 0;
  Validity validity;
  std::uint16_t key_tag = 0;
  dns::NameView signer;  // the apex of the zone
};

// Labels of an owner name that is signed as it stands: neither the root label nor a leading `*`
// counts (RFC 4034 section 3.1.3).
std::uint8_t RrsigLabels(dns::NameView owner) noexcept;

// The fields for `rrset` signed under its own owner name and TTL.
RrsigFields FieldsFor(const dns::RRsetView& rrset, dns::NameView apex, const Validity& validity,
                      std::uint16_t key_tag, std::uint8_t algorithm = kAlgorithmP256) noexcept;

// Appends RRSIG RDATA without the signature; the signer's name is lower-cased, as it is signed
// (RFC 4034 section 3.1.8.1). The signature's octets follow to complete the RDATA.
void WriteRrsigPrefix(const RrsigFields& fields, dns::Writer& out) noexcept;

// Writes everything a signature covers: the RDATA prefix, then the RRset in canonical form and
// order with the original TTL. Returns its size; 0 when `out` is too small or the set has too many
// records.
std::size_t WriteSignedData(const RrsigFields& fields, const dns::RRsetView& rrset,
                            dns::CanonicalScratch& scratch, dns::MutableBytes out) noexcept;

// Key tag of DNSKEY RDATA (any algorithm but 1).
std::uint16_t KeyTag(dns::Bytes dnskey_rdata) noexcept;

}  // namespace sealwire::signer
