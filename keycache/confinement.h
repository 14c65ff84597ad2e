// Giving up what the HSM process does not need, before a foreign module runs in it.
//
// Threading: to be called before there is a second thread. Errors: what must not fail gives an
// Error.
#pragma once

#include <sys/types.h>

#include "dns/result.h"

namespace sealwire::keycache {

// Closes every file descriptor above `last_kept`; dies when `parent` dies; writes no core dump,
// cannot be traced, gains no privileges, and keeps of the capabilities only reading the token's
// files (CAP_DAC_OVERRIDE) and locking memory (CAP_IPC_LOCK); ignores SIGPIPE.
Status Confine(pid_t parent, int last_kept);

}  // namespace sealwire::keycache
