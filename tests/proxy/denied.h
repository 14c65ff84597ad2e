// What an answer denies of what exists, as a resolver may believe it that uses every NSEC and NSEC3
// for every name and type (RFC 8198). Knows nothing of how the records were made: ldns hashes
// names.
#pragma once

#include <ldns/ldns.h>

#include <algorithm>
#include <string>
#include <vector>

#include "dns/message_view.h"
#include "dns/type_bitmap.h"
#include "proxy/local_zone.h"

namespace sealwire::proxy::testing {

// A name of a zone, with the types that a validator may see there.
struct Existing {
  dns::Name name;
  std::vector<dns::RRType> types;
  std::vector<std::uint8_t> hash;  // RFC 5155, no salt, no iterations
};

inline Existing ExistingName(dns::NameView name, std::vector<dns::RRType> types) {
  Existing existing{dns::Name(name), std::move(types), {}};
  ldns_rdf* owner = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name.size(), name.wire().data());
  ldns_rdf* hashed = ldns_nsec3_hash_name(owner, LDNS_SHA1, 0, 0, nullptr);
  std::uint8_t hash[20];
  std::string digits(reinterpret_cast<const char*>(ldns_rdf_data(hashed)) + 1, 32);
  ldns_b32_pton_extended_hex(digits.c_str(), digits.size(), hash, sizeof hash);
  existing.hash.assign(hash, hash + sizeof hash);
  ldns_rdf_deep_free(hashed);
  ldns_rdf_deep_free(owner);
  return existing;
}

// Everything that stands in the zone and is its own; at a cut, what is the parent's.
inline std::vector<Existing> AllOf(const LocalZone& zone) {
  std::vector<Existing> there;
  zone.ForEachNode([&](const LocalZone::Node& node) {
    if (node.IsOccluded()) return;
    std::vector<dns::RRType> types;
    node.ForEachRRset([&](const dns::RRsetView& rrset) {
      const bool ours =
          !node.IsCut() || rrset.type == dns::RRType::kNS || rrset.type == dns::RRType::kDS;
      if (ours) types.push_back(rrset.type);
    });
    there.push_back(ExistingName(node.owner(), std::move(types)));
  });
  return there;
}

// Adds the apex of a zone below, of which the zone itself may know nothing, and the names between.
inline void AddZoneBelow(std::vector<Existing>& there, dns::NameView apex, dns::NameView zone) {
  const auto known = [&](dns::NameView name) {
    return std::any_of(there.begin(), there.end(),
                       [&](const Existing& existing) { return existing.name == name; });
  };
  for (dns::NameView name = apex; name.IsBelow(zone); name = name.Parent()) {
    if (!known(name)) there.push_back(ExistingName(name, {}));
  }
}

class DenialReader {
 public:
  // What the answer denies though it is `there`; empty: nothing.
  static std::string Denies(dns::Bytes answer, const std::vector<Existing>& there) {
    dns::MessageView message;
    if (message.Parse(answer) != dns::ParseError::kNone) return "malformed";
    std::string denied;
    message.ForEachRecord([&](const dns::RecordView& record) {
      std::vector<std::uint8_t> rdata(65535);
      dns::Writer writer(rdata);
      if (!message.CopyRdata(record, writer)) {
        denied = "malformed RDATA";
      } else if (record.type == dns::RRType::kNSEC) {
        denied = ByNsec(record.owner, writer.written(), there);
      } else if (record.type == dns::RRType::kNSEC3) {
        denied = ByNsec3(record.owner, writer.written(), there);
      }
      return denied.empty();
    });
    return denied;
  }

 private:
  static std::string ByNsec(dns::NameView owner, dns::Bytes rdata,
                            const std::vector<Existing>& there) {
    const auto next = dns::NameView::Parse(rdata);
    dns::TypeBitmap types;
    if (!next || !dns::TypeBitmap::Parse(rdata.subspan(next->size()), types)) return "no NSEC";
    const bool ends = CanonicalCompare(*next, owner) <= 0;  // the last of the zone
    for (const Existing& existing : there) {
      const dns::NameView name = existing.name;
      if (name == owner) {
        const std::string type = MissingIn(types, existing, true);
        if (!type.empty()) return "NSEC denies " + type;
        continue;
      }
      // RFC 6840 section 4.1: what is below a cut is not its parent's to deny.
      if (IsCut(types) && name.IsBelow(owner)) continue;
      if (CanonicalCompare(owner, name) < 0 && (ends || CanonicalCompare(name, *next) < 0)) {
        return "NSEC of " + owner.ToText() + " covers " + name.ToText();
      }
    }
    return "";
  }

  static std::string ByNsec3(dns::NameView owner, dns::Bytes rdata,
                             const std::vector<Existing>& there) {
    std::vector<std::uint8_t> hash(20);
    const std::string digits(owner.FirstLabel().begin(), owner.FirstLabel().end());
    dns::Reader reader(rdata);
    const bool plain =
        reader.U8() == 1 && reader.U8() == 0 && reader.U16() == 0 && reader.U8() == 0;
    const dns::Bytes next_hash = reader.Run(reader.U8());
    dns::TypeBitmap types;
    if (!plain || next_hash.size() != 20 || !reader.ok() ||
        ldns_b32_pton_extended_hex(digits.c_str(), digits.size(), hash.data(), 20) != 20 ||
        !dns::TypeBitmap::Parse(reader.Run(reader.remaining()), types)) {
      return "no NSEC3 as RFC 9276 wants it";
    }
    const std::vector<std::uint8_t> next(next_hash.begin(), next_hash.end());
    for (const Existing& existing : there) {
      if (existing.hash == hash) {
        const std::string type = MissingIn(types, existing, false);
        if (!type.empty()) return "NSEC3 denies " + type;
        continue;
      }
      const bool above = hash < existing.hash;
      const bool below = existing.hash < next;
      if (hash < next ? above && below : above || below) {
        return "NSEC3 covers " + existing.name.ToText();
      }
    }
    return "";
  }

  static bool IsCut(const dns::TypeBitmap& types) {
    return types.Has(dns::RRType::kNS) && !types.Has(dns::RRType::kSOA);
  }

  static std::string MissingIn(const dns::TypeBitmap& types, const Existing& existing, bool nsec) {
    if (types.Has(dns::RRType::kNXNAME)) return existing.name.ToText();
    if (nsec && !(types.Has(dns::RRType::kNSEC) && types.Has(dns::RRType::kRRSIG))) {
      return existing.name.ToText() + " its own NSEC";
    }
    for (const dns::RRType type : existing.types) {
      // The bitmap of a cut denies nothing but DS.
      if (IsCut(types) && type != dns::RRType::kDS) continue;
      if (!types.Has(type)) return existing.name.ToText() + " " + dns::ToText(type);
    }
    return "";
  }
};

}  // namespace sealwire::proxy::testing
