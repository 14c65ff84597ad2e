// A DNS client that speaks DPDK's shared-memory device (memif), for measuring Sealwire without a
// NIC: the server end of a memif, one core, one queue.
//
//   memif_load SOCKET CPU < RUNS
//
// Each line of RUNS is one run: `hot` (the A records of n0, n1, … with DO) or `unique` (names never
// asked before), then any of `seconds=N`, `queries=N`, `rate=PER_SECOND`, `names=N`, `window=N`.
// Without a rate a run keeps `window` questions under way, which finds the capacity of the other
// end and loses nothing; with one it sends as the clock says, whatever comes back. Each run prints
// one line of JSON. Answers are counted by RCODE; a frame that is sent back as it came (testpmd)
// counts as one too. The other end may connect at any time; it is waited for.
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/internet_checksum.h"
#include "tests/dpdk/frame_builder.h"

namespace sealwire::bench {
namespace {

using dpdk::testing::FrameBuilder;
using dpdk::testing::Octets;
using dpdk::testing::Query;

constexpr std::uint16_t kBurst = 32;
constexpr std::uint16_t kRing = 1024;
constexpr std::size_t kUdp = 14 + 20;  // where the UDP header lies in our frames
constexpr std::size_t kDns = kUdp + 8;
constexpr double kLastAnswerSeconds = 0.3;

constexpr const char* kZone = ".bench.example";

struct Run {
  std::uint64_t queries = UINT64_MAX;
  double seconds = 5;
  double rate = 0;
  unsigned names = 1000;
  unsigned window = 512;
  bool unique = false;
};

template <class Number>
bool Read(std::string_view text, Number& out) {
  return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc();
}

bool ReadWord(std::string_view word, Run& run) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) {
    run.unique = word == "unique";
    return run.unique || word == "hot";
  }
  const std::string_view name = word.substr(0, equals);
  const std::string_view value = word.substr(equals + 1);
  return name == "queries"   ? Read(value, run.queries)
         : name == "seconds" ? Read(value, run.seconds)
         : name == "rate"    ? Read(value, run.rate)
         : name == "names"   ? Read(value, run.names)
         : name == "window"  ? Read(value, run.window)
                             : false;
}

bool ReadRun(const std::string& line, Run& run) {
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (!ReadWord(word, run)) return false;
  }
  return run.names > 0 && run.window > 0 && run.window <= kRing;
}

// The frames to send: all of them made ahead, or one of which only the name's digits change.
class Questions {
 public:
  Questions(const Run& run, std::uint64_t first) : next_(first) {
    if (run.unique) {
      frames_.push_back(FrameOf(std::string("u0000000000") + kZone, 0));
      unique_ = true;
      return;
    }
    for (unsigned i = 0; i < run.names; ++i) {
      frames_.push_back(FrameOf("n" + std::to_string(i) + kZone, i));
    }
  }

  std::uint64_t next() const noexcept { return next_; }

  void Write(rte_mbuf* buffer) {
    Octets& frame = frames_[unique_ ? 0 : next_ % frames_.size()];
    if (unique_) NextName(frame);
    ++next_;
    std::memcpy(rte_pktmbuf_mtod(buffer, void*), frame.data(), frame.size());
    buffer->data_len = static_cast<std::uint16_t>(frame.size());
    buffer->pkt_len = static_cast<std::uint32_t>(frame.size());
  }

 private:
  static Octets FrameOf(const std::string& name, unsigned number) {
    auto builder = FrameBuilder::V4(Query(name, 1, true));
    builder.client_port = static_cast<std::uint16_t>(1024 + number % 60000);
    return builder.Build();
  }

  // The digits of the next number, and the checksum over them.
  void NextName(Octets& frame) const {
    std::uint64_t number = next_;
    for (std::size_t at = kDns + 12 + 11; at > kDns + 12 + 1; --at, number /= 10) {
      frame[at] = static_cast<std::uint8_t>('0' + number % 10);
    }
    const dns::MutableBytes udp = dns::MutableBytes(frame).subspan(kUdp);
    udp[6] = udp[7] = 0;
    const net::PartialSum pseudo = net::PseudoHeaderSum(dns::Bytes(frame).subspan(kUdp - 8, 8),
                                                        static_cast<std::uint16_t>(udp.size()));
    auto sum = static_cast<std::uint16_t>(~net::Fold(pseudo + net::SumOctets(udp)));
    if (sum == 0) sum = 0xffff;
    std::memcpy(&udp[6], &sum, sizeof sum);
  }

  std::vector<Octets> frames_;
  std::uint64_t next_;
  bool unique_ = false;
};

struct Tally {
  std::uint64_t sent = 0;
  std::uint64_t answers = 0;
  std::uint64_t octets = 0;
  std::array<std::uint64_t, 16> rcodes{};
  double seconds = 0;
};

// Takes what came back; the number of frames.
unsigned Receive(std::uint16_t port, Tally& tally) {
  rte_mbuf* buffers[kBurst];
  const std::uint16_t count = rte_eth_rx_burst(port, 0, buffers, kBurst);
  for (std::uint16_t i = 0; i < count; ++i) {
    const auto* frame = rte_pktmbuf_mtod(buffers[i], const std::uint8_t*);
    if (buffers[i]->pkt_len < kDns + 12 || frame[kUdp + 1] != 53 || frame[kUdp] != 0) continue;
    ++tally.answers;
    tally.octets += buffers[i]->pkt_len;
    ++tally.rcodes[frame[kDns + 3] & 0x0f];
  }
  rte_pktmbuf_free_bulk(buffers, count);
  return count;
}

unsigned Send(std::uint16_t port, rte_mempool* pool, Questions& questions, unsigned wanted) {
  rte_mbuf* buffers[kBurst];
  const unsigned count = std::min<unsigned>(wanted, kBurst);
  if (rte_pktmbuf_alloc_bulk(pool, buffers, count) != 0) return 0;
  for (unsigned i = 0; i < count; ++i) questions.Write(buffers[i]);
  unsigned sent = 0;
  // The other end's queue is full for a moment only: what is not sent here would be a name skipped.
  for (int tries = 0; tries < 1000 && sent < count; ++tries) {
    sent += rte_eth_tx_burst(port, 0, buffers + sent, static_cast<std::uint16_t>(count - sent));
  }
  rte_pktmbuf_free_bulk(buffers + sent, count - sent);
  return sent;
}

Tally Measure(const Run& run, std::uint16_t port, rte_mempool* pool, Questions& questions) {
  Tally tally;
  const auto hertz = static_cast<double>(rte_get_tsc_hz());
  const std::uint64_t begin = rte_rdtsc();
  std::uint64_t last_answer = begin;
  bool sending = true;
  while (true) {
    const std::uint64_t now = rte_rdtsc();
    const double elapsed = static_cast<double>(now - begin) / hertz;
    if (Receive(port, tally) != 0) last_answer = now;
    if (sending && (elapsed >= run.seconds || tally.sent >= run.queries)) {
      sending = false;
      tally.seconds = elapsed;
    }
    if (!sending) {
      // Nothing is under way, or nothing has come for so long that nothing will.
      const double quiet = static_cast<double>(now - std::max(last_answer, begin)) / hertz;
      if (tally.answers >= tally.sent || quiet > kLastAnswerSeconds) break;
      continue;
    }
    std::uint64_t due = run.queries - tally.sent;
    if (run.rate > 0) {
      const auto by_now = static_cast<std::uint64_t>(elapsed * run.rate);
      due = std::min(due, by_now > tally.sent ? by_now - tally.sent : 0);
    } else {
      const std::uint64_t under_way = tally.sent - std::min(tally.sent, tally.answers);
      due = std::min<std::uint64_t>(due, under_way < run.window ? run.window - under_way : 0);
      // Lost ones would stay under way for ever.
      if (due == 0 && static_cast<double>(now - last_answer) / hertz > kLastAnswerSeconds) break;
    }
    if (due != 0)
      tally.sent +=
          Send(port, pool, questions, static_cast<unsigned>(std::min<std::uint64_t>(due, kBurst)));
  }
  if (tally.seconds == 0) tally.seconds = static_cast<double>(rte_rdtsc() - begin) / hertz;
  return tally;
}

rte_mempool* OpenPort(std::uint16_t port) {
  rte_mempool* pool =
      rte_pktmbuf_pool_create("load", 8191, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
  rte_eth_conf conf{};
  if (pool == nullptr || rte_eth_dev_configure(port, 1, 1, &conf) != 0 ||
      rte_eth_rx_queue_setup(port, 0, kRing, 0, nullptr, pool) != 0 ||
      rte_eth_tx_queue_setup(port, 0, kRing, 0, nullptr) != 0 || rte_eth_dev_start(port) != 0) {
    return nullptr;
  }
  return pool;
}

// Asks now and then until an answer comes: the other end has then connected, and polls.
bool WaitForPeer(std::uint16_t port, rte_mempool* pool, Questions& questions) {
  for (int tenths = 0; tenths < 300; ++tenths) {
    rte_eth_link link{};
    if (rte_eth_link_get_nowait(port, &link) == 0 && link.link_status == RTE_ETH_LINK_UP) {
      Tally greeting;
      Send(port, pool, questions, 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      while (Receive(port, greeting) != 0) {
      }
      if (greeting.answers != 0) return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return false;
}

void Print(const Tally& tally) {
  const auto answers = static_cast<double>(tally.answers);
  std::printf("{\"sent\": %" PRIu64 ", \"answers\": %" PRIu64 ", \"lost\": %" PRIu64
              ", \"seconds\": %.6f, \"per_second\": %.0f, \"octets\": %.1f, \"noerror\": %" PRIu64
              ", \"nxdomain\": %" PRIu64 "}\n",
              tally.sent, tally.answers, tally.sent - std::min(tally.sent, tally.answers),
              tally.seconds, answers / tally.seconds,
              tally.answers == 0 ? 0.0 : static_cast<double>(tally.octets) / answers,
              tally.rcodes[0], tally.rcodes[3]);
  std::fflush(stdout);
}

int Fail(const std::string& why) {
  std::fprintf(stderr, "memif_load: %s\n", why.c_str());
  return 1;
}

int Main(int argc, char** argv) {
  if (argc != 3) return Fail("see the head of bench/memif_load.cc");
  const std::string socket = argv[1];
  std::vector<std::string> words = {
      "memif_load",
      "--no-pci",
      "--no-telemetry",
      "--in-memory",
      "--lcores",
      std::string("0@") + argv[2],
      "--log-level=4",
      "--vdev",
      "net_memif0,role=server,rsize=10,bsize=2048,socket-abstract=no,socket=" + socket};
  std::vector<char*> eal;
  for (std::string& word : words) eal.push_back(word.data());
  if (rte_eal_init(static_cast<int>(eal.size()), eal.data()) < 0)
    return Fail("DPDK does not start (hugepages?)");
  std::uint16_t port = 0;
  if (rte_eth_dev_get_port_by_name("net_memif0", &port) != 0) return Fail("no memif at " + socket);
  rte_mempool* pool = OpenPort(port);
  if (pool == nullptr) return Fail("no memif at " + socket);
  // Names of this process only: the other end may have seen those of the one before.
  std::uint64_t next = static_cast<std::uint64_t>(std::time(nullptr)) % 100000 * 100000;
  for (std::string line; std::getline(std::cin, line);) {
    Run run;
    if (!ReadRun(line, run)) return Fail("not understood: " + line);
    Questions questions(run, run.unique ? next : 0);
    if (!WaitForPeer(port, pool, questions)) return Fail("nobody answers at " + socket);
    Print(Measure(run, port, pool, questions));
    next = std::max(next, questions.next());
  }
  return 0;
}

}  // namespace
}  // namespace sealwire::bench

int main(int argc, char** argv) {
  return sealwire::bench::Main(argc, argv);
}
