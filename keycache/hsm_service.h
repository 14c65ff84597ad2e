// What the process `sealwire-hsm` does: give up what it does not need, log in, answer requests on
// its socket until the daemon is gone or the module fails.
//
// Threading: one thread. Errors: every failure of the module ends the process, after a last reply
// that says why; the daemon starts a new one, for a module that failed once cannot be trusted to
// recover.
#pragma once

#include <sys/types.h>

#include <string>

namespace sealwire::keycache {

inline constexpr int kHsmSocket = 3;  // the daemon's end of the socket pair is the other one

struct HsmServiceOptions {
  std::string module;
  std::string token;
  std::string pin_file;
  pid_t parent = 0;
};

// Runs to the end; returns the exit status. The caller ends with _exit(), since a module's own
// destructors must not run after it was unloaded.
int RunHsmService(const HsmServiceOptions& options);

}  // namespace sealwire::keycache
