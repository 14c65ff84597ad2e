// Eight elements of the field of P-256 at a time, in the lanes of AVX-512 registers: radix 2⁵²,
// five limbs, Montgomery with R = 2²⁶⁰.
//
// For p256_ifma_kernel.cc only, the one source that is compiled for AVX-512: everything has
// internal linkage, so that no function compiled here can be linked into code that runs on other
// CPUs.
//
// Ranges (proved in docs/ready-ink.md). An Element has limbs below 2⁵² and stands for any number
// below 2²⁶⁰; `raw` limbs are signed and below 2⁵⁸. `bound` is the greatest multiple of p it may
// reach: Multiply(a, b) wants bound(a)·bound(b) ≤ 16 and gives bound 2; Fold() gives a number below
// p + 2²²⁷, called bound 1⁺.
#pragma once

#include <immintrin.h>

#include <cstdint>

#define SEALWIRE_INLINE static inline __attribute__((always_inline))

namespace sealwire::signer::p256 {
namespace {

struct alignas(64) Element {
  __m512i limb[5];
};

constexpr std::uint64_t kLimbMask = (std::uint64_t{1} << 52) - 1;
// p in radix 2⁵².
constexpr std::uint64_t kP[5] = {kLimbMask, (std::uint64_t{1} << 44) - 1, 0, std::uint64_t{1} << 36,
                                 0x0000ffffffff0000};

SEALWIRE_INLINE __m512i Broadcast(std::uint64_t value) {
  return _mm512_set1_epi64(static_cast<long long>(value));
}
SEALWIRE_INLINE __m512i MaddLow(__m512i sum, __m512i a, __m512i b) {
  return _mm512_madd52lo_epu64(sum, a, b);
}
SEALWIRE_INLINE __m512i MaddHigh(__m512i sum, __m512i a, __m512i b) {
  return _mm512_madd52hi_epu64(sum, a, b);
}

// Carries raw limbs into an Element. The number itself must be 0 to 2²⁶⁰-1.
SEALWIRE_INLINE Element Carry(Element raw) {
  const __m512i mask = Broadcast(kLimbMask);
  for (int i = 0; i < 4; ++i) {
    raw.limb[i + 1] = _mm512_add_epi64(raw.limb[i + 1], _mm512_srai_epi64(raw.limb[i], 52));
    raw.limb[i] = _mm512_and_si512(raw.limb[i], mask);
  }
  return raw;
}

// Takes q·p from a raw number that is at least p/2, with q read from the top limb before carrying:
// gives bound 1⁺. p = 2²⁵⁶ - 2²²⁴ + 2¹⁹² + 2⁹⁶ - 1, so q·p is four shifts.
SEALWIRE_INLINE Element Fold(Element raw) {
  const __m512i q = _mm512_srai_epi64(raw.limb[4], 48);
  raw.limb[4] = _mm512_and_si512(raw.limb[4], Broadcast((std::uint64_t{1} << 48) - 1));
  raw.limb[4] = _mm512_add_epi64(raw.limb[4], _mm512_slli_epi64(q, 16));
  raw.limb[3] = _mm512_sub_epi64(raw.limb[3], _mm512_slli_epi64(q, 36));
  raw.limb[1] = _mm512_sub_epi64(raw.limb[1], _mm512_slli_epi64(q, 44));
  raw.limb[0] = _mm512_add_epi64(raw.limb[0], q);
  return Carry(raw);
}

// One step of Montgomery's reduction: makes t[0] a multiple of 2⁵² by adding m·p, and carries it
// into t[1]. Since p ≡ -1 mod 2⁵², m is t[0] itself; the instruction reads its low 52 bits only.
SEALWIRE_INLINE void ReduceLimb(__m512i* t) {
  const __m512i m = t[0];
  t[1] = _mm512_add_epi64(t[1], _mm512_srli_epi64(m, 52));
  const __m512i shift44 = Broadcast(std::uint64_t{1} << 44);  // p + 1 has 2⁴⁴ in limb 1
  t[1] = MaddLow(t[1], m, shift44);
  t[2] = MaddHigh(t[2], m, shift44);
  t[3] = MaddLow(t[3], m, Broadcast(kP[3]));
  t[4] = MaddHigh(t[4], m, Broadcast(kP[3]));
  t[4] = MaddLow(t[4], m, Broadcast(kP[4]));
  t[5] = MaddHigh(t[5], m, Broadcast(kP[4]));
}

// a·b/R, raw.
SEALWIRE_INLINE Element MultiplyRaw(const Element& a, const Element& b) {
  __m512i t[10];
  for (auto& limb : t) limb = _mm512_setzero_si512();
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 5; ++j) t[i + j] = MaddLow(t[i + j], a.limb[j], b.limb[i]);
    for (int j = 0; j < 5; ++j) t[i + j + 1] = MaddHigh(t[i + j + 1], a.limb[j], b.limb[i]);
    ReduceLimb(t + i);
  }
  return {{t[5], t[6], t[7], t[8], t[9]}};
}

// a²/R, raw: the products beside the diagonal are made once and doubled.
SEALWIRE_INLINE Element SquareRaw(const Element& a) {
  __m512i t[10];
  for (auto& limb : t) limb = _mm512_setzero_si512();
  for (int i = 0; i < 5; ++i) {
    for (int j = i + 1; j < 5; ++j) t[i + j] = MaddLow(t[i + j], a.limb[j], a.limb[i]);
    for (int j = i + 1; j < 5; ++j) t[i + j + 1] = MaddHigh(t[i + j + 1], a.limb[j], a.limb[i]);
  }
  for (int i = 1; i < 9; ++i) t[i] = _mm512_add_epi64(t[i], t[i]);
  for (int i = 0; i < 5; ++i) {
    t[2 * i] = MaddLow(t[2 * i], a.limb[i], a.limb[i]);
    t[2 * i + 1] = MaddHigh(t[2 * i + 1], a.limb[i], a.limb[i]);
  }
  for (int i = 0; i < 5; ++i) ReduceLimb(t + i);
  return {{t[5], t[6], t[7], t[8], t[9]}};
}

SEALWIRE_INLINE Element Multiply(const Element& a, const Element& b) {
  return Carry(MultiplyRaw(a, b));
}
SEALWIRE_INLINE Element Square(const Element& a) {
  return Carry(SquareRaw(a));
}

SEALWIRE_INLINE Element AddRaw(const Element& a, const Element& b) {
  Element sum;
  for (int i = 0; i < 5; ++i) sum.limb[i] = _mm512_add_epi64(a.limb[i], b.limb[i]);
  return sum;
}
SEALWIRE_INLINE Element SubtractRaw(const Element& a, const Element& b) {
  Element difference;
  for (int i = 0; i < 5; ++i) difference.limb[i] = _mm512_sub_epi64(a.limb[i], b.limb[i]);
  return difference;
}
// multiple·p in every lane, raw.
SEALWIRE_INLINE Element MultipleOfP(std::uint64_t multiple) {
  Element out;
  for (int i = 0; i < 5; ++i) out.limb[i] = Broadcast(multiple * kP[i]);
  return out;
}
SEALWIRE_INLINE Element BroadcastElement(const std::uint64_t* limbs) {
  Element out;
  for (int i = 0; i < 5; ++i) out.limb[i] = Broadcast(limbs[i]);
  return out;
}

// The lanes in which a and b have the same limbs.
SEALWIRE_INLINE __mmask8 SameLimbs(const Element& a, const Element& b) {
  __m512i differ = _mm512_xor_si512(a.limb[0], b.limb[0]);
  for (int i = 1; i < 5; ++i) {
    differ = _mm512_or_si512(differ, _mm512_xor_si512(a.limb[i], b.limb[i]));
  }
  return _mm512_testn_epi64_mask(differ, differ);
}

// value - modulus where that is not negative, else value; both with limbs below 2⁵².
SEALWIRE_INLINE Element SubtractIfNotBelow(const Element& value, const std::uint64_t* modulus) {
  const Element less = Carry(SubtractRaw(value, BroadcastElement(modulus)));
  const __mmask8 below = _mm512_movepi64_mask(less.limb[4]);
  Element out;
  for (int i = 0; i < 5; ++i) {
    out.limb[i] = _mm512_mask_mov_epi64(less.limb[i], below, value.limb[i]);
  }
  return out;
}

}  // namespace
}  // namespace sealwire::signer::p256
