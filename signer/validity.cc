#include "signer/validity.h"

#include <algorithm>

namespace sealwire::signer {
namespace {

// Serial arithmetic orders two times when they are less than 2^31 seconds apart (RFC 1982 section
// 3.2); half of it each for skew and validity keeps inception and expiration comparable.
constexpr std::uint32_t kMaxSpan = (std::uint32_t{1} << 30) - 1;

// Where the hash lies in a window of `window` seconds, without a division.
std::uint64_t Phase(std::uint64_t hash, std::uint32_t window) noexcept {
  return ((hash >> 32) * window) >> 32;
}

}  // namespace

std::uint64_t ValidityHash(dns::NameView owner, dns::RRType type) noexcept {
  return owner.Hash(static_cast<std::uint64_t>(type));
}

Validity ValidityAt(const ValidityPolicy& policy, std::uint64_t hash,
                    std::uint64_t unix_seconds) noexcept {
  const std::uint32_t validity = std::clamp(policy.validity, kWindowsPerValidity, kMaxSpan);
  const std::uint32_t window = validity / kWindowsPerValidity;
  const std::uint64_t phase = Phase(hash, window);
  // The window is added so that the difference is not below zero in the first window of 1970.
  const std::uint64_t begin = unix_seconds - (unix_seconds + window - phase) % window;
  return {static_cast<std::uint32_t>(begin - std::min(policy.inception_skew, kMaxSpan)),
          static_cast<std::uint32_t>(begin + validity)};
}

bool IsValidAt(const Validity& validity, std::uint64_t unix_seconds) noexcept {
  const auto now = static_cast<std::uint32_t>(unix_seconds);
  return static_cast<std::int32_t>(now - validity.inception) >= 0 &&
         static_cast<std::int32_t>(validity.expiration - now) >= 0;
}

}  // namespace sealwire::signer
