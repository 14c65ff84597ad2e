#include <memory>
#include <new>

#include "signer/openssl_handles.h"
#include "signer/p256_ifma_kernel.h"
#include "signer/p256_modular.h"

namespace sealwire::signer::p256 {
namespace {

struct Affine {
  Limbs x;
  Limbs y;
};

bool Load(const BIGNUM* number, Limbs& out) noexcept {
  return BN_bn2lebinpad(number, reinterpret_cast<unsigned char*>(out.data()), 32) == 32;
}

// 2^exponent mod p.
constexpr Limbs PowerOfTwo(unsigned exponent) noexcept {
  Limbs value{1};
  for (unsigned i = 0; i < exponent; ++i) {
    const std::uint64_t carry = value[3] >> 63;
    for (std::size_t j = 3; j > 0; --j) value[j] = value[j] << 1 | value[j - 1] >> 63;
    value[0] <<= 1;
    value = Field::ReduceOnce(value, carry);
  }
  return value;
}

// x·2²⁶⁰ mod p in limbs of 52 bits, `stride` apart.
void StoreMontgomery(const Limbs& x, std::uint64_t* out, std::size_t stride) noexcept {
  constexpr Limbs kFactor = PowerOfTwo(256 + 260);
  constexpr std::uint64_t kMask = (std::uint64_t{1} << 52) - 1;
  const Limbs a = Field::Multiply(x, kFactor);
  out[0] = a[0] & kMask;
  out[stride] = (a[0] >> 52 | a[1] << 12) & kMask;
  out[2 * stride] = (a[1] >> 40 | a[2] << 24) & kMask;
  out[3 * stride] = (a[2] >> 28 | a[3] << 36) & kMask;
  out[4 * stride] = a[3] >> 16;
}

// Everything here is public, so nothing needs constant time.
class CombTableMaker {
 public:
  bool Make(CombTable& table) noexcept {
    if (!group_ || !base_ || !step_ || !entry_ || !context_ || !x_ || !y_) return false;
    constexpr Limbs kOne{1};
    constexpr Limbs kThree{3};
    Limbs b;
    if (EC_GROUP_get_curve(group_.get(), nullptr, nullptr, x_.get(), context_.get()) != 1 ||
        !Load(x_.get(), b) ||
        EC_POINT_copy(base_.get(), EC_GROUP_get0_generator(group_.get())) != 1) {
      return false;
    }
    StoreMontgomery(kOne, table.one, 1);
    StoreMontgomery(kThree, table.three, 1);
    StoreMontgomery(b, table.b, 1);
    for (std::size_t window = 0; window < kWindows; ++window) {
      if (!MakeWindow(table, window)) return false;
    }
    return true;
  }

 private:
  bool Add(EC_POINT* sum, const EC_POINT* addend) noexcept {
    return EC_POINT_add(group_.get(), sum, sum, addend, context_.get()) == 1;
  }

  // base_ is 256ʲ·G; leaves it 256 times as great.
  bool MakeWindow(CombTable& table, std::size_t window) noexcept {
    if (EC_POINT_copy(entry_.get(), base_.get()) != 1 ||
        EC_POINT_dbl(group_.get(), step_.get(), base_.get(), context_.get()) != 1) {
      return false;
    }
    for (std::size_t e = 0; e < kEntries; ++e) {
      Affine point;
      if (EC_POINT_get_affine_coordinates(group_.get(), entry_.get(), x_.get(), y_.get(),
                                          context_.get()) != 1 ||
          !Load(x_.get(), point.x) || !Load(y_.get(), point.y)) {
        return false;
      }
      StoreMontgomery(point.x, &table.x[window][0][e], kEntries);
      StoreMontgomery(point.y, &table.y[window][0][e], kEntries);
      if (e + 1 < kEntries && !Add(entry_.get(), step_.get())) return false;
    }
    return Add(base_.get(), entry_.get());  // 1 + 255 times
  }

  EcGroupHandle group_{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
  EcPointHandle base_{group_ ? EC_POINT_new(group_.get()) : nullptr};
  EcPointHandle step_{group_ ? EC_POINT_new(group_.get()) : nullptr};
  EcPointHandle entry_{group_ ? EC_POINT_new(group_.get()) : nullptr};
  BnCtxHandle context_{BN_CTX_new()};
  BignumHandle x_{BN_new()};
  BignumHandle y_{BN_new()};
};

}  // namespace

const CombTable* SharedCombTable() noexcept {
  static const std::unique_ptr<const CombTable> table = []() -> std::unique_ptr<const CombTable> {
    std::unique_ptr<CombTable> made(new (std::nothrow) CombTable());
    if (!made || !CombTableMaker().Make(*made)) return nullptr;
    return made;
  }();
  return table.get();
}

}  // namespace sealwire::signer::p256
