// What it costs to open sealed keys and to build snapshots, and the locked memory a key takes. No
// HSM: it is asked once for 4,096 keys.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "keycache/sealed_key.h"
#include "keycache/secret_memory.h"
#include "signer/openssl_signer.h"
#include "signer/rrsig.h"

namespace {

using namespace sealwire;
using namespace sealwire::keycache;

// One sealed key of example.net. and its shard key.
struct Sealed {
  std::array<std::uint8_t, 32> shard_key{};
  std::array<std::uint8_t, 32> scalar{};
  signer::PublicKey public_key{};
  std::uint16_t key_tag = 0;
  dns::Name apex;
  SealedKey key;

  Sealed() {
    shard_key.fill(7);
    if (!signer::GenerateKeyPair(scalar, public_key)) return;
    key_tag = signer::KeyTag(MakeDnskey(Role::kZsk, public_key));
    if (auto name = dns::Name::FromText("example.net.")) apex = *name;
    if (auto sealed = Seal({}, shard_key, Context(), scalar)) key = *sealed;
  }
  SealedKeyContext Context() const { return {apex, Role::kZsk, key_tag, public_key}; }
};

void OpenSealedKey(benchmark::State& state) {
  const Sealed sealed;
  std::array<std::uint8_t, 32> scalar{};
  for (auto _ : state) {
    if (!Open(sealed.key, sealed.shard_key, sealed.Context(), scalar)) {
      state.SkipWithError("not authentic");
      break;
    }
    benchmark::DoNotOptimize(scalar);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(OpenSealedKey);

// All that a snapshot's key goes through: open, recompute the public half, sign, verify.
void OpenAndProveSealedKey(benchmark::State& state) {
  const Sealed sealed;
  std::array<std::uint8_t, 32> scalar{};
  signer::PublicKey recomputed{};
  signer::OpensslSigner software;
  const signer::Digest digest{1};
  signer::Signature signature{};
  for (auto _ : state) {
    if (!Open(sealed.key, sealed.shard_key, sealed.Context(), scalar) ||
        !signer::DerivePublicKey(scalar, recomputed) || recomputed != sealed.public_key ||
        !software.Sign({scalar.data(), 0, sealed.key_tag}, digest, signature) ||
        !signer::Verify(recomputed, digest, signature)) {
      state.SkipWithError("the key does not hold");
      break;
    }
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(OpenAndProveSealedKey);

void SecretSlots(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    const auto pool = SecretPool::Make(count);
    std::vector<SecretSlot> slots;
    slots.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      auto slot = pool->Take();
      if (!slot) {
        state.SkipWithError(slot.error().c_str());
        return;
      }
      slots.push_back(std::move(slot).value());
    }
    state.counters["locked_bytes_per_key"] =
        static_cast<double>(pool->usage().locked_bytes) / static_cast<double>(count);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}
BENCHMARK(SecretSlots)->Arg(100000)->Unit(benchmark::kMillisecond);

}  // namespace
