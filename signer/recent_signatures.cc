#include "signer/recent_signatures.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace sealwire::signer {

struct alignas(64) RecentSignatures::Place {
  std::uint64_t key_id = 0;
  Validity validity;
  std::uint32_t ttl = 0;
  dns::RRType type = dns::RRType::kA;
  std::uint16_t owner_size = 0;
  std::uint16_t rdata_size = 0;
  std::uint16_t rrsig_size = 0;          // 0: nothing is here
  std::array<std::uint8_t, 448> octets;  // owner, RDATA of the set, RDATA of the RRSIG
};

RecentSignatures::RecentSignatures() : places_(std::make_unique<Place[]>(kPlaces)) {}
RecentSignatures::~RecentSignatures() = default;

RecentSignatures::Place& RecentSignatures::PlaceFor(std::uint64_t key_id) const noexcept {
  return places_[key_id * 0x9e3779b97f4a7c15u >> 32 & (kPlaces - 1)];
}

dns::Bytes RecentSignatures::Find(std::uint64_t key_id, const Validity& validity,
                                  const dns::RRsetView& rrset) const noexcept {
  const Place& place = PlaceFor(key_id);
  const dns::Bytes owner = rrset.owner.wire();
  if (place.rrsig_size == 0 || place.key_id != key_id || place.validity != validity ||
      place.ttl != rrset.ttl || place.type != rrset.type || place.owner_size != owner.size() ||
      place.rdata_size != rrset.rdata.size()) {
    return {};
  }
  const std::uint8_t* octets = place.octets.data();
  if (std::memcmp(octets, owner.data(), owner.size()) != 0 ||
      std::memcmp(octets + owner.size(), rrset.rdata.data(), rrset.rdata.size()) != 0) {
    return {};
  }
  return {octets + owner.size() + rrset.rdata.size(), place.rrsig_size};
}

void RecentSignatures::Insert(std::uint64_t key_id, const Validity& validity,
                              const dns::RRsetView& rrset, dns::Bytes rrsig_rdata) noexcept {
  Place& place = PlaceFor(key_id);
  const dns::Bytes owner = rrset.owner.wire();
  if (owner.size() + rrset.rdata.size() + rrsig_rdata.size() > place.octets.size()) return;
  place.key_id = key_id;
  place.validity = validity;
  place.ttl = rrset.ttl;
  place.type = rrset.type;
  place.owner_size = static_cast<std::uint16_t>(owner.size());
  place.rdata_size = static_cast<std::uint16_t>(rrset.rdata.size());
  place.rrsig_size = static_cast<std::uint16_t>(rrsig_rdata.size());
  auto to = std::copy(owner.begin(), owner.end(), place.octets.begin());
  to = std::copy(rrset.rdata.begin(), rrset.rdata.end(), to);
  std::copy(rrsig_rdata.begin(), rrsig_rdata.end(), to);
}

}  // namespace sealwire::signer
