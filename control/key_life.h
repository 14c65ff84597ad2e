// What a policy says of the life of a zone's keys.
//
// The two delays are margins on top of what is measured: by `propagation_delay` every answer of
// this fleet is the new one, by `parent_propagation_delay` every server of the parent is.
// Threading: value. Times are seconds.
#pragma once

#include <cstdint>

#include "keycache/zone_key_record.h"

namespace sealwire::control {

struct KeyLife {
  keycache::KeyHome ksk = keycache::KeyHome::kHsm;
  std::uint8_t algorithm = signer::kAlgorithmP256;
  bool csk = false;                         // one key signs all
  std::uint32_t zsk_lifetime = 90 * 86400;  // 0: rolled only when asked
  std::uint32_t ksk_lifetime = 0;           // 0: rolled only when asked
  keycache::RollMethod ksk_roll = keycache::RollMethod::kDoubleKsk;
  bool standby = false;  // a key of each role stands ready in the DNSKEY RRset
  std::uint32_t dnskey_ttl = 3600;
  // No RRset of the zone has a longer TTL. 0: not promised; the validity of signatures is the bound
  // then, for a validator keeps nothing longer than its signature lasts (RFC 4035 section 5.3.3).
  std::uint32_t max_zone_ttl = 0;
  std::uint32_t signature_validity = 3 * 86400;  // the policy's; told, not read from here
  std::uint32_t propagation_delay = 300;
  std::uint32_t parent_propagation_delay = 3600;
  bool operator==(const KeyLife&) const = default;
};

}  // namespace sealwire::control
