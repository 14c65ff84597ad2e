// Scalars for tests of P-256: by hand, by OpenSSL, and from a seeded generator.
#pragma once

#include <openssl/bn.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "signer/p256_modular.h"

namespace sealwire::signer {

struct FreeBignum {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using Bignum = std::unique_ptr<BIGNUM, FreeBignum>;

inline Bignum ToBignum(const Limbs& a) {
  return Bignum(BN_lebin2bn(reinterpret_cast<const unsigned char*>(a.data()), 32, nullptr));
}
inline Limbs ToLimbs(const BIGNUM* number) {
  Limbs out{};
  BN_bn2lebinpad(number, reinterpret_cast<unsigned char*>(out.data()), 32);
  return out;
}
inline Limbs LimbsFromHex(const char* hex) {
  BIGNUM* number = nullptr;
  BN_hex2bn(&number, hex);
  const Bignum owner(number);
  return ToLimbs(number);
}

inline constexpr Limbs kOrder = p256::GroupOrder::kValue;

// n - a, for a below n.
inline Limbs OrderLess(const Limbs& a) {
  Limbs out{};
  p256::Subtract(kOrder, a, out);
  return out;
}

// 1 to n-1, the same sequence for the same seed.
class SeededScalars {
 public:
  explicit SeededScalars(std::uint64_t seed) : engine_(seed) {}
  Limbs Next() {
    Limbs out{};
    Limbs unused{};
    do {
      for (auto& limb : out) limb = engine_();
    } while (p256::Subtract(out, kOrder, unused) == 0 || p256::ZeroMask(out) != 0);
    return out;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace sealwire::signer
