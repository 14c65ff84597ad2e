#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <string>
#include <vector>

#include "signer/tsig.h"

namespace sealwire::signer {
namespace {

constexpr std::size_t kLeastSecret = 16;
constexpr std::size_t kMostSecret = 1024;

struct Algorithm {
  std::string_view text;
  HmacHash hash;
};
// RFC 8945 section 6. HMAC-MD5 and GSS are not for new use.
constexpr Algorithm kAlgorithms[] = {
    {"hmac-sha256", HmacHash::kSha256},
    {"hmac-sha384", HmacHash::kSha384},
    {"hmac-sha512", HmacHash::kSha512},
    {"hmac-sha1", HmacHash::kSha1},
};

dns::Name NameOf(HmacHash hash) {
  for (const Algorithm& each : kAlgorithms) {
    if (each.hash == hash) return *dns::Name::FromText(each.text);
  }
  return {};
}

// Empty when `text` is no base64.
std::vector<std::uint8_t> DecodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > 4 * kMostSecret) return {};
  std::vector<std::uint8_t> octets(text.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(octets.data(), reinterpret_cast<const unsigned char*>(text.data()),
                      static_cast<int>(text.size()));
  if (size < 0) return {};
  // EVP_DecodeBlock counts the padding as octets.
  std::size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  octets.resize(static_cast<std::size_t>(size) - padding);
  return octets;
}

}  // namespace

TsigKey::TsigKey(dns::NameView name, HmacHash hash, dns::Bytes secret) noexcept
    : name_(name.Lowered()), algorithm_(NameOf(hash)), hmac_(hash, secret) {}

std::size_t TsigKey::record_size() const noexcept {
  // Owner, type, class, TTL, RDLENGTH; algorithm, time, fudge, MAC size, MAC, id, error, other.
  return name_.size() + 10 + algorithm_.size() + 6 + 2 + 2 + MacSize(hmac_.hash()) + 2 + 2 + 2;
}

Result<std::shared_ptr<const TsigKey>> TsigKey::FromBase64(std::string_view name,
                                                           std::string_view algorithm,
                                                           std::string_view secret) {
  const auto key_name = dns::Name::FromText(name);
  if (!key_name) return Error{"'" + std::string(name) + "' is no name for a key"};
  if (!algorithm.empty() && algorithm.back() == '.') algorithm.remove_suffix(1);
  const auto* known = std::find_if(std::begin(kAlgorithms), std::end(kAlgorithms),
                                   [&](const Algorithm& each) { return each.text == algorithm; });
  if (known == std::end(kAlgorithms)) {
    return Error{"'" + std::string(algorithm) +
                 "' is not possible; possible are: hmac-sha256, hmac-sha384, hmac-sha512, "
                 "hmac-sha1"};
  }
  std::vector<std::uint8_t> octets = DecodeBase64(secret);
  if (octets.size() < kLeastSecret) {
    OPENSSL_cleanse(octets.data(), octets.size());
    return Error{"the secret must be base64 of at least 16 octets"};
  }
  auto key = std::make_shared<const TsigKey>(*key_name, known->hash, octets);
  OPENSSL_cleanse(octets.data(), octets.size());
  return std::shared_ptr<const TsigKey>(std::move(key));
}

}  // namespace sealwire::signer
