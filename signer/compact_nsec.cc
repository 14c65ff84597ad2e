#include "signer/compact_nsec.h"

#include <optional>

namespace sealwire::signer {
namespace {

using dns::Name;
using dns::NameView;

constexpr std::uint8_t kZeroLabel[1] = {0};

// The next octet in canonical order: 'A' to 'Z' count as 'a' to 'z', so that after '@' comes '['
// (RFC 4471 section 4.2). `octet` is neither 0xff nor a capital.
constexpr std::uint8_t NextOctet(std::uint8_t octet) noexcept {
  return octet == '@' ? '[' : static_cast<std::uint8_t>(octet + 1);
}

// The first name after `name` and all its descendants that keeps the parent of `name`; nothing when
// `name` has the last label there can be. `name` is in lower case and not the root.
std::optional<Name> NextSibling(NameView name) noexcept {
  std::uint8_t label[dns::kMaxLabelSize];
  const dns::Bytes first = name.FirstLabel();
  std::size_t size = first.size();
  std::memcpy(label, first.data(), size);
  if (size < dns::kMaxLabelSize && name.size() < dns::kMaxNameSize) {
    // There is room for one octet more: nothing lies between a label and itself with a zero octet.
    label[size++] = 0;
  } else {
    // Nothing longer fits: the next label is the one with its last octet raised. Octets that cannot
    // be raised are dropped, since any label that goes on after them would be too long as well.
    while (size > 0 && label[size - 1] == 0xff) --size;
    if (size == 0) return std::nullopt;
    label[size - 1] = NextOctet(label[size - 1]);
  }
  return Name::Prepend({label, size}, name.Parent());
}

Name NextAfterSubtree(NameView name, NameView apex) noexcept {
  const int apex_labels = apex.LabelCount();
  for (int labels = name.LabelCount(); labels > apex_labels; --labels) {
    if (const auto next = NextSibling(name.Suffix(labels))) return *next;
  }
  return apex.Lowered();
}

}  // namespace

Name NextName(NameView owner, NameView apex) noexcept {
  const Name lower = owner.Lowered();
  // Descendants sort directly behind their ancestor, and `\000` is the smallest label there is.
  if (const auto child = Name::Prepend(kZeroLabel, lower)) return *child;
  return NextAfterSubtree(lower, apex);
}

Name NextNameAtCut(NameView cut, NameView apex) noexcept {
  return NextAfterSubtree(cut.Lowered(), apex);
}

void WriteNsecOfOneName(NameView owner, NameView apex, const dns::TypeBitmap& types,
                        dns::Writer& out) noexcept {
  // What NextName() gives all but the longest names, without a copy on the way.
  if (owner.size() + sizeof kZeroLabel + 1 <= dns::kMaxNameSize) {
    out.U8(sizeof kZeroLabel);
    out.Run(kZeroLabel);
    owner.WriteLowered(out);
    types.Write(out);
  } else {
    WriteNsec(NextName(owner, apex), types, out);
  }
}

void WriteNsec(NameView next, const dns::TypeBitmap& types, dns::Writer& out) noexcept {
  out.Run(next.wire());
  types.Write(out);
}

}  // namespace sealwire::signer
