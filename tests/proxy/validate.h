// Believes an answer as a validator would: every signature through ldns and OpenSSL, every denial
// by its NSEC (RFC 4035 section 5, RFC 9824 section 3).
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

#include "dns/name.h"
#include "tests/proxy/ldns_reply.h"
#include "tests/proxy/signed_zone.h"

namespace sealwire::proxy::testing {

using KeyRing = std::map<std::string, std::shared_ptr<const keycache::ZoneKeys>>;

inline dns::Name NameOf(const ldns_rdf* name) {
  return *dns::NameView::Parse({ldns_rdf_data(name), ldns_rdf_size(name)});
}

class Validator {
 public:
  Validator(const KeyRing& keys, std::uint32_t now) : keys_(keys), now_(now) {}

  // Every RRSIG is right, now; and every RRset of a signed zone has one, but for what is not the
  // zone's to sign: NS at a cut, and a CNAME made of a DNAME.
  ::testing::AssertionResult Believes(const Reply& reply) const {
    for (ldns_rr_list* section :
         {ldns_pkt_answer(reply.packet()), ldns_pkt_authority(reply.packet())}) {
      for (std::size_t i = 0; i < ldns_rr_list_rr_count(section); ++i) {
        const ldns_rr* rr = ldns_rr_list_rr(section, i);
        const std::string why = ldns_rr_get_type(rr) == LDNS_RR_TYPE_RRSIG
                                    ? WhatIsWrongWith(rr, section)
                                    : WhyUnsigned(rr, section);
        if (!why.empty()) return ::testing::AssertionFailure() << Text(rr) << ": " << why;
      }
    }
    return ::testing::AssertionSuccess();
  }

 private:
  using List = std::unique_ptr<ldns_rr_list, decltype(&ldns_rr_list_deep_free)>;

  static std::string Text(const ldns_rr* rr) {
    char* text = ldns_rr2str(rr);
    if (text == nullptr) return "a record that cannot be printed";
    std::string copy(text);
    free(text);  // NOLINT: ldns allocates with malloc
    return copy;
  }

  static List SetOf(const ldns_rr* like, ldns_rr_type type, ldns_rr_list* section) {
    List set(ldns_rr_list_new(), ldns_rr_list_deep_free);
    for (std::size_t i = 0; i < ldns_rr_list_rr_count(section); ++i) {
      const ldns_rr* rr = ldns_rr_list_rr(section, i);
      if (ldns_rr_get_type(rr) == type &&
          ldns_dname_compare(ldns_rr_owner(rr), ldns_rr_owner(like)) == 0) {
        ldns_rr_list_push_rr(set.get(), ldns_rr_clone(rr));
      }
    }
    return set;
  }

  static List DnskeysOf(const keycache::ZoneKeys& keys) {
    List list(ldns_rr_list_new(), ldns_rr_list_deep_free);
    keys.dnskey.view().ForEach([&](dns::Bytes rdata) {
      Packet wire(keys.apex.wire().begin(), keys.apex.wire().end());
      for (const int octet : {0, 48, 0, 1, 0, 0, 14, 16, 0, static_cast<int>(rdata.size())}) {
        wire.push_back(static_cast<std::uint8_t>(octet));
      }
      wire.insert(wire.end(), rdata.begin(), rdata.end());
      ldns_rr* rr = nullptr;
      std::size_t at = 0;
      ldns_wire2rr(&rr, wire.data(), wire.size(), &at, LDNS_SECTION_ANSWER);
      ldns_rr_list_push_rr(list.get(), rr);
    });
    return list;
  }

  std::string WhatIsWrongWith(const ldns_rr* rrsig, ldns_rr_list* section) const {
    const auto keys = keys_.find(NameOf(ldns_rr_rrsig_signame(rrsig)).Lowered().ToText());
    if (keys == keys_.end()) return "signed by a zone that has no keys";
    const ldns_rr_type covered = ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(rrsig));
    const std::uint32_t inception = ldns_rdf2native_int32(ldns_rr_rrsig_inception(rrsig));
    const std::uint32_t expiration = ldns_rdf2native_int32(ldns_rr_rrsig_expiration(rrsig));
    if (now_ < inception || now_ > expiration) return "not valid now";
    const List set = SetOf(rrsig, covered, section);
    if (ldns_rr_list_rr_count(set.get()) == 0) return "covers nothing that is here";
    const ldns_rr* first = ldns_rr_list_rr(set.get(), 0);
    if (ldns_rr_ttl(first) > ldns_rdf2native_int32(ldns_rr_rrsig_origttl(rrsig))) {
      return "the TTL is above the original TTL";
    }
    if (ldns_rr_ttl(first) != ldns_rr_ttl(rrsig)) return "TTLs of RRset and RRSIG differ";
    const List dnskeys = DnskeysOf(*keys->second);
    const ldns_status status =
        ldns_verify_rrsig_keylist_notime(set.get(), rrsig, dnskeys.get(), nullptr);
    return status == LDNS_STATUS_OK ? "" : "ldns status " + std::to_string(status);
  }

  std::string WhyUnsigned(const ldns_rr* rr, ldns_rr_list* section) const {
    const dns::Name owner = NameOf(ldns_rr_owner(rr));
    const ldns_rr_type type = ldns_rr_get_type(rr);
    const keycache::ZoneKeys* zone = ZoneOf(owner, type == LDNS_RR_TYPE_DS);
    if (zone == nullptr) return "";
    if (type == LDNS_RR_TYPE_NS && !(zone->apex == owner)) return "";
    if (type == LDNS_RR_TYPE_CNAME && HasDnameAbove(owner, section)) return "";
    const List rrsigs = SetOf(rr, LDNS_RR_TYPE_RRSIG, section);
    for (std::size_t i = 0; i < ldns_rr_list_rr_count(rrsigs.get()); ++i) {
      const ldns_rr* rrsig = ldns_rr_list_rr(rrsigs.get(), i);
      if (ldns_rdf2rr_type(ldns_rr_rrsig_typecovered(rrsig)) == type) return "";
    }
    return "has no RRSIG";
  }

  const keycache::ZoneKeys* ZoneOf(const dns::Name& owner, bool parent_side) const {
    const keycache::ZoneKeys* nearest = nullptr;
    for (const auto& [apex, keys] : keys_) {
      if (!owner.view().IsSubdomainOf(keys->apex)) continue;
      if (parent_side && owner == keys->apex) continue;
      if (nearest == nullptr || keys->apex.view().IsBelow(nearest->apex)) nearest = keys.get();
    }
    return nearest;
  }

  static bool HasDnameAbove(const dns::Name& owner, ldns_rr_list* section) {
    for (std::size_t i = 0; i < ldns_rr_list_rr_count(section); ++i) {
      const ldns_rr* rr = ldns_rr_list_rr(section, i);
      if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNAME &&
          owner.view().IsBelow(NameOf(ldns_rr_owner(rr)))) {
        return true;
      }
    }
    return false;
  }

  const KeyRing& keys_;
  std::uint32_t now_;
};

// What the NSEC records of an answer prove of a name and type.
enum class Proof { kNothing, kNoSuchName, kNoSuchType, kUnsignedCut };

inline bool InBitmap(const ldns_rr* nsec, dns::RRType type) {
  return ldns_nsec_bitmap_covers_type(ldns_nsec_get_bitmap(nsec), static_cast<ldns_rr_type>(type));
}

inline Proof ProofIn(const Reply& reply, const std::string& name, dns::RRType type) {
  ldns_rr_list* section = ldns_pkt_authority(reply.packet());
  for (std::size_t i = 0; i < ldns_rr_list_rr_count(section); ++i) {
    const ldns_rr* rr = ldns_rr_list_rr(section, i);
    if (ldns_rr_get_type(rr) != LDNS_RR_TYPE_NSEC) continue;
    if (!(NameOf(ldns_rr_owner(rr)) == N(name))) continue;
    if (!InBitmap(rr, dns::RRType::kNSEC) || !InBitmap(rr, dns::RRType::kRRSIG)) continue;
    if (InBitmap(rr, dns::RRType::kNXNAME)) return Proof::kNoSuchName;
    if (InBitmap(rr, type) || InBitmap(rr, dns::RRType::kCNAME)) continue;
    const bool cut = InBitmap(rr, dns::RRType::kNS) && !InBitmap(rr, dns::RRType::kSOA);
    if (cut && type == dns::RRType::kDS) return Proof::kUnsignedCut;
    return cut ? Proof::kNothing : Proof::kNoSuchType;
  }
  return Proof::kNothing;
}

}  // namespace sealwire::proxy::testing
