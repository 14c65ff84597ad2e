// What one lcore counts besides its pipeline. Threading: the lcore counts, anyone reads.
#pragma once

#include "proxy/counter.h"

namespace sealwire::dpdk {

struct LcoreCounters {
  proxy::Counter frames;        // received
  proxy::Counter queries;       // given to the pipeline
  proxy::Counter answers;       // at once
  proxy::Counter late_answers;  // after a backend's answer
  proxy::Counter truncated;     // TC to fragments and to frames in several buffers
  proxy::Counter dropped;       // by the pipeline's verdict
  proxy::Counter turned_away;   // too many waited for backends
  proxy::Counter malformed;     // to us, but unanswerable
  proxy::Counter bad_checksum;
  proxy::Counter to_kernel;
  proxy::Counter from_kernel;
  proxy::Counter not_to_kernel;  // nobody takes them, or too many came
  proxy::Counter no_buffer;      // answers dropped: no buffer free
  proxy::Counter not_sent;       // frames dropped: the port's queue stayed full

  proxy::Counter polls;
  proxy::Counter empty_polls;
  proxy::Counter sleeps;
  // Time-stamp counter cycles of polls that brought frames.
  proxy::Counter receive_cycles;
  proxy::Counter parse_cycles;
  proxy::Counter answer_cycles;
  proxy::Counter send_cycles;
};

}  // namespace sealwire::dpdk
