// A real etcd of one member on loopback, without TLS (that is tests/e2e/test_fleet.py's), for the
// length of a test. Debian's etcd-server has it; where it is not installed the tests are skipped.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "control/etcd_client.h"

namespace sealwire::control {

class EtcdServer {
 public:
  static bool Installed() { return std::filesystem::exists("/usr/bin/etcd"); }

  explicit EtcdServer(const std::filesystem::path& folder)
      : folder_(folder), port_(FreePort()), peer_(FreePort()) {
    std::filesystem::create_directories(folder_);
    Start();
  }
  ~EtcdServer() { Kill(); }
  EtcdServer(const EtcdServer&) = delete;
  EtcdServer& operator=(const EtcdServer&) = delete;

  EtcdConfig Config(const std::string& node) const {
    EtcdConfig config;
    config.endpoints = {"http://127.0.0.1:1", Url()};  // nobody is at the first
    config.prefix = "/test";
    config.cache = folder_ / (node + ".db");
    config.node = node;
    config.lease = 2;
    return config;
  }
  std::string Url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  void Start() {
    const std::string peer = "http://127.0.0.1:" + std::to_string(peer_);
    const std::string data = folder_ / "data", cluster = "default=" + peer, url = Url();
    pid_ = ::fork();
    if (pid_ == 0) {
      const int log = ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      ::dup2(log, 1);
      ::dup2(log, 2);
      ::execl("/usr/bin/etcd", "etcd", "--data-dir", data.c_str(), "--listen-client-urls",
              url.c_str(), "--advertise-client-urls", url.c_str(), "--listen-peer-urls",
              peer.c_str(), "--initial-advertise-peer-urls", peer.c_str(), "--initial-cluster",
              cluster.c_str(), nullptr);
      ::_exit(127);
    }
    auto client = EtcdClient::Create(Config("probe"), std::chrono::milliseconds(1000));
    for (int i = 0; i < 200 && client.ok(); ++i) {
      if ((*client)->Call("/v3/kv/range", {{"key", "AA=="}}, EtcdClient::Kind::kReads).ok()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  static std::uint16_t FreePort() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(fd);
    return ntohs(address.sin_port);
  }

  const std::filesystem::path folder_;
  const std::uint16_t port_;
  const std::uint16_t peer_;
  pid_t pid_ = -1;
};

}  // namespace sealwire::control
