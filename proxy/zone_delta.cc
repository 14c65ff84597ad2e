#include "proxy/zone_delta.h"

#include "dns/canonical.h"

namespace sealwire::proxy {

const std::string& ZoneDelta::KeyOf(dns::NameView owner, dns::RRType type, dns::Bytes rdata) {
  const auto append = [this](dns::Bytes octets) { key_.append(octets.begin(), octets.end()); };
  key_.clear();
  append(dns::Name(owner).Lowered().wire());
  key_ += static_cast<char>(static_cast<std::uint16_t>(type) >> 8);
  key_ += static_cast<char>(static_cast<std::uint16_t>(type));
  canonical_.assign(rdata.begin(), rdata.end());
  dns::CanonicalizeRdata(type, canonical_);
  append(canonical_);
  return key_;
}

Status ZoneDelta::Remove(dns::NameView owner, dns::RRType type, dns::Bytes rdata) {
  if (LocalZoneBuilder::LeavesOut(type)) return Status::Ok();
  const auto [at, added] = changes_.try_emplace(KeyOf(owner, type, rdata));
  Change& change = at->second;
  if (!added && !change.present) {
    return Error{owner.ToText() + " " + dns::ToText(type) + " is removed twice"};
  }
  if (added) {
    change.owner = dns::Name(owner);
    change.type = type;
    change.rdata.assign(rdata.begin(), rdata.end());
    change.was_present = true;
  }
  change.present = false;
  return Status::Ok();
}

void ZoneDelta::Put(dns::NameView owner, dns::RRType type, std::uint32_t ttl, dns::Bytes rdata) {
  if (LocalZoneBuilder::LeavesOut(type)) return;
  const auto [at, added] = changes_.try_emplace(KeyOf(owner, type, rdata));
  Change& change = at->second;
  if (added) {
    change.owner = dns::Name(owner);
    change.type = type;
    change.rdata.assign(rdata.begin(), rdata.end());
  }
  change.ttl = ttl;
  change.present = true;
}

Status ZoneDelta::Apply(const LocalZone& base, LocalZoneBuilder& builder) {
  Status status;
  const auto keep = [&](dns::NameView owner, dns::RRType type, std::uint32_t ttl,
                        dns::Bytes rdata) {
    if (status.ok()) status = builder.Add(owner, type, ttl, rdata);
  };
  base.ForEachNode([&](const LocalZone::Node& node) {
    node.ForEachRRset([&](const dns::RRsetView& rrset) {
      if (rrset.type == dns::RRType::kSOA) return;
      rrset.ForEach([&](dns::Bytes rdata) {
        const auto found = changes_.find(KeyOf(rrset.owner, rrset.type, rdata));
        if (found != changes_.end()) {
          found->second.seen = true;
        } else {
          keep(rrset.owner, rrset.type, rrset.ttl, rdata);
        }
      });
    });
  });
  for (const auto& [key, change] : changes_) {
    if (change.was_present && !change.seen) {
      return Error{change.owner.ToText() + " " + dns::ToText(change.type) +
                   " is removed and was not there"};
    }
    if (change.present) keep(change.owner, change.type, change.ttl, change.rdata);
  }
  return status;
}

}  // namespace sealwire::proxy
