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

// `make(which)` makes an input of the class; all are made beforehand and copied by the same
// instructions to the same memory, so that only their values differ. `run(input)` is timed. The
// greatest t of several croppings: interrupts and other tenants make long tails that hide a
// difference.
template <class Make, class Run>
double GreatestT(std::size_t measurements, Make&& make, Run&& run) {
  constexpr std::size_t kWarmUp = 100;
  std::mt19937_64 coin(17);
  std::vector<int> classes(measurements);
  std::vector<decltype(make(0))> inputs;
  for (int& which : classes) {
    which = static_cast<int>(coin() & 1);
    inputs.push_back(make(which));
  }
  std::vector<double> ticks(measurements);
  auto input = inputs.front();
  for (std::size_t i = 0; i < measurements + kWarmUp; ++i) {
    input = inputs[i % measurements];
    _mm_mfence();  // loads served by stores under way take their own time
    const std::uint64_t begin = Ticks();
    run(input);
    ticks[i % measurements] = static_cast<double>(Ticks() - begin);
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
  const Digest digest{1, 2, 3};
  const ReadyPair pair{source.Next(), source.Next()};
  Signature signature;
  const double t = GreatestT(
      200000,
      [&](int which) {
        std::array<std::uint8_t, 32> scalar{};
        const Limbs random = source.Next();
        p256::StoreBigEndian(which == 0 ? Limbs{1} : random, scalar.data());
        return scalar;
      },
      [&](const auto& scalar) { FinishSignature(scalar.data(), digest, pair, signature); });
  EXPECT_LT(t, kToldApart);
}

TEST(SlowTiming, OnlineHalfDoesNotTellItsPair) {
  SeededScalars source(2);
  std::array<std::uint8_t, 32> scalar{};
  p256::StoreBigEndian(source.Next(), scalar.data());
  const Digest digest{1, 2, 3};
  const Limbs r = source.Next();
  Signature signature;
  const double t = GreatestT(
      200000,
      [&](int which) {
        const Limbs random = source.Next();
        return ReadyPair{r, which == 0 ? Limbs{1} : random};
      },
      [&](const ReadyPair& pair) { FinishSignature(scalar.data(), digest, pair, signature); });
  EXPECT_LT(t, kToldApart);
}

TEST(SlowTiming, IfmaBatchDoesNotTellItsScalars) {
  const auto batch = P256Batch::Make(P256Implementation::kIfma, 16);
  if (batch == nullptr) GTEST_SKIP() << "this CPU has no AVX-512 IFMA";
  SeededScalars source(3);
  std::vector<ReadyPair> pairs(16);
  const double t = GreatestT(
      20000,
      [&](int which) {
        std::array<Limbs, 16> scalars;
        for (Limbs& k : scalars) {
          const Limbs random = source.Next();
          k = which == 0 ? Limbs{1} : random;
        }
        return scalars;
      },
      [&](const auto& scalars) { batch->MakePairs(scalars, pairs); });
  EXPECT_LT(t, kToldApart);
}

// The measurement can fail: a comparison that stops at the first difference is told apart.
TEST(SlowTiming, AnEarlyExitIsToldApart) {
  volatile bool same = false;
  const double t = GreatestT(
      50000,
      [&](int which) {
        std::array<std::uint8_t, 256> secret{};
        secret[16] = static_cast<std::uint8_t>(which);
        return secret;
      },
      [&](const auto& secret) {
        bool equal = true;
        for (std::size_t i = 0; i < secret.size() && equal; ++i) equal = secret[i] == 0;
        same = equal;
      });
  EXPECT_GT(t, kToldApart);
}

// And it does not find what is not there: two classes of the same distribution.
TEST(SlowTiming, TwoRandomClassesAreNotToldApart) {
  SeededScalars source(4);
  const Digest digest{1, 2, 3};
  const ReadyPair pair{source.Next(), source.Next()};
  Signature signature;
  const double t = GreatestT(
      200000,
      [&](int) {
        std::array<std::uint8_t, 32> scalar{};
        p256::StoreBigEndian(source.Next(), scalar.data());
        return scalar;
      },
      [&](const auto& scalar) { FinishSignature(scalar.data(), digest, pair, signature); });
  EXPECT_LT(t, kToldApart);
}

}  // namespace
}  // namespace sealwire::signer
