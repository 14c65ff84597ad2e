// sealctl doctor --dpdk: hugepages, devices, rights; what is missing, and what to type.
//
// The daemon examines itself, for it alone is linked with DPDK: it runs in this process's place and
// its exit status is ours.
#include <unistd.h>

#include <filesystem>
#include <string>

#include "apps/sealctl.h"

namespace sealwire::apps {

int DoctorDpdk(const Options& options) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  std::string daemon = (self.parent_path() / "sealwired").string();
  std::string check = "--check-dpdk";
  std::string config = "--config";
  std::string file = options.config;
  char* const words[] = {daemon.data(), check.data(), config.data(), file.data(), nullptr};
  ::execv(daemon.c_str(), words);
  ::execvp("sealwired", words);
  PrintError("sealwired is neither beside sealctl nor in PATH");
  return kFailed;
}

}  // namespace sealwire::apps
