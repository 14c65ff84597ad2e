// What an answer costs in the pipeline, each kind beside whole OpenSSL signatures made just before
// and after: `of_signature` is the share of one, in CPU time.
//
// The number behind a name is how many zones are served; 1,024 of them are asked. `free` signs at
// no cost and shows everything but the signature; `ink` signs with ready pairs, made outside the
// time that is counted.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "bench/beside_signature.h"
#include "proxy/counters.h"
#include "proxy/pipeline.h"
#include "proxy/zone_file.h"
#include "signer/ink_signer.h"
#include "signer/ready_ink.h"

namespace sealwire::proxy {
namespace {

using bench::BenchKey;
using bench::BesideSignature;
using bench::CpuNs;
using bench::FreeSigner;
using bench::SignatureNs;

constexpr std::size_t kAskedZones = 1024;

std::string ApexText(std::size_t number) {
  return "z" + std::to_string(number) + ".example.";
}

std::shared_ptr<const Zone> MakeZone(std::size_t number, bool is_signed) {
  static const auto keys = [] {
    auto made = std::make_shared<keycache::ZoneKeys>();
    made->zsk = BenchKey().signing;
    return made;
  }();
  // Zones that are not asked share one content.
  static std::shared_ptr<const LocalZone> shared;
  auto zone = std::make_shared<Zone>();
  zone->apex = *dns::Name::FromText(ApexText(number));
  zone->id = number + 1;
  if (number < kAskedZones || !shared) {
    zone->local = *ParseZoneText(
        "$TTL 300\n@ IN SOA ns.example. h.example. 1 2 3 4 60\n"
        "@ IN NS ns.example.\nwww IN A 192.0.2.1\n",
        zone->apex, "bench");
    shared = zone->local;
  } else {
    zone->local = shared;
  }
  if (is_signed) zone->keys = keys;
  return zone;
}

std::shared_ptr<const ZoneTable> Table(std::size_t zones, bool is_signed) {
  static std::size_t cached_size = 0;
  static bool cached_signed = false;
  static std::shared_ptr<const ZoneTable> cached;
  if (cached && cached_size == zones && cached_signed == is_signed) return cached;
  cached.reset();
  std::vector<std::shared_ptr<const Zone>> all;
  all.reserve(zones);
  for (std::size_t i = 0; i < zones; ++i) all.push_back(MakeZone(i, is_signed));
  cached = ZoneTable::With(ZoneTable(), std::move(all));
  cached_size = zones;
  cached_signed = is_signed;
  return cached;
}

// Queries for LABEL.zN.example., with DO or without EDNS.
class Queries {
 public:
  Queries(std::size_t zones, const std::string& label, bool dnssec) {
    for (std::size_t i = 0; i < std::min(zones, kAskedZones); ++i) {
      const dns::Name name = *dns::Name::FromText(label + "." + ApexText(i));
      std::vector<std::uint8_t> query = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
      query.insert(query.end(), name.wire().begin(), name.wire().end());
      query.insert(query.end(), {0, 1, 0, 1});
      if (dnssec) {
        query[11] = 1;
        query.insert(query.end(), {0, 0, 41, 4, 208, 0, 0, 128, 0, 0, 0});
      }
      queries_.push_back(std::move(query));
    }
  }
  // The next query; `number` is written into its first label, which is eight octets long.
  dns::Bytes Unique(std::uint64_t number) {
    std::vector<std::uint8_t>& query = queries_[number * 7919 % queries_.size()];
    for (std::size_t at = 13; at < 21; ++at, number >>= 4) {
      query[at] = static_cast<std::uint8_t>('a' + (number & 15));
    }
    return query;
  }
  dns::Bytes Same(std::uint64_t number) const { return queries_[number * 7919 % queries_.size()]; }

 private:
  std::vector<std::vector<std::uint8_t>> queries_;
};

class Served {
 public:
  Served(signer::DigestSigner& signer, std::size_t zones, bool is_signed)
      : pipeline_(PipelineOptions(), signer, nullptr, nullptr), out_(1232) {
    pipeline_.UseZones(Table(zones, is_signed));
    Tick();
  }
  void Tick() { pipeline_.SetTime(now_ms_ += 1); }
  // A new window for every signature: nothing that was remembered is of use.
  void NextWeek() { pipeline_.SetTime(now_ms_ += 7 * 86'400'000ull); }
  bool Answer(dns::Bytes query) {
    return pipeline_.Handle(query, Asker(), out_).verdict == Verdict::kAnswer;
  }
  const PipelineCounters& counters() const { return pipeline_.counters(); }

 private:
  Pipeline pipeline_;
  std::vector<std::uint8_t> out_;
  std::uint64_t now_ms_ = 1'790'000'000'000;
};

double HitRate(const PipelineCounters& counters) {
  const PipelineCounters* one = &counters;
  const PipelineTotals totals = Sum({&one, 1});
  const double hits = static_cast<double>(totals[Count::kCacheHits]);
  return hits / (hits + static_cast<double>(totals[Count::kCacheMisses]));
}

void Cached(benchmark::State& state, const std::string& label, bool dnssec) {
  const auto zones = static_cast<std::size_t>(state.range(0));
  FreeSigner signer;
  Served served(signer, zones, true);
  Queries queries(zones, label, dnssec);
  for (std::uint64_t i = 0; i < 8 * kAskedZones; ++i) served.Answer(queries.Same(i));
  std::uint64_t number = 0;
  {
    const BesideSignature beside(state);
    for (auto _ : state) benchmark::DoNotOptimize(served.Answer(queries.Same(++number)));
  }
  state.counters["hit_rate"] = HitRate(served.counters());
}
#define ZONE_COUNTS Arg(1)->Arg(1000)->Arg(1'000'000)
BENCHMARK_CAPTURE(Cached, positive_do, "www", true)->ZONE_COUNTS;
BENCHMARK_CAPTURE(Cached, negative_do, "nope", true)->ZONE_COUNTS;
BENCHMARK_CAPTURE(Cached, positive_plain, "www", false)->Arg(1000);

void UniqueNames(benchmark::State& state, bool dnssec) {
  const auto zones = static_cast<std::size_t>(state.range(0));
  FreeSigner signer;
  Served served(signer, zones, true);
  Queries queries(zones, "aaaaaaaa", dnssec);
  std::uint64_t number = 0;
  const BesideSignature beside(state);
  for (auto _ : state) benchmark::DoNotOptimize(served.Answer(queries.Unique(++number)));
}
BENCHMARK_CAPTURE(UniqueNames, denied_do_free, true)->ZONE_COUNTS;
BENCHMARK_CAPTURE(UniqueNames, denied_plain, false)->ZONE_COUNTS;

// Each of the names asked once per week of the clock: signed anew every time.
void FreshPositive(benchmark::State& state) {
  const auto zones = static_cast<std::size_t>(state.range(0));
  FreeSigner signer;
  Served served(signer, zones, true);
  Queries queries(zones, "www", true);
  std::uint64_t number = 0;
  const BesideSignature beside(state);
  for (auto _ : state) {
    if (++number % std::min(zones, kAskedZones) == 0) served.NextWeek();
    benchmark::DoNotOptimize(served.Answer(queries.Same(number)));
  }
}
BENCHMARK(FreshPositive)->Arg(1000)->Arg(1'000'000);

void UniqueNamesWithOpenssl(benchmark::State& state) {
  signer::OpensslSigner signer;
  Served served(signer, 1000, true);
  Queries queries(1000, "aaaaaaaa", true);
  std::uint64_t number = 0;
  const BesideSignature beside(state);
  for (auto _ : state) benchmark::DoNotOptimize(served.Answer(queries.Unique(++number)));
}
BENCHMARK(UniqueNamesWithOpenssl);

// `making` counts the making of the pairs too: what a core sustains that does both.
void UniqueNamesWithInk(benchmark::State& state, bool making) {
  constexpr int kRound = 4096;
  signer::ReadyInkOptions options;
  options.pairs = kRound;
  options.low_water = 100;
  options.threads = 0;
  auto ink = signer::ReadyInk::Start(options);
  if (!ink) return state.SkipWithError(ink.error().c_str());
  signer::OpensslSigner whole;
  signer::InkSigner signer(ink->get(), 0, whole);
  Served served(signer, 1000, true);
  Queries queries(1000, "aaaaaaaa", true);
  std::uint64_t number = 0;
  for (int i = 0; i < kRound / 2; ++i) served.Answer(queries.Unique(++number));  // SOA signatures
  const double before = SignatureNs();
  double spent = 0;
  for (auto _ : state) {
    const double begin_making = CpuNs();
    while ((*ink)->FillSome(0)) {
    }
    const double begin = making ? begin_making : CpuNs();
    for (int i = 0; i < kRound; ++i) {
      benchmark::DoNotOptimize(served.Answer(queries.Unique(++number)));
    }
    const double ns = (CpuNs() - begin) / kRound;
    spent += ns;
    state.SetIterationTime(ns * 1e-9);
  }
  state.counters["of_signature"] =
      spent / static_cast<double>(state.iterations()) / ((before + SignatureNs()) / 2);
}
BENCHMARK_CAPTURE(UniqueNamesWithInk, denied_do, false)->UseManualTime()->Iterations(50);
BENCHMARK_CAPTURE(UniqueNamesWithInk, denied_do_and_its_pair, true)
    ->UseManualTime()
    ->Iterations(50);

// A toggle: one zone put into a table of many.
void ReplaceOneZone(benchmark::State& state) {
  const auto zones = static_cast<std::size_t>(state.range(0));
  std::shared_ptr<const ZoneTable> table = Table(zones, true);
  std::uint64_t number = 0;
  for (auto _ : state) {
    table = ZoneTable::With(*table, {MakeZone(number++ % std::min(zones, kAskedZones), true)});
  }
}
BENCHMARK(ReplaceOneZone)->Arg(10)->Arg(1'000'000);

}  // namespace
}  // namespace sealwire::proxy
