#include "keycache/hsm_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <utility>

#include "keycache/hsm_client.h"
#include "keycache/hsm_service.h"

namespace sealwire::keycache {
namespace {

// What the new process starts with: our socket, no input, no output but the log, default signals,
// and a process group of its own, so that Ctrl-C reaches the daemon alone.
class SpawnSetup {
 public:
  explicit SpawnSetup(int socket) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
    failed_ |= posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    failed_ |= posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    failed_ |= posix_spawn_file_actions_adddup2(&actions_, socket, kHsmSocket);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    failed_ |= posix_spawnattr_setsigmask(&attributes_, &none);
    failed_ |= posix_spawnattr_setsigdefault(&attributes_, &all);
    failed_ |= posix_spawnattr_setpgroup(&attributes_, 0);
    failed_ |= posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSetup() {
    posix_spawnattr_destroy(&attributes_);
    posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;

  // Zero or the errno.
  int Spawn(const std::string& program, char* const* arguments, pid_t& pid) const {
    if (failed_ != 0) return ENOMEM;
    return posix_spawn(&pid, program.c_str(), &actions_, &attributes_, arguments, environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
  int failed_ = 0;
};

}  // namespace

std::string HsmProgramPath(const HsmOptions& options) {
  if (!options.helper_path.empty()) return options.helper_path;
  std::array<char, PATH_MAX> self{};
  const ssize_t size = readlink("/proc/self/exe", self.data(), self.size());
  std::string path(self.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return path.substr(0, path.find_last_of('/') + 1) + "sealwire-hsm";
}

Result<std::unique_ptr<HsmProcess>> HsmProcess::Spawn(const HsmOptions& options) {
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    return Error{std::string("cannot make a socket for the HSM process: ") + std::strerror(errno)};
  }
  // dup2() to its own number would leave FD_CLOEXEC set: keep clear of it.
  if (sockets[1] == kHsmSocket) {
    const int moved = fcntl(sockets[1], F_DUPFD_CLOEXEC, kHsmSocket + 1);
    close(sockets[1]);
    sockets[1] = moved;
  }
  const std::string program = HsmProgramPath(options);
  std::array<std::string, 9> arguments = {
      program,          "--module", options.module,          "--token", options.token, "--pin-file",
      options.pin_file, "--parent", std::to_string(getpid())};
  std::array<char*, arguments.size() + 1> argv{};
  for (std::size_t i = 0; i < arguments.size(); ++i) argv[i] = arguments[i].data();

  pid_t pid = -1;
  const int reason = SpawnSetup(sockets[1]).Spawn(program, argv.data(), pid);
  close(sockets[1]);
  if (reason != 0) {
    close(sockets[0]);
    return Error{"cannot start " + program + ": " + std::strerror(reason)};
  }
  return std::unique_ptr<HsmProcess>(new HsmProcess(pid, sockets[0]));
}

HsmProcess::~HsmProcess() {
  Kill();
  close(socket_);
  // SIGKILL also ends a stopped process; one that sits in a system call that cannot be interrupted
  // stays a zombie until the daemon ends.
  for (int tries = 0; tries < 200; ++tries) {
    const pid_t reaped = waitpid(pid_, nullptr, WNOHANG);
    if (reaped == pid_ || (reaped < 0 && errno == ECHILD)) return;
    usleep(5000);
  }
}

bool HsmProcess::ReceiveGreeting(FrameBuffer& reply, Deadline deadline) noexcept {
  return ReceiveFrame(socket_, reply, deadline);
}

bool HsmProcess::Exchange(FrameBuffer& request, FrameBuffer& reply, Deadline deadline) noexcept {
  return SendFrame(socket_, request, deadline) && ReceiveFrame(socket_, reply, deadline);
}

bool HsmProcess::IsQuiet() const noexcept {
  pollfd entry{socket_, POLLIN, 0};
  return poll(&entry, 1, 0) == 0;
}

void HsmProcess::Kill() noexcept {
  kill(pid_, SIGKILL);
}

}  // namespace sealwire::keycache
