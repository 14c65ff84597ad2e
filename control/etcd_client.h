// etcd's v3 API through its JSON gateway: one request after the other to the first endpoint that
// answers.
//
// A request goes to the next endpoint when one cannot be reached or has no leader; one that changes
// something and may have arrived is not repeated. Threading: one thread at a time; threads that
// ask at the same time have a client each. Errors: `outcome` and a sentence; answers are hostile
// until parsed, and bounded.
// The API: etcd's api/etcdserverpb/rpc.proto; 64-bit numbers are text, octets are base64, members
// with the value zero are left out.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "control/config.h"

namespace sealwire::control {

struct EtcdReply {
  enum class Outcome : std::uint8_t {
    kDone,
    kRefused,    // etcd says no, for a reason that stays
    kCompacted,  // what was asked for is no longer kept
    kAway,       // no endpoint could be reached, or none has a leader
    kUnknown,    // it may have been done: the connection ended too early to tell
  };
  Outcome outcome = Outcome::kAway;
  nlohmann::json body = {};
  std::string error = {};
  bool ok() const noexcept { return outcome == Outcome::kDone; }
};

class EtcdClient {
 public:
  // Reads the password file. `patience`: for one request to one endpoint.
  static Result<std::unique_ptr<EtcdClient>> Create(const EtcdConfig& config,
                                                    std::chrono::milliseconds patience);
  ~EtcdClient();
  EtcdClient(const EtcdClient&) = delete;
  EtcdClient& operator=(const EtcdClient&) = delete;

  enum class Kind : std::uint8_t { kReads, kChanges };
  EtcdReply Call(std::string_view path, const nlohmann::json& request, Kind kind);
  // For watches: each message goes to `take` until it returns false, `stop` is true or the stream
  // ends. kDone: `take` had enough.
  EtcdReply Stream(std::string_view path, const nlohmann::json& request,
                   const std::function<bool(const nlohmann::json&)>& take,
                   const std::atomic<bool>& stop);
  // The endpoint that answered last.
  const std::string& endpoint() const noexcept;

 private:
  struct Impl;
  explicit EtcdClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Octets as the gateway writes them. Nothing when `text` is no base64.
std::string EtcdOctets(std::string_view octets);
std::optional<std::string> ParseEtcdOctets(std::string_view text);
// A member that is a number, written as text or not; 0 when there is none.
std::uint64_t EtcdNumber(const nlohmann::json& object, const char* member);
// The revision in the header of an answer.
std::uint64_t EtcdRevision(const nlohmann::json& answer);
// What follows every key that begins with `prefix`.
std::string EtcdEndOf(std::string prefix);

}  // namespace sealwire::control
