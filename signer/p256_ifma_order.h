// Eight numbers modulo n, the order of P-256, at a time: radix 2⁵², Montgomery with R = 2²⁶⁰.
//
// For p256_ifma_kernel.cc only; linkage and ranges as in p256_ifma_field.h, with n for p: the
// bounds hold since n, too, is between 2²⁵⁵ and 2²⁵⁶.
#pragma once

#include "signer/p256_ifma_field.h"

namespace sealwire::signer::p256 {
namespace {

// n in radix 2⁵², and -1/n mod 2⁵².
constexpr std::uint64_t kN[5] = {0x9cac2fc632551, 0xada7179e84f3b, 0xfffffffbce6fa, 0x0000fffffffff,
                                 0x0ffffffff0000};
constexpr std::uint64_t kNFactor = 0x1c8aaee00bc4f;
// 2²⁵² mod n = 2²⁵².
constexpr std::uint64_t kTwo252[5] = {0, 0, 0, 0, std::uint64_t{1} << 44};

SEALWIRE_INLINE Element MultiplyModN(const Element& a, const Element& b) {
  __m512i t[10];
  for (auto& limb : t) limb = _mm512_setzero_si512();
  for (int i = 0; i < 5; ++i) {
    for (int j = 0; j < 5; ++j) t[i + j] = MaddLow(t[i + j], a.limb[j], b.limb[i]);
    for (int j = 0; j < 5; ++j) t[i + j + 1] = MaddHigh(t[i + j + 1], a.limb[j], b.limb[i]);
    const __m512i m = MaddLow(_mm512_setzero_si512(), t[i], Broadcast(kNFactor));
    for (int j = 0; j < 5; ++j) t[i + j] = MaddLow(t[i + j], m, Broadcast(kN[j]));
    for (int j = 0; j < 5; ++j) t[i + j + 1] = MaddHigh(t[i + j + 1], m, Broadcast(kN[j]));
    t[i + 1] = _mm512_add_epi64(t[i + 1], _mm512_srli_epi64(t[i], 52));
  }
  return Carry({{t[5], t[6], t[7], t[8], t[9]}});
}

// R²/a mod n by Fermat: a Montgomery form's inverse in Montgomery form. The exponent n-2 is public.
// Not inlined: once a batch.
__attribute__((noinline)) void InvertModN(const Element& a, Element& out) {
  constexpr std::uint64_t kExponent[4] = {0xf3b9cac2fc63254f, 0xbce6faada7179e84,
                                          0xffffffffffffffff, 0xffffffff00000000};
  Element power[15];
  power[0] = a;
  for (int i = 1; i < 15; ++i) power[i] = MultiplyModN(power[i - 1], a);
  Element run = power[14];  // the topmost digit is 15
  for (int bit = 248; bit >= 0; bit -= 4) {
    for (int i = 0; i < 4; ++i) run = MultiplyModN(run, run);
    const std::uint64_t digit = (kExponent[bit / 64] >> (bit % 64)) & 15;
    if (digit != 0) run = MultiplyModN(run, power[digit - 1]);
  }
  out = run;
}

}  // namespace
}  // namespace sealwire::signer::p256
