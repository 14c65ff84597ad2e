// This node's word to the fleet: a lease in etcd that it keeps alive, the card it shows under it,
// and its candidacy for leader.
//
//   members/NAME  there is such a node; stays when the node goes silent, until nobody waits for it
//   nodes/NAME    what the node says of itself; ends with its lease
//   leader        the name of who leads; ends with that node's lease
//
// Threading: a thread of its own; all calls from any thread, Join() before Start(). Ownership: the
// destructor ends the thread and leaves the lease to run out; Leave() gives it back. Errors: a
// sentence in standing(); it goes on trying.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "control/config.h"

namespace sealwire::control {

class EtcdClient;
struct EtcdReply;

class FleetLease {
 public:
  struct Standing {
    bool in_contact = false;
    std::string why;  // not in contact
    std::uint64_t leads_since =
        0;  // revision at which this node became leader; 0: it does not lead
    std::int64_t contact_age_ms = -1;  // since etcd last answered; -1: never
  };
  struct Joined {
    std::uint64_t revision = 0;  // from here on the fleet waits for this node
    std::string cluster;
  };

  // `id` is this node's alone, and the same after a restart: of two nodes with one name the second
  // is refused.
  static Result<std::unique_ptr<FleetLease>> Create(const EtcdConfig& config, std::string name,
                                                    std::string id);
  ~FleetLease();
  FleetLease(const FleetLease&) = delete;
  FleetLease& operator=(const FleetLease&) = delete;

  // Gives back the lease of an earlier life, takes one, becomes a member. Blocks.
  Result<Joined> Join(std::uint64_t former_lease);
  void Start(std::string card);
  // What the node says of itself from now on.
  void Show(std::string card);
  // A node that is no longer waited for.
  void Forget(const std::string& member);
  // There may be no leader.
  void Wake();
  // Gives the lease back: another leads at once.
  void Leave();

  std::uint64_t lease() const noexcept { return lease_.load(); }
  Standing standing() const;
  // Its name is another node's.
  bool refused() const noexcept { return refused_.load(); }

 private:
  FleetLease(const EtcdConfig& config, std::unique_ptr<EtcdClient> client, std::string name,
             std::string id);
  void Loop();
  bool Round();
  bool Renew();
  bool Grant();
  bool Register(const std::string& card, std::uint64_t& revision);
  bool Elect();
  void Remember(const EtcdReply& reply);

  const EtcdConfig config_;
  const std::string base_;
  const std::string name_;
  const std::string id_;
  std::unique_ptr<EtcdClient> client_;
  std::atomic<std::uint64_t> lease_{0};
  std::atomic<bool> refused_{false};
  std::string shown_;  // the card in etcd

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool woken_ = false;
  std::string card_;
  std::set<std::string> to_forget_;
  std::string why_;
  std::uint64_t leads_since_ = 0;
  std::chrono::steady_clock::time_point valid_until_;
  std::chrono::steady_clock::time_point last_contact_;
  std::thread thread_;
};

}  // namespace sealwire::control
