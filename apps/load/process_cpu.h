// The CPU time that a process has used, to tell what an answer cost the server.
//
// Linux only (/proc). Threading: pure function.
#pragma once

#include <sys/types.h>

#include "dns/result.h"

namespace sealwire::load {

// Seconds of user and system time of `pid` and its descendants, all threads.
Result<double> ProcessCpuSeconds(pid_t pid);

}  // namespace sealwire::load
