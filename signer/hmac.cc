#include "signer/hmac.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // SHA*_Init and their like: EVP_MAC allocates for each message
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <new>

namespace sealwire::signer {
namespace {

constexpr std::size_t kMaxBlock = SHA512_CBLOCK;

std::size_t BlockSize(HmacHash hash) noexcept {
  return hash == HmacHash::kSha1 || hash == HmacHash::kSha256 ? SHA256_CBLOCK : SHA512_CBLOCK;
}

template <class Context, class State>
Context* As(State& state) noexcept {
  static_assert(sizeof(Context) <= sizeof(State));
  return std::launder(reinterpret_cast<Context*>(state.data()));
}

template <class State>
void Init(HmacHash hash, State& state) noexcept {
  switch (hash) {
    case HmacHash::kSha1:
      SHA1_Init(As<SHA_CTX>(state));
      break;
    case HmacHash::kSha256:
      SHA256_Init(As<SHA256_CTX>(state));
      break;
    case HmacHash::kSha384:
      SHA384_Init(As<SHA512_CTX>(state));
      break;
    case HmacHash::kSha512:
      SHA512_Init(As<SHA512_CTX>(state));
      break;
  }
}

template <class State>
void Add(HmacHash hash, State& state, dns::Bytes data) noexcept {
  switch (hash) {
    case HmacHash::kSha1:
      SHA1_Update(As<SHA_CTX>(state), data.data(), data.size());
      break;
    case HmacHash::kSha256:
      SHA256_Update(As<SHA256_CTX>(state), data.data(), data.size());
      break;
    case HmacHash::kSha384:
    case HmacHash::kSha512:
      SHA512_Update(As<SHA512_CTX>(state), data.data(), data.size());
      break;
  }
}

template <class State>
void Final(HmacHash hash, State& state, std::uint8_t* out) noexcept {
  switch (hash) {
    case HmacHash::kSha1:
      SHA1_Final(out, As<SHA_CTX>(state));
      break;
    case HmacHash::kSha256:
      SHA256_Final(out, As<SHA256_CTX>(state));
      break;
    case HmacHash::kSha384:
      SHA384_Final(out, As<SHA512_CTX>(state));
      break;
    case HmacHash::kSha512:
      SHA512_Final(out, As<SHA512_CTX>(state));
      break;
  }
}

}  // namespace

std::size_t MacSize(HmacHash hash) noexcept {
  switch (hash) {
    case HmacHash::kSha1:
      return SHA_DIGEST_LENGTH;
    case HmacHash::kSha256:
      return SHA256_DIGEST_LENGTH;
    case HmacHash::kSha384:
      return SHA384_DIGEST_LENGTH;
    case HmacHash::kSha512:
      return SHA512_DIGEST_LENGTH;
  }
  return 0;
}

HmacKey::HmacKey(HmacHash hash, dns::Bytes secret) noexcept : hash_(hash), inner_{}, outer_{} {
  const std::size_t block = BlockSize(hash);
  std::array<std::uint8_t, kMaxBlock> padded{};
  if (secret.size() > block) {
    State state{};
    Init(hash, state);
    Add(hash, state, secret);
    Final(hash, state, padded.data());
    OPENSSL_cleanse(state.data(), state.size());
  } else if (!secret.empty()) {
    std::memcpy(padded.data(), secret.data(), secret.size());
  }
  const dns::Bytes key = dns::Bytes(padded).first(block);
  for (std::uint8_t& octet : padded) octet ^= 0x36;  // ipad
  Init(hash, inner_);
  Add(hash, inner_, key);
  for (std::uint8_t& octet : padded) octet ^= 0x36 ^ 0x5c;  // opad
  Init(hash, outer_);
  Add(hash, outer_, key);
  OPENSSL_cleanse(padded.data(), padded.size());
}

HmacKey::~HmacKey() {
  OPENSSL_cleanse(inner_.data(), inner_.size());
  OPENSSL_cleanse(outer_.data(), outer_.size());
}

Hmac::~Hmac() {
  OPENSSL_cleanse(state_.data(), state_.size());
}

void Hmac::Update(dns::Bytes data) noexcept {
  if (!data.empty()) Add(key_.hash_, state_, data);
}

dns::Bytes Hmac::Finish(std::array<std::uint8_t, kMaxMacSize>& out) noexcept {
  const std::size_t size = MacSize(key_.hash_);
  Final(key_.hash_, state_, out.data());
  state_ = key_.outer_;
  Add(key_.hash_, state_, dns::Bytes(out).first(size));
  Final(key_.hash_, state_, out.data());
  return dns::Bytes(out).first(size);
}

bool EqualInConstantTime(dns::Bytes a, dns::Bytes b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sealwire::signer
