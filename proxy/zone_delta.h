// What an incremental transfer changes in a zone held whole (RFC 1995 section 4): records taken out
// and put in, in the order of the primary's versions.
//
// Records are told apart by owner, type and data, without regard to letter case and TTL. A record
// that is taken out and was not there means that we and the primary do not speak of the same zone:
// the whole of it is then to be fetched. Threading: one owner. Errors: a sentence.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/result.h"
#include "dns/rr_type.h"
#include "proxy/local_zone.h"
#include "proxy/local_zone_builder.h"

namespace sealwire::proxy {

class ZoneDelta {
 public:
  Status Remove(dns::NameView owner, dns::RRType type, dns::Bytes rdata);
  void Put(dns::NameView owner, dns::RRType type, std::uint32_t ttl, dns::Bytes rdata);

  // Adds to `builder` the records of `base` as changed, but for the SOA at the apex.
  Status Apply(const LocalZone& base, LocalZoneBuilder& builder);

  std::size_t size() const noexcept { return changes_.size(); }

 private:
  struct Change {
    dns::Name owner;
    dns::RRType type = dns::RRType::kA;
    std::uint32_t ttl = 0;
    std::vector<std::uint8_t> rdata;
    bool present = false;      // afterwards
    bool was_present = false;  // before, if the primary is right
    bool seen = false;         // in the base
  };
  const std::string& KeyOf(dns::NameView owner, dns::RRType type, dns::Bytes rdata);

  std::unordered_map<std::string, Change> changes_;
  std::string key_;
  std::vector<std::uint8_t> canonical_;
};

}  // namespace sealwire::proxy
