// What signing an RRset costs, step by step, each beside whole OpenSSL signatures made just before
// and just after: `of_signature` is the share of one, in CPU time, and lasts when clocks drift.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "bench/beside_signature.h"
#include "dns/rrset.h"
#include "signer/compact_nsec.h"
#include "signer/denial_types.h"
#include "signer/ink_signer.h"
#include "signer/openssl_signer.h"
#include "signer/ready_ink.h"
#include "signer/rrset_signer.h"
#include "signer/rrsig.h"
#include "signer/sha256.h"
#include "signer/signature_memo.h"

namespace sealwire::signer {
namespace {

using bench::BenchKey;
using bench::BesideSignature;
using bench::CpuNs;
using bench::FreeSigner;
using bench::SignatureNs;
using dns::Name;
using dns::RRset;
using dns::RRType;

Name NameOf(const std::string& text) {
  return Name::FromText(text).value();
}

const Name& Apex() {
  static const Name apex = NameOf("example.com.");
  return apex;
}

RRset Addresses(int count) {
  RRset rrset(NameOf("www.shop.example.com."), RRType::kA, 300);
  for (int i = 0; i < count; ++i) {
    // Not in canonical order.
    rrset.Add(std::vector<std::uint8_t>{192, 0, 2, static_cast<std::uint8_t>(200 - 7 * i)});
  }
  return rrset;
}

std::vector<std::uint8_t> NsecRdata(dns::NameView owner) {
  std::vector<std::uint8_t> rdata(300);
  dns::Writer writer(rdata);
  WriteNsec(NextName(owner, Apex()), NonexistentTypes(), writer);
  rdata.resize(writer.size());
  return rdata;
}

RRset Nsec() {
  RRset rrset(NameOf("q7x2k9.shop.example.com."), RRType::kNSEC, 300);
  rrset.Add(NsecRdata(rrset.owner()));
  return rrset;
}

// Each call changes the RRset a little, so that no memo knows it.
class Fresh {
 public:
  explicit Fresh(const RRset& rrset) : view_(rrset.view()) {}
  const dns::RRsetView& Next() {
    view_.ttl = 1 + (view_.ttl + 1) % 1'000'000'000;
    return view_;
  }

 private:
  dns::RRsetView view_;
};

void OpensslSignature(benchmark::State& state) {
  OpensslSigner signer;
  Digest digest{};
  Signature signature;
  const BesideSignature beside(state);
  for (auto _ : state) {
    ++digest[0];
    benchmark::DoNotOptimize(signer.Sign(BenchKey().signing, digest, signature));
  }
}
BENCHMARK(OpensslSignature);

void OpensslVerify(benchmark::State& state) {
  OpensslSigner signer;
  const Digest digest{};
  Signature signature;
  signer.Sign(BenchKey().signing, digest, signature);
  const BesideSignature beside(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(Verify(BenchKey().public_key, digest, signature));
  }
}
BENCHMARK(OpensslVerify);

void Sha256Of(benchmark::State& state) {
  std::vector<std::uint8_t> data(static_cast<std::size_t>(state.range(0)), 7);
  const BesideSignature beside(state);
  for (auto _ : state) {
    const Digest digest = Sha256::Hash(data);
    data[0] = digest[0];
  }
}
BENCHMARK(Sha256Of)->Arg(55)->Arg(120)->Arg(300);

void SignedData(benchmark::State& state, const RRset& rrset) {
  const auto scratch = std::make_unique<dns::CanonicalScratch>();
  std::vector<std::uint8_t> out(4096);
  Fresh fresh(rrset);
  const BesideSignature beside(state);
  for (auto _ : state) {
    const dns::RRsetView& view = fresh.Next();
    benchmark::DoNotOptimize(
        WriteSignedData(FieldsFor(view, Apex(), {1, 2}, 3), view, *scratch, out));
  }
}
BENCHMARK_CAPTURE(SignedData, a1, Addresses(1));
BENCHMARK_CAPTURE(SignedData, a8, Addresses(8));
BENCHMARK_CAPTURE(SignedData, nsec, Nsec());

void CompactNsecRdata(benchmark::State& state) {
  const Name owner = NameOf("q7x2k9.shop.example.com.");
  std::uint8_t out[300];
  const BesideSignature beside(state);
  for (auto _ : state) {
    dns::Writer writer(out);
    WriteNsec(NextName(owner, Apex()), NonexistentTypes(), writer);
    benchmark::DoNotOptimize(writer.size());
  }
}
BENCHMARK(CompactNsecRdata);

void AskedNsecRdata(benchmark::State& state) {
  const Name owner = NameOf("www.shop.example.com.");
  std::uint8_t out[300];
  const BesideSignature beside(state);
  for (auto _ : state) {
    dns::Writer writer(out);
    WriteNsec(NextName(owner, Apex()), AskedTypes(RRType::kAAAA, nullptr), writer);
    benchmark::DoNotOptimize(writer.size());
  }
}
BENCHMARK(AskedNsecRdata);

void MemoHit(benchmark::State& state) {
  SignatureMemo memo(1 << 17);
  std::vector<Digest> digests(static_cast<std::size_t>(state.range(0)));
  for (std::size_t i = 0; i < digests.size(); ++i) {
    digests[i] = Sha256::Hash(dns::Bytes(reinterpret_cast<const std::uint8_t*>(&i), sizeof i));
    memo.Insert(1, digests[i], Signature{});
  }
  std::size_t at = 0;
  const BesideSignature beside(state);
  for (auto _ : state) {
    benchmark::DoNotOptimize(memo.Find(1, digests[at]));
    at = at + 1 == digests.size() ? 0 : at + 1;
  }
}
BENCHMARK(MemoHit)->Arg(1000)->Arg(50000);

void MemoInsert(benchmark::State& state) {
  SignatureMemo memo(1 << 17);
  Digest digest{};
  std::uint64_t x = 1;
  const BesideSignature beside(state);
  for (auto _ : state) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    const std::uint64_t mixed = x ^ (x >> 29);
    std::memcpy(digest.data(), &mixed, sizeof mixed);
    std::memcpy(digest.data() + 8, &mixed, sizeof mixed);
    memo.Insert(1, digest, Signature{});
  }
}
BENCHMARK(MemoInsert);

void SignFresh(benchmark::State& state, DigestSigner&& digest_signer, const RRset& rrset) {
  SignatureMemo memo(1 << 17);
  RRsetSigner signer(digest_signer, memo);
  Fresh fresh(rrset);
  std::uint8_t out[kMaxRrsigSize];
  const BesideSignature beside(state);
  for (auto _ : state) {
    dns::Writer writer(out);
    benchmark::DoNotOptimize(signer.Sign(BenchKey().signing, Apex(), fresh.Next(), {1, 2}, writer));
  }
}
void SignFreshWithOpenssl(benchmark::State& state, const RRset& rrset) {
  SignFresh(state, OpensslSigner(), rrset);
}
BENCHMARK_CAPTURE(SignFreshWithOpenssl, a1, Addresses(1));
BENCHMARK_CAPTURE(SignFreshWithOpenssl, nsec, Nsec());

void SignFreshButTheSignature(benchmark::State& state, const RRset& rrset) {
  SignFresh(state, FreeSigner(), rrset);
}
BENCHMARK_CAPTURE(SignFreshButTheSignature, a1, Addresses(1));
BENCHMARK_CAPTURE(SignFreshButTheSignature, a2, Addresses(2));
BENCHMARK_CAPTURE(SignFreshButTheSignature, nsec, Nsec());

// With ready pairs, made in this thread: either only the signing is timed, or the making too.
void SignFreshWithInk(benchmark::State& state, const RRset& rrset, bool time_making) {
  constexpr int kRound = 4096;
  ReadyInkOptions options;
  options.pairs = kRound;
  options.low_water = 100;
  options.threads = 0;
  auto ink = ReadyInk::Start(options);
  if (!ink) return state.SkipWithError(ink.error().c_str());
  OpensslSigner whole;
  InkSigner ink_signer(ink->get(), 0, whole);
  SignatureMemo memo(1 << 17);
  RRsetSigner signer(ink_signer, memo);
  Fresh fresh(rrset);
  std::uint8_t out[kMaxRrsigSize];
  const double before = SignatureNs();
  double spent = 0;
  for (auto _ : state) {
    const double making = CpuNs();
    while ((*ink)->FillSome(0)) {
    }
    const double begin = time_making ? making : CpuNs();
    for (int i = 0; i < kRound; ++i) {
      dns::Writer writer(out);
      benchmark::DoNotOptimize(
          signer.Sign(BenchKey().signing, Apex(), fresh.Next(), {1, 2}, writer));
    }
    const double ns = (CpuNs() - begin) / kRound;
    spent += ns;
    state.SetIterationTime(ns * 1e-9);
  }
  state.counters["of_signature"] =
      spent / static_cast<double>(state.iterations()) / ((before + SignatureNs()) / 2);
  state.counters["whole"] = static_cast<double>(ink_signer.counters().whole.load());
}
BENCHMARK_CAPTURE(SignFreshWithInk, nsec, Nsec(), false)->UseManualTime()->Iterations(50);
BENCHMARK_CAPTURE(SignFreshWithInk, nsec_and_its_pair, Nsec(), true)
    ->UseManualTime()
    ->Iterations(50);

void SignRemembered(benchmark::State& state, const RRset& rrset) {
  OpensslSigner openssl;
  SignatureMemo memo(1 << 17);
  RRsetSigner signer(openssl, memo);
  std::uint8_t out[kMaxRrsigSize];
  const BesideSignature beside(state);
  for (auto _ : state) {
    dns::Writer writer(out);
    benchmark::DoNotOptimize(signer.Sign(BenchKey().signing, Apex(), rrset.view(), {1, 2}, writer));
  }
}
BENCHMARK_CAPTURE(SignRemembered, a1, Addresses(1));
BENCHMARK_CAPTURE(SignRemembered, nsec, Nsec());

}  // namespace
}  // namespace sealwire::signer
