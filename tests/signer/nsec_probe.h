// What an NSEC covers, and names close to its owner that it might cover by mistake.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "dns/name.h"

namespace sealwire::signer {

// True when an NSEC at `owner` with `next` says that `name` does not exist (RFC 4034 section 4.1.1:
// the last NSEC of a zone points back to the apex).
inline bool Covers(dns::NameView owner, dns::NameView next, dns::NameView apex,
                   dns::NameView name) {
  if (CanonicalCompare(owner, name) >= 0) return false;
  return next == apex || CanonicalCompare(name, next) < 0;
}

// `name` with one octet of its label `label_index` (0 is the leftmost) changed, added or removed at
// `at`; nothing when that is no name.
enum class Mutation : std::uint8_t { kSet, kInsert, kErase, kNewLabel };
inline std::optional<dns::Name> Mutate(dns::NameView name, int label_index, std::size_t at,
                                       Mutation mutation, std::uint8_t octet) {
  const int labels = name.LabelCount();
  if (label_index >= labels) return std::nullopt;
  const dns::NameView from = name.Suffix(labels - label_index);
  std::array<std::uint8_t, dns::kMaxLabelSize + 1> label;
  std::size_t size = 0;
  const dns::Bytes old = from.FirstLabel();
  const std::size_t place = at % (old.size() + 1);
  for (std::size_t i = 0; i <= old.size(); ++i) {
    if (i == place && (mutation == Mutation::kInsert || (mutation == Mutation::kSet))) {
      label[size++] = octet;
      if (mutation == Mutation::kSet) continue;
    }
    if (i == place && mutation == Mutation::kErase) continue;
    if (i < old.size()) label[size++] = old[i];
  }
  auto result = mutation == Mutation::kNewLabel
                    ? dns::Name::Prepend(dns::Bytes(&octet, 1), from)
                    : dns::Name::Prepend(dns::Bytes(label.data(), size), from.Parent());
  // The labels to the left of the changed one, put back.
  for (int i = label_index - 1; i >= 0 && result; --i) {
    result = dns::Name::Prepend(name.Suffix(labels - i).FirstLabel(), *result);
  }
  return result;
}

}  // namespace sealwire::signer
