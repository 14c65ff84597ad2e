// No NSEC made for compact denial ever covers a name: neither one close to its owner nor any other.
// At a zone cut it covers what is the child's, and nothing else.
#include <cstdlib>

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

}  // namespace
}  // namespace sealwire::signer

// Input: apex labels, label to change, place, mutation, octet, then two names.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire;
  using namespace sealwire::signer;
  dns::Reader reader(dns::Bytes(data, size));
  const std::uint8_t apex_labels = reader.U8();
  const std::uint8_t label = reader.U8();
  const std::uint8_t at = reader.U8();
  const auto mutation = static_cast<Mutation>(reader.U8() & 3);
  const std::uint8_t octet = reader.U8();
  if (!reader.ok()) return 0;
  const dns::Bytes names = dns::Bytes(data, size).subspan(reader.position());
  const auto owner = dns::NameView::Parse(names);
  if (!owner) return 0;
  const dns::NameView apex = owner->Suffix(apex_labels % (owner->LabelCount() + 1));
  CheckRdata(*owner, apex);
  if (const auto near = Mutate(*owner, label & 7, at, mutation, octet)) {
    CheckName(*owner, apex, *near);
    CheckCut(*owner, apex, *near);
  }
  if (const auto other = dns::NameView::Parse(names.subspan(owner->size()))) {
    CheckName(*owner, apex, *other);
    CheckCut(*owner, apex, *other);
  }
  return 0;
}
