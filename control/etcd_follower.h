// Follows etcd in a thread of its own and hands what happens to the control thread, one batch at a
// time: the next is not read before the last was taken in, so that memory stays bounded.
//
// Threading: made and destroyed by the control thread, whose loop must still exist; destroying
// waits for the thread, a second at most. Ownership: the loop is borrowed. Errors: `failed` is
// called in the control thread with a sentence; it goes on trying.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "control/etcd_feed.h"
#include "net/event_loop.h"

namespace sealwire::control {

class EtcdFollower {
 public:
  struct Handlers {
    std::function<void(const EtcdBatch&)> take;
    std::function<void(const std::string& error)> failed;
  };
  EtcdFollower(net::EventLoop& loop, std::unique_ptr<EtcdFeed> feed, Handlers handlers);
  ~EtcdFollower();
  EtcdFollower(const EtcdFollower&) = delete;
  EtcdFollower& operator=(const EtcdFollower&) = delete;

 private:
  // What the control thread may still be about to run when the follower is gone.
  struct Shared {
    std::mutex mutex;
    std::condition_variable wake;
    bool taken = true;
    std::atomic<bool> stop{false};
    Handlers handlers;
  };
  static void Loop(net::EventLoop& loop, EtcdFeed& feed, const std::shared_ptr<Shared>& shared);

  std::unique_ptr<EtcdFeed> feed_;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace sealwire::control
