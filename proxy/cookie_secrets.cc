#include "proxy/cookie_secrets.h"

#include <string.h>  // explicit_bzero

#include <string>

#include "net/random.h"

namespace sealwire::proxy {
namespace {

int Digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool ParseKey(std::string_view digits, SipKey& key) noexcept {
  if (digits.size() != 2 * key.size()) return false;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const int high = Digit(digits[2 * i]);
    const int low = Digit(digits[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    key[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return true;
}

std::string_view Trimmed(std::string_view line) noexcept {
  line = line.substr(0, line.find('#'));
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

CookieSecrets::~CookieSecrets() {
  explicit_bzero(keys_.data(), sizeof keys_);
}

CookieSecrets CookieSecrets::Random() {
  CookieSecrets secrets;
  net::Random().Fill(secrets.keys_[0]);
  secrets.size_ = 1;
  return secrets;
}

Result<CookieSecrets> CookieSecrets::FromText(std::string_view text) {
  CookieSecrets secrets;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const std::string_view line = Trimmed(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    // The line itself is a secret: it is not repeated.
    const std::string where = "line " + std::to_string(number);
    if (secrets.size_ == kMax) return Error{where + ": more than 8 secrets"};
    if (!ParseKey(line, secrets.keys_[secrets.size_])) {
      return Error{where + ": a secret is 32 hexadecimal digits"};
    }
    ++secrets.size_;
  }
  if (secrets.size_ == 0) return Error{"there is no secret in it: write 32 hexadecimal digits"};
  return secrets;
}

void CookieKeyring::Use(const CookieSecrets& secrets) {
  const std::lock_guard lock(mutex_);
  secrets_ = secrets;
  version_.fetch_add(1, std::memory_order_release);
}

CookieSecrets CookieKeyring::Read() const {
  const std::lock_guard lock(mutex_);
  return secrets_;
}

}  // namespace sealwire::proxy
