// Keeps one HSM process running and carries one request at a time to it. See hsm_client.h for what
// callers are promised. For sources of this folder only.
//
// Threading: Call() and status() by any thread. The supervisor's own thread starts, pings and
// replaces the process; `mutex_` guards all state, and whoever set `busy_` owns the stream.
#pragma once

#include <sys/stat.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include "dns/result.h"
#include "keycache/frame_io.h"
#include "keycache/hsm_client.h"
#include "keycache/hsm_process.h"
#include "keycache/hsm_protocol.h"

namespace sealwire::keycache {

class HsmSupervisor {
 public:
  explicit HsmSupervisor(HsmOptions options);
  ~HsmSupervisor();
  HsmSupervisor(const HsmSupervisor&) = delete;
  HsmSupervisor& operator=(const HsmSupervisor&) = delete;

  // Sends `request` (its id is chosen here) and gives the reply, kOk with a body of the right size
  // or kAbsent, lying in `buffer`.
  Result<HsmReply> Call(HsmRequest request, FrameBuffer& buffer);
  // A signature did not verify: this process is not to be used again.
  void DistrustSignature(const std::string& reason);

  bool WaitUntilUp(std::chrono::milliseconds patience);
  HsmStatus status() const;

 private:
  using Lock = std::unique_lock<std::mutex>;

  void Run();
  void StartProcess(Lock& lock);
  void WatchProcess(Lock& lock);
  void StopProcess(Lock& lock);
  void WaitForPinChange(Lock& lock);
  void PauseBeforeRestart(Lock& lock);
  bool Ping(Lock& lock);
  // One attempt, `busy_` being ours for its length. Nothing: the process is broken.
  std::optional<HsmReply> Attempt(Lock& lock, HsmRequest request, FrameBuffer& buffer,
                                  Deadline deadline);
  void Fail(const std::string& reason);

  const HsmOptions options_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unique_ptr<HsmProcess> process_;
  bool busy_ = false;    // someone uses the stream
  bool broken_ = false;  // the process must go
  bool stopping_ = false;
  std::uint32_t next_id_ = 1;
  std::chrono::milliseconds backoff_;
  std::minstd_rand jitter_;
  HsmStatus status_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace sealwire::keycache
