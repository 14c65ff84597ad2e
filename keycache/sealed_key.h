// A private key (signer/algorithm.h) wrapped so that only the HSM can open it
// (docs/key-envelope.md).
//
// A shard key (AES-256) comes from one ECDH between the wrapping key in the HSM and an ephemeral
// key whose public half the envelope carries; it wraps up to kKeysPerShard scalars with
// AES-256-GCM. The additional data binds an envelope to its version, zone, role, algorithm, key tag
// and public key.
//
// Threading: values and pure functions. Errors: Open() refuses whatever does not authenticate.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>

#include "dns/bytes.h"
#include "dns/name.h"
#include "dns/result.h"
#include "keycache/dnskey.h"
#include "keycache/hsm_key.h"
#include "keycache/secret_memory.h"

namespace sealwire::keycache {

inline constexpr std::size_t kKeysPerShard = 4096;
using ShardId = std::array<std::uint8_t, 16>;

// What a shard key is derived from, nothing secret in it.
struct ShardHeader {
  KeyId wrapping_key{};           // CKA_ID of the wrapping key
  ShardId shard{};                // random
  signer::PublicKey ephemeral{};  // the public half whose private half was forgotten
  friend auto operator<=>(const ShardHeader&, const ShardHeader&) = default;
};

// What an envelope is bound to. All of it is known from the zone's record.
struct SealedKeyContext {
  dns::NameView apex;
  Role role = Role::kZsk;
  std::uint16_t key_tag = 0;
  signer::PublicOctets public_key{};
  std::uint8_t algorithm = signer::kAlgorithmP256;
};

struct SealedKey {
  static constexpr std::uint8_t kVersion = 1;
  static constexpr std::size_t kEncodedSize = 166;

  Role role = Role::kZsk;
  std::uint8_t algorithm = signer::kAlgorithmP256;
  std::uint16_t key_tag = 0;
  ShardHeader header;
  std::array<std::uint8_t, 12> nonce{};
  std::array<std::uint8_t, 32> wrapped{};
  std::array<std::uint8_t, 16> tag{};

  std::array<std::uint8_t, kEncodedSize> Encode() const noexcept;
  // Nothing when the size, magic, version, role, algorithm or reserved octet is another.
  static std::optional<SealedKey> Decode(dns::Bytes octets) noexcept;
  friend bool operator==(const SealedKey&, const SealedKey&) = default;
};

// Derives the shard's AES key from the ECDH secret: HKDF-SHA256 (RFC 5869).
Status DeriveShardKey(const ShardHeader& header, ConstSecretBytes ecdh, SecretBytes shard_key);

Result<SealedKey> Seal(const ShardHeader& header, ConstSecretBytes shard_key,
                       const SealedKeyContext& context, ConstSecretBytes scalar);
// Writes the scalar; on an error it is wiped.
Status Open(const SealedKey& sealed, ConstSecretBytes shard_key, const SealedKeyContext& context,
            SecretBytes scalar);

}  // namespace sealwire::keycache
