// Runs the arithmetic on secrets that MemorySanitizer takes for uninitialized memory: it ends the
// program at the first branch or address that depends on one.
//
//   poisoned_secrets online|scalars|inverse|kernel    must exit 0
//   poisoned_secrets branch|address                   must be caught: the check itself works
#include <sanitizer/msan_interface.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "signer/online_half.h"
#include "signer/p256_ifma_kernel.h"
#include "signer/p256_modular.h"

namespace sealwire::signer {
namespace {

template <class T>
void Poison(T& secret) {
  __msan_poison(&secret, sizeof(secret));
}

bool IsPoisoned(const void* memory, std::size_t size) {
  return __msan_test_shadow(memory, size) >= 0;
}

int OnlineHalf() {
  std::array<std::uint8_t, 32> scalar{1, 2, 3};
  Digest digest{4, 5, 6};
  ReadyPair pair{{7, 8, 9, 10}, {11, 12, 13, 14}};
  Poison(scalar);
  Poison(pair);
  Signature signature{};
  if (!FinishSignature(scalar.data(), digest, pair, signature)) return 1;
  return IsPoisoned(signature.data(), signature.size()) ? 0 : 2;
}

int Scalars() {
  std::array<std::uint64_t, 8> wide{1, 2, 3, 4, 5, 6, 0, 0};
  Poison(wide);
  const Limbs k = p256::Order::Redc(wide);
  const std::uint64_t zero = p256::ZeroMask(k);
  return IsPoisoned(&zero, sizeof(zero)) ? 0 : 2;
}

int Inverse() {
  std::array<Limbs, 5> in{Limbs{3}, Limbs{5}, Limbs{7}, Limbs{9}, Limbs{11}};
  std::array<Limbs, 5> out{};
  Poison(in);
  p256::Order::InvertAll(in, out);
  p256::Field::InvertAll(in, out);
  return IsPoisoned(&out, sizeof(out)) ? 0 : 2;
}

// The table holds no curve points here: only the way of the computation matters, and its checks are
// without a branch up to the result.
int Kernel() {
#if defined(__x86_64__)
  constexpr std::size_t kCount = 40;  // two and a half steps: the last lanes are padding
  if (!__builtin_cpu_supports("avx512ifma") || !__builtin_cpu_supports("avx512dq")) {
    std::puts("skipped: this CPU has no AVX-512 IFMA");
    return 0;
  }
  auto* table = static_cast<p256::CombTable*>(std::aligned_alloc(64, sizeof(p256::CombTable)));
  void* scratch = std::aligned_alloc(64, 48 / p256::kLanes * p256::kScratchPerGroup);
  std::memset(static_cast<void*>(table), 1, sizeof(*table));
  std::memset(scratch, 0, 48 / p256::kLanes * p256::kScratchPerGroup);
  std::array<std::uint64_t, 4 * kCount> scalars{};
  for (std::size_t i = 0; i < scalars.size(); ++i) scalars[i] = i * 0x9e3779b97f4a7c15;
  std::array<std::uint64_t, 8 * kCount> pairs{};
  Poison(scalars);
  const bool made = p256::MakePairsInLanes(*table, scratch, scalars.data(), kCount, pairs.data());
  const bool tracked = IsPoisoned(&made, sizeof(made)) && IsPoisoned(&pairs, sizeof(pairs));
  std::free(scratch);
  std::free(table);
  return tracked ? 0 : 2;
#else
  return 0;
#endif
}

int Branch() {
  volatile std::uint64_t secret = 5;
  __msan_poison(const_cast<std::uint64_t*>(&secret), sizeof(secret));
  if ((secret & 1) != 0) std::puts("odd");
  return 0;
}

int Address() {
  static std::uint8_t table[256] = {};
  volatile std::uint8_t secret = 5;
  __msan_poison(const_cast<std::uint8_t*>(&secret), sizeof(secret));
  const volatile std::uint8_t* entry = table + secret;
  static_cast<void>(*entry);
  return 0;
}

}  // namespace
}  // namespace sealwire::signer

int main(int argc, char** argv) {
  using namespace sealwire::signer;
  const char* what = argc == 2 ? argv[1] : "";
  if (std::strcmp(what, "online") == 0) return OnlineHalf();
  if (std::strcmp(what, "scalars") == 0) return Scalars();
  if (std::strcmp(what, "inverse") == 0) return Inverse();
  if (std::strcmp(what, "kernel") == 0) return Kernel();
  if (std::strcmp(what, "branch") == 0) return Branch();
  if (std::strcmp(what, "address") == 0) return Address();
  return 64;
}
