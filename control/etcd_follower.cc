#include "control/etcd_follower.h"

#include <algorithm>
#include <chrono>

namespace sealwire::control {

using namespace std::chrono_literals;

EtcdFollower::EtcdFollower(net::EventLoop& loop, std::unique_ptr<EtcdFeed> feed, Handlers handlers)
    : feed_(std::move(feed)), shared_(std::make_shared<Shared>()) {
  shared_->handlers = std::move(handlers);
  thread_ =
      std::thread([&loop, feed = feed_.get(), shared = shared_] { Loop(loop, *feed, shared); });
}

EtcdFollower::~EtcdFollower() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stop.store(true);
  }
  shared_->wake.notify_all();
  thread_.join();
}

void EtcdFollower::Loop(net::EventLoop& loop, EtcdFeed& feed,
                        const std::shared_ptr<Shared>& shared) {
  const auto take = [&](EtcdBatch&& batch) {
    {
      const std::lock_guard lock(shared->mutex);
      shared->taken = false;
    }
    loop.Post([shared, batch = std::move(batch)] {
      if (!shared->stop.load()) shared->handlers.take(batch);
      const std::lock_guard lock(shared->mutex);
      shared->taken = true;
      shared->wake.notify_all();
    });
    std::unique_lock lock(shared->mutex);
    shared->wake.wait(lock, [&] { return shared->taken || shared->stop.load(); });
    return !shared->stop.load();
  };
  auto pause = 100ms;
  while (!shared->stop.load()) {
    const std::uint64_t before = feed.position();
    const Status status = feed.Follow(0, take, shared->stop);
    if (shared->stop.load()) break;
    if (!status.ok()) {
      loop.Post([shared, error = status.error()] {
        if (!shared->stop.load()) shared->handlers.failed(error);
      });
    }
    pause = feed.position() != before ? 100ms : std::min<std::chrono::milliseconds>(pause * 2, 2s);
    std::unique_lock lock(shared->mutex);
    shared->wake.wait_for(lock, pause, [&] { return shared->stop.load(); });
  }
}

}  // namespace sealwire::control
