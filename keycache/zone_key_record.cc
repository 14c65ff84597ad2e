#include "keycache/zone_key_record.h"

#include <algorithm>
#include <utility>

#include "signer/rrsig.h"

namespace sealwire::keycache {

const KeyRecord* ZoneKeyRecord::SigningKeyOf(Role role) const noexcept {
  const auto found = std::find_if(keys.begin(), keys.end(), [role](const KeyRecord& key) {
    const bool has_role = role == Role::kZsk ? key.IsZsk() : key.role == Role::kKsk;
    return has_role && key.signing && key.published;
  });
  return found == keys.end() ? nullptr : &*found;
}

const Rollover* ZoneKeyRecord::WholeSetRollover() const noexcept {
  const Rollover* roll = RolloverOf(Role::kKsk);
  return roll != nullptr && roll->method == RollMethod::kWholeSet ? roll : nullptr;
}

const KeyRecord* ZoneKeyRecord::Find(std::uint16_t key_tag) const noexcept {
  const auto found = std::find_if(
      keys.begin(), keys.end(), [key_tag](const KeyRecord& key) { return key.key_tag == key_tag; });
  return found == keys.end() ? nullptr : &*found;
}
KeyRecord* ZoneKeyRecord::Find(std::uint16_t key_tag) noexcept {
  return const_cast<KeyRecord*>(std::as_const(*this).Find(key_tag));
}

const Rollover* ZoneKeyRecord::RolloverOf(Role role) const noexcept {
  const auto found = std::find_if(rollovers.begin(), rollovers.end(),
                                  [role](const Rollover& roll) { return roll.role() == role; });
  return found == rollovers.end() ? nullptr : &*found;
}
Rollover* ZoneKeyRecord::RolloverOf(Role role) noexcept {
  return const_cast<Rollover*>(std::as_const(*this).RolloverOf(role));
}

bool ZoneKeyRecord::HasTag(std::uint16_t key_tag) const noexcept {
  return Find(key_tag) != nullptr ||
         std::any_of(foreign.begin(), foreign.end(),
                     [key_tag](const DnskeyRdata& key) { return signer::KeyTag(key) == key_tag; });
}

dns::RRset ZoneKeyRecord::DnskeyRRset() const {
  dns::RRset set(apex, dns::RRType::kDNSKEY, key_ttl);
  for (const KeyRecord& key : keys) {
    if (key.published) set.Add(key.Dnskey());
  }
  for (const DnskeyRdata& key : foreign) set.Add(key);
  return set;
}

dns::RRset ZoneKeyRecord::CdsRRset() const {
  dns::RRset set(apex, dns::RRType::kCDS, key_ttl);
  if (cds == CdsPublication::kDelete) set.Add(kDeleteCds);
  if (cds == CdsPublication::kPublish) {
    for (const DsRecord& ds : DsRecords()) set.Add(ds.Rdata());
    for (const DnskeyRdata& key : foreign) {
      if (IsSecureEntryPoint(key)) set.Add(MakeDs(apex, key).Rdata());
    }
  }
  return set;
}

dns::RRset ZoneKeyRecord::CdnskeyRRset() const {
  dns::RRset set(apex, dns::RRType::kCDNSKEY, key_ttl);
  if (cds == CdsPublication::kDelete) set.Add(kDeleteCdnskey);
  if (cds == CdsPublication::kPublish) {
    for (const KeyRecord& key : keys) {
      if (key.role == Role::kKsk && key.wants_ds) set.Add(key.Dnskey());
    }
    for (const DnskeyRdata& key : foreign) {
      if (IsSecureEntryPoint(key)) set.Add(key);
    }
  }
  return set;
}

std::vector<DsRecord> ZoneKeyRecord::DsRecords() const {
  std::vector<DsRecord> records;
  for (const KeyRecord& key : keys) {
    if (key.role == Role::kKsk && key.wants_ds) records.push_back(MakeDs(apex, key.Dnskey()));
  }
  return records;
}

}  // namespace sealwire::keycache
