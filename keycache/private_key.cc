#include "keycache/private_key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>  // explicit_bzero

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "signer/ecdsa.h"
#include "signer/openssl_signer.h"

namespace sealwire::keycache {
namespace {

struct Free {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(BIGNUM* number) const noexcept { BN_clear_free(number); }
};

constexpr std::size_t kBase64Size = 44;  // of 32 octets

std::string_view Trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The value of "Name: value" on a line of its own; empty when there is none.
std::string_view Field(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      return Trimmed(line.substr(name.size() + 1));
    }
  }
  return {};
}

Status ReadBind(std::string_view text, SecretBytes scalar) {
  const std::string_view algorithm = Field(text, "Algorithm");
  if (!algorithm.starts_with("13 ") && algorithm != "13") {
    return Error{"the private key is of algorithm '" + std::string(algorithm.substr(0, 40)) +
                 "': only 13 (ECDSAP256SHA256) can be imported"};
  }
  const std::string_view base64 = Field(text, "PrivateKey");
  std::array<unsigned char, 33> octets{};
  const int size =
      base64.size() != kBase64Size || base64.back() != '='
          ? -1
          : EVP_DecodeBlock(octets.data(), reinterpret_cast<const unsigned char*>(base64.data()),
                            static_cast<int>(base64.size()));
  std::copy_n(octets.begin(), scalar.size(), scalar.begin());
  explicit_bzero(octets.data(), octets.size());
  if (size == 33) return Status::Ok();
  return Error{"the file has no PrivateKey of 32 octets"};
}

int NoPassphrase(char*, int, int, void*) {
  return -1;
}

Status ReadPem(std::string_view text, SecretBytes scalar) {
  const std::unique_ptr<BIO, Free> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  const std::unique_ptr<EVP_PKEY, Free> key(
      bio == nullptr ? nullptr
                     : PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) return Error{"the PEM text holds no private key that can be read"};
  char group[32] = {};
  std::size_t size = 0;
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_utf8_string_param(key.get(), OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                     &size) != 1 ||
      std::string_view(group) != "prime256v1" ||
      EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) != 1) {
    return Error{"the PEM text holds no P-256 key"};
  }
  const std::unique_ptr<BIGNUM, Free> owned(number);
  if (BN_bn2binpad(number, scalar.data(), static_cast<int>(scalar.size())) < 0) {
    return Error{"the PEM text holds no P-256 key"};
  }
  return Status::Ok();
}

}  // namespace

Status ReadPrivateKey(std::string_view text, SecretBytes scalar) {
  Status read = Error{"this is neither a BIND .private file nor PEM"};
  if (text.find("-----BEGIN ") != std::string_view::npos) {
    read = ReadPem(text, scalar);
  } else if (!Field(text, "Private-key-format").empty()) {
    read = ReadBind(text, scalar);
  }
  ERR_clear_error();
  signer::PublicKey public_key;
  if (read && !signer::DerivePublicKey(signer::ConstScalar(scalar), public_key)) {
    read = Error{"the private key is no number that P-256 has keys for"};
  }
  if (!read) explicit_bzero(scalar.data(), scalar.size());
  return read;
}

}  // namespace sealwire::keycache
