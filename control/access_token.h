// The bearer token of the control API (RFC 6750).
//
// Threading: value. Only a hash of the token stays in memory. Errors: a sentence with the file.
#pragma once

#include <array>
#include <cstdint>
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

  // Compares in time that tells nothing about the token. `authorization` is the header's value:
  // "Bearer TOKEN".
  bool Admits(std::string_view authorization) const;

 private:
  std::array<std::uint8_t, 32> hash_{};  // SHA-256
};

}  // namespace sealwire::control
