// Names in presentation format (RFC 1035 section 5.1, RFC 4343 section 2.1).
#include <optional>

#include "dns/name.h"

namespace sealwire::dns {
namespace {

// Octets that mean something to a reader of zone files when they stand alone.
bool IsSpecial(std::uint8_t c) noexcept {
  return std::string_view(".\\\"();@$").find(static_cast<char>(c)) != std::string_view::npos;
}

void AppendOctet(std::uint8_t c, std::string& text) {
  if (c <= ' ' || c >= 0x7f) {
    text += '\\';
    text += static_cast<char>('0' + c / 100);
    text += static_cast<char>('0' + c / 10 % 10);
    text += static_cast<char>('0' + c % 10);
    return;
  }
  if (IsSpecial(c)) text += '\\';
  text += static_cast<char>(c);
}

bool IsDigit(char c) noexcept {
  return c >= '0' && c <= '9';
}

// The octet that the escape after a backslash at `at` means, which `at` is moved past.
std::optional<std::uint8_t> ReadEscape(std::string_view text, std::size_t& at) noexcept {
  ++at;
  if (at >= text.size()) return std::nullopt;
  if (!IsDigit(text[at])) return static_cast<std::uint8_t>(text[at++]);
  if (text.size() - at < 3 || !IsDigit(text[at + 1]) || !IsDigit(text[at + 2])) return std::nullopt;
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  if (value > 255) return std::nullopt;
  at += 3;
  return static_cast<std::uint8_t>(value);
}

Error BadName(std::string_view text, const char* why) {
  return {"'" + std::string(text) + "' is no domain name: " + why};
}

}  // namespace

std::string NameView::ToText() const {
  if (IsRoot()) return ".";
  std::string text;
  text.reserve(size_ + 1u);
  for (NameView rest = *this; !rest.IsRoot(); rest = rest.Parent()) {
    for (const std::uint8_t c : rest.FirstLabel()) AppendOctet(c, text);
    text += '.';
  }
  return text;
}

Result<Name> Name::FromText(std::string_view text) {
  if (text == ".") return Name();
  if (text.empty()) return Error{"a domain name is missing; the root is written '.'"};

  Name name;
  std::size_t size = 1;         // the first label's length octet is kept free
  std::size_t label_start = 0;  // where the current label's length octet lies
  const auto end_label = [&] {
    name.wire_[label_start] = static_cast<std::uint8_t>(size - label_start - 1);
    label_start = size++;
  };
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '.') {
      if (size == label_start + 1) return BadName(text, "a label is empty");
      end_label();
      ++at;
      continue;
    }
    std::optional<std::uint8_t> octet = static_cast<std::uint8_t>(text[at]);
    if (text[at] == '\\') {
      octet = ReadEscape(text, at);
      if (!octet)
        return BadName(text,
                       "an escape is not \\DDD (000 to 255) or a backslash and one character");
    } else {
      ++at;
    }
    // One octet more must stay for the root label.
    if (size >= kMaxNameSize - 1) return BadName(text, "it is longer than 255 octets");
    if (size - label_start > kMaxLabelSize)
      return BadName(text, "a label is longer than 63 octets");
    name.wire_[size++] = *octet;
  }
  if (size > label_start + 1) end_label();
  name.wire_[label_start] = 0;
  name.size_ = static_cast<std::uint8_t>(label_start + 1);
  return name;
}

}  // namespace sealwire::dns
