#include "apps/user_files.h"

#include <filesystem>
#include <vector>

#include "control/access_token.h"

namespace sealwire::apps {
namespace {

namespace fs = std::filesystem;
using control::ProcessUser;

bool IsThere(const std::string& file) {
  std::error_code error;
  return fs::exists(file, error);
}

Status MakeToken(const std::string& file) {
  const auto token = control::AccessToken::FromFile(file);
  return token.ok() ? Status::Ok() : Status(Error{token.error()});
}

// Folders of configuration are root's as a rule: there only root can make the token.
Status PrepareToken(const ProcessUser& user, const std::string& file) {
  if (IsThere(file)) return Status::Ok();
  const Status own = user.Acting([&] { return MakeToken(file); });
  if (own.ok()) return own;
  if (Status made = MakeToken(file); !made.ok()) return made;
  return user.Give(file);
}

// All that is read, at the start or by a reload or by the HSM's process.
std::vector<std::string> FilesRead(const control::Config& config, const std::string& config_file) {
  std::vector<std::string> files = {config_file, config.control.token_file};
  for (const control::HsmConfig& one : config.hsm) {
    files.push_back(one.module);
    files.push_back(one.pin_file);
  }
  for (const auto* door : {&config.control.door, &config.metrics_door}) {
    if (!door->tls) continue;
    files.push_back(door->tls->certificate);
    files.push_back(door->tls->key);
    if (!door->tls->client_ca.empty()) files.push_back(door->tls->client_ca);
  }
  for (const control::TsigKeyConfig& key : config.tsig) files.push_back(key.secret_file);
  if (config.cookie_secret_file) files.push_back(*config.cookie_secret_file);
  if (config.etcd) {
    for (const auto* file : {&config.etcd->ca, &config.etcd->certificate, &config.etcd->key,
                             &config.etcd->password_file}) {
      if (!file->empty()) files.push_back(*file);
    }
  }
  return files;
}

// The database that a node keeps: the state, or its copy of etcd's.
const std::string& DatabaseOf(const control::Config& config) {
  return config.etcd ? config.etcd->cache : config.state_path;
}

std::vector<std::string> FilesWritten(const control::Config& config) {
  const std::string& state = DatabaseOf(config);
  std::vector<std::string> files = {state, state + "-wal", state + "-shm",
                                    (fs::path(state).parent_path() / "zones").string(),
                                    config.control.socket};
  if (config.dnstap && !config.dnstap->file.empty()) files.push_back(config.dnstap->file);
  return files;
}

}  // namespace

Status PrepareFilesFor(const ProcessUser& user, const control::Config& config,
                       const std::string& config_file) {
  for (const std::string& file :
       {config.control.socket, DatabaseOf(config), config.control.token_file}) {
    if (Status status = user.MakeFolderOf(file); !status.ok()) return status;
  }
  if (Status status = PrepareToken(user, config.control.token_file); !status.ok()) return status;
  return user.Acting([&]() -> Status {
    for (const std::string& file : FilesRead(config, config_file)) {
      if (Status status = user.CheckRead(file); !status.ok()) return status;
    }
    for (const std::string& file : FilesWritten(config)) {
      if (Status status = user.CheckWrite(file); !status.ok()) return status;
    }
    return Status::Ok();
  });
}

}  // namespace sealwire::apps
