// Cycles per packet of the DPDK path, from a ring port and back: no NIC, no wire, nothing but our
// own work. Each case is measured in turn, many times over, beside a bare exchange of addresses and
// ports on the same frames; medians are printed.
//
//   dpdk_cycles [rounds=N] [only=TEXT] [names=N] [zones=N] [burst=N] [lcores=N] [json=FILE]
//
// `only` the cases whose name has TEXT in it; `names` in the hot set; `zones` beside the two that
// are asked, unique names then spread over all of them; `burst`: as many frames wait at a time;
// `lcores`: hot names on so many threads at once, each with a port of its own, pinned to CPUs from
// 0 on. bench/plot-dpdk draws what becomes of the figures as one of these grows.
//
// Making and freeing the frames, and filling the store of ready pairs, is not measured.

#include <pthread.h>
#include <rte_cycles.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/bench_zone.h"
#include "bench/ring_port.h"
#include "dpdk/backend_desk.h"
#include "dpdk/eal.h"
#include "dpdk/lcore.h"
#include "signer/ink_signer.h"
#include "signer/ready_ink.h"
#include "tests/dpdk/frame_builder.h"

namespace sealwire::bench {
namespace {

using dpdk::testing::FrameBuilder;
using dpdk::testing::Octets;
using dpdk::testing::Query;

constexpr const char* kSwap = "addresses exchanged only";
constexpr unsigned kChunk =
    256;  // frames fed, measured and drained at a time, unless told otherwise
constexpr unsigned kFramesPerRound = 40 * kChunk;

struct Settings {
  int rounds = 20;
  int names = kZoneNames;
  int zones = 0;
  unsigned burst = kChunk;
  int lcores = 1;
  std::string only;
  std::string json;
};

bool ReadSettings(int argc, char** argv, Settings& settings) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) return false;
    const std::string name = word.substr(0, equals);
    const std::string value = word.substr(equals + 1);
    const int number = std::atoi(value.c_str());
    if (name == "only") {
      settings.only = value;
    } else if (name == "json") {
      settings.json = value;
    } else if (name == "rounds") {
      settings.rounds = number;
    } else if (name == "names") {
      settings.names = number;
    } else if (name == "zones") {
      settings.zones = number;
    } else if (name == "burst") {
      settings.burst = static_cast<unsigned>(number);
    } else if (name == "lcores") {
      settings.lcores = number;
    } else {
      return false;
    }
  }
  return settings.rounds > 0 && settings.names > 0 && settings.zones >= 0 && settings.burst > 0 &&
         settings.burst <= kChunk && settings.lcores > 0;
}

// A whole signature for every answer, or the online half of one.
class BenchSigner final : public signer::DigestSigner {
 public:
  explicit BenchSigner(signer::ReadyInk* ink) : ink_(ink, 0, whole_) {}
  bool Sign(const signer::SigningKey& key, const signer::Digest& digest,
            signer::Signature& out) noexcept override {
    return ink_.Sign(key, digest, out);
  }

 private:
  signer::OpensslSigner whole_;
  signer::InkSigner ink_;
};

// What any answer costs at least: frame in, turned round, frame out.
void SwapBurst(std::uint16_t port) {
  rte_mbuf* buffers[32];
  const std::uint16_t count = rte_eth_rx_burst(port, 0, buffers, 32);
  for (std::uint16_t i = 0; i < count; ++i) {
    auto* ethernet = rte_pktmbuf_mtod(buffers[i], rte_ether_hdr*);
    auto* ip = reinterpret_cast<rte_ipv4_hdr*>(ethernet + 1);
    auto* udp = reinterpret_cast<rte_udp_hdr*>(ip + 1);
    std::swap(ethernet->src_addr, ethernet->dst_addr);
    const rte_be32_t source = ip->src_addr;
    ip->src_addr = ip->dst_addr;
    ip->dst_addr = source;
    const rte_be16_t source_port = udp->src_port;
    udp->src_port = udp->dst_port;
    udp->dst_port = source_port;
  }
  rte_eth_tx_burst(port, 0, buffers, count);
}

// The backend of fwd.example.: one A record for every name that starts with n, none for others.
void AnswerAtDesk(dpdk::DeskLine& line) {
  while (dpdk::AskSlot* slot = line.TakeQuestion()) {
    std::array<std::uint8_t, 512> octets;
    dns::Writer writer(octets);
    const bool there = slot->name.wire()[1] == 'n';
    for (const int word : {0, there ? 0x8400 : 0x8403, 1, there ? 1 : 0, 0, 0}) {
      writer.U16(static_cast<std::uint16_t>(word));
    }
    writer.Run(slot->name.wire());
    for (const std::uint16_t word : {1, 1}) writer.U16(word);
    if (there) {
      for (const std::uint16_t word : {0xc00c, 1, 1, 0, 300, 4, 0xc000, 0x0201}) writer.U16(word);
    }
    slot->reply.assign(writer.written().begin(), writer.written().end());
    line.PutReply(slot);
  }
}

struct Case {
  std::string name;
  int rcode;  // of its replies; a case that gets others is not measured
  std::function<Octets()> next_frame;
  std::function<void()> round;
  std::function<void()> prepare;  // not measured
  std::vector<double> cycles;     // per frame, one per chunk
  std::size_t octets = 0;
  std::size_t replies = 0;
  int last_rcode = -1;
};

void MeasureChunk(RingPort& port, Case& measured, unsigned frames) {
  if (measured.prepare) measured.prepare();
  for (unsigned i = 0; i < frames; ++i) port.Feed(measured.next_frame());
  const std::uint64_t from = rte_rdtsc_precise();
  while (port.Waiting() != 0) measured.round();
  const std::uint64_t cycles = rte_rdtsc_precise() - from;
  measured.cycles.push_back(static_cast<double>(cycles) / frames);
  measured.replies += port.Drain(measured.octets, measured.last_rcode);
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

Octets QueryFrame(const std::string& name, bool dnssec_ok, int number) {
  auto builder = FrameBuilder::V4(Query(name, 1, dnssec_ok));
  builder.client_port = static_cast<std::uint16_t>(1024 + number % 60000);
  return builder.Build();
}

// Hot signed names on several lcores at once: cycles per frame of each.
int MeasureTogether(const Settings& settings, const dpdk::ServedAddresses& served,
                    const dpdk::EdgeOptions& options, const BenchZone& zone) {
  const auto count = static_cast<std::size_t>(settings.lcores);
  auto desk = dpdk::BackendDesk::Create(count, 1024, {});
  if (!desk) return 1;
  std::vector<std::unique_ptr<RingPort>> ports;
  for (std::size_t i = 0; i < count; ++i) {
    ports.push_back(std::make_unique<RingPort>(served, "bench" + std::to_string(i)));
  }
  std::vector<double> medians(count);
  std::barrier together(static_cast<std::ptrdiff_t>(count));
  std::vector<std::thread> threads;
  for (std::size_t index = 0; index < count; ++index) {
    threads.emplace_back([&, index] {
      const dpdk::PollThread registration;
      cpu_set_t cpus;
      CPU_ZERO(&cpus);
      CPU_SET(index, &cpus);
      pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus);
      dpdk::LcoreSeat seat;
      seat.served = &served;
      seat.port = &ports[index]->port();
      seat.queues = {0};
      seat.line = &(*desk)->line(index);
      dpdk::Lcore lcore(options, std::move(seat), std::make_unique<BenchSigner>(nullptr));
      lcore.mailbox().Put({zone.table, 1});
      lcore.Round();
      std::vector<Octets> frames;
      for (int i = 0; i < settings.names; ++i) {
        frames.push_back(QueryFrame("n" + std::to_string(i) + ".bench.example", true, i));
      }
      std::size_t next = 0;
      Case hot{"hot", 0, [&] { return frames[next++ % frames.size()]; }, [&] { lcore.Round(); },
               {},    {}};
      for (std::size_t warm = 0; warm < 4 * frames.size(); warm += kChunk) {
        MeasureChunk(*ports[index], hot, kChunk);
      }
      hot.cycles.clear();
      together.arrive_and_wait();
      for (unsigned i = 0; i < static_cast<unsigned>(settings.rounds) * kFramesPerRound / kChunk;
           ++i) {
        MeasureChunk(*ports[index], hot, kChunk);
      }
      medians[index] = Median(hot.cycles);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto hertz = static_cast<double>(rte_get_tsc_hz());
  double all = 0;
  for (std::size_t index = 0; index < count; ++index) {
    std::printf("lcore %zu: %.1f cycles, %.2f Mpps\n", index, medians[index],
                hertz / medians[index] / 1e6);
    all += hertz / medians[index] / 1e6;
  }
  std::printf("together %.2f Mpps\n", all);
  if (settings.json.empty()) return 0;
  std::ofstream json(settings.json);
  json << "{\"lcores\": " << count << ", \"mpps\": " << all << ", \"cycles\": [";
  for (std::size_t index = 0; index < count; ++index)
    json << (index == 0 ? "" : ", ") << medians[index];
  json << "]}\n";
  return 0;
}

void WriteJson(const Settings& settings, const std::vector<Case>& cases) {
  std::ofstream json(settings.json);
  json << "{\"names\": " << settings.names << ", \"zones\": " << settings.zones + 2
       << ", \"burst\": " << settings.burst << ", \"hertz\": " << rte_get_tsc_hz()
       << ", \"cycles\": {";
  const char* comma = "";
  for (const Case& measured : cases) {
    json << comma << "\"" << measured.name << "\": " << Median(measured.cycles);
    comma = ", ";
  }
  json << "}}\n";
}

int Main(int argc, char** argv) {
  Settings settings;
  if (!ReadSettings(argc, argv, settings)) {
    std::fprintf(stderr, "dpdk_cycles: see the head of bench/dpdk_cycles.cc\n");
    return 2;
  }
  if (Status status = dpdk::StartEal({}); !status) {
    std::fprintf(stderr, "%s\n", status.error().c_str());
    return 1;
  }
  const std::vector<net::IpAddress> addresses{*net::IpAddress::FromText("192.0.2.53")};
  const dpdk::ServedAddresses served(addresses, 53);
  const auto zone = BenchZone::Make(settings.names, settings.zones);
  if (zone == nullptr) return 1;
  dpdk::EdgeOptions options;
  options.addresses = addresses;
  options.pipeline.answer_cache_bytes = std::size_t{64} << 20;
  if (settings.lcores > 1) return MeasureTogether(settings, served, options, *zone);

  const dpdk::PollThread registration;
  RingPort port(served);
  signer::ReadyInkOptions ink_options;
  ink_options.pairs = 1u << 14;
  ink_options.threads = 0;
  auto ink = signer::ReadyInk::Start(ink_options);
  auto desk = dpdk::BackendDesk::Create(2, 1024, {});
  if (!ink || !desk) {
    std::fprintf(stderr, "the ink or the rings cannot be made\n");
    return 1;
  }

  const auto seat = [&](std::size_t line) {
    dpdk::LcoreSeat made;
    made.served = &served;
    made.port = &port.port();
    made.queues = {0};
    made.line = &(*desk)->line(line);
    return made;
  };
  dpdk::Lcore with_ink(options, seat(0), std::make_unique<BenchSigner>(ink->get()));
  dpdk::Lcore with_openssl(options, seat(1), std::make_unique<BenchSigner>(nullptr));
  for (dpdk::Lcore* lcore : {&with_ink, &with_openssl}) {
    lcore->mailbox().Put({zone->table, 1});
    lcore->Round();
  }

  int number = 0;
  std::vector<Octets> plain, signed_, refused, forwarded;
  for (int i = 0; i < settings.names; ++i) {
    const std::string name = "n" + std::to_string(i) + ".bench.example";
    plain.push_back(QueryFrame(name, false, i));
    signed_.push_back(QueryFrame(name, true, i));
    forwarded.push_back(QueryFrame("n" + std::to_string(i) + ".fwd.example", true, i));
    refused.push_back(QueryFrame("n" + std::to_string(i) + ".elsewhere", false, i));
  }
  const auto cycle = [&number](const std::vector<Octets>& frames) {
    return
        [&number, &frames] { return frames[static_cast<std::size_t>(number++) % frames.size()]; };
  };
  const auto unique = [&number, zones = settings.zones] {
    char name[64];
    if (zones == 0) {
      std::snprintf(name, sizeof name, "u%09d.bench.example", number++);
    } else {
      // A stride that meets every zone, in no order that a cache could follow.
      const auto which = static_cast<unsigned>(number) * 2654435761u % static_cast<unsigned>(zones);
      std::snprintf(name, sizeof name, "u%09d.z%u.example", number++, which);
    }
    return QueryFrame(name, true, number);
  };
  const auto forwarded_unique = [&number] {
    char name[64];
    std::snprintf(name, sizeof name, "u%09d.fwd.example", number++);
    return QueryFrame(name, true, number);
  };
  // Asked, answered at the desk, signed and sent: what the backend takes is not in it.
  const auto with_desk = [&](dpdk::Lcore& lcore, std::size_t line) {
    return [&lcore, &desk, line] {
      lcore.Round();
      // An answer may take more than one question.
      while ((*desk)->line(line).under_way() != 0) {
        AnswerAtDesk((*desk)->line(line));
        lcore.Round();
      }
    };
  };
  const auto ours = [](dpdk::Lcore& lcore) { return [&lcore] { lcore.Round(); }; };
  const auto fill = [&] {
    while ((*ink)->available(0) < 2 * kChunk && (*ink)->FillSome(0)) {
    }
  };

  std::vector<Case> cases;
  cases.push_back({kSwap, 0, cycle(signed_), [&] { SwapBurst(port.port().id()); }, {}, {}});
  cases.push_back({"refused: no such zone", 5, cycle(refused), ours(with_ink), {}, {}});
  cases.push_back({"hot names, plain DNS", 0, cycle(plain), ours(with_ink), {}, {}});
  cases.push_back({"hot names, signed", 0, cycle(signed_), ours(with_ink), {}, {}});
  cases.push_back({"the same, forwarded and kept", 0, cycle(forwarded), ours(with_ink), {}, {}});
  cases.push_back(
      {"unique, forwarded, ready ink", 0, forwarded_unique, with_desk(with_ink, 0), fill, {}});
  cases.push_back({"unique NXDOMAIN, ready ink", 0, unique, ours(with_ink), fill, {}});
  cases.push_back({"unique NXDOMAIN, OpenSSL", 0, unique, ours(with_openssl), {}, {}});
  for (int i = 0; i < 4; ++i) {  // an answer is kept on second sight
    for (const Octets& frame : forwarded) {
      port.Feed(frame);
      for (int turn = 0; turn < 3; ++turn) {
        with_ink.Round();
        AnswerAtDesk((*desk)->line(0));
      }
      std::size_t octets = 0;
      int rcode = 0;
      port.Drain(octets, rcode);
    }
  }
  std::erase_if(cases, [&](const Case& one) {
    return one.name != kSwap && one.name.find(settings.only) == std::string::npos;
  });
  for (Case& warm : cases) {
    const int chunks = std::max(8, 3 * settings.names / static_cast<int>(kChunk) + 1);
    for (int i = 0; i < chunks; ++i) MeasureChunk(port, warm, kChunk);
    warm.cycles.clear();
    warm.octets = warm.replies = 0;
  }
  std::erase_if(cases, [](const Case& warm) {
    if (warm.last_rcode == warm.rcode) return false;
    std::printf("%s: answered with RCODE %d, not measured\n", warm.name.c_str(), warm.last_rcode);
    return true;
  });
  for (int round = 0; round < settings.rounds; ++round) {
    for (Case& measured : cases) {
      for (unsigned fed = 0; fed < kFramesPerRound; fed += settings.burst) {
        MeasureChunk(port, measured, settings.burst);
      }
    }
  }

  const double hertz = static_cast<double>(rte_get_tsc_hz());
  const double swap = Median(cases[0].cycles);
  std::printf("%-28s %10s %10s %10s %8s %8s\n", "case", "cycles", "ns", "Mpps/core", "octets",
              "of swap");
  for (const Case& measured : cases) {
    const double cycles = Median(measured.cycles);
    std::printf("%-28s %10.1f %10.1f %10.2f %8.0f %8.3f\n", measured.name.c_str(), cycles,
                1e9 * cycles / hertz, hertz / cycles / 1e6,
                static_cast<double>(measured.octets) / static_cast<double>(measured.replies),
                swap / cycles);
  }
  if (!settings.json.empty()) WriteJson(settings, cases);
  const dpdk::LcoreCounters& counters = with_ink.counters();
  const auto frames = static_cast<double>(counters.frames.value());
  std::printf(
      "stages with ready ink, cycles per frame: receive %.1f, parse %.1f, answer %.1f, send %.1f\n",
      static_cast<double>(counters.receive_cycles.value()) / frames,
      static_cast<double>(counters.parse_cycles.value()) / frames,
      static_cast<double>(counters.answer_cycles.value()) / frames,
      static_cast<double>(counters.send_cycles.value()) / frames);
  return 0;
}

}  // namespace
}  // namespace sealwire::bench

int main(int argc, char** argv) {
  return sealwire::bench::Main(argc, argv);
}
