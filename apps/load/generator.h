// Asks a name server as fast as it answers (closed loop) or at a given rate (open loop), and times
// every answer.
//
// In an open loop a question's latency counts from the moment at which it was due, not from the
// moment at which a busy loop came to send it: a server that stalls is charged for everyone who
// would have waited. Threading: Run() starts threads of its own and returns when they have ended;
// `stop` may be set from a signal handler. Errors: Result for what cannot start.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "apps/load/histogram.h"
#include "apps/load/questions.h"
#include "dns/result.h"
#include "net/address.h"

namespace sealwire::load {

struct LoadPlan {
  net::Endpoint target;
  unsigned threads = 1;
  unsigned sockets = 8;        // of each thread
  unsigned outstanding = 200;  // questions under way at most, all threads together
  double rate = 0;             // questions a second, all threads together; 0: closed loop
  double seconds = 10;
  std::uint64_t max_questions = 0;  // 0: no limit
  unsigned timeout_ms = 2000;       // after which a question counts as lost
  int first_cpu = -1;               // threads run on this CPU and the following ones; -1: anywhere
};

// What one thread counted, or all together.
struct LoadCounts {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t lost = 0;        // not answered within the timeout
  std::uint64_t unsent = 0;      // were due, but the loop or its limit came too late (open loop)
  std::uint64_t unsendable = 0;  // the kernel took none of it
  std::uint64_t unexpected = 0;  // replies to nothing that was under way
  std::uint64_t refused = 0;     // ICMP: nobody listens there
  std::uint64_t truncated = 0;   // TC
  std::uint64_t reply_octets = 0;
  std::map<std::uint16_t, std::uint64_t> rcodes;
  std::vector<std::uint64_t> per_second;  // answers in each second of the run
  Histogram latency;
  double seconds = 0;

  void Merge(const LoadCounts& other);
};

// The source of thread `index`.
using SourceMaker = std::function<Result<std::unique_ptr<QuestionSource>>(unsigned index)>;

Result<LoadCounts> RunLoad(const LoadPlan& plan, const SourceMaker& make_source,
                           const std::atomic<bool>& stop);

// True for loopback, private, link-local and unique local addresses (RFC 1122, 1918, 3927, 4193,
// 4291): where a load can only hit those who asked for it.
bool IsLocal(const net::IpAddress& address) noexcept;

}  // namespace sealwire::load
