#include "apps/cookie_keyring.h"

#include <fcntl.h>
#include <string.h>  // explicit_bzero
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "net/file_descriptor.h"

namespace sealwire::apps {
namespace {

constexpr std::size_t kMaxFile = 4096;

}  // namespace

Result<proxy::CookieSecrets> ReadCookieSecrets(const std::optional<std::string>& file) {
  if (!file) return proxy::CookieSecrets::Random();
  const net::FileDescriptor fd(::open(file->c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.open()) return Error{*file + ": " + std::strerror(errno)};
  struct stat info = {};
  if (::fstat(fd.get(), &info) != 0) return Error{*file + ": " + std::strerror(errno)};
  if ((info.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return Error{*file + ": everybody may read the secrets: chmod it to 0600"};
  }
  std::array<char, kMaxFile> text;
  const ssize_t size = ::read(fd.get(), text.data(), text.size());
  if (size < 0) return Error{*file + ": " + std::strerror(errno)};
  auto secrets = proxy::CookieSecrets::FromText({text.data(), static_cast<std::size_t>(size)});
  explicit_bzero(text.data(), text.size());
  if (!secrets.ok()) return Error{*file + ": " + secrets.error()};
  return secrets;
}

}  // namespace sealwire::apps
