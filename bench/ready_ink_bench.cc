// What ready ink costs and gives, each figure beside whole OpenSSL signatures made just before and
// just after: `openssl_per_item` says how many items fit into the time of one, in CPU time of one
// core. An item is a pair made, or a signature finished.
#include <benchmark/benchmark.h>
#include <time.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "signer/ink_signer.h"
#include "signer/online_half.h"
#include "signer/openssl_signer.h"
#include "signer/p256_batch.h"
#include "signer/ready_ink.h"
#include "signer/ready_maker.h"
#include "signer/ready_ring.h"
#include "signer/ready_scalars.h"
#include "signer/sha256.h"

namespace sealwire::signer {
namespace {

struct Key {
  std::array<std::uint8_t, 32> scalar;
  PublicKey public_key;
  SigningKey signing;
  Key() {
    if (!GenerateKeyPair(scalar, public_key)) std::abort();
    signing = {scalar.data(), 1, 12345};
  }
};

const Key& BenchKey() {
  static const Key key;
  return key;
}

// CPU time of this thread, so that a busy machine does not count.
double CpuNs() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// CPU time of one OpenSSL signature, now.
double SignatureNs() {
  constexpr int kSignatures = 500;
  OpensslSigner signer;
  Digest digest{};
  Signature signature;
  const double begin = CpuNs();
  for (int i = 0; i < kSignatures; ++i) {
    digest[0] = static_cast<std::uint8_t>(i);
    signer.Sign(BenchKey().signing, digest, signature);
  }
  return (CpuNs() - begin) / kSignatures;
}

// Sums up what lies between Begin() and End(), and relates it to the signatures around it.
class BesideSignatures {
 public:
  explicit BesideSignatures(benchmark::State& state) : state_(state), before_(SignatureNs()) {}
  ~BesideSignatures() {
    const double openssl = (before_ + SignatureNs()) / 2;
    const double item = spent_ / static_cast<double>(items_);
    state_.SetItemsProcessed(static_cast<std::int64_t>(items_));
    state_.counters["ns_per_item"] = item;
    state_.counters["openssl_ns"] = openssl;
    state_.counters["openssl_per_item"] = openssl / item;
  }
  void Begin() { begin_ = CpuNs(); }
  void End(std::size_t items) {
    const double spent = CpuNs() - begin_;
    state_.SetIterationTime(spent / 1e9);
    spent_ += spent;
    items_ += items;
  }

 private:
  benchmark::State& state_;
  double before_;
  double begin_ = 0;
  double spent_ = 0;
  std::size_t items_ = 0;
};

P256Implementation Which(const benchmark::State& state) {
  return static_cast<P256Implementation>(state.range(0));
}

bool MissingHere(benchmark::State& state) {
  if (Which(state) != P256Implementation::kIfma || CpuHasIfma()) return false;
  state.SkipWithError("this CPU has no AVX-512 IFMA");
  return true;
}

// The pairs alone, from scalars that are at hand.
void PairsInBatch(benchmark::State& state) {
  if (MissingHere(state)) return;
  const auto count = static_cast<std::size_t>(state.range(1));
  const auto batch = P256Batch::Make(Which(state), count);
  std::vector<Limbs> scalars(count);
  std::vector<ReadyPair> pairs(count);
  if (!ReadyScalars::Make(count)->Draw(scalars)) std::abort();
  BesideSignatures beside(state);
  for (auto _ : state) {
    beside.Begin();
    if (!batch->MakePairs(scalars, pairs)) std::abort();
    beside.End(count);
  }
}
BENCHMARK(PairsInBatch)
    ->ArgNames({"implementation", "batch"})
    ->ArgsProduct({{static_cast<int>(P256Implementation::kPortable),
                    static_cast<int>(P256Implementation::kIfma)},
                   {256, 1024, 4096}})
    ->UseManualTime();

// The scalars alone.
void ScalarsDrawn(benchmark::State& state) {
  std::vector<Limbs> scalars(4096);
  const auto source = ReadyScalars::Make(scalars.size());
  BesideSignatures beside(state);
  for (auto _ : state) {
    beside.Begin();
    if (!source->Draw(scalars)) std::abort();
    beside.End(scalars.size());
  }
}
BENCHMARK(ScalarsDrawn)->UseManualTime();

// All that a filling thread does: scalars, pairs, checks, into the ring, which is emptied beside.
void StoreFilled(benchmark::State& state) {
  if (MissingHere(state)) return;
  const auto maker = ReadyMaker::Make(Which(state), 4096);
  ReadyRing ring(SecretRegion::Make(std::size_t{65536} * sizeof(ReadyPair)).value());
  BesideSignatures beside(state);
  for (auto _ : state) {
    beside.Begin();
    for (std::size_t i = 0; i < 65536; i += 4096) {
      if (maker->MakeBatch(4096) != ReadyMaker::Outcome::kMade) std::abort();
      ring.Put(maker->pairs());
    }
    beside.End(65536);
    ring.Drop();
  }
}
BENCHMARK(StoreFilled)
    ->ArgName("implementation")
    ->Arg(static_cast<int>(P256Implementation::kPortable))
    ->Arg(static_cast<int>(P256Implementation::kIfma))
    ->UseManualTime();

// s = k⁻¹(h + r·d) alone. The pair is used again and again, as it must never be in earnest.
void OnlineHalf(benchmark::State& state) {
  const auto maker = ReadyMaker::Make(P256Implementation::kAuto, 1);
  if (maker->MakeBatch(1) != ReadyMaker::Outcome::kMade) std::abort();
  const ReadyPair pair = maker->pairs()[0];
  Digest digest{};
  Signature signature;
  BesideSignatures beside(state);
  for (auto _ : state) {
    beside.Begin();
    for (int i = 0; i < 1000; ++i) {
      digest[0] = static_cast<std::uint8_t>(i);
      FinishSignature(BenchKey().scalar.data(), digest, pair, signature);
      benchmark::DoNotOptimize(signature);
    }
    beside.End(1000);
  }
}
BENCHMARK(OnlineHalf)->UseManualTime();

std::size_t LockedOctets() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    std::size_t kibibytes = 0;
    if (word == "VmLck:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

// A burst: hash 120 octets and sign, as many times as there are pairs in the store.
void Burst(benchmark::State& state) {
  const std::size_t locked_before = LockedOctets();
  ReadyInkOptions options;
  options.pairs = static_cast<std::size_t>(state.range(0));
  options.threads = 0;
  options.low_water = 100;
  const auto ink = ReadyInk::Start(options).value();
  OpensslSigner whole;
  InkSigner signer(ink.get(), 0, whole);
  std::array<std::uint8_t, 120> data{};
  Signature signature;
  BesideSignatures beside(state);
  for (auto _ : state) {
    while (ink->FillSome(0)) {
    }
    const std::size_t there = ink->available(0);
    beside.Begin();
    for (std::size_t i = 0; i < there; ++i) {
      data[0] = static_cast<std::uint8_t>(i);
      signer.Sign(BenchKey().signing, Sha256::Hash(data), signature);
      benchmark::DoNotOptimize(signature);
    }
    beside.End(there);
  }
  if (signer.counters().whole != 0) std::abort();
  state.counters["locked_octets_per_pair"] =
      static_cast<double>(LockedOctets() - locked_before) / static_cast<double>(ink->capacity());
}
BENCHMARK(Burst)->ArgName("pairs")->Arg(1 << 16)->Arg(1 << 20)->UseManualTime()->Iterations(2);

}  // namespace
}  // namespace sealwire::signer
