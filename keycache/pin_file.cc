#include "keycache/pin_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace sealwire::keycache {

Result<std::string> ReadPinFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Error{"cannot read the PIN file " + path + ": " + std::strerror(errno)};
  struct stat info {};
  std::array<char, 256> line{};
  ssize_t got = -1;
  if (fstat(fd, &info) == 0 && (info.st_mode & S_IROTH) == 0)
    got = read(fd, line.data(), line.size());
  const int reason = errno;
  close(fd);
  if ((info.st_mode & S_IROTH) != 0) {
    return Error{"anybody may read the PIN file " + path + ": chmod o-rwx " + path};
  }
  if (got < 0) return Error{"cannot read the PIN file " + path + ": " + std::strerror(reason)};

  auto* const end = std::find(line.begin(), line.begin() + got, '\n');
  std::string pin(line.begin(), end);
  if (end != line.begin() && pin.back() == '\r') pin.pop_back();
  explicit_bzero(line.data(), line.size());
  if (pin.empty()) return Error{"the PIN file " + path + " is empty"};
  if (pin.size() >= line.size()) return Error{"the PIN in " + path + " is longer than 255 octets"};
  return pin;
}

}  // namespace sealwire::keycache
