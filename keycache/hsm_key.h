// How a key that lives in the HSM is named, and what is known of it outside.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "signer/ecdsa.h"

namespace sealwire::keycache {

// CKA_ID: 16 random octets, unique in the token.
using KeyId = std::array<std::uint8_t, 16>;

// What a key may be used for; it is the only thing it may be used for.
enum class KeyUse : std::uint8_t {
  kSign = 0,    // CKA_SIGN: a zone's KSK
  kDerive = 1,  // CKA_DERIVE: the wrapping key
};

// An EC P-256 key pair in the token: private half sensitive and not extractable.
struct HsmKey {
  KeyId id{};
  signer::PublicKey public_key{};
  friend bool operator==(const HsmKey&, const HsmKey&) = default;
};

// A pair as it is listed.
struct ListedKey {
  HsmKey key;
  KeyUse use = KeyUse::kSign;
  std::string label;
};

}  // namespace sealwire::keycache
