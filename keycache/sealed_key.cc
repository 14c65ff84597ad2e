#include "keycache/sealed_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "signer/sha256.h"

namespace sealwire::keycache {
namespace {

constexpr std::array<std::uint8_t, 3> kMagic = {'S', 'W', 'K'};
constexpr std::string_view kLabel = "sealwire shard key 1";
constexpr std::size_t kHeaderSize = 106;  // everything before the nonce
constexpr std::size_t kMaxBoundSize = kHeaderSize + dns::kMaxNameSize + sizeof(signer::Digest);

struct CipherFree {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, CipherFree>;

// A look-up by name for every key would cost more than the decryption.
const EVP_CIPHER* Aes256Gcm() noexcept {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

void WriteHeader(const SealedKey& sealed, dns::Writer& out) noexcept {
  out.Run(kMagic);
  out.U8(SealedKey::kVersion);
  out.U16(static_cast<std::uint16_t>(sealed.role));
  out.U8(sealed.algorithm);
  out.U8(0);
  out.U16(sealed.key_tag);
  out.Run(sealed.header.wrapping_key);
  out.Run(sealed.header.shard);
  out.Run(sealed.header.ephemeral);
}

template <std::size_t kSize>
void Take(dns::Reader& in, std::array<std::uint8_t, kSize>& out) noexcept {
  const dns::Bytes run = in.Run(kSize);
  std::copy(run.begin(), run.end(), out.begin());
}

// What the authentication tag covers besides the scalar.
struct BoundData {
  std::array<std::uint8_t, kMaxBoundSize> octets;
  std::size_t size;

  BoundData(const SealedKey& sealed, const SealedKeyContext& context) noexcept {
    dns::Writer out(octets);
    WriteHeader(sealed, out);
    out.Run(dns::Name(context.apex).Lowered().wire());
    out.Run(signer::Sha256::Hash(context.public_key));
    size = out.size();
  }
};

}  // namespace

std::array<std::uint8_t, SealedKey::kEncodedSize> SealedKey::Encode() const noexcept {
  std::array<std::uint8_t, kEncodedSize> octets{};
  dns::Writer out(octets);
  WriteHeader(*this, out);
  out.Run(nonce);
  out.Run(wrapped);
  out.Run(tag);
  return octets;
}

std::optional<SealedKey> SealedKey::Decode(dns::Bytes octets) noexcept {
  if (octets.size() != kEncodedSize) return std::nullopt;
  dns::Reader in(octets);
  if (!dns::Equal(in.Run(kMagic.size()), kMagic) || in.U8() != kVersion) return std::nullopt;
  SealedKey sealed;
  const std::uint16_t role = in.U16();
  if (role != static_cast<std::uint16_t>(Role::kZsk) &&
      role != static_cast<std::uint16_t>(Role::kKsk)) {
    return std::nullopt;
  }
  sealed.role = static_cast<Role>(role);
  sealed.algorithm = in.U8();
  if (!signer::IsKnown(sealed.algorithm) || in.U8() != 0) return std::nullopt;
  sealed.key_tag = in.U16();
  Take(in, sealed.header.wrapping_key);
  Take(in, sealed.header.shard);
  Take(in, sealed.header.ephemeral);
  Take(in, sealed.nonce);
  Take(in, sealed.wrapped);
  Take(in, sealed.tag);
  return sealed;
}

Status DeriveShardKey(const ShardHeader& header, ConstSecretBytes ecdh, SecretBytes shard_key) {
  std::array<std::uint8_t, kLabel.size() + sizeof(KeyId) + sizeof(signer::PublicKey)> info;
  dns::Writer out(info);
  out.Run({reinterpret_cast<const std::uint8_t*>(kLabel.data()), kLabel.size()});
  out.Run(header.wrapping_key);
  out.Run(header.ephemeral);

  std::array<std::uint8_t, sizeof(ShardId)> salt = header.shard;
  char digest[] = "SHA256";
  // OpenSSL takes pointers to non-const and writes to none of them.
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, const_cast<std::uint8_t*>(ecdh.data()),
                                        ecdh.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt.data(), salt.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
      OSSL_PARAM_construct_end()};
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  const bool derived = context != nullptr &&
                       EVP_KDF_derive(context, shard_key.data(), shard_key.size(), parameters) == 1;
  EVP_KDF_CTX_free(context);
  EVP_KDF_free(kdf);
  if (!derived) {
    ERR_clear_error();
    return Error{"HKDF failed"};
  }
  return Status::Ok();
}

Result<SealedKey> Seal(const ShardHeader& header, ConstSecretBytes shard_key,
                       const SealedKeyContext& context, ConstSecretBytes scalar) {
  SealedKey sealed;
  sealed.role = context.role;
  sealed.algorithm = context.algorithm;
  sealed.key_tag = context.key_tag;
  sealed.header = header;
  if (RAND_bytes(sealed.nonce.data(), static_cast<int>(sealed.nonce.size())) != 1) {
    return Error{"no random octets for a nonce"};
  }
  const BoundData bound(sealed, context);
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  if (cipher == nullptr ||
      EVP_EncryptInit_ex2(cipher.get(), Aes256Gcm(), shard_key.data(), sealed.nonce.data(),
                          nullptr) != 1 ||
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, bound.octets.data(),
                        static_cast<int>(bound.size)) != 1 ||
      EVP_EncryptUpdate(cipher.get(), sealed.wrapped.data(), &size, scalar.data(),
                        static_cast<int>(scalar.size())) != 1 ||
      EVP_EncryptFinal_ex(cipher.get(), sealed.wrapped.data() + size, &size) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(sealed.tag.size()),
                          sealed.tag.data()) != 1) {
    ERR_clear_error();
    return Error{"AES-256-GCM failed"};
  }
  return sealed;
}

Status Open(const SealedKey& sealed, ConstSecretBytes shard_key, const SealedKeyContext& context,
            SecretBytes scalar) {
  // The context speaks for the record; the envelope must say the same.
  if (sealed.role != context.role || sealed.key_tag != context.key_tag ||
      sealed.algorithm != context.algorithm) {
    return Error{"the sealed key is for another role, key tag or algorithm"};
  }
  const BoundData bound(sealed, context);
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  auto tag = sealed.tag;
  int size = 0;
  if (cipher == nullptr ||
      EVP_DecryptInit_ex2(cipher.get(), Aes256Gcm(), shard_key.data(), sealed.nonce.data(),
                          nullptr) != 1 ||
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, bound.octets.data(),
                        static_cast<int>(bound.size)) != 1 ||
      EVP_DecryptUpdate(cipher.get(), scalar.data(), &size, sealed.wrapped.data(),
                        static_cast<int>(sealed.wrapped.size())) != 1 ||
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()),
                          tag.data()) != 1 ||
      EVP_DecryptFinal_ex(cipher.get(), scalar.data() + size, &size) != 1) {
    explicit_bzero(scalar.data(), scalar.size());
    ERR_clear_error();
    return Error{"the sealed key of " + dns::Name(context.apex).ToText() +
                 " is not authentic: altered, or of another zone"};
  }
  return Status::Ok();
}

}  // namespace sealwire::keycache
