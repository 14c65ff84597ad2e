#include "signer/openssl_signer.h"

#include <algorithm>
#include <array>

#include "signer/openssl_handles.h"

namespace sealwire::signer {
namespace {

// The order n of the group (FIPS 186-5, SP 800-186 section 3.2.1.3).
constexpr std::array<std::uint8_t, 32> kOrder = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

constexpr std::uint8_t kUncompressed = 0x04;  // SEC 1 section 2.3.3
using EncodedPoint = std::array<std::uint8_t, 1 + sizeof(PublicKey)>;

// True for 1 to n-1; takes the same time for every scalar.
bool IsScalar(const std::uint8_t* scalar) noexcept {
  unsigned borrow = 0;
  unsigned any = 0;
  for (std::size_t i = kOrder.size(); i-- > 0;) {
    borrow = ((unsigned{scalar[i]} - kOrder[i] - borrow) >> 8) & 1;
    any |= scalar[i];
  }
  return borrow == 1 && any != 0;
}

// Made once and kept: immutable, so that threads share it, and never freed, so that no thread is
// left without it while the process ends.
const EC_GROUP* Group() noexcept {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  return group;
}

EcKeyHandle NewKey() noexcept {
  EcKeyHandle key(EC_KEY_new());
  if (key == nullptr || Group() == nullptr || EC_KEY_set_group(key.get(), Group()) != 1) return {};
  return key;
}

// A scalar where OpenSSL can use it, cleared at the end of the scope.
class BorrowedScalar {
 public:
  BorrowedScalar(BIGNUM* number, const std::uint8_t* scalar) noexcept
      : number_(BN_bin2bn(scalar, 32, number)) {
    if (number_ != nullptr) BN_set_flags(number_, BN_FLG_CONSTTIME);
  }
  ~BorrowedScalar() {
    if (number_ != nullptr) BN_clear(number_);
  }
  BorrowedScalar(const BorrowedScalar&) = delete;
  BorrowedScalar& operator=(const BorrowedScalar&) = delete;

  const BIGNUM* get() const noexcept { return number_; }

 private:
  BIGNUM* number_;
};

bool EncodePublicKey(const EC_POINT* point, PublicKey& out) noexcept {
  EncodedPoint encoded;
  if (EC_POINT_point2oct(Group(), point, POINT_CONVERSION_UNCOMPRESSED, encoded.data(),
                         encoded.size(), nullptr) != encoded.size()) {
    return false;
  }
  std::copy(encoded.begin() + 1, encoded.end(), out.begin());
  return true;
}

}  // namespace

struct OpensslSigner::Scratch {
  BignumHandle scalar{BN_secure_new()};
  EcKeyHandle key = NewKey();
};

OpensslSigner::OpensslSigner() : scratch_(std::make_unique<Scratch>()) {}
OpensslSigner::~OpensslSigner() = default;

bool OpensslSigner::Sign(const SigningKey& key, const Digest& digest, Signature& out) noexcept {
  if (scratch_->scalar == nullptr || scratch_->key == nullptr) return false;
  if (key.scalar == nullptr || !IsScalar(key.scalar)) return false;
  EC_KEY* const ec_key = scratch_->key.get();
  EcdsaSigHandle signature;
  {
    const BorrowedScalar scalar(scratch_->scalar.get(), key.scalar);
    if (scalar.get() == nullptr || EC_KEY_set_private_key(ec_key, scalar.get()) != 1) return false;
    signature.reset(ECDSA_do_sign(digest.data(), static_cast<int>(digest.size()), ec_key));
    // Given no number it clears the one it holds, and reports failure for having none.
    EC_KEY_set_private_key(ec_key, nullptr);
  }
  if (signature == nullptr) return false;
  Signature encoded;
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), encoded.data(), 32) != 32 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), encoded.data() + 32, 32) != 32) {
    return false;
  }
  out = encoded;
  return true;
}

bool GenerateKeyPair(Scalar scalar, PublicKey& public_key) noexcept {
  const EcKeyHandle key = NewKey();
  if (key == nullptr || EC_KEY_generate_key(key.get()) != 1) return false;
  PublicKey encoded;
  if (!EncodePublicKey(EC_KEY_get0_public_key(key.get()), encoded)) return false;
  if (BN_bn2binpad(EC_KEY_get0_private_key(key.get()), scalar.data(), 32) != 32) return false;
  public_key = encoded;
  return true;
}

bool DerivePublicKey(ConstScalar scalar, PublicKey& public_key) noexcept {
  if (Group() == nullptr || !IsScalar(scalar.data())) return false;
  const BignumHandle number(BN_secure_new());
  const EcPointHandle point(EC_POINT_new(Group()));
  if (number == nullptr || point == nullptr) return false;
  const BorrowedScalar borrowed(number.get(), scalar.data());
  return borrowed.get() != nullptr &&
         EC_POINT_mul(Group(), point.get(), borrowed.get(), nullptr, nullptr, nullptr) == 1 &&
         EncodePublicKey(point.get(), public_key);
}

bool Verify(const PublicKey& public_key, const Digest& digest,
            const Signature& signature) noexcept {
  const EcKeyHandle key = NewKey();
  if (key == nullptr) return false;
  const EcPointHandle point(EC_POINT_new(Group()));
  EncodedPoint encoded{kUncompressed};
  std::copy(public_key.begin(), public_key.end(), encoded.begin() + 1);
  // Decoding refuses a point that is not on the curve.
  if (point == nullptr ||
      EC_POINT_oct2point(Group(), point.get(), encoded.data(), encoded.size(), nullptr) != 1 ||
      EC_KEY_set_public_key(key.get(), point.get()) != 1) {
    return false;
  }
  const EcdsaSigHandle sig(ECDSA_SIG_new());
  BignumHandle r(BN_bin2bn(signature.data(), 32, nullptr));
  BignumHandle s(BN_bin2bn(signature.data() + 32, 32, nullptr));
  if (sig == nullptr || r == nullptr || s == nullptr) return false;
  if (ECDSA_SIG_set0(sig.get(), r.get(), s.get()) != 1) return false;
  r.release();
  s.release();
  return ECDSA_do_verify(digest.data(), static_cast<int>(digest.size()), sig.get(), key.get()) == 1;
}

}  // namespace sealwire::signer
