#include "signer/sha256.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // SHA256_*: a sixth of EVP_Digest's time on 55 octets, and no
                                     // heap
#include <openssl/sha.h>

#include <new>
#include <type_traits>

namespace sealwire::signer {
namespace {

static_assert(std::is_trivially_copyable_v<SHA256_CTX>, "states are copied as octets");

SHA256_CTX* Context(std::array<std::byte, sizeof(SHA256_CTX)>& state) noexcept {
  return std::launder(reinterpret_cast<SHA256_CTX*>(state.data()));
}

}  // namespace

Sha256::Sha256() noexcept {
  static_assert(sizeof(SHA256_CTX) == sizeof(state_) && alignof(SHA256_CTX) <= 8);
  SHA256_Init(Context(state_));
}

void Sha256::Update(dns::Bytes data) noexcept {
  SHA256_Update(Context(state_), data.data(), data.size());
}

Digest Sha256::Finish() noexcept {
  Digest digest;
  SHA256_Final(digest.data(), Context(state_));
  return digest;
}

Digest Sha256::Hash(dns::Bytes data) noexcept {
  Sha256 state;
  state.Update(data);
  return state.Finish();
}

}  // namespace sealwire::signer
