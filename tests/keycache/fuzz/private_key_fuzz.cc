// Texts that should be private keys or pkcs11: URIs: what is refused leaves nothing behind.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "keycache/pkcs11_uri.h"
#include "keycache/private_key.h"
#include "signer/openssl_signer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sealwire;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::array<std::uint8_t, 32> scalar;
  scalar.fill(1);
  if (keycache::ReadPrivateKey(text, scalar)) {
    signer::PublicKey key;
    if (!signer::DerivePublicKey(scalar, key)) std::abort();
  } else if (std::any_of(scalar.begin(), scalar.end(), [](std::uint8_t octet) { return octet; })) {
    std::abort();
  }
  if (const auto uri = keycache::ParsePkcs11Uri(text); uri && uri->object.empty()) {
    if (uri->id.empty()) std::abort();
  }
  return 0;
}
