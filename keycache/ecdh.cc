#include "keycache/ecdh.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <memory>

namespace sealwire::keycache {
namespace {

struct PkeyFree {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
struct ContextFree {
  void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
using Pkey = std::unique_ptr<EVP_PKEY, PkeyFree>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, ContextFree>;
using Point = std::array<std::uint8_t, 65>;  // 4 | x | y (SEC 1 section 2.3.3)

// Null when it is not a point of the curve.
Pkey Import(const signer::PublicKey& key) noexcept {
  Point point;
  point[0] = 4;
  std::copy(key.begin(), key.end(), point.begin() + 1);
  char group[] = "P-256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* imported = nullptr;
  if (context == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &imported, EVP_PKEY_PUBLIC_KEY,
                        const_cast<OSSL_PARAM*>(parameters)) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return Pkey(imported);
}

}  // namespace

bool IsPoint(const signer::PublicKey& key) noexcept {
  return Import(key) != nullptr;
}

Status MakeEphemeral(const signer::PublicKey& peer, signer::PublicKey& ephemeral,
                     SecretBytes secret) {
  const Pkey other = Import(peer);
  if (other == nullptr) return Error{"the wrapping key is not a point of P-256"};
  const Pkey own(EVP_EC_gen("P-256"));
  if (own == nullptr) return Error{"no ephemeral key could be made"};

  Point point{};
  std::size_t size = 0;
  if (EVP_PKEY_get_octet_string_param(own.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                      point.size(), &size) != 1 ||
      size != point.size() || point[0] != 4) {
    return Error{"no ephemeral key could be made"};
  }
  const PkeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, own.get(), nullptr));
  size = secret.size();
  if (context == nullptr || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), other.get()) != 1 ||
      EVP_PKEY_derive(context.get(), secret.data(), &size) != 1 || size != secret.size()) {
    ERR_clear_error();
    return Error{"ECDH failed"};
  }
  std::copy(point.begin() + 1, point.end(), ephemeral.begin());
  return Status::Ok();
}

}  // namespace sealwire::keycache
