#include "net/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sealwire::net {

namespace {

constexpr int kBacklog = 128;

Error Bad(const std::string& path, const std::string& why) {
  return Error{"cannot listen on unix:" + path + ": " + why};
}

FileDescriptor OpenUnix() noexcept {
  return FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

// Makes room for a new socket at `path`.
Status RemoveStale(const std::string& path, const sockaddr_un& address) {
  struct stat found;
  if (::lstat(path.c_str(), &found) != 0) return Status::Ok();
  if (!S_ISSOCK(found.st_mode)) return Bad(path, "a file that is no socket is there already");
  const FileDescriptor probe = OpenUnix();
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN) {
    return Bad(path, "another process listens there; stop it or choose another path");
  }
  if (errno != ECONNREFUSED) return Bad(path, std::strerror(errno));
  if (::unlink(path.c_str()) != 0) {
    return Bad(path,
               "cannot remove the socket nobody listens on: " + std::string(std::strerror(errno)));
  }
  return Status::Ok();
}

}  // namespace

UnixListener::UnixListener(FileDescriptor fd, std::string path, dev_t device, ino_t inode)
    : fd_(std::move(fd)), path_(std::move(path)), device_(device), inode_(inode) {}

UnixListener::UnixListener(UnixListener&& other) noexcept
    : fd_(std::move(other.fd_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

UnixListener::~UnixListener() {
  struct stat found;
  if (path_.empty() || ::lstat(path_.c_str(), &found) != 0) return;
  if (found.st_dev == device_ && found.st_ino == inode_) ::unlink(path_.c_str());
}

Result<UnixListener> UnixListener::Bind(const std::string& path, mode_t mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Bad(path, "the path of a socket has 1 to " +
                         std::to_string(sizeof address.sun_path - 1) + " characters");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (Status room = RemoveStale(path, address); !room) return Error{room.error()};

  FileDescriptor fd = OpenUnix();
  if (!fd.open()) return Bad(path, std::strerror(errno));
  // Before bind() the mode is that of the file to be, less the umask: at no moment is it wider.
  ::fchmod(fd.get(), mode);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Bad(path, errno == ENOENT ? "its directory does not exist" : std::strerror(errno));
  }
  struct stat made;
  if (::chmod(path.c_str(), mode) != 0 || ::listen(fd.get(), kBacklog) != 0 ||
      ::lstat(path.c_str(), &made) != 0) {
    const Error error = Bad(path, std::strerror(errno));
    ::unlink(path.c_str());
    return error;
  }
  return UnixListener(std::move(fd), path, made.st_dev, made.st_ino);
}

}  // namespace sealwire::net
