// A zone as secondaries get it that sign nothing: every record with its signature, the NSEC chain,
// and the keys (RFC 4035 section 2), laid ready to be sent.
//
// Signatures come from the same windows as live answers (signer/validity.h): a copy made later has
// new ones only where a window has passed, and a memo spares the others. Without keys the copy is
// the zone as it is. What no secondary could use is left out: ALIAS, data below a DNAME, and
// ZONEMD, which would not fit any more. Threading: MakeSignedCopy() blocks for 20 µs a signature:
// not for a worker; copies are const. Errors: a sentence.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dns/name.h"
#include "dns/result.h"
#include "keycache/zone_keys.h"
#include "proxy/local_zone.h"
#include "proxy/zone.h"
#include "signer/rrset_signer.h"

namespace sealwire::proxy {

struct SignedCopy {
  dns::Name apex;
  std::uint32_t serial = 0;
  bool is_signed = false;
  std::size_t record_count = 0;
  // Owner, type, TTL, RDLENGTH, RDATA of each record, in canonical order; the SOA is the first.
  std::vector<std::uint8_t> records;
};

Result<std::shared_ptr<const SignedCopy>> MakeSignedCopy(const LocalZone& zone,
                                                         const keycache::ZoneKeys* keys,
                                                         const ZonePolicy& policy,
                                                         signer::RRsetSigner& signer,
                                                         std::uint64_t unix_seconds);

// One record of a copy; false at its end.
struct CopiedRecord {
  dns::NameView owner;
  dns::RRType type = dns::RRType::kA;
  std::uint32_t ttl = 0;
  dns::Bytes rdata;
};
bool NextRecord(dns::Reader& reader, dns::Bytes records, CopiedRecord& out) noexcept;

}  // namespace sealwire::proxy
