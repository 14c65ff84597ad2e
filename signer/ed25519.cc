#include "signer/ed25519.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // as in signer/openssl_handles.h
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>

#include "signer/openssl_handles.h"

namespace sealwire::signer::ed25519 {
namespace {

constexpr std::size_t kPublicSize = 32;
constexpr std::size_t kSignatureSize = 64;

// OpenSSL keeps the copy of a secret in its secure heap and clears it when the key is freed.
using PkeyHandle = std::unique_ptr<EVP_PKEY, OpensslFree<&EVP_PKEY_free>>;
using DigestHandle = std::unique_ptr<EVP_MD_CTX, OpensslFree<&EVP_MD_CTX_free>>;

bool Done(bool done) noexcept {
  if (!done) ERR_clear_error();
  return done;
}

PkeyHandle Private(ConstScalar secret) noexcept {
  return PkeyHandle(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, secret.data(), secret.size()));
}

bool PublicOf(const PkeyHandle& key, PublicOctets& public_key) noexcept {
  std::array<std::uint8_t, kPublicSize> octets;
  std::size_t size = octets.size();
  if (key == nullptr || EVP_PKEY_get_raw_public_key(key.get(), octets.data(), &size) != 1 ||
      size != octets.size()) {
    return false;
  }
  public_key = octets;
  return true;
}

}  // namespace

bool MakePair(Scalar secret, PublicOctets& public_key) noexcept {
  // RFC 8032 section 5.1.5: a private key is 32 octets of random data.
  return Done(RAND_priv_bytes(secret.data(), static_cast<int>(secret.size())) == 1 &&
              PublicOf(Private(secret), public_key));
}

bool PublicHalf(ConstScalar secret, PublicOctets& public_key) noexcept {
  return Done(PublicOf(Private(secret), public_key));
}

bool Sign(ConstScalar secret, dns::Bytes message, SignatureOctets& out) noexcept {
  const PkeyHandle key = Private(secret);
  const DigestHandle context(EVP_MD_CTX_new());
  std::array<std::uint8_t, kSignatureSize> octets;
  std::size_t size = octets.size();
  if (key == nullptr || context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), octets.data(), &size, message.data(), message.size()) != 1 ||
      size != octets.size()) {
    return Done(false);
  }
  out = octets;
  return true;
}

bool Verify(const PublicOctets& public_key, dns::Bytes message,
            const SignatureOctets& signature) noexcept {
  const PkeyHandle key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, public_key.data(), public_key.size()));
  const DigestHandle context(EVP_MD_CTX_new());
  return Done(key != nullptr && context != nullptr &&
              EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
              EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                               message.size()) == 1);
}

}  // namespace sealwire::signer::ed25519
