// Constant time, measured: Welch's t-test between inputs that are all alike and inputs that are
// random, taken in turns at random (Reparaz, Balasch, Verbauwhede: "dude, is my code constant
// time?", 2017). A |t| above 10 means that the two classes are told apart by time.
//
// Slow suites: run by tests/run and by `ctest -L slow`.
#include <gtest/gtest.h>
#include <x86intrin.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "signer/online_half.h"
#include "signer/p256_batch.h"
#include "tests/signer/p256_scalars.h"

namespace sealwire::signer {
namespace {

constexpr double kToldApart = 10;

std::uint64_t Ticks() {
  unsigned unused;
  _mm_lfence();
  const std::uint64_t ticks = __rdtscp(&unused);
  _mm_lfence();
  return ticks;
}

// Means and variances of both classes as measurements come in.
class Welch {
 public:
  void Add(int which, double x) {
    Class& c = class_[which];
    const double delta = x - c.mean;
    c.mean += delta / ++c.count;
    c.squares += delta * (x - c.mean);
  }
  double T() const {
    const auto [a, b] = class_;
    const double spread = a.squares / (a.count - 1) / a.count + b.squares / (b.count - 1) / b.count;
    return std::fabs(a.mean - b.mean) / std::sqrt(spread);
  }

 private:
  struct Class {
    double count = 0, mean = 0, squares = 0;
  } class_[2];
};

// `prepare(which)` puts an input of the class in place, always in the same memory; `run()` is
// timed. The greatest t of several croppings: interrupts and other tenants make long tails that
// hide a difference.
template <class Prepare, class Run>
double GreatestT(int measurements, Prepare&& prepare, Run&& run) {
  std::mt19937_64 coin(17);
  std::vector<int> classes;
  std::vector<double> ticks;
  for (int i = 0; i < measurements + 100; ++i) {
    const int which = static_cast<int>(coin() & 1);
    prepare(which);
    const std::uint64_t begin = Ticks();
    run();
    const std::uint64_t end = Ticks();
    if (i < 100) continue;  // warming up
    classes.push_back(which);
    ticks.push_back(static_cast<double>(end - begin));
  }
  std::vector<double> sorted = ticks;
  std::sort(sorted.begin(), sorted.end());
  double greatest = 0;
  for (const double keep : {0.5, 0.8, 0.9, 0.99, 1.0}) {
    const double limit = sorted[static_cast<std::size_t>(keep * (sorted.size() - 1.0))];
    Welch welch;
    for (std::size_t i = 0; i < ticks.size(); ++i) {
      if (ticks[i] <= limit) welch.Add(classes[i], ticks[i]);
    }
    greatest = std::max(greatest, welch.T());
  }
  return greatest;
}

TEST(SlowTiming, OnlineHalfDoesNotTellItsKey) {
  SeededScalars source(1);
  std::array<Limbs, 2> input{Limbs{1}};
  std::array<std::uint8_t, 32> scalar{};
  const Digest digest{1, 2, 3};
  const ReadyPair pair{source.Next(), source.Next()};
  Signature signature;
  const double t = GreatestT(
      400000,
      [&](int which) {
        // Both classes draw and are stored by the same instructions: only the value differs.
        input[1] = source.Next();
        p256::StoreBigEndian(input[static_cast<std::size_t>(which)], scalar.data());
      },
      [&] { FinishSignature(scalar.data(), digest, pair, signature); });
  EXPECT_LT(t, kToldApart);
}

TEST(SlowTiming, OnlineHalfDoesNotTellItsPair) {
  SeededScalars source(2);
  std::array<Limbs, 2> input{Limbs{1}};
  std::array<std::uint8_t, 32> scalar{};
  p256::StoreBigEndian(source.Next(), scalar.data());
  const Digest digest{1, 2, 3};
  ReadyPair pair{source.Next(), {}};
  Signature signature;
  const double t = GreatestT(
      400000,
      [&](int which) {
        input[1] = source.Next();
        pair.k_inverse = input[static_cast<std::size_t>(which)];
      },
      [&] { FinishSignature(scalar.data(), digest, pair, signature); });
  EXPECT_LT(t, kToldApart);
}

TEST(SlowTiming, IfmaBatchDoesNotTellItsScalars) {
  const auto batch = P256Batch::Make(P256Implementation::kIfma, 16);
  if (batch == nullptr) GTEST_SKIP() << "this CPU has no AVX-512 IFMA";
  SeededScalars source(3);
  std::array<Limbs, 2> input{Limbs{1}};
  std::vector<Limbs> scalars(16);
  std::vector<ReadyPair> pairs(16);
  const double t = GreatestT(
      20000,
      [&](int which) {
        for (Limbs& k : scalars) {
          input[1] = source.Next();
          k = input[static_cast<std::size_t>(which)];
        }
      },
      [&] { batch->MakePairs(scalars, pairs); });
  EXPECT_LT(t, kToldApart);
}

// The measurement can fail: a comparison that stops at the first difference is told apart.
TEST(SlowTiming, AnEarlyExitIsToldApart) {
  std::array<volatile std::uint8_t, 256> secret{};
  volatile bool same = false;
  const double t = GreatestT(
      50000, [&](int which) { secret[16] = static_cast<std::uint8_t>(which); },
      [&] {
        bool equal = true;
        for (std::size_t i = 0; i < secret.size() && equal; ++i) equal = secret[i] == 0;
        same = equal;
      });
  EXPECT_GT(t, kToldApart);
}

}  // namespace
}  // namespace sealwire::signer
