#include "keycache/zone_key_record.h"

#include <algorithm>

namespace sealwire::keycache {

const KeyRecord* ZoneKeyRecord::SigningKeyOf(Role role) const noexcept {
  const auto found = std::find_if(keys.begin(), keys.end(), [role](const KeyRecord& key) {
    return key.role == role && key.signing;
  });
  return found == keys.end() ? nullptr : &*found;
}

bool ZoneKeyRecord::HasTag(std::uint16_t key_tag) const noexcept {
  return std::any_of(keys.begin(), keys.end(),
                     [key_tag](const KeyRecord& key) { return key.key_tag == key_tag; });
}

dns::RRset ZoneKeyRecord::DnskeyRRset() const {
  dns::RRset set(apex, dns::RRType::kDNSKEY, kKeyTtl);
  for (const KeyRecord& key : keys) {
    if (key.published) set.Add(key.Dnskey());
  }
  return set;
}

dns::RRset ZoneKeyRecord::CdsRRset() const {
  dns::RRset set(apex, dns::RRType::kCDS, kKeyTtl);
  if (cds == CdsPublication::kDelete) set.Add(kDeleteCds);
  if (cds == CdsPublication::kPublish) {
    for (const DsRecord& ds : DsRecords()) set.Add(ds.Rdata());
  }
  return set;
}

dns::RRset ZoneKeyRecord::CdnskeyRRset() const {
  dns::RRset set(apex, dns::RRType::kCDNSKEY, kKeyTtl);
  if (cds == CdsPublication::kDelete) set.Add(kDeleteCdnskey);
  if (cds == CdsPublication::kPublish) {
    for (const KeyRecord& key : keys) {
      if (key.role == Role::kKsk && key.signing) set.Add(key.Dnskey());
    }
  }
  return set;
}

std::vector<DsRecord> ZoneKeyRecord::DsRecords() const {
  std::vector<DsRecord> records;
  for (const KeyRecord& key : keys) {
    if (key.role == Role::kKsk && key.signing) records.push_back(MakeDs(apex, key.Dnskey()));
  }
  return records;
}

}  // namespace sealwire::keycache
