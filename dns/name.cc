#include "dns/name.h"

#include <algorithm>

namespace sealwire::dns {
namespace {

// Where each label of a name begins, leftmost first, without the root label.
struct LabelStarts {
  explicit LabelStarts(Bytes wire) noexcept {
    for (std::size_t at = 0; wire[at] != 0; at += wire[at] + 1u) {
      start[count++] = static_cast<std::uint8_t>(at);
    }
  }
  std::array<std::uint8_t, kMaxLabels> start;
  int count = 0;
};

// Compares two labels (length octet first) as lower-cased octet strings; a prefix sorts first.
std::weak_ordering CompareLabels(const std::uint8_t* a, const std::uint8_t* b) noexcept {
  const int shared = std::min(a[0], b[0]);
  for (int i = 1; i <= shared; ++i) {
    if (a[i] == b[i]) continue;
    const std::uint8_t x = ToLower(a[i]);
    const std::uint8_t y = ToLower(b[i]);
    if (x != y) return x <=> y;
  }
  return a[0] <=> b[0];
}

// Full 64×64 multiplication folded to 64 bits: every input bit reaches every output bit.
std::uint64_t Mix(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::optional<NameView> NameView::Parse(Bytes data) noexcept {
  std::size_t at = 0;
  while (at < data.size() && at < kMaxNameSize) {
    const std::uint8_t length = data[at];
    if (length == 0) return NameView(data.data(), static_cast<std::uint8_t>(at + 1));
    if (length > kMaxLabelSize) return std::nullopt;
    at += length + 1u;
  }
  return std::nullopt;
}

bool NameView::IsSubdomainOf(NameView ancestor) const noexcept {
  if (size_ < ancestor.size_) return false;
  const std::size_t offset = static_cast<std::size_t>(size_) - ancestor.size_;
  std::size_t at = 0;
  while (at < offset) at += data_[at] + 1u;
  return at == offset && EqualFolded(data_ + offset, ancestor.data_, ancestor.size_);
}

bool NameView::IsBelow(NameView ancestor) const noexcept {
  return size_ > ancestor.size_ && IsSubdomainOf(ancestor);
}

int NameView::CommonLabels(NameView other) const noexcept {
  const LabelStarts mine(wire());
  const LabelStarts theirs(other.wire());
  const int most = std::min(mine.count, theirs.count);
  int common = 0;
  while (common < most) {
    const std::uint8_t* a = data_ + mine.start[mine.count - 1 - common];
    const std::uint8_t* b = other.data_ + theirs.start[theirs.count - 1 - common];
    if (a[0] != b[0] || !EqualFolded(a + 1, b + 1, a[0])) break;
    ++common;
  }
  return common;
}

std::uint64_t NameView::Hash(std::uint64_t seed) const noexcept {
  // Both factors of every product hold a secret: with known constants, as in wyhash, a name can be
  // chosen that makes a factor zero and forgets all that came before.
  const std::uint64_t key_a = seed ^ 0x9e3779b97f4a7c15;
  const std::uint64_t key_b = Mix(key_a, 0xd1342543de82ef95);
  std::uint64_t state = key_b ^ size_;
  std::size_t at = 0;
  for (; size_ - at > 16; at += 16) {
    state = Mix(LoadFolded8(data_ + at) ^ key_a, LoadFolded8(data_ + at + 8) ^ state);
  }
  const std::size_t rest = size_ - at;
  std::uint64_t first;
  std::uint64_t last = 0;
  if (rest >= 8) {
    first = LoadFolded8(data_ + at);
    last = LoadFolded8(data_ + size_ - 8);
  } else {
    first = LoadFoldedShort(data_ + at, rest);
  }
  state = Mix(first ^ key_a, last ^ state);
  return Mix(state ^ key_a, key_b);
}

bool operator==(NameView a, NameView b) noexcept {
  return a.size_ == b.size_ && EqualFolded(a.data_, b.data_, a.size_);
}

std::weak_ordering CanonicalCompare(NameView a, NameView b) noexcept {
  const LabelStarts x(a.wire());
  const LabelStarts y(b.wire());
  const int shared = std::min(x.count, y.count);
  for (int i = 1; i <= shared; ++i) {
    const auto order = CompareLabels(a.wire().data() + x.start[x.count - i],
                                     b.wire().data() + y.start[y.count - i]);
    if (order != 0) return order;
  }
  return x.count <=> y.count;
}

Name::Name(NameView view) noexcept : size_(static_cast<std::uint8_t>(view.size())) {
  std::memcpy(wire_.data(), view.wire().data(), view.size());
}

Name& Name::operator=(const Name& other) noexcept {
  // memmove: a name may be assigned to itself.
  std::memmove(wire_.data(), other.wire_.data(), other.size_);
  size_ = other.size_;
  return *this;
}

std::optional<Name> Name::Prepend(Bytes label, NameView suffix) noexcept {
  if (label.empty() || label.size() > kMaxLabelSize) return std::nullopt;
  const std::size_t size = 1 + label.size() + suffix.size();
  if (size > kMaxNameSize) return std::nullopt;
  std::optional<Name> name(std::in_place);
  Writer out(name->wire_);
  out.U8(static_cast<std::uint8_t>(label.size()));
  out.Run(label);
  out.Run(suffix.wire());
  name->size_ = static_cast<std::uint8_t>(size);
  return name;
}

std::optional<Name> Name::Substitute(NameView name, NameView from, NameView to) noexcept {
  if (!name.IsBelow(from)) return std::nullopt;
  const std::size_t kept = name.size() - from.size();
  if (kept + to.size() > kMaxNameSize) return std::nullopt;
  std::optional<Name> result(std::in_place);
  Writer out(result->wire_);
  out.Run(name.wire().first(kept));
  out.Run(to.wire());
  result->size_ = static_cast<std::uint8_t>(kept + to.size());
  return result;
}

Name NameView::Lowered() const noexcept {
  Name lowered;
  CopyFolded(lowered.wire_.data(), data_, size_);
  lowered.size_ = size_;
  return lowered;
}

}  // namespace sealwire::dns
