// Octets from the hexadecimal and base 64 of published vectors. A vector that cannot be read
// throws, and so fails its test.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sealwire::signer {

inline std::vector<std::uint8_t> FromHex(std::string_view text) {
  std::vector<std::uint8_t> octets;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    octets.push_back(
        static_cast<std::uint8_t>(std::stoul(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return octets;
}

inline std::vector<std::uint8_t> FromBase64(std::string_view text) {
  std::vector<std::uint8_t> octets(text.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(octets.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (size < 0) throw std::invalid_argument("not base 64");
  std::size_t padding = 0;
  while (padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  octets.resize(static_cast<std::size_t>(size) - padding);
  return octets;
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> Exactly(const std::vector<std::uint8_t>& octets) {
  if (octets.size() != kSize) throw std::invalid_argument("vector of the wrong size");
  std::array<std::uint8_t, kSize> out;
  std::copy(octets.begin(), octets.end(), out.begin());
  return out;
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> FromHex(std::string_view text) {
  return Exactly<kSize>(FromHex(text));
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> FromBase64(std::string_view text) {
  return Exactly<kSize>(FromBase64(text));
}

}  // namespace sealwire::signer
