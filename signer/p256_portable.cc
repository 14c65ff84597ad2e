#include "signer/p256_portable.h"

#include <utility>

#include "signer/openssl_handles.h"
#include "signer/p256_modular.h"
#include "signer/secret_region.h"

namespace sealwire::signer {
namespace {

bool Load(const BIGNUM* number, Limbs& out) noexcept {
  return BN_bn2lebinpad(number, reinterpret_cast<unsigned char*>(out.data()), 32) == 32;
}

class PortableBatch final : public P256Batch {
 public:
  PortableBatch(std::size_t capacity, SecretRegion scratch)
      : capacity_(capacity),
        scratch_(std::move(scratch)),
        group_(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)),
        point_(group_ ? EC_POINT_new(group_.get()) : nullptr),
        k_(BN_secure_new()),
        x_(BN_secure_new()),
        z_(BN_secure_new()),
        context_(BN_CTX_secure_new()) {
    if (k_) BN_set_flags(k_.get(), BN_FLG_CONSTTIME);
  }

  bool Made() const noexcept { return group_ && point_ && k_ && x_ && z_ && context_; }

  P256Implementation implementation() const noexcept override {
    return P256Implementation::kPortable;
  }
  std::size_t capacity() const noexcept override { return capacity_; }

  bool MakePairs(std::span<const Limbs> scalars, std::span<ReadyPair> pairs) noexcept override {
    const std::size_t count = scalars.size();
    if (count == 0 || count > capacity_ || pairs.size() < count) return false;
    const bool made = Make(scalars, pairs.first(count));
    OPENSSL_cleanse(scratch_.data(), scratch_.size());
    BN_clear(k_.get());
    BN_clear(x_.get());
    BN_clear(z_.get());
    if (!made) OPENSSL_cleanse(pairs.data(), pairs.size_bytes());
    return made;
  }

  static constexpr std::size_t kColumns = 3;

 private:
  std::span<Limbs> Column(std::size_t index, std::size_t count) noexcept {
    return {reinterpret_cast<Limbs*>(scratch_.data()) + index * capacity_, count};
  }

  // k·G in Jacobian coordinates: x is X/Z².
  bool MultiplyGenerator(const Limbs& k, Limbs& x, Limbs& z) noexcept {
    return BN_lebin2bn(reinterpret_cast<const unsigned char*>(k.data()), 32, k_.get()) != nullptr &&
           EC_POINT_mul(group_.get(), point_.get(), k_.get(), nullptr, nullptr, context_.get()) ==
               1 &&
           EC_POINT_get_Jprojective_coordinates_GFp(group_.get(), point_.get(), x_.get(), nullptr,
                                                    z_.get(), context_.get()) == 1 &&
           Load(x_.get(), x) && Load(z_.get(), z) && p256::ZeroMask(z) == 0;
  }

  bool Make(std::span<const Limbs> scalars, std::span<ReadyPair> pairs) noexcept {
    using p256::Field;
    using p256::Order;
    const std::size_t count = scalars.size();
    const auto x = Column(0, count);
    const auto z = Column(1, count);
    const auto inverse = Column(2, count);
    for (std::size_t i = 0; i < count; ++i) {
      if (!MultiplyGenerator(scalars[i], x[i], z[i])) return false;
    }
    Field::InvertAll(z, inverse);  // R²/Z each
    constexpr Limbs kOne{1};
    for (std::size_t i = 0; i < count; ++i) {
      const Limbs square = Field::Multiply(inverse[i], inverse[i]);  // R³/Z²
      const Limbs r2x = Field::Multiply(square, x[i]);               // R²·X/Z²
      pairs[i].r = p256::FieldToOrder(Field::Multiply(Field::Multiply(r2x, kOne), kOne));
    }
    Order::InvertAll(scalars, inverse);  // R²/k each
    for (std::size_t i = 0; i < count; ++i) {
      pairs[i].k_inverse = inverse[i];
      // k · R²/k / R / R is 1: the whole batch shares one inversion, so each is checked.
      const Limbs one = Order::Multiply(Order::Multiply(inverse[i], scalars[i]), kOne);
      if (one != kOne) return false;
    }
    return true;
  }

  std::size_t capacity_;
  SecretRegion scratch_;
  EcGroupHandle group_;
  EcPointHandle point_;
  BignumHandle k_;
  BignumHandle x_;
  BignumHandle z_;
  BnCtxHandle context_;
};

}  // namespace

std::unique_ptr<P256Batch> MakePortableBatch(std::size_t capacity) {
  auto scratch = SecretRegion::Make(PortableBatch::kColumns * capacity * sizeof(Limbs));
  if (!scratch) return nullptr;
  auto batch = std::make_unique<PortableBatch>(capacity, std::move(scratch).value());
  if (!batch->Made()) return nullptr;
  return batch;
}

}  // namespace sealwire::signer
