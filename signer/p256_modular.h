// Arithmetic modulo the two primes of P-256, four 64-bit limbs, Montgomery with R = 2²⁵⁶.
//
// Constant time: no branch or address depends on a value. Everything is inline, so that the online
// half stays in registers. Values are below the modulus unless a function says otherwise.
// Threading: pure functions. Source: Montgomery 1985; the ranges are argued in docs/ready-ink.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "signer/p256_batch.h"

namespace sealwire::signer::p256 {

__extension__ using Uint128 = unsigned __int128;
using WideLimbs = std::array<std::uint64_t, 8>;

// p = 2²⁵⁶ - 2²²⁴ + 2¹⁹² + 2⁹⁶ - 1 (FIPS 186-5, SP 800-186 section 3.2.1.3).
struct FieldPrime {
  static constexpr Limbs kValue = {0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000,
                                   0xffffffff00000001};
};
// n, the order of the generator (SP 800-186 section 3.2.1.3).
struct GroupOrder {
  static constexpr Limbs kValue = {0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff,
                                   0xffffffff00000000};
};

// a - b, and the borrow (0 or 1) out of the top limb.
constexpr std::uint64_t Subtract(const Limbs& a, const Limbs& b, Limbs& out) noexcept {
  std::uint64_t borrow = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const Uint128 d = Uint128{a[i]} - b[i] - borrow;
    out[i] = static_cast<std::uint64_t>(d);
    borrow = static_cast<std::uint64_t>(d >> 64) & 1;
  }
  return borrow;
}

// All ones when every limb is zero, else 0.
constexpr std::uint64_t ZeroMask(const Limbs& a) noexcept {
  const std::uint64_t any = a[0] | a[1] | a[2] | a[3];
  return ((any | (0 - any)) >> 63) - 1;
}

template <class Prime>
struct Modular {
  // -1/m mod 2⁶⁴: each step of Newton's iteration doubles the right bits, five to begin with.
  static constexpr std::uint64_t NegatedInverse() noexcept {
    const std::uint64_t m = Prime::kValue[0];
    std::uint64_t x = (3 * m) ^ 2;
    for (int i = 0; i < 4; ++i) x *= 2 - m * x;
    return 0 - x;
  }

  // `carry`·2²⁵⁶ + a, which is below 2m, less m when it is not below m.
  static constexpr Limbs ReduceOnce(const Limbs& a, std::uint64_t carry) noexcept {
    Limbs less{};
    const std::uint64_t borrow = Subtract(a, Prime::kValue, less);
    const std::uint64_t keep = 0 - (borrow & (carry ^ 1));
    Limbs out{};
    for (std::size_t i = 0; i < 4; ++i) out[i] = (a[i] & keep) | (less[i] & ~keep);
    return out;
  }

  // t/R mod m, for t below m·R.
  static constexpr Limbs Redc(WideLimbs t) noexcept {
    constexpr std::uint64_t kFactor = NegatedInverse();
    std::uint64_t top = 0;
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint64_t q = t[i] * kFactor;
      std::uint64_t carry = 0;
#pragma GCC unroll 4
      for (std::size_t j = 0; j < 4; ++j) {
        const Uint128 sum = Uint128{q} * Prime::kValue[j] + t[i + j] + carry;
        t[i + j] = static_cast<std::uint64_t>(sum);
        carry = static_cast<std::uint64_t>(sum >> 64);
      }
      const Uint128 sum = Uint128{t[i + 4]} + carry + top;
      t[i + 4] = static_cast<std::uint64_t>(sum);
      top = static_cast<std::uint64_t>(sum >> 64);
    }
    return ReduceOnce({t[4], t[5], t[6], t[7]}, top);
  }

  // a·b + c, for any a, b and c: it fits, since (2²⁵⁶-1)² + 2²⁵⁶-1 is below 2⁵¹².
  static constexpr WideLimbs MultiplyWide(const Limbs& a, const Limbs& b,
                                          const Limbs& c = {}) noexcept {
    WideLimbs t{c[0], c[1], c[2], c[3]};
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
      std::uint64_t carry = 0;
#pragma GCC unroll 4
      for (std::size_t j = 0; j < 4; ++j) {
        const Uint128 sum = Uint128{a[j]} * b[i] + t[i + j] + carry;
        t[i + j] = static_cast<std::uint64_t>(sum);
        carry = static_cast<std::uint64_t>(sum >> 64);
      }
      t[i + 4] = carry;
    }
    return t;
  }

  // a·b/R mod m; one of the two may be any 256-bit number.
  static constexpr Limbs Multiply(const Limbs& a, const Limbs& b) noexcept {
    return Redc(MultiplyWide(a, b));
  }

  // R²/a mod m: the inverse of a Montgomery form, in Montgomery form. The exponent m-2 is public.
  static constexpr Limbs Invert(const Limbs& a) noexcept {
    std::array<Limbs, 15> power{};  // a¹ to a¹⁵
    power[0] = a;
    for (std::size_t i = 1; i < power.size(); ++i) power[i] = Multiply(power[i - 1], a);
    Limbs exponent = Prime::kValue;
    exponent[0] -= 2;
    Limbs out = power[(exponent[3] >> 60) - 1];
    for (int bit = 248; bit >= 0; bit -= 4) {
      const auto place = static_cast<std::size_t>(bit);
      for (int i = 0; i < 4; ++i) out = Multiply(out, out);
      const std::uint64_t digit = (exponent[place / 64] >> (place % 64)) & 15;
      if (digit != 0) out = Multiply(out, power[digit - 1]);
    }
    return out;
  }

  // out[i] = R²/in[i] mod m with one inversion for all (Montgomery's trick). No input is zero;
  // `out` has the size of `in` and does not overlap it.
  static void InvertAll(std::span<const Limbs> in, std::span<Limbs> out) noexcept {
    if (in.empty()) return;
    out[0] = in[0];
    for (std::size_t i = 1; i < in.size(); ++i) out[i] = Multiply(out[i - 1], in[i]);
    Limbs run = Invert(out[in.size() - 1]);
    for (std::size_t i = in.size() - 1; i > 0; --i) {
      out[i] = Multiply(run, out[i - 1]);
      run = Multiply(run, in[i]);
    }
    out[0] = run;
  }
};

using Field = Modular<FieldPrime>;
using Order = Modular<GroupOrder>;

// x mod n for x below p: p < 2n, so one subtraction does.
constexpr Limbs FieldToOrder(const Limbs& x) noexcept {
  return Order::ReduceOnce(x, 0);
}

// 32 octets big-endian, as keys, digests and signatures have them.
inline Limbs LoadBigEndian(const std::uint8_t* octets) noexcept {
  Limbs out;
  for (std::size_t i = 0; i < 4; ++i) {
    std::uint64_t limb;
    std::memcpy(&limb, octets + 24 - 8 * i, 8);
    out[i] = __builtin_bswap64(limb);
  }
  return out;
}
inline void StoreBigEndian(const Limbs& a, std::uint8_t* octets) noexcept {
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint64_t limb = __builtin_bswap64(a[i]);
    std::memcpy(octets + 24 - 8 * i, &limb, 8);
  }
}

}  // namespace sealwire::signer::p256
