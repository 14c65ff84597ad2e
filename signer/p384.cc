#include "signer/p384.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // as in signer/openssl_handles.h
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "signer/openssl_handles.h"

namespace sealwire::signer::p384 {
namespace {

constexpr std::size_t kHalf = 48;             // octets of a coordinate, of r and of s
constexpr std::uint8_t kUncompressed = 0x04;  // SEC 1 section 2.3.3
using EncodedPoint = std::array<std::uint8_t, 1 + 2 * kHalf>;

const EC_GROUP* Group() noexcept {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_secp384r1);
  return group;
}

bool Done(bool done) noexcept {
  if (!done) ERR_clear_error();
  return done;
}

std::array<std::uint8_t, SHA384_DIGEST_LENGTH> DigestOf(dns::Bytes message) noexcept {
  std::array<std::uint8_t, SHA384_DIGEST_LENGTH> digest;
  SHA384(message.data(), message.size(), digest.data());
  return digest;
}

// SHA-512 of a label, a counter and the seed; twice, for 576 bits: 192 more than the order has, so
// that the remainder is as good as uniform (FIPS 186-5 appendix A.2.1 asks for 64 more).
class Expanded {
 public:
  static constexpr std::size_t kSize = 72;

  explicit Expanded(ConstScalar seed) noexcept {
    constexpr std::string_view kLabel = "sealwire p384 scalar 1";
    SHA512_CTX hash;
    for (std::uint8_t counter : {std::uint8_t{0}, std::uint8_t{1}}) {
      SHA512_Init(&hash);
      SHA512_Update(&hash, kLabel.data(), kLabel.size());
      SHA512_Update(&hash, &counter, 1);
      SHA512_Update(&hash, seed.data(), seed.size());
      SHA512_Final(octets_.data() + counter * SHA512_DIGEST_LENGTH, &hash);
    }
    explicit_bzero(&hash, sizeof hash);
  }
  ~Expanded() { explicit_bzero(octets_.data(), octets_.size()); }
  Expanded(const Expanded&) = delete;
  Expanded& operator=(const Expanded&) = delete;

  const std::uint8_t* data() const noexcept { return octets_.data(); }

 private:
  std::array<std::uint8_t, 2 * SHA512_DIGEST_LENGTH> octets_;
};

// 1 to n-1, in OpenSSL's secure heap.
BignumHandle ScalarOf(ConstScalar seed) noexcept {
  const Expanded expanded(seed);
  BignumHandle scalar(BN_secure_new());
  const BignumHandle wide(BN_secure_new());
  const BignumHandle bound(BN_new());
  const BnCtxHandle context(BN_CTX_secure_new());
  if (Group() == nullptr || scalar == nullptr || wide == nullptr || bound == nullptr ||
      context == nullptr || BN_bin2bn(expanded.data(), Expanded::kSize, wide.get()) == nullptr ||
      BN_copy(bound.get(), EC_GROUP_get0_order(Group())) == nullptr ||
      BN_sub_word(bound.get(), 1) != 1) {
    return {};
  }
  BN_set_flags(wide.get(), BN_FLG_CONSTTIME);
  BN_set_flags(scalar.get(), BN_FLG_CONSTTIME);
  if (BN_mod(scalar.get(), wide.get(), bound.get(), context.get()) != 1 ||
      BN_add_word(scalar.get(), 1) != 1) {
    return {};
  }
  return scalar;
}

EcKeyHandle NewKey() noexcept {
  EcKeyHandle key(EC_KEY_new());
  if (key == nullptr || Group() == nullptr || EC_KEY_set_group(key.get(), Group()) != 1) return {};
  return key;
}

}  // namespace

bool MakeSeed(Scalar seed) noexcept {
  return Done(RAND_priv_bytes(seed.data(), static_cast<int>(seed.size())) == 1);
}

bool PublicHalf(ConstScalar seed, PublicOctets& public_key) noexcept {
  const BignumHandle scalar = ScalarOf(seed);
  const EcPointHandle point(Group() == nullptr ? nullptr : EC_POINT_new(Group()));
  EncodedPoint encoded;
  if (scalar == nullptr || point == nullptr ||
      EC_POINT_mul(Group(), point.get(), scalar.get(), nullptr, nullptr, nullptr) != 1 ||
      EC_POINT_point2oct(Group(), point.get(), POINT_CONVERSION_UNCOMPRESSED, encoded.data(),
                         encoded.size(), nullptr) != encoded.size()) {
    return Done(false);
  }
  public_key = PublicOctets(dns::Bytes(encoded).subspan(1));
  return true;
}

bool Sign(ConstScalar seed, dns::Bytes message, SignatureOctets& out) noexcept {
  const BignumHandle scalar = ScalarOf(seed);
  const EcKeyHandle key = NewKey();
  if (scalar == nullptr || key == nullptr || EC_KEY_set_private_key(key.get(), scalar.get()) != 1) {
    return Done(false);
  }
  const auto digest = DigestOf(message);
  const EcdsaSigHandle signature(
      ECDSA_do_sign(digest.data(), static_cast<int>(digest.size()), key.get()));
  std::array<std::uint8_t, 2 * kHalf> octets;
  if (signature == nullptr ||
      BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), octets.data(), kHalf) != kHalf ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), octets.data() + kHalf, kHalf) != kHalf) {
    return Done(false);
  }
  out = octets;
  return true;
}

bool Verify(const PublicOctets& public_key, dns::Bytes message,
            const SignatureOctets& signature) noexcept {
  const EcKeyHandle key = NewKey();
  if (key == nullptr) return Done(false);
  const EcPointHandle point(EC_POINT_new(Group()));
  EncodedPoint encoded{kUncompressed};
  std::copy(public_key.begin(), public_key.end(), encoded.begin() + 1);
  // Decoding refuses a point that is not on the curve.
  if (point == nullptr ||
      EC_POINT_oct2point(Group(), point.get(), encoded.data(), encoded.size(), nullptr) != 1 ||
      EC_KEY_set_public_key(key.get(), point.get()) != 1) {
    return Done(false);
  }
  const EcdsaSigHandle sig(ECDSA_SIG_new());
  BignumHandle r(BN_bin2bn(signature.data(), kHalf, nullptr));
  BignumHandle s(BN_bin2bn(signature.data() + kHalf, kHalf, nullptr));
  if (sig == nullptr || r == nullptr || s == nullptr ||
      ECDSA_SIG_set0(sig.get(), r.get(), s.get()) != 1) {
    return Done(false);
  }
  r.release();
  s.release();
  const auto digest = DigestOf(message);
  return Done(
      ECDSA_do_verify(digest.data(), static_cast<int>(digest.size()), sig.get(), key.get()) == 1);
}

}  // namespace sealwire::signer::p384
