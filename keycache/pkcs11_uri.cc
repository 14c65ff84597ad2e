#include "keycache/pkcs11_uri.h"

#include <algorithm>
#include <charconv>

namespace sealwire::keycache {
namespace {

constexpr std::string_view kScheme = "pkcs11:";
constexpr std::size_t kMaxUri = 1024;

std::optional<std::string> Decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    unsigned octet = 0;
    const std::string_view digits = text.substr(at + 1, 2);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), octet, 16);
    if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
    decoded += static_cast<char>(octet);
    at += 2;
  }
  return decoded;
}

}  // namespace

std::optional<Pkcs11Uri> ParsePkcs11Uri(std::string_view text) {
  if (!text.starts_with(kScheme) || text.size() > kMaxUri) return std::nullopt;
  text = text.substr(kScheme.size());
  text = text.substr(0, text.find('?'));
  Pkcs11Uri uri;
  while (!text.empty()) {
    const std::string_view attribute = text.substr(0, text.find(';'));
    text.remove_prefix(std::min(attribute.size() + 1, text.size()));
    const std::size_t equals = attribute.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    auto value = Decoded(attribute.substr(equals + 1));
    if (!value) return std::nullopt;
    const std::string_view name = attribute.substr(0, equals);
    if (name == "token") uri.token = *std::move(value);
    if (name == "object") uri.object = *std::move(value);
    if (name == "id") uri.id = *std::move(value);
  }
  if (uri.object.empty() && uri.id.empty()) return std::nullopt;
  return uri;
}

}  // namespace sealwire::keycache
