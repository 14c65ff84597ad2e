// The bearer token of the control API (RFC 6750).
//
// Threading: value. Only a hash of the token stays in memory. Errors: a sentence with the file.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dns/result.h"

namespace sealwire::control {

class AccessToken {
 public:
  // Reads the first line of `path`. A file that is not there is made, mode 0600, with a random
  // token of 256 bits. An empty token, and a file that others may read, are refused.
  static Result<AccessToken> FromFile(const std::string& path);
  static AccessToken FromText(std::string_view token);

  using Hash = std::array<std::uint8_t, 32>;  // SHA-256
  static Hash HashOf(std::string_view token);
  // 256 random bits as text.
  static Result<std::string> RandomText();
  // The token in a header "Authorization: Bearer TOKEN"; nothing when it is of another scheme.
  static std::optional<std::string_view> InHeader(std::string_view authorization);

  // Compares in time that tells nothing about the token.
  bool HasHash(const Hash& hash) const;
  bool Admits(std::string_view authorization) const {
    const auto token = InHeader(authorization);
    return token && HasHash(HashOf(*token));
  }

 private:
  Hash hash_{};
};

}  // namespace sealwire::control
