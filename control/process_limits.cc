#include "control/process_limits.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "control/log.h"

namespace sealwire::control {
namespace {

// The soft limit up to the hard one; the hard one up to `wish` when we may.
void Raise(decltype(RLIMIT_NOFILE) what, rlim_t wish) {
  rlimit limit = {};
  if (::getrlimit(what, &limit) != 0) return;
  rlimit raised = {wish, wish};
  if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= wish) raised.rlim_max = limit.rlim_max;
  if (::setrlimit(what, &raised) == 0) return;
  raised = {limit.rlim_max, limit.rlim_max};
  ::setrlimit(what, &raised);
}

}  // namespace

void HardenProcess() {
  ::umask(0027);
  std::signal(SIGPIPE, SIG_IGN);
  Raise(RLIMIT_NOFILE, 262144);
  Raise(RLIMIT_MEMLOCK, RLIM_INFINITY);
  const rlimit no_core = {0, 0};
  // RLIMIT_CORE does not hold for a core_pattern that pipes; PR_SET_DUMPABLE does, and it keeps
  // ptrace and /proc/PID/mem from other processes of the same user.
  if (::setrlimit(RLIMIT_CORE, &no_core) != 0 || ::prctl(PR_SET_DUMPABLE, 0) != 0) {
    Log(LogLevel::kWarning, "core-dumps-possible", {{"error", std::strerror(errno)}});
  }
}

}  // namespace sealwire::control
