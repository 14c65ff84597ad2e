#include "signer/covering_nsec.h"

#include <algorithm>
#include <cstring>

namespace sealwire::signer {
namespace {

using dns::Name;
using dns::NameView;

// The octet before in canonical order, in which no capitals are (RFC 4471 section 4.2): before '['
// comes '@'. `octet` is neither 0 nor a capital.
constexpr std::uint8_t OctetBefore(std::uint8_t octet) noexcept {
  return octet == '[' ? '@' : static_cast<std::uint8_t>(octet - 1);
}

// The last label that can stand below `name`.
std::optional<Name> LastChild(NameView name) noexcept {
  if (name.size() + 2 > dns::kMaxNameSize) return std::nullopt;
  std::uint8_t label[dns::kMaxLabelSize];
  const std::size_t size = std::min(dns::kMaxLabelSize, dns::kMaxNameSize - name.size() - 1);
  std::memset(label, 0xff, size);
  return Name::Prepend({label, size}, name);
}

}  // namespace

std::optional<Name> NameBefore(NameView name) noexcept {
  const Name lower = name.Lowered();
  const NameView parent = lower.view().Parent();
  std::uint8_t label[dns::kMaxLabelSize];
  const dns::Bytes first = lower.view().FirstLabel();
  std::size_t size = first.size();
  if (size == 0) return std::nullopt;
  std::memcpy(label, first.data(), size);
  if (label[size - 1] == 0) {
    // Directly before lies what is below the same label without its zero octet.
    if (size == 1) return std::nullopt;
    const auto shorter = Name::Prepend({label, size - 1}, parent);
    return shorter ? LastChild(*shorter) : std::nullopt;
  }
  label[size - 1] = OctetBefore(label[size - 1]);
  const std::size_t room =
      std::min(dns::kMaxLabelSize - size, dns::kMaxNameSize - lower.view().size());
  std::memset(label + size, 0xff, room);
  return Name::Prepend({label, size + room}, parent);
}

}  // namespace sealwire::signer
