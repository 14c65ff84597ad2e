// A listening unix socket and the file it stands for.
//
// Threading: value. Ownership: the file is removed with the listener, unless another took its
// place. Errors: sentences that name the path and the remedy.
#pragma once

#include <sys/types.h>

#include <string>

#include "dns/result.h"
#include "net/file_descriptor.h"

namespace sealwire::net {

class UnixListener {
 public:
  // Binds and listens, with exactly this mode on the file. A socket file that nobody listens on is
  // replaced; one in use, or a file of another kind, is an error.
  static Result<UnixListener> Bind(const std::string& path, mode_t mode);
  ~UnixListener();
  UnixListener(UnixListener&& other) noexcept;
  UnixListener& operator=(UnixListener&& other) = delete;

  // The listening socket, non-blocking; the caller closes it.
  FileDescriptor TakeDescriptor() noexcept { return std::move(fd_); }

 private:
  UnixListener(FileDescriptor fd, std::string path, dev_t device, ino_t inode);

  FileDescriptor fd_;
  std::string path_;  // empty: nothing to remove
  dev_t device_;
  ino_t inode_;
};

}  // namespace sealwire::net
