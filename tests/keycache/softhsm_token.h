// A SoftHSM token in a directory of its own, gone at the end of the test.
#pragma once

#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "keycache/hsm_client.h"

namespace sealwire::keycache {

class SoftHsmToken {
 public:
  SoftHsmToken() {
    // SoftHSM waits for the disk with every attribute it writes: keep the token in memory.
    const std::filesystem::path memory = "/dev/shm";
    const auto base =
        std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path();
    std::string pattern = (base / "sealwire-hsm.XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    std::filesystem::create_directory(tokens());
    std::ofstream(directory_ / "softhsm2.conf")
        << "directories.tokendir = " << tokens().string()
        << "\nobjectstore.backend = file\nlog.level = ERROR\n";
    setenv("SOFTHSM2_CONF", (directory_ / "softhsm2.conf").c_str(), 1);
    WritePin("2468");
    made_ = Run({"softhsm2-util", "--init-token", "--free", "--label", "test", "--pin", "2468",
                 "--so-pin", "8642"});
  }
  ~SoftHsmToken() { std::filesystem::remove_all(directory_); }
  SoftHsmToken(const SoftHsmToken&) = delete;
  SoftHsmToken& operator=(const SoftHsmToken&) = delete;

  bool made() const { return made_; }
  std::filesystem::path tokens() const { return directory_ / "tokens"; }
  std::filesystem::path pin_file() const { return directory_ / "pin"; }

  // A new file each time, as an editor or a secret store writes it.
  void WritePin(const std::string& pin) const {
    const auto fresh = directory_ / "pin.new";
    std::ofstream(fresh) << pin << "\n";
    chmod(fresh.c_str(), 0600);
    std::filesystem::rename(fresh, pin_file());
  }

  // Short deadlines: what fails in a test should fail soon.
  HsmOptions options() const {
    HsmOptions options;
    options.module = "/usr/lib/softhsm/libsofthsm2.so";
    options.token = "test";
    options.pin_file = pin_file().string();
    options.helper_path = std::string(SEALWIRE_BIN_DIR) + "/sealwire-hsm";
    options.start_deadline = std::chrono::seconds(5);
    options.call_deadline = std::chrono::milliseconds(800);
    options.ping_interval = std::chrono::milliseconds(100);
    options.backoff_min = std::chrono::milliseconds(20);
    options.backoff_max = std::chrono::milliseconds(200);
    return options;
  }

  static bool Run(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0);
    pid_t pid = 0;
    const int failed = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    int status = -1;
    return failed == 0 && waitpid(pid, &status, 0) == pid && status == 0;
  }

 private:
  std::filesystem::path directory_;
  bool made_ = false;
};

// A test with a token and a client that is up.
class WithHsm : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(token_.made()) << "softhsm2-util failed";
    auto started = HsmClient::Start(token_.options());
    ASSERT_TRUE(started) << started.error();
    hsm_ = std::move(started).value();
    ASSERT_TRUE(hsm_->WaitUntilUp(std::chrono::seconds(5))) << hsm_->status().last_error;
  }

  // Waits until the client has another process than `pid`, and that one is up.
  bool WaitForRestart(int pid) {
    for (int tries = 0; tries < 500; ++tries) {
      const HsmStatus status = hsm_->status();
      if (status.state == HsmState::kUp && status.pid != pid) return true;
      usleep(10000);
    }
    return false;
  }
  bool WaitForState(HsmState state) {
    for (int tries = 0; tries < 500; ++tries) {
      if (hsm_->status().state == state) return true;
      usleep(10000);
    }
    return false;
  }

  SoftHsmToken token_;
  std::unique_ptr<HsmClient> hsm_;
};

}  // namespace sealwire::keycache
