// What a kernel worker counts besides its pipeline: packets, connections, drops.
//
// Threading: the worker counts, anyone reads. `…_open` are gauges, the rest only grow.
#pragma once

#include "proxy/counter.h"

namespace sealwire::proxy {

struct UdpCounters {
  Counter queries;      // datagrams received
  Counter answers;      // datagrams the kernel took
  Counter in_runs;      // … of them in one piece with others for the same peer
  Counter bad_proxy;    // datagrams of a trusted proxy without a whole PROXY header: dropped
  Counter oversized;    // queries larger than any that could be meant seriously: dropped
  Counter not_sent;     // answers dropped because the socket was full or the client unreachable
  Counter deferred;     // queries that wait, or waited, for a backend
  Counter turned_away;  // queries dropped because too many waited
};

struct TcpCounters {
  Counter accepted;
  Counter open;  // gauge
  Counter queries;
  Counter answers;
  Counter deferred;
  Counter turned_away;     // queries dropped because too many waited
  Counter refused_total;   // connections closed at once: too many in all
  Counter refused_client;  // … or from one client
  Counter idle_closed;
  Counter evicted;  // idle connections closed early to make room
  Counter slow_reader_closed;
  Counter bad_frame_closed;  // a length no query has
  Counter bad_proxy_closed;  // a trusted proxy that sent no PROXY header
};

struct WorkerCounters {
  UdpCounters udp;
  TcpCounters tcp;
};

}  // namespace sealwire::proxy
