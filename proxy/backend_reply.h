// What a backend said, as far as it can be believed.
//
// The reply is untrusted: it must be a response to our question; only records of the zone asked
// about are taken, and nothing of DNSSEC but DS, since a backend is unsigned. What it denies is
// believed only if it claims to have the zone, by AA or by the SOA. TTLs within an RRset
// are made equal (RFC 2181 section 5.2) and cut to kMaxBackendTtl; duplicates are dropped. What is
// found goes into the answer or the arena. Threading: pure. Errors: kUnusable. No allocation.
#pragma once

#include <cstdint>
#include <optional>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/rrset.h"
#include "proxy/answer.h"
#include "proxy/zone.h"

namespace sealwire::proxy {

inline constexpr std::uint32_t kMaxBackendTtl = 86400;  // seconds

// What the backend was asked.
struct AskedOfBackend {
  const Zone& zone;
  const ZoneTable& zones;  // an alias into another zone ends what this backend may say
  dns::NameView name;
  dns::RRType type;
};

struct BackendReply {
  enum class Kind : std::uint8_t {
    kUnusable,
    kAnswer,       // `rrset` is what was asked for
    kAlias,        // the chain leads to `name`, of which this reply says nothing
    kNoSuchName,   // `name` does not exist
    kNoSuchType,   // `name` has nothing of the type
    kReferral,     // `rrset` is the NS RRset at a cut: `name` is the cut
    kNameTooLong,  // a DNAME, which is in the answer, makes no name of `name`
  } kind = Kind::kUnusable;
  dns::NameView name;  // where the chain of aliases ended
  dns::RRsetView rrset;
  bool synthesized = false;           // `rrset` is a CNAME made from a DNAME that is in the answer
  std::optional<dns::RRsetView> soa;  // of the zone's apex, from the authority section
  // kNoSuchType from a zone of the backend's that begins at `name`, below ours.
  bool is_child_apex = false;
};

// Aliases on the way, and the DNAME behind a CNAME, are added to `answer`, signed by the zone; for
// kReferral, glue is too.
BackendReply ReadBackendReply(dns::Bytes reply, const AskedOfBackend& asked, Answer& answer,
                              Arena& arena) noexcept;

}  // namespace sealwire::proxy
