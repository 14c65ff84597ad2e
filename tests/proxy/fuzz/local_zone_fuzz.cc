// Any records, any query: the zone that is built answers as a slow model of RFC 1034 section 4.3.2.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "proxy/local_zone.h"
#include "proxy/local_zone_builder.h"

using namespace sealwire;         // NOLINT(google-build-using-namespace)
using namespace sealwire::proxy;  // NOLINT(google-build-using-namespace)
using dns::Name;
using dns::NameView;
using dns::RRType;
using Match = LocalZone::Match;

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

struct Before {
  bool operator()(const Name& a, const Name& b) const { return CanonicalCompare(a, b) < 0; }
};
using Model = std::map<Name, std::set<RRType>, Before>;

const Name& Apex() {
  static const Name apex = *Name::FromText("example.");
  return apex;
}

// A name of up to six labels out of a small alphabet, so that names meet.
Name ReadName(dns::Reader& in) {
  static constexpr std::string_view kLabels[] = {"a", "b", "*", "A", std::string_view("\0", 1),
                                                 "ab"};
  Name name = Apex();
  for (int labels = in.U8() % 7; labels > 0; --labels) {
    const std::string_view label = kLabels[in.U8() % std::size(kLabels)];
    const dns::Bytes octets(reinterpret_cast<const std::uint8_t*>(label.data()), label.size());
    name = *Name::Prepend(octets, name);
  }
  return name;
}

bool Has(const Model& model, const Name& name, RRType type) {
  const auto at = model.find(name);
  return at != model.end() && at->second.contains(type);
}

// What Find() must say, label by label from the apex.
std::pair<Match, Name> Expected(const Model& model, const Name& qname) {
  Name encloser = Apex();
  for (int labels = Apex().view().LabelCount();; ++labels) {
    const Name here(qname.view().Suffix(labels));
    const auto at = model.find(here);
    if (at == model.end()) break;
    encloser = here;
    if (!(here == Apex()) && Has(model, here, RRType::kNS)) return {Match::kDelegation, here};
    if (here == qname) return {at->second.empty() ? Match::kEmptyNonTerminal : Match::kNode, here};
    if (Has(model, here, RRType::kDNAME)) return {Match::kDname, here};
  }
  static constexpr std::uint8_t kAsterisk[] = {'*'};
  const Name wildcard = *Name::Prepend(kAsterisk, encloser);
  if (model.contains(wildcard)) return {Match::kWildcard, wildcard};
  return {Match::kNone, encloser};
}

bool AddTo(LocalZoneBuilder& builder, Model& model, const Name& owner, RRType type,
           dns::Bytes rdata) {
  if (!builder.Add(owner, type, 300, rdata).ok()) return false;
  model[owner].insert(type);
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dns::Reader in({data, size});
  LocalZoneBuilder builder(Apex(), 42);
  Model model;
  std::vector<std::uint8_t> soa(2 + 20, 0);
  Require(AddTo(builder, model, Apex(), RRType::kSOA, soa));
  Require(AddTo(builder, model, Apex(), RRType::kNS, Apex().wire()));
  for (int records = in.U8() % 24; records > 0; --records) {
    static constexpr RRType kTypes[] = {RRType::kA,     RRType::kNS, RRType::kTXT, RRType::kCNAME,
                                        RRType::kDNAME, RRType::kDS, RRType::kMX,  RRType::kSOA};
    const Name owner = ReadName(in);
    const RRType type = kTypes[in.U8() % std::size(kTypes)];
    const Name target = ReadName(in);
    const dns::Bytes rdata = in.U8() % 4 == 0 ? in.Run(in.U8() % 8) : target.wire();
    AddTo(builder, model, owner, type, rdata);
  }
  const auto built = builder.Build();
  if (!built.ok()) return 0;
  const LocalZone& zone = **built;

  std::vector<Name> owners;
  for (const auto& [owner, types] : model) owners.push_back(owner);
  for (const Name& owner : owners) {
    for (NameView above = owner; above.IsBelow(Apex()); above = above.Parent()) model[Name(above)];
  }

  auto next = model.begin();
  zone.ForEachNode([&](const LocalZone::Node& node) {
    Require(next != model.end() && node.owner() == next->first);
    Require(node.rrset_count() == next->second.size());
    node.ForEachRRset([&](const dns::RRsetView& set) {
      Require(next->second.contains(set.type) && set.count > 0 && set.owner == node.owner());
      std::size_t octets = 0;
      set.ForEach([&](dns::Bytes rdata) { octets += 2 + rdata.size(); });
      Require(octets == set.rdata.size());
    });
    ++next;
  });
  Require(next == model.end() && zone.node_count() == model.size());

  for (int queries = 0; queries < 32; ++queries) {
    const Name qname = ReadName(in);
    const auto [match, name] = Expected(model, qname);
    const LocalZone::Found found = zone.Find(qname);
    Require(found.match == match);
    if (match == Match::kNone) {
      Require(found.node == nullptr && found.closest_encloser->owner() == name);
    } else {
      Require(found.node != nullptr && found.node->owner() == name);
    }
    Require((zone.Exact(qname) != nullptr) == model.contains(qname));
  }
  return 0;
}
