// The secrets that server cookies are made with (RFC 9018 section 5), shared by all workers.
//
// The first signs, all verify: a secret that is to replace another is put behind it on every server
// of an anycast set first, then before it, and then the old one is taken away. Secrets are wiped
// when their list ends. Threading: a CookieKeyring may be used by any thread; workers look at
// version() per batch and copy the list only when it has changed. Errors: FromText gives a
// sentence.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "dns/result.h"
#include "proxy/siphash.h"

namespace sealwire::proxy {

class CookieSecrets {
 public:
  static constexpr std::size_t kMax = 8;

  CookieSecrets() = default;
  CookieSecrets(const CookieSecrets&) = default;
  CookieSecrets& operator=(const CookieSecrets&) = default;
  ~CookieSecrets();

  // One that nobody else knows.
  static CookieSecrets Random();
  // 32 hexadecimal digits a line; empty lines, and what follows a '#', are left out.
  static Result<CookieSecrets> FromText(std::string_view text);

  std::size_t size() const noexcept { return size_; }
  const SipKey& operator[](std::size_t i) const noexcept { return keys_[i]; }

 private:
  std::array<SipKey, kMax> keys_{};
  std::size_t size_ = 0;
};

class CookieKeyring {
 public:
  explicit CookieKeyring(const CookieSecrets& secrets) : secrets_(secrets) {}

  void Use(const CookieSecrets& secrets);
  // Grows with every Use(); at least 1.
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }
  CookieSecrets Read() const;

 private:
  mutable std::mutex mutex_;
  CookieSecrets secrets_;  // guarded by mutex_
  std::atomic<std::uint64_t> version_{1};
};

}  // namespace sealwire::proxy
