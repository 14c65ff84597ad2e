// What a zone must not hold: the checks of LocalZoneBuilder.
#include <algorithm>

#include "dns/canonical.h"
#include "proxy/local_zone_builder.h"
#include "proxy/zone_arena.h"

namespace sealwire::proxy {
namespace {

using dns::RRType;

// An answer holds the set with its signature; what is left is for header, question, owner and OPT.
constexpr std::size_t kMostSetOctets = 65535 - 1024;

// Whether the bitmap of a name with these sets has room for them, and for RRSIG and NSEC, which are
// in the first window.
bool FitsInBitmap(const NodeData& data) {
  dns::TypeBitmap types = {RRType::kRRSIG, RRType::kNSEC};
  return std::all_of(data.sets.begin(), data.sets.end(),
                     [&](const NodeData::Set& set) { return types.Add(set.type); });
}

}  // namespace

Error LocalZoneBuilder::Refuse(const Entry& entry, std::string message) {
  error_line_ = entry.line;
  return {OwnerOf(entry).ToText() + " " + std::move(message)};
}

// RFC 1035 section 5.2 and RFC 1034 section 4.2.1: one SOA, and NS records.
Status LocalZoneBuilder::CheckApex(std::span<const Entry> all) {
  const auto below =
      std::find_if(all.begin(), all.end(), [](const Entry& entry) { return entry.key_size != 0; });
  const std::span<const Entry> apex(all.begin(), below);
  const auto count = [&](RRType type) {
    return std::count_if(apex.begin(), apex.end(),
                         [&](const Entry& entry) { return entry.type == type; });
  };
  const auto soas = count(RRType::kSOA);
  if (soas == 0) return Error{apex_.ToText() + " has no SOA record: add one at the apex"};
  if (soas > 1) {
    const auto second = std::find_if(apex.rbegin(), apex.rend(),
                                     [](const Entry& entry) { return entry.type == RRType::kSOA; });
    return Refuse(*second, "has more than one SOA record: keep one");
  }
  if (count(RRType::kNS) == 0) {
    return Error{apex_.ToText() + " has no NS record: name at least one server at the apex"};
  }
  return Status::Ok();
}

Status LocalZoneBuilder::CheckName(std::span<const Entry> name, const NodeData& data) {
  const bool apex = name.front().key_size == 0;
  const auto find = [&](RRType type) {
    const auto at = std::find_if(name.begin(), name.end(),
                                 [&](const Entry& entry) { return entry.type == type; });
    return at == name.end() ? nullptr : &*at;
  };
  const auto several = [&](RRType type) {
    return std::any_of(data.sets.begin(), data.sets.end(),
                       [&](const NodeData::Set& set) { return set.type == type && set.count > 1; });
  };

  if (const Entry* cname = find(RRType::kCNAME)) {
    if (several(RRType::kCNAME)) {
      return Refuse(*cname, "has more than one CNAME record (RFC 2181 section 10.1): keep one");
    }
    if (data.sets.size() > 1) {
      return Refuse(*cname,
                    apex ? "has a CNAME beside SOA and NS (RFC 2181 section 10.1): use ALIAS there"
                         : "has a CNAME beside other data (RFC 2181 section 10.1): remove either");
    }
  }
  const Entry* ns = find(RRType::kNS);
  if (const Entry* dname = find(RRType::kDNAME)) {
    if (several(RRType::kDNAME)) {
      return Refuse(*dname, "has more than one DNAME record (RFC 6672 section 2.4): keep one");
    }
    if (ns != nullptr && !apex) {
      return Refuse(*dname, "has a DNAME beside NS (RFC 6672 section 2.3): remove either");
    }
    if (OwnerOf(*dname).IsWildcard()) {
      return Refuse(*dname, "is a wildcard DNAME (RFC 4592 section 4.4): give it a name");
    }
  }
  if (ns != nullptr && OwnerOf(*ns).IsWildcard()) {
    return Refuse(*ns, "is a wildcard delegation (RFC 4592 section 4.2): delegate each name");
  }
  if (const Entry* soa = find(RRType::kSOA); soa != nullptr && !apex) {
    return Refuse(*soa, "has an SOA record below the apex: make it a zone of its own");
  }
  if (const Entry* ds = find(RRType::kDS); ds != nullptr && apex) {
    return Refuse(*ds, "has a DS record at the apex (RFC 4035 section 2.4): it is the parent's");
  }
  return CheckSize(name, data);
}

Status LocalZoneBuilder::CheckSize(std::span<const Entry> name, const NodeData& data) {
  if (!FitsInBitmap(data)) {
    return Refuse(name.front(), "has records of types in more ranges of 256 than the " +
                                    std::to_string(dns::TypeBitmap::kMaxWindows) +
                                    " that are possible: remove some");
  }
  std::size_t index = 0;
  for (const NodeData::Set& set : data.sets) {
    std::size_t octets = 0;
    for (std::size_t i = 0; i < set.count; ++i) octets += 12 + data.rdata[set.first + i].size();
    if (octets > kMostSetOctets || set.count > dns::CanonicalScratch::kMaxRecords) {
      return Refuse(name[index], "has more " + dns::ToText(set.type) +
                                     " records than fit in a message: remove some");
    }
    index += set.count;
  }
  return Status::Ok();
}

}  // namespace sealwire::proxy
