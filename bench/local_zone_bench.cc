// What it costs to find a name in a zone of 10³ to 10⁶ names, to build it, and to hold it.
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "proxy/local_zone.h"
#include "proxy/local_zone_builder.h"
#include "proxy/zone_file.h"

namespace {

using sealwire::dns::Name;
using sealwire::dns::RRType;
using sealwire::proxy::LocalZone;
using sealwire::proxy::LocalZoneBuilder;

Name N(const std::string& text) {
  return *Name::FromText(text);
}

// `count` names with one address each, half of them one label deeper.
std::string OwnerText(std::size_t i) {
  return "host" + std::to_string(i) + (i % 2 == 0 ? ".example.com." : ".eu.example.com.");
}

std::string ZoneText(std::size_t count) {
  std::string text = "$TTL 300\nexample.com. SOA ns hostmaster 1 2 3 4 5\nexample.com. NS ns\n";
  for (std::size_t i = 0; i < count; ++i) text += OwnerText(i) + " A 192.0.2.1\n";
  return text;
}

std::shared_ptr<const LocalZone> Build(std::size_t count) {
  LocalZoneBuilder builder(N("example.com."), 42);
  const std::vector<std::uint8_t> soa(22, 0);
  const std::uint8_t address[] = {192, 0, 2, 1};
  bool added = builder.Add(N("example.com."), RRType::kSOA, 300, soa).ok();
  added =
      builder.Add(N("example.com."), RRType::kNS, 300, N("ns.example.com.").wire()).ok() && added;
  for (std::size_t i = 0; i < count; ++i) {
    added = builder.Add(N(OwnerText(i)), RRType::kA, 300, address).ok() && added;
  }
  auto zone = builder.Build();
  return added && zone.ok() ? *zone : nullptr;
}

// Names to ask for, in an order that no cache foresees.
template <class Text>
std::vector<Name> Questions(std::size_t count, Text&& text) {
  std::mt19937_64 random(1);
  std::vector<Name> names;
  for (int i = 0; i < 65536; ++i) names.push_back(N(text(random() % count)));
  return names;
}

void Find(benchmark::State& state, const std::vector<Name>& questions, LocalZone::Match expected) {
  const auto zone = Build(static_cast<std::size_t>(state.range(0)));
  std::size_t at = 0;
  for (auto _ : state) {
    const LocalZone::Found found = zone->Find(questions[at++ & 65535]);
    if (found.match != expected) state.SkipWithError("found something else");
    benchmark::DoNotOptimize(found);
  }
  state.counters["octets_per_name"] =
      static_cast<double>(zone->memory_bytes()) / static_cast<double>(zone->node_count());
}

void FindExisting(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  Find(state, Questions(count, OwnerText), LocalZone::Match::kNode);
}
BENCHMARK(FindExisting)->RangeMultiplier(10)->Range(1000, 1000000);

void FindMissing(benchmark::State& state) {
  const auto missing = [](std::size_t i) { return "nx" + std::to_string(i) + ".eu.example.com."; };
  Find(state, Questions(1u << 30, missing), LocalZone::Match::kNone);
}
BENCHMARK(FindMissing)->RangeMultiplier(10)->Range(1000, 1000000);

void FindMissingBelowManyLabels(benchmark::State& state) {
  const auto missing = [](std::size_t i) {
    std::string text = std::to_string(i) + ".eu.example.com.";
    for (int label = 0; label < 60; ++label) text = "x." + text;
    return text;
  };
  Find(state, Questions(1u << 30, missing), LocalZone::Match::kNone);
}
BENCHMARK(FindMissingBelowManyLabels)->Arg(1000000);

void BuildZone(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Build(static_cast<std::size_t>(state.range(0))));
}
BENCHMARK(BuildZone)->Arg(1000000)->Unit(benchmark::kMillisecond)->Iterations(1);

void LoadZoneFile(benchmark::State& state) {
  const std::string text = ZoneText(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const auto zone = sealwire::proxy::ParseZoneText(text, N("example.com."), "zone");
    if (!zone.ok()) state.SkipWithError(zone.error().c_str());
  }
}
BENCHMARK(LoadZoneFile)->Arg(1000000)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
