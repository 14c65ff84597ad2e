// Domain names in uncompressed wire form (RFC 1035 section 3.1), compared without regard to ASCII
// case (RFC 4343).
//
// NameView borrows: valid as long as the octets it points to. Name owns its octets inline (no
// heap), so that it can be a value on the packet path. Both are always well-formed: every label 1
// to 63 octets, the root label at the end, 255 octets at most (RFC 1035 section 2.3.4). Threading:
// values. Errors: std::optional on the packet path, Result for text.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dns/bytes.h"
#include "dns/case_fold.h"
#include "dns/result.h"

namespace sealwire::dns {

inline constexpr std::size_t kMaxNameSize = 255;
inline constexpr std::size_t kMaxLabelSize = 63;
inline constexpr int kMaxLabels = 127;

class Name;

class NameView {
 public:
  // The root.
  constexpr NameView() noexcept;

  // The name that lies uncompressed at the start of `data`, or nothing when it is malformed,
  // compressed or cut short. Octets after the root label are ignored.
  static std::optional<NameView> Parse(Bytes data) noexcept;

  // The name that all of `wire` is, known to be well-formed: octets that were a Name's before.
  static NameView FromChecked(Bytes wire) noexcept {
    return {wire.data(), static_cast<std::uint8_t>(wire.size())};
  }

  Bytes wire() const noexcept { return {data_, size_}; }
  std::size_t size() const noexcept { return size_; }  // octets, root label included: 1 to 255
  bool IsRoot() const noexcept { return size_ == 1; }
  int LabelCount() const noexcept {  // without the root label, `*` included
    int count = 0;
    for (std::size_t at = 0; data_[at] != 0; at += data_[at] + 1u) ++count;
    return count;
  }
  bool IsWildcard() const noexcept { return size_ > 2 && data_[0] == 1 && data_[1] == '*'; }
  // The first (leftmost) label without its length octet; empty for the root.
  Bytes FirstLabel() const noexcept { return {data_ + 1, data_[0]}; }
  // This name without its first label; the root's parent is the root.
  NameView Parent() const noexcept {
    if (IsRoot()) return *this;
    const std::uint8_t skip = static_cast<std::uint8_t>(data_[0] + 1);
    return {data_ + skip, static_cast<std::uint8_t>(size_ - skip)};
  }
  // The last `labels` labels: Suffix(0) is the root. `labels` above LabelCount() gives the whole.
  NameView Suffix(int labels) const noexcept {
    NameView name = *this;
    for (int excess = LabelCount() - (labels < 0 ? 0 : labels); excess > 0; --excess) {
      name = name.Parent();
    }
    return name;
  }

  // True when this name is `ancestor` or below it.
  bool IsSubdomainOf(NameView ancestor) const noexcept;
  // True when this name is below `ancestor` and not equal to it.
  bool IsBelow(NameView ancestor) const noexcept;
  // Labels that both names share, counted from the root.
  int CommonLabels(NameView other) const noexcept;

  // Case-insensitive, keyed by a secret `seed`, so that nobody can choose names that collide. No
  // cryptographic function: keep its values inside the process.
  std::uint64_t Hash(std::uint64_t seed) const noexcept;

  // This name with its ASCII letters in lower case (canonical form, RFC 4034 section 6.2).
  Name Lowered() const noexcept;
  void WriteLowered(Writer& out) const noexcept {
    const MutableBytes place = out.Claim(size_);
    if (!place.empty()) CopyFolded(place.data(), data_, size_);
  }

  // Presentation format with a final dot and the escapes of RFC 4343 section 2.1 (\DDD, \.).
  std::string ToText() const;

  friend bool operator==(NameView a, NameView b) noexcept;
  // True when both have the same octets, case included.
  static bool IdenticalCase(NameView a, NameView b) noexcept { return Equal(a.wire(), b.wire()); }

 private:
  friend class Name;
  constexpr NameView(const std::uint8_t* data, std::uint8_t size) noexcept
      : data_(data), size_(size) {}

  const std::uint8_t* data_;
  std::uint8_t size_;
};

inline constexpr std::uint8_t kRootWire[1] = {0};
constexpr NameView::NameView() noexcept : data_(kRootWire), size_(1) {}

// Canonical order of RFC 4034 section 6.1: labels from the root, lower-cased, as octet strings.
std::weak_ordering CanonicalCompare(NameView a, NameView b) noexcept;

class Name {
 public:
  Name() noexcept : size_(1) { wire_[0] = 0; }
  Name(NameView view) noexcept;  // NOLINT(google-explicit-constructor): a copy, never a surprise
  Name(const Name& other) noexcept : Name(other.view()) {}
  Name& operator=(const Name& other) noexcept;

  // Presentation format, absolute with or without the final dot. An error says what is wrong.
  static Result<Name> FromText(std::string_view text);

  // `label` put before `suffix`; nothing when the result would be too long or the label is not
  // 1 to 63 octets.
  static std::optional<Name> Prepend(Bytes label, NameView suffix) noexcept;
  // `name` with its suffix `from` exchanged for `to` (DNAME, RFC 6672 section 2.2); nothing when
  // the result would be too long or `name` is not below `from`.
  static std::optional<Name> Substitute(NameView name, NameView from, NameView to) noexcept;

  NameView view() const noexcept { return {wire_.data(), size_}; }
  operator NameView() const noexcept { return view(); }  // NOLINT(google-explicit-constructor)

  Bytes wire() const noexcept { return view().wire(); }
  std::size_t size() const noexcept { return size_; }
  std::string ToText() const { return view().ToText(); }
  Name Lowered() const noexcept { return view().Lowered(); }

 private:
  friend class MessageView;
  friend class NameView;
  std::array<std::uint8_t, kMaxNameSize> wire_;
  std::uint8_t size_;
};

inline bool operator==(const Name& a, const Name& b) noexcept {
  return a.view() == b.view();
}
inline bool operator==(const Name& a, NameView b) noexcept {
  return a.view() == b;
}

}  // namespace sealwire::dns
