#include "proxy/catalog_zone.h"

#include <algorithm>
#include <map>

namespace sealwire::proxy {
namespace {

using dns::RRType;
using Node = LocalZone::Node;

dns::Name Below(std::string_view label, dns::NameView name) {
  const dns::Bytes octets(reinterpret_cast<const std::uint8_t*>(label.data()), label.size());
  return dns::Name::Prepend(octets, name).value_or(dns::Name(name));
}

// The text of a TXT RRset with one record of one string.
std::optional<std::string> OneText(const Node* node) {
  const auto rrset = node == nullptr ? std::nullopt : node->Find(RRType::kTXT);
  if (!rrset || rrset->count != 1) return std::nullopt;
  const dns::Bytes rdata = rrset->First();
  if (rdata.empty() || rdata[0] + std::size_t{1} != rdata.size()) return std::nullopt;
  return std::string(rdata.begin() + 1, rdata.end());
}

// The name of a PTR RRset with one record.
std::optional<dns::Name> OnePointer(const Node* node) {
  const auto rrset = node == nullptr ? std::nullopt : node->Find(RRType::kPTR);
  if (!rrset || rrset->count != 1) return std::nullopt;
  const auto name = dns::NameView::Parse(rrset->First());
  return name ? std::optional<dns::Name>(dns::Name(*name).Lowered()) : std::nullopt;
}

}  // namespace

Result<std::vector<CatalogMember>> ReadCatalog(const LocalZone& catalog) {
  const dns::NameView apex = catalog.apex().owner();
  // RFC 9432 section 4.2.1: exactly one version, and one we know.
  if (OneText(catalog.Exact(Below("version", apex))) != "2") {
    return Error{"version." + apex.ToText() + " is not a TXT record of \"2\""};
  }
  const dns::Name zones = Below("zones", apex);
  std::map<std::string, CatalogMember> members;
  Status status;
  catalog.ForEachNode([&](const Node& node) {
    const dns::NameView owner = node.owner();
    // Members stand right below zones.<apex>; properties below them.
    if (!status.ok() || !(owner.Parent() == zones) || owner == zones) return;
    if (!node.Has(RRType::kPTR)) return;
    CatalogMember member;
    const auto zone = OnePointer(&node);
    if (!zone) {
      status = Error{owner.ToText() + " names more than one zone"};
      return;
    }
    member.zone = *zone;
    member.group = OneText(catalog.Exact(Below("group", owner))).value_or("");
    member.new_owner = OnePointer(catalog.Exact(Below("coo", owner)));
    // Section 4.1: a zone that is named twice makes the catalog broken.
    if (!members.emplace(zone->ToText(), std::move(member)).second) {
      status = Error{zone->ToText() + " is named twice"};
    }
  });
  if (!status.ok()) return Error{status.error()};
  std::vector<CatalogMember> list;
  list.reserve(members.size());
  for (auto& [name, member] : members) list.push_back(std::move(member));
  return list;
}

}  // namespace sealwire::proxy
