// Proves that something is not there (RFC 2308, RFC 9824).
//
// In a signed zone and for an asker who set DO, a denial is the SOA and one NSEC that lies: the
// name exists, but has nothing but what the bitmap says; NXNAME in the bitmap owns up. For others
// it is the SOA alone, and the true RCODE. Threading: one worker; no allocation.
#pragma once

#include "dns/name.h"
#include "dns/rrset.h"
#include "dns/type_bitmap.h"
#include "proxy/answer.h"
#include "proxy/query.h"
#include "proxy/zone.h"
#include "signer/denial_types.h"

namespace sealwire::proxy {

// The SOA of `zone` as it stands at the apex.
struct DenyingZone {
  const Zone& zone;
  dns::RRsetView soa;

  // TTL of a negative answer: the lesser of the SOA's own TTL and its MINIMUM field (RFC 2308
  // section 5; RFC 9077 for NSEC), cut to the policy's cap.
  std::uint32_t NegativeTtl() const noexcept;
};

// What Sealwire adds to the types at the apex of a signed zone.
signer::ApexTypes ApexTypesOf(const Zone& zone) noexcept;

class Denial {
 public:
  Denial(const Query& query, Answer& answer, Arena& arena) noexcept
      : query_(query), answer_(answer), arena_(arena) {}

  // RFC 9824 section 3.1, and section 5 for the RCODE.
  void NoSuchName(const DenyingZone& by, dns::NameView name) noexcept;
  // RFC 9824 section 3.2; `types` are those of the bitmap.
  void NoSuchType(const DenyingZone& by, dns::NameView name, const dns::TypeBitmap& types) noexcept;
  // RFC 9824 section 3.4: the referral's NSEC, without a SOA.
  void NoDsAtCut(const DenyingZone& by, dns::NameView cut) noexcept;
  // DS is missing at a cut, and was asked for: the SOA and the referral's NSEC.
  void NoDsAsked(const DenyingZone& by, dns::NameView cut) noexcept;
  // The NSEC itself, for those who ask for it; null when it did not fit.
  AnswerItem* Nsec(dns::Section section, const DenyingZone& by, dns::NameView owner,
                   dns::NameView next, const dns::TypeBitmap& types) noexcept;

  // The SOA alone, of which the proof follows later.
  void AddSoa(const DenyingZone& by) noexcept;

 private:
  bool Proves(const Zone& zone) const noexcept { return query_.dnssec_ok() && zone.keys; }
  const Query& query_;
  Answer& answer_;
  Arena& arena_;
};

}  // namespace sealwire::proxy
