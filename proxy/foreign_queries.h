// Queries that came by a packet path of their own and have to wait for a backend: the seam between
// that path (DPDK) and the kernel worker, who has backends.
//
// The path copies a query that its pipeline answered with kWait, with all it needs to send the
// answer itself, and makes wake_fd() readable. The worker takes it, gives it to its own pipeline
// and hands the answer back through Deliver(). Threading: the worker's thread makes all calls; what
// lies between it and the other path is the implementer's (a lock-free ring). Nothing here may
// block.
#pragma once

#include "proxy/pipeline.h"

namespace sealwire::proxy {

struct ForeignQuery {
  dns::Bytes query;
  Asker from;
  // Words 0 to 6 are the path's own and come back with the answer; word 7 is the worker's.
  ReplyRoute route;
};

class ForeignQueries : public AnswerSink {
 public:
  // An eventfd that the path writes to when it puts a query where there was none. The worker reads
  // it before it takes.
  virtual int wake_fd() const noexcept = 0;
  // The next query, or false. What `out` borrows stays valid until the next Take().
  virtual bool Take(ForeignQuery& out) noexcept = 0;
  // Deliver() is inherited: the answer's octets are borrowed for the call.
};

}  // namespace sealwire::proxy
