#include "signer/secret_region.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

namespace sealwire::signer {
namespace {

std::size_t PageSize() noexcept {
  static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

Error LockError(std::size_t bytes, int reason) {
  const std::string wanted = std::to_string((bytes + 1023) / 1024) + " KiB of memory for secrets";
  if (reason != EAGAIN && reason != ENOMEM && reason != EPERM) {
    return {"cannot get " + wanted + ": " + std::strerror(reason)};
  }
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  const std::string now = limit.rlim_cur == RLIM_INFINITY
                              ? "unlimited"
                              : std::to_string(limit.rlim_cur / 1024) + " KiB in all";
  return {"cannot lock " + wanted + " (" + std::strerror(reason) + "; the limit is " + now +
          "): put LimitMEMLOCK=infinity into the systemd unit, or type `ulimit -l unlimited` in "
          "the shell that starts this program"};
}

int SecretFd() noexcept {
#ifdef SYS_memfd_secret
  return static_cast<int>(syscall(SYS_memfd_secret, O_CLOEXEC));
#else
  errno = ENOSYS;
  return -1;
#endif
}

// Maps over `at`, which is reserved. Zero or the errno.
int MapSecret(std::uint8_t* at, std::size_t size) noexcept {
  const int fd = SecretFd();
  if (fd < 0) return errno;
  int reason = 0;
  if (ftruncate(fd, static_cast<off_t>(size)) != 0 ||
      mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ||
      madvise(at, size, MADV_DONTFORK) != 0) {
    reason = errno;
  }
  close(fd);
  return reason;
}

int MapLocked(std::uint8_t* at, std::size_t size) noexcept {
  if (mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
          MAP_FAILED ||
      madvise(at, size, MADV_DONTDUMP) != 0 || madvise(at, size, MADV_WIPEONFORK) != 0 ||
      mlock2(at, size, 0) != 0) {
    return errno;
  }
  return 0;
}

}  // namespace

Result<SecretRegion> SecretRegion::Make(std::size_t bytes) {
  static const bool has_secret = [] {
    const int fd = SecretFd();
    if (fd >= 0) close(fd);
    return fd >= 0;
  }();
  return MakeOfKind(has_secret ? Kind::kSecret : Kind::kLocked, bytes);
}

Result<SecretRegion> SecretRegion::MakeOfKind(Kind kind, std::size_t bytes) {
  const std::size_t page = PageSize();
  if (bytes == 0 || kind == Kind::kNone) return Error{"a region for secrets cannot be empty"};
  if (bytes > std::numeric_limits<std::size_t>::max() / 2) return LockError(bytes, ENOMEM);
  const std::size_t mapped = (bytes + page - 1) / page * page;
  const std::size_t reserved = mapped + 2 * page;
  void* base =
      mmap(nullptr, reserved, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return LockError(bytes, errno);

  std::uint8_t* data = static_cast<std::uint8_t*>(base) + page;
  const int reason = kind == Kind::kSecret ? MapSecret(data, mapped) : MapLocked(data, mapped);
  if (reason != 0) {
    munmap(base, reserved);
    return LockError(bytes, reason);
  }
  // A page of memfd_secret comes into being when it is first touched.
  for (std::size_t at = 0; at < mapped; at += page)
    static_cast<volatile std::uint8_t*>(data)[at] = 0;

  SecretRegion region;
  region.data_ = data;
  region.size_ = bytes;
  region.mapped_ = mapped;
  region.owner_ = getpid();
  region.kind_ = kind;
  return region;
}

SecretRegion::SecretRegion(SecretRegion&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)),
      owner_(std::exchange(other.owner_, 0)),
      kind_(std::exchange(other.kind_, Kind::kNone)) {}

SecretRegion& SecretRegion::operator=(SecretRegion&& other) noexcept {
  if (this == &other) return *this;
  Release();
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  mapped_ = std::exchange(other.mapped_, 0);
  owner_ = std::exchange(other.owner_, 0);
  kind_ = std::exchange(other.kind_, Kind::kNone);
  return *this;
}

SecretRegion::~SecretRegion() {
  Release();
}

void SecretRegion::Release() noexcept {
  // In a forked child the pages may be absent, and something else may have been mapped in their
  // place.
  if (data_ == nullptr || owner_ != getpid()) return;
  explicit_bzero(data_, mapped_);
  munmap(data_ - PageSize(), mapped_ + 2 * PageSize());
  data_ = nullptr;
}

}  // namespace sealwire::signer
