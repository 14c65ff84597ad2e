// One running `sealwire-hsm` process and the socket to it.
//
// Threading: Exchange() by one thread at a time; Kill() by any thread meanwhile. The process dies
// with the thread that started it (PR_SET_PDEATHSIG), so that thread must outlive it. Ownership:
// the destructor kills the process and reaps it. Errors: sentences; after a failed Exchange() the
// process is of no use any more.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "dns/result.h"
#include "keycache/frame_io.h"

namespace sealwire::keycache {

struct HsmOptions;

class HsmProcess {
 public:
  static Result<std::unique_ptr<HsmProcess>> Spawn(const HsmOptions& options);
  ~HsmProcess();
  HsmProcess(const HsmProcess&) = delete;
  HsmProcess& operator=(const HsmProcess&) = delete;

  pid_t pid() const noexcept { return pid_; }
  // Reads what the process says when it has logged in, or why it has not.
  bool ReceiveGreeting(FrameBuffer& reply, Deadline deadline) noexcept;
  bool Exchange(FrameBuffer& request, FrameBuffer& reply, Deadline deadline) noexcept;
  // True when nothing is to be read: neither a stray reply nor the end of the stream.
  bool IsQuiet() const noexcept;
  void Kill() noexcept;

 private:
  HsmProcess(pid_t pid, int socket) noexcept : pid_(pid), socket_(socket) {}

  const pid_t pid_;
  const int socket_;
};

// The program's path: as configured, or beside the running program.
std::string HsmProgramPath(const HsmOptions& options);

}  // namespace sealwire::keycache
