// No NSEC made for compact denial ever covers a name: neither one close to its owner nor any other.
// At a zone cut it covers what is the child's, and nothing else.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "signer/compact_nsec.h"
#include "signer/denial_types.h"
#include "tests/signer/nsec_probe.h"

namespace sealwire::signer {
namespace {

using dns::Name;
using dns::NameView;

void Require(bool condition) {
  if (!condition) std::abort();
}

void CheckName(NameView owner, NameView apex, NameView probe) {
  const Name next = NextName(owner, apex);
  Require(next.view().IsSubdomainOf(apex));
  Require(next == apex || CanonicalCompare(owner, next) < 0);
  if (probe.IsSubdomainOf(apex)) Require(!Covers(owner, next, apex, probe));
}

void CheckCut(NameView cut, NameView apex, NameView probe) {
  if (cut == apex) return;
  const Name next = NextNameAtCut(cut, apex);
  Require(next == apex || CanonicalCompare(cut, next) < 0);
  Require(!next.view().IsSubdomainOf(cut));
  if (probe.IsSubdomainOf(apex)) Require(Covers(cut, next, apex, probe) == probe.IsBelow(cut));
}

void CheckRdata(NameView owner, NameView apex) {
  std::uint8_t out[512];
  dns::Writer writer(out);
  const Name next = NextName(owner, apex);
  WriteNsec(next, NonexistentTypes(), writer);
  Require(writer.ok());
  const auto read = NameView::Parse(writer.written());
  Require(read.has_value() && NameView::IdenticalCase(*read, next));
  dns::TypeBitmap types;
  Require(dns::TypeBitmap::Parse(writer.written().subspan(read->size()), types));
  Require(types.Has(dns::RRType::kNXNAME) && types.size() == 3);
}

// `owner` made longer by labels of `filler` directly below the apex, up to `target` octets or as
// many as fit: the interesting names are those near the limit of 255.
Name Stretch(NameView owner, int apex_labels, std::size_t target, std::uint8_t filler) {
  Name name(owner.Suffix(apex_labels));
  std::size_t missing = target > owner.size() ? target - owner.size() : 0;
  const std::vector<std::uint8_t> octets(dns::kMaxLabelSize, filler);
  while (missing > 1) {
    const std::size_t label = std::min<std::size_t>(missing - 1, dns::kMaxLabelSize);
    name = Name::Prepend(dns::Bytes(octets).first(label), name).value();
    missing -= label + 1;
  }
  for (int labels = apex_labels + 1; labels <= owner.LabelCount(); ++labels) {
    name = Name::Prepend(owner.Suffix(labels).FirstLabel(), name).value();
  }
  return name;
}

}  // namespace
}  // namespace sealwire::signer

// Input: apex labels, target size, filler, label to change, place, mutation, octet, then two names.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire;
  using namespace sealwire::signer;
  dns::Reader reader(dns::Bytes(data, size));
  const std::uint8_t apex_choice = reader.U8();
  const std::uint8_t target = reader.U8();
  const std::uint8_t filler = reader.U8();
  const std::uint8_t label = reader.U8();
  const std::uint8_t at = reader.U8();
  const auto mutation = static_cast<Mutation>(reader.U8() & 3);
  const std::uint8_t octet = reader.U8();
  if (!reader.ok()) return 0;
  const dns::Bytes names = dns::Bytes(data, size).subspan(reader.position());
  const auto given = dns::NameView::Parse(names);
  if (!given) return 0;
  const int apex_labels = apex_choice % (given->LabelCount() + 1);
  const dns::Name owner = Stretch(*given, apex_labels, target, filler);
  const dns::NameView apex = owner.view().Suffix(apex_labels);
  CheckRdata(owner, apex);
  if (const auto near = Mutate(owner, label & 7, at, mutation, octet)) {
    CheckName(owner, apex, *near);
    CheckCut(owner, apex, *near);
  }
  if (const auto other = dns::NameView::Parse(names.subspan(given->size()))) {
    CheckName(owner, apex, *other);
    CheckCut(owner, apex, *other);
  }
  return 0;
}
