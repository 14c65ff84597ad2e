#include "keycache/confinement.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

namespace sealwire::keycache {
namespace {

Error SystemError(const char* what) {
  return {std::string(what) + ": " + std::strerror(errno)};
}

Status DropCapabilities() {
  constexpr unsigned kept[] = {CAP_DAC_OVERRIDE, CAP_IPC_LOCK};
  unsigned mask = 0;
  for (unsigned capability : kept) mask |= 1u << capability;

  // The bounding set can be narrowed by a privileged process only; another has nothing to lose
  // there.
  for (unsigned capability = 0; capability <= CAP_LAST_CAP; ++capability) {
    if (capability < 32 && (mask >> capability & 1u) != 0) continue;
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (syscall(SYS_capget, &header, data) != 0) return SystemError("capget");
  data[0].effective &= mask;
  data[0].permitted &= mask;
  data[0].inheritable = 0;
  data[1] = {};
  if (syscall(SYS_capset, &header, data) != 0) return SystemError("capset");
  return Status::Ok();
}

}  // namespace

Status Confine(pid_t parent, int last_kept) {
  std::signal(SIGPIPE, SIG_IGN);
  if (close_range(static_cast<unsigned>(last_kept) + 1, ~0u, 0) != 0)
    return SystemError("close_range");

  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return SystemError("PR_SET_PDEATHSIG");
  // The parent may have died before it was asked to tell.
  if (getppid() != parent) return Error{"the daemon that started this process is gone"};

  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return SystemError("PR_SET_NO_NEW_PRIVS");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return SystemError("PR_SET_DUMPABLE");
  const rlimit none{0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) return SystemError("RLIMIT_CORE");
  return DropCapabilities();
}

}  // namespace sealwire::keycache
