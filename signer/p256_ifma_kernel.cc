#include "signer/p256_ifma_kernel.h"

#include "signer/p256_ifma_field.h"
#include "signer/p256_ifma_order.h"

namespace sealwire::signer::p256 {
namespace {

// Eight scalars on their way.
struct alignas(64) Group {
  Element x, y;       // the sum of the windows so far, affine
  Element dx;         // x of the next addend less x, or k
  Element prefix;     // product of the dx of the groups before it in its chain
  __m512i scalar[4];  // k, then its digits
};
static_assert(sizeof(Group) == kScratchPerGroup);

constexpr std::uint64_t kOneLimbs[5] = {1, 0, 0, 0, 0};
constexpr std::uint64_t kTwoP[5] = {0xffffffffffffe, 0x1fffffffffff, 0, std::uint64_t{1} << 37,
                                    0x1fffffffe0000};

// --- In and out of the lanes -------------------------------------------------------------------

void LoadScalars(const std::uint64_t* scalars, std::size_t count, std::size_t first, Group& group) {
  auto* words = reinterpret_cast<std::uint64_t*>(group.scalar);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const bool there = first + lane < count;  // else the lane works on 1, and is not stored
    for (std::size_t i = 0; i < 4; ++i) {
      words[i * kLanes + lane] = there ? scalars[4 * (first + lane) + i] : (i == 0 ? 1 : 0);
    }
  }
}

SEALWIRE_INLINE Element ToLimbs52(const __m512i* words) {
  const __m512i mask = Broadcast(kLimbMask);
  const auto join = [&](int right, int left, int i) {
    return _mm512_and_si512(
        _mm512_or_si512(_mm512_srli_epi64(words[i], right), _mm512_slli_epi64(words[i + 1], left)),
        mask);
  };
  return {{_mm512_and_si512(words[0], mask), join(52, 12, 0), join(40, 24, 1), join(28, 36, 2),
           _mm512_srli_epi64(words[3], 16)}};
}

SEALWIRE_INLINE void ToWords64(const Element& a, __m512i* words) {
  const auto join = [&](int right, int left, int i) {
    return _mm512_or_si512(_mm512_srli_epi64(a.limb[i], right),
                           _mm512_slli_epi64(a.limb[i + 1], left));
  };
  words[0] = join(0, 52, 0);
  words[1] = join(12, 40, 1);
  words[2] = join(24, 28, 2);
  words[3] = join(36, 16, 3);
}

// `half` is 0 for r, 1 for k⁻¹. The lanes pass through the group's memory, which is no longer used.
void StoreHalf(const Element& value, Group& group, std::size_t first, std::size_t count, int half,
               std::uint64_t* pairs) {
  ToWords64(value, group.prefix.limb);
  const auto* words = reinterpret_cast<const std::uint64_t*>(group.prefix.limb);
  for (std::size_t lane = 0; lane < kLanes && first + lane < count; ++lane) {
    for (std::size_t i = 0; i < 4; ++i) {
      pairs[8 * (first + lane) + 4 * static_cast<std::size_t>(half) + i] = words[i * kLanes + lane];
    }
  }
}

// --- k⁻¹ ---------------------------------------------------------------------------------------

// Stores 2⁵¹²/k mod n for all groups; false when one of them, multiplied by its k, is not 2²⁵².
bool InvertScalars(Group* groups, std::size_t group_count, std::size_t count,
                   std::uint64_t* pairs) {
  Element run = BroadcastElement(kOneLimbs);
  for (std::size_t g = 0; g < group_count; ++g) {
    groups[g].dx = ToLimbs52(groups[g].scalar);
    groups[g].prefix = run;
    run = MultiplyModN(run, groups[g].dx);
  }
  Element inverse;
  InvertModN(run, inverse);
  // R²/run · 2²⁵² / R: all that follows is 2⁵¹²/k instead of 2⁵²⁰/k.
  inverse = MultiplyModN(inverse, BroadcastElement(kTwo252));
  __mmask8 wrong = 0;
  for (std::size_t g = group_count; g-- > 0;) {
    Group& group = groups[g];
    const Element k = group.dx;
    const Element out = SubtractIfNotBelow(MultiplyModN(inverse, group.prefix), kN);
    inverse = MultiplyModN(inverse, k);
    const Element check = SubtractIfNotBelow(MultiplyModN(out, k), kN);
    wrong = static_cast<__mmask8>(wrong | ~SameLimbs(check, BroadcastElement(kTwo252)));
    StoreHalf(out, group, g * kLanes, count, 1, pairs);
  }
  return wrong == 0;
}

// --- r = x(k·G) --------------------------------------------------------------------------------

// k, or n - k when k is even, as 32 digits u that stand for 2u - 255: with t = (k - 1)/2 + 2²⁵⁵,
// k = 2t + 1 - 2²⁵⁶. Points k·G and (n - k)·G have the same x.
SEALWIRE_INLINE void Recode(__m512i* scalar) {
  constexpr std::uint64_t kOrderWords[4] = {0xf3b9cac2fc632551, 0xbce6faada7179e84,
                                            0xffffffffffffffff, 0xffffffff00000000};
  const __mmask8 odd = _mm512_test_epi64_mask(scalar[0], Broadcast(1));
  __m512i chosen[4];
  __m512i borrow = _mm512_setzero_si512();
  for (int i = 0; i < 4; ++i) {
    const __m512i n = Broadcast(kOrderWords[i]);
    const __m512i difference = _mm512_sub_epi64(n, scalar[i]);
    const __m512i negated = _mm512_sub_epi64(difference, borrow);
    const __mmask8 under = static_cast<__mmask8>(_mm512_cmplt_epu64_mask(n, scalar[i]) |
                                                 _mm512_cmplt_epu64_mask(difference, borrow));
    borrow = _mm512_maskz_mov_epi64(under, Broadcast(1));
    chosen[i] = _mm512_mask_mov_epi64(negated, odd, scalar[i]);
  }
  for (int i = 0; i < 3; ++i) {
    scalar[i] =
        _mm512_or_si512(_mm512_srli_epi64(chosen[i], 1), _mm512_slli_epi64(chosen[i + 1], 63));
  }
  scalar[3] = _mm512_or_si512(_mm512_srli_epi64(chosen[3], 1), Broadcast(std::uint64_t{1} << 63));
}

// One digit of eight scalars: which entry of the window, and whether it is taken negated.
struct Digit {
  __m512i entry;
  __mmask8 negative;
};
SEALWIRE_INLINE Digit DigitOf(const Group& group, std::size_t window) {
  const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(8 * (window % 8)));
  const __m512i u = _mm512_srl_epi64(group.scalar[window / 8], shift);
  const __mmask8 negative = _mm512_testn_epi64_mask(u, Broadcast(0x80));
  const __m512i flipped = _mm512_mask_xor_epi64(u, negative, u, Broadcast(0xff));
  return {_mm512_and_si512(flipped, Broadcast(0x7f)), negative};
}

// Entries of one window for two groups. All 128 are read, at addresses that no secret touches; the
// permutation picks within registers, then masks pick by the upper three bits.
SEALWIRE_INLINE void Look(const std::uint64_t (*column)[kEntries], const Digit& first,
                          const Digit& second, Element& out_first, Element& out_second) {
  const auto pick = [](const __m512i(&from)[8], __m512i entry) {
    const __mmask8 bit4 = _mm512_test_epi64_mask(entry, Broadcast(16));
    const __mmask8 bit5 = _mm512_test_epi64_mask(entry, Broadcast(32));
    const __mmask8 bit6 = _mm512_test_epi64_mask(entry, Broadcast(64));
    const __m512i a = _mm512_mask_mov_epi64(from[0], bit4, from[1]);
    const __m512i b = _mm512_mask_mov_epi64(from[2], bit4, from[3]);
    const __m512i c = _mm512_mask_mov_epi64(from[4], bit4, from[5]);
    const __m512i d = _mm512_mask_mov_epi64(from[6], bit4, from[7]);
    return _mm512_mask_mov_epi64(_mm512_mask_mov_epi64(a, bit5, b), bit6,
                                 _mm512_mask_mov_epi64(c, bit5, d));
  };
  for (int limb = 0; limb < 5; ++limb) {
    __m512i from_first[8];
    __m512i from_second[8];
    for (int i = 0; i < 8; ++i) {
      const __m512i low = _mm512_load_si512(column[limb] + 16 * i);
      const __m512i high = _mm512_load_si512(column[limb] + 16 * i + 8);
      from_first[i] = _mm512_permutex2var_epi64(low, first.entry, high);
      from_second[i] = _mm512_permutex2var_epi64(low, second.entry, high);
    }
    out_first.limb[limb] = pick(from_first, first.entry);
    out_second.limb[limb] = pick(from_second, second.entry);
  }
}

SEALWIRE_INLINE Element NegateIf(const Element& y, __mmask8 negative) {
  Element out;
  for (int i = 0; i < 5; ++i) {
    out.limb[i] = _mm512_mask_sub_epi64(y.limb[i], negative, _mm512_setzero_si512(), y.limb[i]);
  }
  return out;
}

// R²/a by Fermat: the exponent p-2 is ffffffff 00000001 0³ ffffffff ffffffff fffffffd.
__attribute__((noinline)) void InvertModP(const Element& a, Element& out) {
  const auto squares = [](Element x, int times) {
    for (int i = 0; i < times; ++i) x = Square(x);
    return x;
  };
  const Element x2 = Multiply(squares(a, 1), a);  // xᵢ is a to the power 2ⁱ-1
  const Element x4 = Multiply(squares(x2, 2), x2);
  const Element x8 = Multiply(squares(x4, 4), x4);
  const Element x16 = Multiply(squares(x8, 8), x8);
  const Element x32 = Multiply(squares(x16, 16), x16);
  Element run = Multiply(squares(x32, 32), a);
  run = Multiply(squares(run, 128), x32);
  run = Multiply(squares(run, 32), x32);
  run = Multiply(squares(run, 16), x16);
  run = Multiply(squares(run, 8), x8);
  run = Multiply(squares(run, 4), x4);
  run = Multiply(squares(run, 2), x2);
  out = Multiply(squares(run, 2), a);
}

// Window 0 is not added but taken.
void TakeFirstWindow(const CombTable& table, Group* groups, std::size_t group_count) {
  for (std::size_t g = 0; g < group_count; g += 2) {
    const Digit first = DigitOf(groups[g], 0);
    const Digit second = DigitOf(groups[g + 1], 0);
    Look(table.x[0], first, second, groups[g].x, groups[g + 1].x);
    Element y[2];
    Look(table.y[0], first, second, y[0], y[1]);
    groups[g].y = Fold(AddRaw(NegateIf(y[0], first.negative), MultipleOfP(2)));
    groups[g + 1].y = Fold(AddRaw(NegateIf(y[1], second.negative), MultipleOfP(2)));
  }
}

// A lane whose denominator is 0 mod p would make the product of its whole chain 0. Only the last
// window can meet one, for two scalars of all (docs/ready-ink.md): such a lane gets 1 instead, and
// is reported. `dx` is x₂ - x₁ + 2p, so it is p or 2p then.
SEALWIRE_INLINE __mmask8 ReplaceZero(Element& dx) {
  const __mmask8 zero = static_cast<__mmask8>(SameLimbs(dx, BroadcastElement(kP)) |
                                              SameLimbs(dx, BroadcastElement(kTwoP)));
  const Element one = BroadcastElement(kOneLimbs);
  for (int i = 0; i < 5; ++i) dx.limb[i] = _mm512_mask_mov_epi64(dx.limb[i], zero, one.limb[i]);
  return zero;
}

// Adds a window to all groups: dx for each and the products of them all, one inversion, then back.
// Even groups make one chain of products, odd groups another: two chains hide each other's latency.
template <bool kLast>
void AddWindow(const CombTable& table, std::size_t window, Group* groups, std::size_t group_count) {
  Element run[2] = {BroadcastElement(table.one), BroadcastElement(table.one)};
  for (std::size_t g = 0; g < group_count; g += 2) {
    Element x2[2];
    Look(table.x[window], DigitOf(groups[g], window), DigitOf(groups[g + 1], window), x2[0], x2[1]);
    for (std::size_t c = 0; c < 2; ++c) {
      Group& group = groups[g + c];
      Element dx = Carry(AddRaw(SubtractRaw(x2[c], group.x), MultipleOfP(2)));
      // The first word of the digits is done with: it holds the lanes to be left out.
      if (kLast) group.scalar[0] = _mm512_movm_epi64(ReplaceZero(dx));
      group.dx = dx;
      group.prefix = run[c];
      run[c] = Multiply(run[c], dx);
    }
  }

  Element inverse;
  InvertModP(Multiply(run[0], run[1]), inverse);
  const Element inverse_of_even = Multiply(inverse, run[1]);
  run[1] = Multiply(inverse, run[0]);
  run[0] = inverse_of_even;

  for (std::size_t g = group_count; g != 0; g -= 2) {
    const Digit digit[2] = {DigitOf(groups[g - 2], window), DigitOf(groups[g - 1], window)};
    Element y2[2];
    Look(table.y[window], digit[0], digit[1], y2[0], y2[1]);
    // Step by step for both groups: each step waits for the one before it, so the two must lie
    // close enough together for the CPU to overlap them.
    Group* const pair = groups + (g - 2);
    Element inverse_dx[2], slope[2], x3[2];
    for (int c = 0; c < 2; ++c) inverse_dx[c] = Multiply(run[c], pair[c].prefix);
    for (int c = 0; c < 2; ++c) run[c] = Multiply(run[c], pair[c].dx);
    for (int c = 0; c < 2; ++c) {
      const Element dy = SubtractRaw(NegateIf(y2[c], digit[c].negative), pair[c].y);
      slope[c] = Multiply(Carry(AddRaw(dy, MultipleOfP(3))), inverse_dx[c]);
    }
    for (int c = 0; c < 2; ++c) {
      // x₃ = slope² - x₁ - x₂, where x₂ = dx + x₁ - 2p.
      const Element sum = AddRaw(AddRaw(pair[c].x, pair[c].x), pair[c].dx);
      x3[c] = Fold(SubtractRaw(AddRaw(SquareRaw(slope[c]), MultipleOfP(5)), sum));
    }
    for (int c = 0; c < 2; ++c) {
      // y₃ = slope·(x₁ - x₃) - y₁
      const Element back = Carry(AddRaw(SubtractRaw(pair[c].x, x3[c]), MultipleOfP(2)));
      const Element product = MultiplyRaw(slope[c], back);
      pair[c].y = Fold(AddRaw(SubtractRaw(product, pair[c].y), MultipleOfP(2)));
      pair[c].x = x3[c];
    }
  }
}

// The lanes whose point satisfies y² = (x² - 3)·x + b.
SEALWIRE_INLINE __mmask8 OnCurve(const CombTable& table, const Element& x, const Element& y) {
  const Element inner =
      Carry(AddRaw(SubtractRaw(SquareRaw(x), BroadcastElement(table.three)), MultipleOfP(2)));
  const Element right = AddRaw(MultiplyRaw(inner, x), BroadcastElement(table.b));
  const Element difference = Carry(AddRaw(SubtractRaw(SquareRaw(y), right), MultipleOfP(4)));
  // Divided by R: 0 or p when it is 0 mod p.
  const Element reduced = Multiply(difference, BroadcastElement(kOneLimbs));
  const Element zero = {};
  return static_cast<__mmask8>(SameLimbs(reduced, zero) | SameLimbs(reduced, BroadcastElement(kP)));
}

// Stores r for all groups and empties the pairs of the lanes left out; false when a point is not on
// the curve.
bool StorePoints(const CombTable& table, Group* groups, std::size_t group_count, std::size_t count,
                 std::uint64_t* pairs) {
  __mmask8 wrong = 0;
  for (std::size_t g = 0; g < group_count; ++g) {
    Group& group = groups[g];
    const __mmask8 left_out = _mm512_movepi64_mask(group.scalar[0]);
    wrong = static_cast<__mmask8>(wrong | ~(OnCurve(table, group.x, group.y) | left_out));
    Element r = Multiply(group.x, BroadcastElement(kOneLimbs));  // out of Montgomery form, 0 to p
    r = SubtractIfNotBelow(SubtractIfNotBelow(r, kP), kN);
    for (auto& limb : r.limb) limb = _mm512_mask_mov_epi64(limb, left_out, _mm512_setzero_si512());
    StoreHalf(r, group, g * kLanes, count, 0, pairs);
  }
  return wrong == 0;
}

// Leaves no secret behind in the registers the kernel used.
SEALWIRE_INLINE void ClearRegisters() {
  _mm256_zeroall();
  asm volatile(
      "vpxorq %%xmm16, %%xmm16, %%xmm16\n\tvpxorq %%xmm17, %%xmm17, %%xmm17\n\t"
      "vpxorq %%xmm18, %%xmm18, %%xmm18\n\tvpxorq %%xmm19, %%xmm19, %%xmm19\n\t"
      "vpxorq %%xmm20, %%xmm20, %%xmm20\n\tvpxorq %%xmm21, %%xmm21, %%xmm21\n\t"
      "vpxorq %%xmm22, %%xmm22, %%xmm22\n\tvpxorq %%xmm23, %%xmm23, %%xmm23\n\t"
      "vpxorq %%xmm24, %%xmm24, %%xmm24\n\tvpxorq %%xmm25, %%xmm25, %%xmm25\n\t"
      "vpxorq %%xmm26, %%xmm26, %%xmm26\n\tvpxorq %%xmm27, %%xmm27, %%xmm27\n\t"
      "vpxorq %%xmm28, %%xmm28, %%xmm28\n\tvpxorq %%xmm29, %%xmm29, %%xmm29\n\t"
      "vpxorq %%xmm30, %%xmm30, %%xmm30\n\tvpxorq %%xmm31, %%xmm31, %%xmm31"
      :
      :
      : "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
}

}  // namespace

bool MakePairsInLanes(const CombTable& table, void* scratch, const std::uint64_t* scalars,
                      std::size_t count, std::uint64_t* pairs) noexcept {
  auto* groups = static_cast<Group*>(scratch);
  const std::size_t group_count = (count + kLanesPerStep - 1) / kLanesPerStep * 2;
  for (std::size_t g = 0; g < group_count; ++g) LoadScalars(scalars, count, g * kLanes, groups[g]);
  const bool inverted = InvertScalars(groups, group_count, count, pairs);
  for (std::size_t g = 0; g < group_count; ++g) Recode(groups[g].scalar);
  TakeFirstWindow(table, groups, group_count);
  for (std::size_t j = 1; j + 1 < kWindows; ++j) AddWindow<false>(table, j, groups, group_count);
  AddWindow<true>(table, kWindows - 1, groups, group_count);
  const bool on_curve = StorePoints(table, groups, group_count, count, pairs);
  ClearRegisters();
  return inverted & on_curve;  // no branch on either
}

}  // namespace sealwire::signer::p256
