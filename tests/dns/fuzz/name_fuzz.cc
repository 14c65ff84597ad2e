// Any octets as wire form and as text: order, equality, hash and tree agree with a slow model.
#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "dns/name.h"

using namespace sealwire::dns;  // NOLINT(google-build-using-namespace)

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

// Lower-cased labels from the root.
std::vector<std::string> Labels(NameView name) {
  std::vector<std::string> labels;
  for (; !name.IsRoot(); name = name.Parent()) {
    std::string label;
    for (const std::uint8_t c : name.FirstLabel()) label += static_cast<char>(ToLower(c));
    labels.push_back(label);
  }
  std::reverse(labels.begin(), labels.end());
  return labels;
}

void RequireTextRoundtrip(NameView name) {
  const auto again = Name::FromText(name.ToText());
  Require(again.ok() && NameView::IdenticalCase(*again, name));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto from_text = Name::FromText({reinterpret_cast<const char*>(data), size});
  if (from_text.ok()) RequireTextRoundtrip(*from_text);

  const auto first = NameView::Parse({data, size});
  if (!first) return 0;
  RequireTextRoundtrip(*first);
  const auto second = NameView::Parse({data + first->size(), size - first->size()});
  if (!second) return 0;

  const std::vector<std::string> a = Labels(*first);
  const std::vector<std::string> b = Labels(*second);
  const std::weak_ordering order = CanonicalCompare(*first, *second);
  // std::string compares as unsigned char.
  Require((order < 0) == (a < b) && (order > 0) == (b < a));
  Require((*first == *second) == (a == b));
  if (a == b) Require(first->Hash(1) == second->Hash(1));
  const auto common = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
  Require(first->CommonLabels(*second) == common);
  const bool below = common == static_cast<std::ptrdiff_t>(b.size());
  Require(first->IsSubdomainOf(*second) == below);
  Require(first->IsBelow(*second) == (below && a.size() > b.size()));
  Require(first->LabelCount() == static_cast<int>(a.size()));
  Require(first->Suffix(static_cast<int>(common)) == second->Suffix(static_cast<int>(common)));
  if (const auto moved =
          Name::Substitute(*first, first->Suffix(static_cast<int>(common)), *second)) {
    Require(moved->view().IsSubdomainOf(*second));
    RequireTextRoundtrip(*moved);
  }
  return 0;
}
