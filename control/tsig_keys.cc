#include "control/tsig_keys.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "net/file_descriptor.h"
#include "signer/tsig.h"

namespace sealwire::control {
namespace {

constexpr std::size_t kMaxFile = 4096;

Result<std::shared_ptr<const signer::TsigKey>> LoadKey(const TsigKeyConfig& config) {
  const std::string& path = config.secret_file;
  const net::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open()) return Error{path + ": cannot be read: " + std::strerror(errno)};
  struct stat info = {};
  if (::fstat(file.get(), &info) != 0 || (info.st_mode & 0077) != 0) {
    return Error{path + ": others may read this secret: chmod 0600 it"};
  }
  char text[kMaxFile];
  const ssize_t size = ::read(file.get(), text, sizeof text);
  std::string_view secret(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t begin = secret.find_first_not_of(" \t\r\n");
  secret.remove_prefix(begin == std::string_view::npos ? secret.size() : begin);
  secret = secret.substr(0, secret.find_last_not_of(" \t\r\n") + 1);
  auto key = signer::TsigKey::FromBase64(config.name, config.algorithm, secret);
  OPENSSL_cleanse(text, sizeof text);
  if (!key.ok()) return Error{path + ": " + key.error()};
  return key;
}

}  // namespace

Result<std::shared_ptr<const TsigKeyring>> TsigKeyring::Load(
    const std::vector<TsigKeyConfig>& keys) {
  auto ring = std::make_shared<TsigKeyring>();
  for (const TsigKeyConfig& each : keys) {
    auto key = LoadKey(each);
    if (!key.ok()) return Error{key.error()};
    ring->keys_.emplace(each.name, *std::move(key));
  }
  return std::shared_ptr<const TsigKeyring>(std::move(ring));
}

std::shared_ptr<const signer::TsigKey> TsigKeyring::Find(std::string_view name) const {
  const auto found = keys_.find(name);
  return found == keys_.end() ? nullptr : found->second;
}

}  // namespace sealwire::control
