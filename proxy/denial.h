// Proves that something is not there (RFC 2308), in the way of the zone's policy (DenialMode).
//
// In a signed zone and for an asker who set DO, a denial is the SOA and its proof. A compact proof
// (RFC 9824) is one NSEC that lies: the name exists, but has nothing but what the bitmap says;
// NXNAME in the bitmap owns up. The other two tell the truth in the RCODE, and cover what does not
// exist: the name below the closest encloser, and the wildcard there that could have stood for it.
// For askers without DO a denial is the SOA alone, and the true RCODE.
// Threading: one worker; no allocation.
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
  // section 5; RFC 9077 for NSEC and NSEC3), cut to the policy's cap.
  std::uint32_t NegativeTtl() const noexcept;
};

// What Sealwire adds to the types at the apex of a signed zone.
signer::ApexTypes ApexTypesOf(const Zone& zone) noexcept;

// A name that does not exist, and one above it that does (or is said to: docs/decisions/0101) while
// its own child towards the name does not (RFC 5155 section 1.3). Its types matter to NSEC3 only.
struct MissingName {
  dns::NameView name;
  dns::NameView closest_encloser;
  dns::TypeBitmap encloser_types;

  dns::NameView next_closer() const noexcept {
    return name.Suffix(closest_encloser.LabelCount() + 1);
  }
};

class Denial {
 public:
  Denial(const Query& query, const ZoneTable& zones, Answer& answer, Arena& arena) noexcept
      : query_(query), zones_(zones), answer_(answer), arena_(arena) {}

  // RFC 9824 section 3.1, and section 5 for the RCODE; RFC 4035 section 3.1.3.2; RFC 5155 section
  // 7.2.2.
  void NoSuchName(const DenyingZone& by, const MissingName& missing) noexcept;
  // RFC 9824 section 3.2; `types` are those of an NSEC's bitmap.
  void NoSuchType(const DenyingZone& by, dns::NameView name, const dns::TypeBitmap& types) noexcept;
  // The same without the SOA, for a signed zone.
  void ProveNoType(const DenyingZone& by, dns::NameView name,
                   const dns::TypeBitmap& types) noexcept;
  // RFC 9824 section 3.4: the proof in a referral, without a SOA.
  void NoDsAtCut(const DenyingZone& by, dns::NameView cut) noexcept;
  // DS is missing at a cut, and was asked for: the SOA and the referral's proof.
  void NoDsAsked(const DenyingZone& by, dns::NameView cut) noexcept;
  // The NSEC itself, which denies `owner` alone, for those who ask for it; null when it did not
  // fit.
  AnswerItem* Nsec(dns::Section section, const DenyingZone& by, dns::NameView owner,
                   const dns::TypeBitmap& types) noexcept;
  // The same with another next name.
  AnswerItem* Nsec(dns::Section section, const DenyingZone& by, dns::NameView owner,
                   dns::NameView next, const dns::TypeBitmap& types) noexcept;

  // The SOA alone, of which the proof follows later.
  void AddSoa(const DenyingZone& by) noexcept;

 private:
  bool Proves(const Zone& zone) const noexcept { return query_.dnssec_ok() && zone.keys; }
  void LieThatItExists(const DenyingZone& by, dns::NameView name) noexcept;

  // proxy/denial_white_lies.cc; false, and nothing done, when there is no such NSEC.
  bool CoverByNsec(const DenyingZone& by, const MissingName& missing) noexcept;
  std::optional<dns::Name> OwnerBefore(const Zone& zone, dns::NameView name) const noexcept;
  void AddCover(const DenyingZone& by, const dns::Name& owner, dns::NameView covered) noexcept;

  // proxy/denial_nsec3.cc
  void CoverByNsec3(const DenyingZone& by, const MissingName& missing) noexcept;
  void MatchNsec3(const DenyingZone& by, dns::NameView name, const dns::TypeBitmap& types) noexcept;
  void CoverNsec3(const DenyingZone& by, dns::NameView name) noexcept;

  // RDATA was written to the arena behind a length at `from`: the record it makes.
  AnswerItem* AddRecord(dns::Section section, const DenyingZone& by, dns::NameView owner,
                        dns::RRType type, std::size_t from) noexcept;

  const Query& query_;
  const ZoneTable& zones_;
  Answer& answer_;
  Arena& arena_;
};

}  // namespace sealwire::proxy
