// RRSIGs of small RRsets that sit in many answers, found by what the set says: the SOA beside every
// denial. A hit saves the canonical form and the digest that SignatureMemo needs.
//
// One place per key: a key's set replaces the one before it. A hit compares everything that is
// signed, octet by octet and case by case, so a place that another key took is a miss and never a
// wrong signature. Threading: one thread. Errors: none; forgetting is no error. No allocation after
// construction.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "dns/bytes.h"
#include "dns/rrset.h"
#include "signer/ecdsa.h"
#include "signer/validity.h"

namespace sealwire::signer {

class RecentSignatures {
 public:
  RecentSignatures();
  ~RecentSignatures();
  RecentSignatures(const RecentSignatures&) = delete;
  RecentSignatures& operator=(const RecentSignatures&) = delete;

  // RRSIG RDATA over `rrset` by key `key_id`, or nothing. Valid until the next Insert().
  dns::Bytes Find(std::uint64_t key_id, const Validity& validity,
                  const dns::RRsetView& rrset) const noexcept;
  // A set too large for a place is not remembered.
  void Insert(std::uint64_t key_id, const Validity& validity, const dns::RRsetView& rrset,
              dns::Bytes rrsig_rdata) noexcept;

 private:
  static constexpr std::size_t kPlaces = 256;
  struct Place;

  Place& PlaceFor(std::uint64_t key_id) const noexcept;

  std::unique_ptr<Place[]> places_;
};

}  // namespace sealwire::signer
