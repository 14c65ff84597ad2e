#include "control/access_token.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "net/file_descriptor.h"

namespace sealwire::control {
namespace {

constexpr std::size_t kMaxToken = 4096;

Error Failure(const std::string& path, const char* doing) {
  return {fmt::format("{}: {}: {}", path, doing, std::strerror(errno))};
}

Result<std::string> MakeFile(const std::string& path) {
  std::error_code error;
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  if (error) return Error{fmt::format("{}: {}", folder.string(), error.message())};
  auto token = AccessToken::RandomText();
  if (!token.ok()) return token;
  const net::FileDescriptor fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.open()) return Failure(path, "making the token file");
  const std::string line = *token + "\n";
  if (::write(fd.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      ::fsync(fd.get()) != 0) {
    return Failure(path, "writing the token file");
  }
  return token;
}

Result<std::string> ReadFile(int fd, const std::string& path) {
  struct stat info = {};
  if (::fstat(fd, &info) != 0) return Failure(path, "reading the token file");
  if ((info.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    return Error{fmt::format("{}: everybody may read the token: chmod it to 0600", path)};
  }
  std::string text(kMaxToken, '\0');
  const ssize_t size = ::read(fd, text.data(), text.size());
  if (size < 0) return Failure(path, "reading the token file");
  text.resize(static_cast<std::size_t>(size));
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  if (text.empty()) return Error{fmt::format("{}: the first line has no token", path)};
  return text;
}

}  // namespace

AccessToken AccessToken::FromText(std::string_view token) {
  AccessToken access;
  access.hash_ = HashOf(token);
  return access;
}

Result<AccessToken> AccessToken::FromFile(const std::string& path) {
  const net::FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.open() && errno != ENOENT) return Failure(path, "opening the token file");
  auto token = fd.open() ? ReadFile(fd.get(), path) : MakeFile(path);
  if (!token.ok()) return Error{token.error()};
  AccessToken access = FromText(*token);
  OPENSSL_cleanse(token->data(), token->size());
  return access;
}

AccessToken::Hash AccessToken::HashOf(std::string_view token) {
  Hash hash;
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), hash.data());
  return hash;
}

Result<std::string> AccessToken::RandomText() {
  std::array<unsigned char, 32> random;
  if (RAND_bytes(random.data(), random.size()) != 1) return Error{"no random numbers for a token"};
  std::string token;
  for (const unsigned char octet : random) token += fmt::format("{:02x}", octet);
  return token;
}

std::optional<std::string_view> AccessToken::InHeader(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() <= kScheme.size() ||
      ::strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0) {
    return std::nullopt;
  }
  return authorization.substr(kScheme.size());
}

bool AccessToken::HasHash(const Hash& hash) const {
  return CRYPTO_memcmp(hash.data(), hash_.data(), hash_.size()) == 0;
}

}  // namespace sealwire::control
