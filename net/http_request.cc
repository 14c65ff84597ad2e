#include "net/http_request.h"

#include <algorithm>
#include <charconv>

namespace sealwire::net {

namespace {

// Calls visit(part) for each part of `text` between separators.
template <class Visit>
void ForEachPart(std::string_view text, char separator, Visit&& visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

}  // namespace

std::string PercentDecode(std::string_view text, bool plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned octet = 0;
    if (text[i] == '%' && text.size() - i > 2) {
      const char* digits = text.data() + i + 1;
      const auto [end, error] = std::from_chars(digits, digits + 2, octet, 16);
      if (error == std::errc() && end == digits + 2) {
        decoded.push_back(static_cast<char>(octet));
        i += 2;
        continue;
      }
    }
    decoded.push_back(plus && text[i] == '+' ? ' ' : text[i]);
  }
  return decoded;
}

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> segments;
  ForEachPart(path, '/',
              [&](std::string_view part) { segments.push_back(PercentDecode(part, false)); });
  return segments;
}

HttpHeaders ParseQuery(std::string_view query) {
  HttpHeaders parameters;
  ForEachPart(query, '&', [&](std::string_view part) {
    const std::size_t equals = std::min(part.find('='), part.size());
    parameters.emplace_back(PercentDecode(part.substr(0, equals), true),
                            PercentDecode(part.substr(std::min(equals + 1, part.size())), true));
  });
  return parameters;
}

bool SameFieldName(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

const std::string* HttpRequest::Header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (SameFieldName(key, name)) return &value;
  }
  return nullptr;
}

const std::string* HttpRequest::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace sealwire::net
